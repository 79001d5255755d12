//! Minimum frequency: few persons in a cell can be recognised.

use crate::protect::Zeros;

/// Whether a count is unsafe: `0 < n < threshold`, and zero too when zeros are protected.
///
/// With threshold 5: 4 is unsafe, 5 is safe, 0 is safe unless zeros are protected.
///
/// Source: Hundepool et al. (2012), Statistical Disclosure Control, Wiley, doi:10.1002/9781118348239, §5.2.
pub fn min_frequency(count: u64, threshold: u64, zeros: Zeros) -> bool {
    match count {
        0 => zeros == Zeros::Protected,
        n => n < threshold,
    }
}

/// Whether an amount has so few contributors that one's figure is its own and two know each other's:
/// `0 < m < threshold`.
///
/// With threshold 3: two contributors are unsafe, three are safe. A contributor counts once however many rows it has,
/// and not at all when its rows sum to 0 or when it is removed. A cell that nobody gives to is safe.
pub fn few_contributors(contributors: u64, threshold: u64) -> bool {
    min_frequency(contributors, threshold, Zeros::Published)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries() {
        let unsafe_counts: Vec<u64> = (0..8).filter(|n| min_frequency(*n, 5, Zeros::Published)).collect();
        assert_eq!(unsafe_counts, [1, 2, 3, 4]);
        assert!(min_frequency(0, 5, Zeros::Protected) && !min_frequency(0, 5, Zeros::Hideable));
        assert_eq!([0, 1, 2, 3].map(|m| few_contributors(m, 3)), [false, true, true, false]);
    }
}
