//! Every function has a file of SQL tests, with the cases that every such file must have.

use std::{fs, path::Path};

use samsyn::functions::{Definition, Role, catalogue};

/// One record of a file: its first line, the SQL, what comes out, and the comment over it.
struct Case {
    head: String,
    sql: String,
    result: String,
    comment: String,
}

fn cases(text: &str) -> Vec<Case> {
    text.split("\n\n")
        .map(|record| {
            let (comments, lines): (Vec<&str>, Vec<&str>) =
                record.trim().lines().partition(|line| line.starts_with('#'));
            let mut parts = lines.splitn(2, |line| *line == "----");
            let asked = parts.next().unwrap_or_default();
            Case {
                head: asked.first().copied().unwrap_or_default().to_owned(),
                sql: asked.get(1..).unwrap_or_default().join(" "),
                result: parts.next().unwrap_or_default().join(" "),
                comment: comments.join(" ").to_lowercase(),
            }
        })
        .filter(|case| !case.head.is_empty())
        .collect()
}

/// Whether 0 stands in the SQL as a number of its own.
fn has_zero(sql: &str) -> bool {
    let word = |of: char| of.is_alphanumeric() || of == '.' || of == '_';
    sql.split(|of| !word(of)).any(|of| of == "0" || of == "0.0")
}

/// What a comment calls a town of one unit.
fn says_one(comment: &str) -> bool {
    let words: Vec<&str> = comment.split(|of: char| !of.is_alphanumeric()).collect();
    words.contains(&"one") || words.contains(&"alone") || words.contains(&"single")
}

/// The cases that the file of a function lacks.
fn lacks(definition: &Definition, cases: &[Case]) -> Vec<&'static str> {
    let names: Vec<String> = std::iter::once(definition.name)
        .chain(definition.twins.iter().map(|twin| twin.name))
        .map(|name| format!("{name}("))
        .collect();
    let has = |holds: &dyn Fn(&Case) -> bool| {
        cases
            .iter()
            .any(|case| names.iter().any(|name| case.sql.contains(name.as_str())) && holds(case))
    };
    let fails = |case: &Case| case.head.starts_with("query error SAMSYN-");
    let mut wanted = vec![
        ("an error with its code", has(&fails)),
        (
            "NULL",
            has(&|case| {
                (case.sql.contains("NULL") || case.sql.contains("nullif"))
                    && (case.result.contains("NULL") || fails(case))
            }),
        ),
    ];
    let numbers = definition
        .forms()
        .into_iter()
        .flatten()
        .any(|argument| matches!(argument.role, Role::Count | Role::Total | Role::Number));
    if numbers {
        wanted.push(("zero", has(&|case| has_zero(&case.sql))));
    }
    if definition.is_aggregate() {
        wanted.extend([
            ("one unit, said in the comment", has(&|case| says_one(&case.comment))),
            ("GROUP BY", has(&|case| case.sql.contains("GROUP BY"))),
            ("a window", has(&|case| case.sql.contains(" OVER ("))),
            ("FILTER", has(&|case| case.sql.contains(" FILTER ("))),
            (
                "DISTINCT, refused or said to change nothing",
                has(&|case| {
                    case.sql.contains("(DISTINCT ")
                        && (case.head.contains("SAMSYN-6008") || case.comment.contains("distinct changes nothing"))
                }),
            ),
        ]);
    }
    wanted
        .into_iter()
        .filter(|(_, there)| !there)
        .map(|(what, _)| what)
        .collect()
}

#[test]
fn every_function_has_the_same_cases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slt");
    let all = catalogue();
    let twins: Vec<&str> = all.iter().flat_map(|of| of.twins).map(|twin| twin.name).collect();
    let mut wrong = Vec::new();
    for definition in all.iter().filter(|of| !twins.contains(&of.name)) {
        let file = format!("{}/{}.slt", definition.family, definition.name);
        match fs::read_to_string(root.join(&file)) {
            Ok(text) => wrong.extend(
                lacks(definition, &cases(&text))
                    .into_iter()
                    .map(|what| format!("{file}: {what}")),
            ),
            Err(error) => wrong.push(format!("{file}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "missing:\n{}", wrong.join("\n"));
}

#[test]
fn what_a_file_lacks_is_seen() {
    let definition = *catalogue()
        .iter()
        .find(|of| of.name == "seg_dissimilarity")
        .expect("the first index");
    let text = "# one unit\nquery R\nSELECT seg_dissimilarity(a, x, 10) FROM t GROUP BY a\n----\n0\n\nquery error SAMSYN-6008\nSELECT seg_dissimilarity(DISTINCT a, x, t)";
    assert_eq!(lacks(definition, &cases(text)), ["NULL", "zero", "a window", "FILTER"]);
}
