//! What is linked: one version of the spine, nothing that needs more than a C compiler, and one build for both commands.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

/// Name and version of every package in the lock file.
fn locked() -> Vec<(String, String)> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    text.split("[[package]]")
        .skip(1)
        .map(|package| {
            let value = |key: &str| {
                let line = package.lines().find(|line| line.starts_with(key)).unwrap();
                line.split('"').nth(1).unwrap().to_owned()
            };
            (value("name = "), value("version = "))
        })
        .collect()
}

#[test]
fn the_spine_has_one_version_each() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, version) in locked() {
        versions.entry(name).or_default().push(version);
    }
    let spine = [
        ("arrow", "59."),
        ("arrow-array", "59."),
        ("arrow-schema", "59."),
        ("arrow-flight", "59."),
        ("parquet", "59."),
        ("datafusion", "55."),
        ("datafusion-expr", "55."),
        ("deltalake", "1.1."),
        ("deltalake-core", "1.1."),
        ("object_store", "0.13."),
        ("geoarrow-array", "0.9."),
        ("geoparquet", "0.9."),
        ("sqlparser", "0.62."),
        ("tonic", "0.14."),
        ("prost", "0.14."),
    ];
    for (name, start) in spine {
        let found = versions.get(name).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(found.len(), 1, "{name} is there in {found:?}");
        assert!(found[0].starts_with(start), "{name} {} is not {start}*", found[0]);
    }
    // before 1.1.3 a scan with deletion vectors could give rows that are deleted
    let core: Vec<u32> = versions["deltalake-core"][0]
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect();
    assert!(core >= vec![1, 1, 3], "deltalake-core {core:?}");
}

/// Packages with their features, as cargo resolves them.
fn resolved(edges: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--offline",
            "--locked",
            "--prefix",
            "none",
            "-f",
            "{p} [{f}]",
            "-e",
            edges,
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        .collect()
}

#[test]
fn nothing_needs_more_than_a_c_compiler() {
    let names: BTreeSet<String> = resolved("all")
        .iter()
        .filter_map(|package| package.split(' ').next().map(str::to_owned))
        .collect();
    assert!(names.contains("datafusion"), "cargo tree names packages");
    // `cmake` is there as a library: aws-lc-sys compiles with the C compiler alone unless it is told otherwise
    for tool in [
        "prost-build",
        "protobuf-src",
        "bindgen",
        "clang-sys",
        "datafusion-substrait",
        "highs-sys",
        "openssl-sys",
    ] {
        assert!(!names.contains(tool), "{tool} is linked");
    }
}

#[test]
fn running_and_testing_share_one_build() {
    let (program, tests) = (resolved("no-dev"), resolved("all"));
    let twice: Vec<&String> = program.difference(&tests).collect();
    assert!(
        twice.is_empty(),
        "the tests ask for other features, so these are built twice (hold the features in Cargo.toml): {twice:?}"
    );
}
