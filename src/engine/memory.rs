//! How much memory queries may take when nobody says it: what the machine, or the container around the process, has.

use std::fs;

/// Three quarters of the memory that there is; `None` where the system does not tell.
pub(super) fn default_limit() -> Option<usize> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let container = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]
    .into_iter()
    .find_map(|path| fs::read_to_string(path).ok()?.trim().parse::<usize>().ok());
    let there = match (machine, container) {
        (Some(machine), Some(container)) => machine.min(container),
        (one, other) => one.or(other)?,
    };
    Some(there / 4 * 3)
}

/// The total of `/proc/meminfo` in bytes.
fn total(text: &str) -> Option<usize> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_machine_tells_in_kilobytes() {
        assert_eq!(super::total("MemFree: 1 kB\nMemTotal:       2048 kB\n"), Some(2 << 20));
        assert_eq!(super::total("nothing"), None);
    }
}
