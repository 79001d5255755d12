//! The settings: one registry of keys with default and documentation, filled from `samsyn.yaml`, then `SAMSYN_*`, then flags.
//!
//! A key that the registry does not know is refused wherever it stands, so a misspelt setting never goes unseen. This is the
//! only file that reads the environment.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use crate::{
    error::{Error, Location, Result, did_you_mean},
    model::Clock,
};

/// One setting of the registry.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Name in `samsyn.yaml`; upper-cased after `SAMSYN_` it is the environment variable.
    pub name: &'static str,
    /// The value when nothing is said; empty means unset.
    pub default: &'static str,
    /// What it does.
    pub doc: &'static str,
}

/// Every setting there is.
pub const KEYS: &[Key] = &[
    Key {
        name: "lake",
        default: "lake",
        doc: "where the lake lies: a folder, file://, s3://bucket/prefix or memory://name",
    },
    Key {
        name: "extracts",
        default: "",
        doc: "folder that relative source paths of pipelines start from",
    },
    Key {
        name: "listen",
        default: "127.0.0.1:50051",
        doc: "address that `samsyn serve` listens on",
    },
    Key {
        name: "users",
        default: "",
        doc: "file with the users of `samsyn serve`",
    },
    Key {
        name: "record_secret",
        default: "",
        doc: "file with the secret of record keys for the cell key method, at least 32 bytes; keep it outside lake and project",
    },
    Key {
        name: "threads",
        default: "",
        doc: "partitions that a query runs on; default: the processors",
    },
    Key {
        name: "memory",
        default: "",
        doc: "memory limit of queries in bytes, with k, M or G; default: three quarters of the machine's",
    },
    Key {
        name: "clock",
        default: "",
        doc: "a fixed RFC 3339 time instead of the machine's, for reproducible runs",
    },
    Key {
        name: "wait",
        default: "600",
        doc: "seconds that a run waits for another run of the same lake; 0 refuses at once",
    },
];

/// Variables after `SAMSYN_` that are no settings: secrets of `samsyn sql`, and what the tests of samsyn itself are told.
const OTHERS: &[&str] = &["PASSWORD", "TOKEN", "SHARED", "REQUIRE_SHARED", "BIN", "UPDATE"];

/// Settings that are paths: in `samsyn.yaml` they start from its folder, elsewhere from where the command is called.
const PATHS: &[&str] = &["lake", "extracts", "users", "record_secret"];

/// The settings in force.
#[derive(Debug, Clone)]
pub struct Settings {
    values: BTreeMap<&'static str, String>,
    /// Names of settings that somebody gave by a variable or on the command line.
    given: BTreeSet<&'static str>,
    command: String,
    storage: BTreeMap<String, String>,
    root: PathBuf,
}

impl Settings {
    /// Reads the settings of the project at `root`; `flags` are what the command line said and win.
    ///
    /// # Errors
    /// SAMSYN-1001 for an unknown key, SAMSYN-1002 for an unreadable `samsyn.yaml`.
    pub fn load(root: &Path, flags: &[(&'static str, Option<String>)]) -> Result<Self> {
        let mut values: BTreeMap<&'static str, String> =
            KEYS.iter().map(|key| (key.name, key.default.to_owned())).collect();
        let beside = |name: &str, text: String| {
            let relative = PATHS.contains(&name) && !text.is_empty() && !text.contains("://");
            if relative && Path::new(&text).is_relative() && root != Path::new(".") {
                root.join(text).to_string_lossy().into_owned()
            } else {
                text
            }
        };
        for (name, value) in &mut values {
            *value = beside(name, std::mem::take(value));
        }
        let file = root.join("samsyn.yaml");
        if file.is_file() {
            let text = std::fs::read_to_string(&file)?;
            let written: BTreeMap<String, serde_json::Value> = serde_saphyr::from_str(&text).map_err(|error| {
                let place = error.location().map(|place| Location {
                    file: "samsyn.yaml".to_owned(),
                    line: place.line(),
                    column: place.column(),
                });
                let ours =
                    Error::usage(1002, "`samsyn.yaml` is not a list of settings").hint("write `name: value` lines");
                match place {
                    Some(place) => ours.at(place),
                    None => ours,
                }
                .with_source(error)
            })?;
            for (name, value) in written {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let name = known(&name, "samsyn.yaml").map_err(|error| error.at(place(&text, &name)))?;
                values.insert(name, beside(name, value));
            }
        }
        let mut given = BTreeSet::new();
        let mut storage = BTreeMap::new();
        for (name, value) in std::env::vars_os() {
            let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) else {
                continue;
            };
            if let Some(key) = name.strip_prefix("SAMSYN_") {
                if !OTHERS.contains(&key) {
                    let name = known(&key.to_lowercase(), "the environment, after SAMSYN_")?;
                    values.insert(name, value);
                    given.insert(name);
                }
            } else if ["AWS_", "AZURE_", "GOOGLE_"]
                .iter()
                .any(|prefix| name.starts_with(prefix))
            {
                storage.insert(name.to_lowercase(), value);
            }
        }
        for (name, value) in flags {
            if let Some(value) = value {
                let name = known(name, "the command line")?;
                values.insert(name, value.clone());
                given.insert(name);
            }
        }
        Ok(Self {
            values,
            given,
            command: command(),
            storage,
            root: root.to_path_buf(),
        })
    }

    /// Holds that every value can be read, so that a wrong one is told before anything is done.
    ///
    /// # Errors
    /// SAMSYN-1003 and 1004 as the settings' own functions.
    pub fn check(&self) -> Result<()> {
        self.clock()?;
        self.threads()?;
        self.wait()?;
        self.memory()?;
        Ok(())
    }

    /// The value of `name`, or None when it is unset.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Whether `name` was given by a variable or on the command line, so that the next command needs it too.
    pub fn given(&self, name: &str) -> bool {
        self.given.contains(name)
    }

    /// How this program was called, so that a command shown to the user can be copied: `samsyn`, its path, or through cargo.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// The project's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the lake lies.
    pub fn lake(&self) -> &str {
        self.get("lake").unwrap_or("lake")
    }

    /// The folder that relative source paths start from.
    pub fn extracts(&self) -> PathBuf {
        self.get("extracts").map_or_else(|| self.root.clone(), PathBuf::from)
    }

    /// Options of the object store, as the environment gives them (`AWS_…`, `AZURE_…`, `GOOGLE_…`), names in lowercase.
    pub fn storage(&self) -> &BTreeMap<String, String> {
        &self.storage
    }

    /// The clock.
    ///
    /// # Errors
    /// SAMSYN-1003 when `clock` is no RFC 3339 time.
    pub fn clock(&self) -> Result<Clock> {
        let Some(text) = self.get("clock") else {
            return Ok(Clock::System);
        };
        let moment: DateTime<Utc> = text.parse().map_err(|error| {
            Error::usage(1003, format!("the setting `clock` is `{text}`, which is no time"))
                .hint("write it as 2026-01-31T12:00:00Z")
                .with_source(error)
        })?;
        Ok(Clock::Fixed(moment))
    }

    /// How many partitions a query runs on.
    ///
    /// # Errors
    /// SAMSYN-1004 when `threads` is no number of at least 1.
    pub fn threads(&self) -> Result<usize> {
        match self.get("threads") {
            None => Ok(std::thread::available_parallelism().map_or(2, usize::from)),
            Some(text) => text
                .parse()
                .ok()
                .filter(|n| *n >= 1)
                .ok_or_else(|| bad_number("threads", text)),
        }
    }

    /// How many seconds a run waits for another.
    ///
    /// # Errors
    /// SAMSYN-1004 when `wait` is no whole number.
    pub fn wait(&self) -> Result<std::time::Duration> {
        let text = self.get("wait").unwrap_or("600");
        text.parse()
            .map(std::time::Duration::from_secs)
            .map_err(|_| bad_number("wait", text))
    }

    /// The memory limit of queries in bytes.
    ///
    /// # Errors
    /// SAMSYN-1004 when `memory` is no size.
    pub fn memory(&self) -> Result<Option<usize>> {
        let Some(text) = self.get("memory") else {
            return Ok(None);
        };
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit: usize = match &text[digits.len()..] {
            "" => 1,
            "k" | "K" => 1 << 10,
            "m" | "M" => 1 << 20,
            "g" | "G" => 1 << 30,
            _ => return Err(bad_number("memory", text)),
        };
        digits
            .parse::<usize>()
            .ok()
            .and_then(|n| n.checked_mul(unit))
            .map(Some)
            .ok_or_else(|| bad_number("memory", text))
    }
}

/// The place of a key of `samsyn.yaml`.
fn place(text: &str, key: &str) -> Location {
    let line = text.lines().position(|line| line.trim_start().starts_with(key));
    let indent = line
        .and_then(|at| text.lines().nth(at))
        .map_or(0, |line| line.len() - line.trim_start().len());
    Location {
        file: "samsyn.yaml".to_owned(),
        line: line.unwrap_or(0) as u64 + 1,
        column: indent as u64 + 1,
    }
}

fn command() -> String {
    let called = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    // what `cargo run` sets for the program that it runs
    let by_cargo = ["CARGO", "CARGO_PKG_NAME"]
        .iter()
        .all(|name| std::env::var_os(name).is_some());
    if by_cargo && called.components().any(|part| part.as_os_str() == "release") {
        return "cargo run --release --".to_owned();
    }
    if by_cargo {
        return "cargo run --".to_owned();
    }
    if called.components().count() == 1 {
        return "samsyn".to_owned();
    }
    called.to_string_lossy().into_owned()
}

fn bad_number(name: &str, text: &str) -> Error {
    Error::usage(
        1004,
        format!("the setting `{name}` is `{text}`, which is no number that it takes"),
    )
    .hint(KEYS.iter().find(|key| key.name == name).map_or("", |key| key.doc))
}

fn known(name: &str, place: &str) -> Result<&'static str> {
    if let Some(key) = KEYS.iter().find(|key| key.name == name) {
        return Ok(key.name);
    }
    let error = Error::usage(1001, format!("unknown setting `{name}` in {place}"));
    Err(match did_you_mean(name, KEYS.iter().map(|key| key.name)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!(
            "the settings are {}",
            KEYS.iter().map(|key| key.name).collect::<Vec<_>>().join(", ")
        )),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_then_flags() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("samsyn.yaml"), "lake: here\nthreads: 3\n").unwrap();
        let settings = Settings::load(folder.path(), &[("lake", Some("there".into()))]).unwrap();
        assert_eq!((settings.lake(), settings.threads().unwrap()), ("there", 3));
        assert!(settings.given("lake") && !settings.given("threads"));
    }

    #[test]
    fn paths_of_the_file_start_from_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("samsyn.yaml"), "extracts: in\n").unwrap();
        let settings = Settings::load(folder.path(), &[]).unwrap();
        assert_eq!(settings.extracts(), folder.path().join("in"));
        assert_eq!(Path::new(settings.lake()), folder.path().join("lake"));
        let here = Settings::load(Path::new("."), &[]).unwrap();
        assert_eq!(here.lake(), "lake");
    }

    #[test]
    fn a_misspelt_key_is_refused_with_a_suggestion() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("samsyn.yaml"), "lakes: here\n").unwrap();
        let error = Settings::load(folder.path(), &[]).unwrap_err();
        assert_eq!((error.code(), error.hint_text()), (1001, Some("did you mean `lake`?")));
        assert_eq!(error.location().map(|place| (place.line, place.column)), Some((1, 1)));
    }
}
