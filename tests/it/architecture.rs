//! The order of imports and the shape of the tree, read from the sources.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// A module and those that it may import, besides itself. What is not listed does not exist.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("model", &["error"]),
    ("config", &["error", "model"]),
    ("policy", &["error", "model"]),
    ("contract", &["error", "model"]),
    // the clean rooms: no settings, no contracts, no I/O
    ("protect", &["error", "model"]),
    ("functions", &["error", "model", "protect"]),
    ("geo", &["error", "model"]),
    ("source", &["error", "model", "config", "contract", "geo"]),
    ("lake", &["error", "model", "config", "contract", "protect"]),
    (
        "catalog",
        &[
            "error",
            "model",
            "config",
            "policy",
            "contract",
            "functions",
            "geo",
            "lake",
        ],
    ),
    (
        "engine",
        &[
            "error",
            "model",
            "config",
            "policy",
            "contract",
            "functions",
            "geo",
            "lake",
            "catalog",
        ],
    ),
    (
        "pipeline",
        &[
            "error",
            "model",
            "config",
            "policy",
            "contract",
            "functions",
            "protect",
            "geo",
            "source",
            "lake",
            "catalog",
            "engine",
        ],
    ),
    (
        "serve",
        &[
            "error",
            "model",
            "config",
            "policy",
            "contract",
            "functions",
            "geo",
            "lake",
            "catalog",
            "engine",
        ],
    ),
    (
        "cli",
        &[
            "error",
            "model",
            "config",
            "policy",
            "contract",
            "functions",
            "protect",
            "geo",
            "source",
            "lake",
            "catalog",
            "engine",
            "pipeline",
            "serve",
        ],
    ),
];

/// Folders inside `functions` that may reach into another clean room.
const ALSO: &[(&str, &str)] = &[
    ("src/functions/disclosure", "protect"),
    ("src/functions/spatial", "geo"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The text without line comments and string literals, so that words about code are not taken for code.
fn code(text: &str) -> String {
    let mut kept = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '/' if characters.peek() == Some(&'/') => {
                for skipped in characters.by_ref() {
                    if skipped == '\n' {
                        break;
                    }
                }
                kept.push('\n');
            }
            '\'' if characters.peek() == Some(&'"') => kept.push('\''),
            '"' if !kept.ends_with('\'') => {
                while let Some(skipped) = characters.next() {
                    if skipped == '\\' {
                        characters.next();
                    } else if skipped == '"' {
                        break;
                    }
                }
                kept.push_str("\"\"");
            }
            other => kept.push(other),
        }
    }
    kept
}

/// The modules of the crate that a text names: `crate::module…` and `crate::{module…, module…}`.
fn imports(text: &str) -> Vec<String> {
    let text = code(text);
    let mut found = Vec::new();
    for (at, word) in text.match_indices("crate::") {
        let rest = &text[at + word.len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for character in list.chars() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => found.push(std::mem::take(&mut name)),
                    other if depth == 0 => name.push(other),
                    _ => {}
                }
            }
            found.push(name);
        } else {
            found.push(rest.to_owned());
        }
    }
    found
        .iter()
        .map(|name| {
            name.trim_start()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect::<String>()
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn a_module_imports_only_what_stands_above_it() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_IMPORT.iter().copied().collect();
    let mut wrong = Vec::new();
    for path in sources(&root().join("src")) {
        let shown = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
        let module = shown
            .trim_start_matches("src/")
            .split(['/', '.'])
            .next()
            .unwrap()
            .to_owned();
        if ["main", "lib"].contains(&module.as_str()) {
            continue;
        }
        let Some(may) = allowed.get(module.as_str()) else {
            wrong.push(format!("{shown}: the module `{module}` has no place in the order"));
            continue;
        };
        for name in imports(&fs::read_to_string(&path).unwrap()) {
            let exception = ALSO
                .iter()
                .any(|(folder, other)| shown.starts_with(folder) && name == *other);
            if name != module && allowed.contains_key(name.as_str()) && !may.contains(&name.as_str()) && !exception {
                wrong.push(format!("{shown} imports `{name}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_imports_sees_them() {
    let text = "use crate::{\n    cli::{a, b}, error::Result,\n    serve,\n};\n// crate::geo\nlet x = \"crate::lake\"; crate::engine::f();";
    assert_eq!(imports(text), ["cli", "error", "serve", "engine"]);
}

#[test]
fn only_one_file_speaks_delta_and_only_the_engine_makes_sessions() {
    for (word, home) in [
        ("deltalake::", "src/lake/delta.rs"),
        ("SessionStateBuilder", "src/engine/"),
        ("arrow_flight::", "src/serve/"),
    ] {
        let outside: Vec<String> = sources(&root().join("src"))
            .into_iter()
            .map(|path| {
                (
                    path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/"),
                    path,
                )
            })
            .filter(|(shown, path)| !shown.starts_with(home) && code(&fs::read_to_string(path).unwrap()).contains(word))
            .map(|(shown, _)| shown)
            .collect();
        assert!(outside.is_empty(), "`{word}` outside {home}: {outside:?}");
    }
}

#[test]
fn every_source_says_what_it_is() {
    let silent: Vec<PathBuf> = sources(&root().join("src"))
        .into_iter()
        .filter(|path| !fs::read_to_string(path).unwrap().starts_with("//! "))
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

#[test]
fn the_top_level_holds_what_it_should() {
    let agreed = [
        "Cargo.toml",
        "Cargo.lock",
        "src",
        "sql",
        "schemas",
        "pipelines",
        "tests",
        "benches",
        "README.md",
    ];
    // made by use, ignored by git
    let made = ["target", "lake", "samsyn.yaml"];
    for name in agreed {
        assert!(root().join(name).exists(), "{name} is missing");
    }
    let extra: Vec<String> = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !agreed.contains(&name.as_str()) && !made.contains(&name.as_str()))
        .collect();
    assert!(extra.is_empty(), "{extra:?}");
}
