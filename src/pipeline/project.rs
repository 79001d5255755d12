//! The project: every definition of a folder, read and cross-checked as far as names go.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{model::Model, spec::Pipeline};
use crate::{
    contract::{Contract, yaml::parse_yaml},
    error::{Error, Location, Result, did_you_mean},
    model::{Layer, TableId},
    protect::Policy,
};

/// A pipeline and its file.
#[derive(Debug, Clone)]
pub struct Defined {
    /// The definition.
    pub spec: Pipeline,
    /// The file, relative to the project.
    pub file: String,
    /// The text of the file.
    pub text: String,
}

/// All definitions of a folder.
#[derive(Debug, Clone)]
pub struct Project {
    /// The folder.
    pub root: PathBuf,
    /// Pipelines by name.
    pub pipelines: BTreeMap<String, Defined>,
    /// Models by table, of those that a pipeline lists.
    pub models: BTreeMap<TableId, Model>,
    /// Contracts by id.
    pub contracts: BTreeMap<String, Contract>,
    /// Policies by name, presets among them.
    pub policies: BTreeMap<String, Policy>,
}

impl Project {
    /// Reads the project in `root`.
    ///
    /// # Errors
    /// SAMSYN-1010 when there are no pipelines, 20xx with place for what is wrong in a file.
    pub fn load(root: &Path) -> Result<Self> {
        let mut project = Self {
            root: root.to_path_buf(),
            pipelines: BTreeMap::new(),
            models: BTreeMap::new(),
            contracts: BTreeMap::new(),
            policies: Policy::presets()
                .into_iter()
                .map(|policy| (policy.name.clone(), policy))
                .collect(),
        };
        for (file, text) in files(root, "pipelines", ".yaml")? {
            let spec: Pipeline = parse_yaml(&text, &file)?;
            let stem = stem(&file, ".yaml");
            if spec.version != 1 {
                return Err(
                    Error::invalid(2012, format!("version {} of the format is not known", spec.version))
                        .hint("write `version: 1`")
                        .at(place(&text, &file, "version")),
                );
            }
            if spec.pipeline != stem {
                return Err(Error::invalid(
                    2012,
                    format!("the pipeline is called `{}` in a file called `{stem}`", spec.pipeline),
                )
                .hint("give both the same name")
                .at(place(&text, &file, "pipeline:")));
            }
            project.pipelines.insert(stem, Defined { spec, file, text });
        }
        if project.pipelines.is_empty() {
            return Err(Error::usage(
                1010,
                format!("there is no pipeline in `{}`", root.join("pipelines").display()),
            )
            .hint("run in a project folder, give one with `--project`, or make one with `samsyn init`"));
        }
        for (file, text) in files(root, "schemas", ".odcs.yaml")? {
            let contract = Contract::parse(&text, &file)?;
            let stem = stem(&file, ".odcs.yaml");
            if contract.id != stem {
                return Err(Error::invalid(
                    2013,
                    format!("the contract is called `{}` in a file called `{stem}`", contract.id),
                )
                .hint("give both the same name")
                .at(place(&text, &file, "id:")));
            }
            project.contracts.insert(stem, contract);
        }
        for (file, text) in files(root, "schemas/policies", ".yaml")? {
            let policy: Policy = parse_yaml(&text, &file)?;
            let stem = stem(&file, ".yaml");
            if policy.name != stem {
                return Err(Error::invalid(
                    2013,
                    format!("the policy is called `{}` in a file called `{stem}`", policy.name),
                )
                .hint("give both the same name")
                .at(place(&text, &file, "name:")));
            }
            project.policies.insert(stem, policy);
        }
        project.read_models()?;
        Ok(project)
    }

    fn read_models(&mut self) -> Result<()> {
        let mut owner: BTreeMap<TableId, String> = BTreeMap::new();
        for defined in self.pipelines.values() {
            for name in &defined.spec.models {
                let at = || within(&defined.text, &defined.file, &["models:", name]);
                let table: TableId = name.parse().map_err(|error: Error| error.at(at()))?;
                if matches!(table.layer, Layer::Raw | Layer::Pub | Layer::System) {
                    return Err(Error::invalid(2014, format!("a model cannot write `{table}`"))
                        .hint("models make ref, core, mart and meta; raw is landed, pub is published")
                        .at(at()));
                }
                if let Some(other) = owner.insert(table.clone(), defined.spec.pipeline.clone()) {
                    return Err(
                        Error::invalid(2014, format!("`{table}` is a model of `{other}` already"))
                            .hint("list it in one pipeline")
                            .at(at()),
                    );
                }
                let file = format!("sql/{}/{}.sql", table.schema(), table.name);
                let text = std::fs::read_to_string(self.root.join(&file)).map_err(|_| {
                    let there: Vec<String> = files(&self.root, &format!("sql/{}", table.schema()), ".sql")
                        .unwrap_or_default()
                        .iter()
                        .map(|(file, _)| format!("{}.{}", table.schema(), stem(file, ".sql")))
                        .collect();
                    let error = Error::not_found(2015, format!("the model `{table}` has no file `{file}`")).at(at());
                    match did_you_mean(name, there.iter().map(String::as_str)) {
                        Some(near) => error.hint(format!("did you mean `{near}`?")),
                        None => error.hint("write its SELECT there"),
                    }
                })?;
                self.models.insert(table.clone(), Model::parse(table, text, file)?);
            }
        }
        Ok(())
    }

    /// The pipelines of these names, or the default ones.
    ///
    /// # Errors
    /// SAMSYN-1011 for a name that is none.
    pub fn select(&self, names: &[String]) -> Result<Vec<&Defined>> {
        if names.is_empty() {
            let defaults: Vec<&Defined> = self.pipelines.values().filter(|defined| defined.spec.default).collect();
            if defaults.is_empty() {
                return Err(
                    Error::usage(1011, "no pipeline is marked `default: true`").hint(format!(
                        "name one: {}",
                        self.pipelines.keys().cloned().collect::<Vec<_>>().join(", ")
                    )),
                );
            }
            return Ok(defaults);
        }
        names
            .iter()
            .map(|name| {
                self.pipelines.get(name).ok_or_else(|| {
                    let error = Error::usage(1011, format!("there is no pipeline `{name}`"));
                    match did_you_mean(name, self.pipelines.keys().map(String::as_str)) {
                        Some(near) => error.hint(format!("did you mean `{near}`?")),
                        None => error.hint(format!(
                            "there are {}",
                            self.pipelines.keys().cloned().collect::<Vec<_>>().join(", ")
                        )),
                    }
                })
            })
            .collect()
    }

    /// The contract of that id.
    ///
    /// # Errors
    /// SAMSYN-2016 when there is none.
    pub fn contract(&self, id: &str) -> Result<&Contract> {
        self.contracts.get(id).ok_or_else(|| {
            let error = Error::not_found(2016, format!("there is no contract `schemas/{id}.odcs.yaml`"));
            match did_you_mean(id, self.contracts.keys().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("write one; the README shows how"),
            }
        })
    }

    /// The policy of that name.
    ///
    /// # Errors
    /// SAMSYN-2017 when there is none.
    pub fn policy(&self, name: &str) -> Result<&Policy> {
        self.policies.get(name).ok_or_else(|| {
            let error = Error::not_found(2017, format!("there is no policy `{name}`"));
            match did_you_mean(name, self.policies.keys().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!(
                    "there are {}",
                    self.policies.keys().cloned().collect::<Vec<_>>().join(", ")
                )),
            }
        })
    }
}

/// The first place of `word` in a text.
pub(super) fn place(text: &str, file: &str, word: &str) -> Location {
    within(text, file, &[word])
}

/// The place of the last of `words`, each looked for after the one before it; of the last that is there when one is not.
pub(super) fn within(text: &str, file: &str, words: &[&str]) -> Location {
    let mut at = 0;
    let mut from = 0;
    for word in words {
        let Some(found) = find_word(text, word, from) else {
            continue;
        };
        at = found;
        from = found + word.len();
    }
    location(text, file, at)
}

/// Line and column of a byte of a text.
pub(super) fn location(text: &str, file: &str, at: usize) -> Location {
    let before = &text[..at];
    let line = before.rfind('\n').map_or(0, |newline| newline + 1);
    Location {
        file: file.to_owned(),
        line: before.matches('\n').count() as u64 + 1,
        column: before[line..].chars().count() as u64 + 1,
    }
}

/// Where `word` stands at or after byte `from`, not as a part of a longer name.
pub(super) fn find_word(text: &str, word: &str, from: usize) -> Option<usize> {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let (first, last) = (word.chars().next()?, word.chars().next_back()?);
    text.get(from..)?
        .match_indices(word)
        .map(|(at, _)| from + at)
        .find(|at| {
            let before = text[..*at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            !(part(first) && before.is_some_and(part) || part(last) && after.is_some_and(part))
        })
}

fn stem(file: &str, ending: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.strip_suffix(ending).unwrap_or(name).to_owned()
}

/// Files of a folder of the project with that ending, by name, with their text; none when the folder is not there.
fn files(root: &Path, folder: &str, ending: &str) -> Result<Vec<(String, String)>> {
    let entries = match std::fs::read_dir(root.join(folder)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(
                Error::unavailable(2018, format!("the folder `{folder}` cannot be read"))
                    .hint("check its rights")
                    .with_source(error),
            );
        }
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string()
            && name.ends_with(ending)
            && !(ending == ".yaml" && name.ends_with(".test.yaml"))
        {
            names.push(name);
        }
    }
    names.sort_unstable();
    names
        .into_iter()
        .map(|name| {
            let file = format!("{folder}/{name}");
            let text = std::fs::read_to_string(root.join(&file)).map_err(|error| {
                Error::invalid(2018, format!("`{file}` cannot be read as UTF-8 text"))
                    .hint("save it as UTF-8")
                    .with_source(error)
            })?;
            Ok((file, text))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_whole_names_after_the_words_before_them() {
        let text = "sources:\n  - dataset: raw.x_y\npublish:\n  - table: pub.x\n    contract: x\n";
        let at = |words: &[&str]| {
            let place = within(text, "p.yaml", words);
            (place.line, place.column)
        };
        assert_eq!(at(&["x"]), (5, 15));
        assert_eq!(at(&["publish:", "pub.x"]), (4, 12));
        assert_eq!(at(&["publish:", "pub.x", "contract:", "missing"]), (5, 5));
        assert_eq!(at(&["missing"]), (1, 1));
    }
}
