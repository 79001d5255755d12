//! Where the reference data lie.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

/// Returns the path below the reference data, or nothing (with a line that says so) when they are not there.
/// With `SAMSYN_REQUIRE_SHARED=1` their absence is a failure.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a test finds its data by the environment")]
    let (root, require) = (std::env::var("SAMSYN_SHARED"), std::env::var("SAMSYN_REQUIRE_SHARED"));
    let root = root.map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"),
        PathBuf::from,
    );
    let found = root.join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(
        require.as_deref() != Ok("1"),
        "{} is missing and SAMSYN_REQUIRE_SHARED=1",
        found.display()
    );
    // a test's own voice is captured when it passes; this line must be seen
    let _ = writeln!(std::io::stderr(), "skipped: {} is missing", found.display());
    None
}
