//! The order of work: what each step writes and reads, sorted so that everything is made before it is read.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    project::{Defined, Project, within},
    spec::{PopulationSpec, Protect, Publish, Source},
};
use crate::{
    error::{Error, Location, Result, did_you_mean},
    model::{Layer, Sensitivity, TableId},
};

/// What a step does.
#[derive(Debug, Clone)]
pub enum Work {
    /// Lands the files of one source.
    Land(Box<Source>),
    /// Computes a model.
    Model,
    /// Protects and publishes all count tables of one population together.
    Counts {
        /// The population.
        population: String,
        /// Its tables.
        tables: Vec<Publish>,
    },
    /// Publishes one table by the open or the derived route.
    Publish(Box<Publish>),
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Name for people, unique in a run.
    pub name: String,
    /// The pipeline that it belongs to.
    pub pipeline: String,
    /// The tables that it makes.
    pub writes: Vec<TableId>,
    /// The tables that it needs.
    pub reads: BTreeSet<TableId>,
    /// What it does.
    pub work: Work,
}

/// Steps in an order in which they can be done.
#[derive(Debug, Clone)]
pub struct Graph {
    /// The steps.
    pub steps: Vec<Step>,
    /// How much each table must be protected: the most of what it was made from.
    pub sensitivity: BTreeMap<TableId, Sensitivity>,
    /// Raw datasets that each table was made from, with their classification.
    pub origins: BTreeMap<TableId, BTreeMap<TableId, Sensitivity>>,
}

impl Graph {
    /// The steps of all pipelines of the project.
    ///
    /// # Errors
    /// SAMSYN-20xx with place: an unknown table, a table made twice, a circle, an unknown contract, policy or population.
    pub fn build(project: &Project) -> Result<Self> {
        let mut steps = Vec::new();
        for defined in project.pipelines.values() {
            steps.extend(of_pipeline(project, defined)?);
        }
        let mut maker: BTreeMap<TableId, usize> = BTreeMap::new();
        for (number, step) in steps.iter().enumerate() {
            for table in &step.writes {
                // files of several sources may land in one dataset
                if maker.insert(table.clone(), number).is_some() && table.layer != Layer::Raw {
                    let defined = &project.pipelines[&step.pipeline];
                    return Err(Error::invalid(2014, format!("`{table}` is made twice"))
                        .hint("give one of them another name")
                        .at(within(
                            &defined.text,
                            &defined.file,
                            &[made_under(&step.work), &table.to_string()],
                        )));
                }
            }
        }
        known(project, &steps, &maker)?;
        let steps = sorted(project, steps)?;
        let (sensitivity, origins) = lineage(project, &steps)?;
        apart(project, &steps, &origins)?;
        Ok(Self {
            steps,
            sensitivity,
            origins,
        })
    }
}

fn of_pipeline(project: &Project, defined: &Defined) -> Result<Vec<Step>> {
    let spec = &defined.spec;
    let at = |words: &[&str]| within(&defined.text, &defined.file, words);
    let step = |name: String, writes, reads, work| Step {
        name,
        pipeline: spec.pipeline.clone(),
        writes,
        reads,
        work,
    };
    let twice = |names: Vec<&String>| -> Option<String> {
        let mut seen = BTreeSet::new();
        names.into_iter().find(|name| !seen.insert(*name)).cloned()
    };
    for (key, names) in [
        ("sources:", spec.sources.iter().map(|source| &source.name).collect()),
        (
            "populations:",
            spec.populations.iter().map(|population| &population.name).collect(),
        ),
        ("checks:", spec.checks.iter().map(|check| &check.name).collect()),
    ] {
        if let Some(name) = twice(names) {
            return Err(Error::invalid(2014, format!("`{name}` stands twice under `{key}`"))
                .hint("give one of them another name")
                .at(at(&[key, &name, &name])));
        }
    }
    let mut steps = Vec::new();
    for source in &spec.sources {
        let table: TableId = source
            .dataset
            .parse()
            .map_err(|error: Error| error.at(at(&["sources:", &source.name, &source.dataset])))?;
        if table.layer != Layer::Raw {
            return Err(Error::invalid(2014, format!("a source cannot land in `{table}`"))
                .hint("datasets are in `raw`")
                .at(at(&["sources:", &source.name, &source.dataset])));
        }
        project
            .contract(&source.contract)
            .map_err(|error| error.at(at(&["sources:", &source.name, "contract:", &source.contract])))?;
        steps.push(step(
            format!("land {}.{}", spec.pipeline, source.name),
            vec![table],
            BTreeSet::new(),
            Work::Land(Box::new(source.clone())),
        ));
    }
    for name in &spec.models {
        let table: TableId = name.parse()?;
        let model = &project.models[&table];
        steps.push(step(
            format!("model {table}"),
            vec![table],
            model.reads.clone(),
            Work::Model,
        ));
    }
    let mut counted: BTreeMap<&str, Vec<Publish>> = BTreeMap::new();
    for publish in &spec.publish {
        let table: TableId = publish
            .table
            .parse()
            .map_err(|error: Error| error.at(at(&["publish:", &publish.table])))?;
        if table.layer != Layer::Pub {
            return Err(Error::invalid(2014, format!("`{table}` cannot be published"))
                .hint("published tables are in `pub`")
                .at(at(&["publish:", &publish.table])));
        }
        project
            .contract(&publish.contract)
            .map_err(|error| error.at(at(&["publish:", &publish.table, "contract:", &publish.contract])))?;
        if let Protect::Counts(counts) = &publish.protect {
            counted.entry(&counts.population).or_default().push(publish.clone());
            continue;
        }
        let from = publish.from.as_ref().ok_or_else(|| {
            Error::invalid(2019, format!("`{table}` does not say what it shows"))
                .hint("add `from: schema.table`")
                .at(at(&["publish:", &publish.table]))
        })?;
        let from: TableId = from
            .parse()
            .map_err(|error: Error| error.at(at(&["publish:", &publish.table, from])))?;
        steps.push(step(
            format!("publish {table}"),
            vec![table],
            BTreeSet::from([from]),
            Work::Publish(Box::new(publish.clone())),
        ));
    }
    for (name, tables) in counted {
        let population = spec
            .populations
            .iter()
            .find(|population| population.name == name)
            .ok_or_else(|| {
                let error = Error::not_found(2020, format!("there is no population `{name}`")).at(at(&[
                    "publish:",
                    &tables[0].table,
                    name,
                ]));
                match did_you_mean(name, spec.populations.iter().map(|p| p.name.as_str())) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint("describe it under `populations:` of the same pipeline"),
                }
            })?;
        project
            .policy(&population.policy)
            .map_err(|error| error.at(at(&["populations:", name, "policy:", &population.policy])))?;
        let from: TableId = population
            .from
            .parse()
            .map_err(|error: Error| error.at(at(&["populations:", name, &population.from])))?;
        let mut reads = BTreeSet::from([from]);
        for external in &population.external {
            let table = external.from.parse();
            reads.insert(table.map_err(|error: Error| error.at(at(&["populations:", name, &external.from])))?);
        }
        let writes = tables
            .iter()
            .map(|publish| publish.table.parse())
            .collect::<Result<Vec<_>>>()?;
        steps.push(step(
            format!("protect {name}"),
            writes,
            reads,
            Work::Counts {
                population: name.to_owned(),
                tables,
            },
        ));
    }
    Ok(steps)
}

/// Every table that is read is made by somebody.
fn known(project: &Project, steps: &[Step], maker: &BTreeMap<TableId, usize>) -> Result<()> {
    for step in steps {
        for table in &step.reads {
            if maker.contains_key(table) {
                continue;
            }
            let near: Vec<String> = maker.keys().map(ToString::to_string).collect();
            let error = Error::not_found(2102, format!("table `{table}` not found"));
            let error = match did_you_mean(&table.to_string(), near.iter().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("no source lands it and no pipeline lists it as a model"),
            };
            let name = table.to_string();
            return Err(error.at(reading_place(project, step, &name)));
        }
    }
    Ok(())
}

/// The key of a pipeline's file under which a step's table is named.
fn made_under(work: &Work) -> &'static str {
    match work {
        Work::Land(_) => "sources:",
        Work::Model => "models:",
        Work::Counts { .. } | Work::Publish(_) => "publish:",
    }
}

/// Where a step names a table that it reads.
fn reading_place(project: &Project, step: &Step, table: &str) -> Location {
    let defined = &project.pipelines[&step.pipeline];
    let at = |words: &[&str]| within(&defined.text, &defined.file, words);
    match &step.work {
        Work::Model => project.models[&step.writes[0]].place(table),
        Work::Counts { population, .. } => at(&["populations:", population, table]),
        Work::Land(_) | Work::Publish(_) => at(&["publish:", &step.writes[0].to_string(), table]),
    }
}

/// Sorts so that a step follows all that make what it reads; among the free ones the given order holds.
fn sorted(project: &Project, mut steps: Vec<Step>) -> Result<Vec<Step>> {
    let mut done = Vec::with_capacity(steps.len());
    while !steps.is_empty() {
        let waiting: BTreeSet<&TableId> = steps.iter().flat_map(|step| &step.writes).collect();
        let free = steps
            .iter()
            .position(|step| step.reads.iter().all(|table| !waiting.contains(table)));
        let Some(free) = free else {
            return Err(circle(project, &steps));
        };
        done.push(steps.remove(free));
    }
    Ok(done)
}

/// Names the tables of one circle among steps that all wait: walking from table to table that is waited for must come round.
fn circle(project: &Project, steps: &[Step]) -> Error {
    let waits = |step: &Step| {
        let maker = |table: &TableId| steps.iter().position(|other| other.writes.contains(table));
        step.reads
            .iter()
            .find_map(|table| maker(table).map(|at| (table.clone(), at)))
    };
    let mut walked: Vec<usize> = Vec::new();
    let mut at = 0;
    while !walked.contains(&at) {
        walked.push(at);
        at = waits(&steps[at]).map_or(at, |(_, next)| next);
    }
    let start = walked.iter().position(|step| *step == at).unwrap_or(0);
    let names: Vec<String> = walked[start..]
        .iter()
        .chain([&at])
        .map(|step| steps[*step].writes[0].to_string())
        .collect();
    let read = waits(&steps[at]).map_or_else(String::new, |(table, _)| table.to_string());
    Error::invalid(2021, format!("these tables wait for each other: {}", names.join(" ← ")))
        .hint("no table may depend on itself, directly or through others")
        .at(reading_place(project, &steps[at], &read))
}

/// Refuses two populations that show the same protected data: each is protected by itself, so the difference of their counts would be
/// protected by nobody.
fn apart(project: &Project, steps: &[Step], origins: &BTreeMap<TableId, BTreeMap<TableId, Sensitivity>>) -> Result<()> {
    let mut before: Vec<(&Step, &PopulationSpec)> = Vec::new();
    for step in steps {
        let Work::Counts { population, .. } = &step.work else {
            continue;
        };
        let defined = &project.pipelines[&step.pipeline];
        let Some(mine) = defined.spec.populations.iter().find(|spec| spec.name == *population) else {
            continue;
        };
        for (other_step, other) in &before {
            let at = || within(&defined.text, &defined.file, &["populations:", &mine.name]);
            let who = format!("`{}` of `{}`", other.name, other_step.pipeline);
            if step.reads == other_step.reads {
                return Err(Error::refused(
                    2024,
                    format!(
                        "the population `{}` counts the same table `{}` as {who}",
                        mine.name, mine.from
                    ),
                )
                .hint("put all tables under one population: only tables of one population are protected together")
                .at(at()));
            }
            let protected = |step: &Step| -> BTreeSet<TableId> {
                let of = step.reads.iter().filter_map(|table| origins.get(table)).flatten();
                of.filter(|(_, class)| **class == Sensitivity::Protected)
                    .map(|(table, _)| table.clone())
                    .collect()
            };
            let shared: Vec<String> = protected(step)
                .intersection(&protected(other_step))
                .map(ToString::to_string)
                .collect();
            if !shared.is_empty()
                && !mine.independent_of.contains(&other.name)
                && !other.independent_of.contains(&mine.name)
            {
                return Err(Error::refused(
                    2024,
                    format!(
                        "the population `{}` comes from {} as {who} does, and the difference of their counts is protected by neither",
                        mine.name,
                        shared.join(", ")
                    ),
                )
                .hint("put their tables under one population with filters; or say `independent_of: […]` if no difference of their counts can tell of few persons")
                .at(at()));
            }
        }
        before.push((step, mine));
    }
    Ok(())
}

type Lineage = (
    BTreeMap<TableId, Sensitivity>,
    BTreeMap<TableId, BTreeMap<TableId, Sensitivity>>,
);

fn lineage(project: &Project, steps: &[Step]) -> Result<Lineage> {
    let mut sensitivity: BTreeMap<TableId, Sensitivity> = BTreeMap::new();
    let mut origins: BTreeMap<TableId, BTreeMap<TableId, Sensitivity>> = BTreeMap::new();
    for step in steps {
        for table in &step.writes {
            let (how, from) = match &step.work {
                Work::Land(source) => {
                    let class = project.contract(&source.contract)?.classification;
                    let before = sensitivity.get(table).copied().unwrap_or(class);
                    (class.max(before), BTreeMap::from([(table.clone(), class.max(before))]))
                }
                _ => {
                    let from: BTreeMap<TableId, Sensitivity> = step
                        .reads
                        .iter()
                        .filter_map(|read| origins.get(read))
                        .flatten()
                        .map(|(id, s)| (id.clone(), *s))
                        .collect();
                    let inherited = step
                        .reads
                        .iter()
                        .filter_map(|read| sensitivity.get(read))
                        .copied()
                        .max()
                        .unwrap_or(Sensitivity::Public);
                    if matches!(table.layer, Layer::Ref | Layer::Meta) && inherited != Sensitivity::Public {
                        let closed = step.reads.iter().find(|read| sensitivity.get(read) == Some(&inherited));
                        let closed = closed.map_or_else(String::new, ToString::to_string);
                        return Err(Error::refused(
                            5028,
                            format!("`{table}` would be open to every reader, but `{closed}` is not public"),
                        )
                        .hint("make it a `core` or `mart` table, and publish what may be shown under `publish:`")
                        .at(reading_place(project, step, &closed)));
                    }
                    // what has passed protection is public
                    (
                        if table.layer == Layer::Pub {
                            Sensitivity::Public
                        } else {
                            inherited
                        },
                        from,
                    )
                }
            };
            sensitivity.insert(table.clone(), how);
            origins.insert(table.clone(), from);
        }
    }
    Ok((sensitivity, origins))
}
