//! The settings: one registry of keys with default and documentation, filled from `samsyn.yaml`, then `SAMSYN_*`, then flags.
//!
//! A key that the registry does not know is refused wherever it stands, so a misspelt setting never goes unseen. This is the
//! only file that reads the environment.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use crate::{
    error::{Error, Result, did_you_mean},
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
        name: "threads",
        default: "",
        doc: "partitions that a query runs on; default: the processors",
    },
    Key {
        name: "memory",
        default: "",
        doc: "memory limit of queries in bytes, with k, M or G; default: none",
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

/// The settings in force.
#[derive(Debug, Clone)]
pub struct Settings {
    values: BTreeMap<&'static str, String>,
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
        let file = root.join("samsyn.yaml");
        if file.is_file() {
            let text = std::fs::read_to_string(&file)?;
            let written: BTreeMap<String, serde_json::Value> = serde_saphyr::from_str(&text)
                .map_err(|error| Error::usage(1002, "`samsyn.yaml` is not a list of settings").with_source(error))?;
            for (name, value) in written {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                values.insert(known(&name, "samsyn.yaml")?, text);
            }
        }
        let mut storage = BTreeMap::new();
        for (name, value) in std::env::vars_os() {
            let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) else {
                continue;
            };
            if let Some(key) = name.strip_prefix("SAMSYN_") {
                let lower = key.to_lowercase();
                if let Some(key) = KEYS.iter().find(|key| key.name == lower) {
                    values.insert(key.name, value);
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
                values.insert(known(name, "the command line")?, value.clone());
            }
        }
        Ok(Self {
            values,
            storage,
            root: root.to_path_buf(),
        })
    }

    /// The value of `name`, or None when it is unset.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
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

fn bad_number(name: &str, text: &str) -> Error {
    Error::usage(
        1004,
        format!("the setting `{name}` is `{text}`, which is no number that it takes"),
    )
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
    }

    #[test]
    fn a_misspelt_key_is_refused_with_a_suggestion() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("samsyn.yaml"), "lakes: here\n").unwrap();
        let error = Settings::load(folder.path(), &[]).unwrap_err();
        assert_eq!((error.code(), error.hint_text()), (1001, Some("did you mean `lake`?")));
    }
}
