//! The JSON Schemas that editors use, generated from the types.

use std::{env, fs, path::Path};

/// Compares a schema with its file; `SAMSYN_UPDATE=1 cargo test` writes it.
fn holds(file: &str, schema: &schemars::Schema) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(file);
    let text = format!("{}\n", serde_json::to_string_pretty(schema).unwrap());
    #[expect(
        clippy::disallowed_methods,
        reason = "a test is told by the environment to write its file"
    )]
    if env::var("SAMSYN_UPDATE").as_deref() == Ok("1") {
        fs::write(&path, &text).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == text,
        "schemas/{file} is not what the types say; write it anew with SAMSYN_UPDATE=1 cargo test"
    );
}

#[test]
fn the_schema_of_pipelines_is_that_of_the_types() {
    holds(
        "pipeline.schema.json",
        &schemars::schema_for!(samsyn::pipeline::Pipeline),
    );
}

#[test]
fn the_schema_of_policies_is_that_of_the_types() {
    holds("policy.schema.json", &schemars::schema_for!(samsyn::protect::Policy));
}
