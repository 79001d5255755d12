//! The part of the README that the registry writes.

use std::{collections::BTreeMap, env, fmt::Write as _, fs, path::Path};

use samsyn::functions::catalogue;

/// One row a family, in the order of the registry.
fn table() -> String {
    let mut families: BTreeMap<_, (String, Vec<&str>)> = BTreeMap::new();
    for definition in catalogue() {
        let entry = families
            .entry(definition.family)
            .or_insert_with(|| (definition.family.to_string(), Vec::new()));
        entry.1.push(definition.name);
    }
    let mut text = String::from("\n| family | functions |\n|---|---|\n");
    for (name, functions) in families.into_values() {
        let _ = writeln!(text, "| {name} | `{}` |", functions.join("`, `"));
    }
    text.push('\n');
    text
}

#[test]
fn readme_lists_the_functions_of_the_registry() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("<!-- functions: ").unwrap();
    let (comment, rest) = rest.split_once("-->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /functions -->").unwrap();
    let wanted = format!(
        "{before}<!-- functions: {comment}-->\n{}<!-- /functions -->{after}",
        table()
    );
    #[expect(
        clippy::disallowed_methods,
        reason = "a test is told by the environment to write its file"
    )]
    if env::var("SAMSYN_UPDATE").as_deref() == Ok("1") {
        fs::write(&path, &wanted).unwrap();
        return;
    }
    assert!(
        text == wanted,
        "the README's table of functions is old; write it anew with SAMSYN_UPDATE=1 cargo test readme"
    );
}
