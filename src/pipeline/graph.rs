//! The order of work: what each step writes and reads, sorted so that everything is made before it is read.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    project::{Defined, Project, place},
    spec::{Protect, Publish, Source},
};
use crate::{
    error::{Error, Result, did_you_mean},
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
                        .at(place(&defined.text, &defined.file, &table.to_string())));
                }
            }
        }
        known(project, &steps, &maker)?;
        let steps = sorted(steps)?;
        let (sensitivity, origins) = lineage(project, &steps)?;
        Ok(Self {
            steps,
            sensitivity,
            origins,
        })
    }
}

fn of_pipeline(project: &Project, defined: &Defined) -> Result<Vec<Step>> {
    let spec = &defined.spec;
    let at = |word: &str| place(&defined.text, &defined.file, word);
    let step = |name: String, writes, reads, work| Step {
        name,
        pipeline: spec.pipeline.clone(),
        writes,
        reads,
        work,
    };
    let mut steps = Vec::new();
    for source in &spec.sources {
        let table: TableId = source
            .dataset
            .parse()
            .map_err(|error: Error| error.at(at(&source.dataset)))?;
        if table.layer != Layer::Raw {
            return Err(Error::invalid(2014, format!("a source cannot land in `{table}`"))
                .hint("datasets are in `raw`")
                .at(at(&source.dataset)));
        }
        project
            .contract(&source.contract)
            .map_err(|error| error.at(at(&source.contract)))?;
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
            .map_err(|error: Error| error.at(at(&publish.table)))?;
        if table.layer != Layer::Pub {
            return Err(Error::invalid(2014, format!("`{table}` cannot be published"))
                .hint("published tables are in `pub`")
                .at(at(&publish.table)));
        }
        project
            .contract(&publish.contract)
            .map_err(|error| error.at(at(&publish.contract)))?;
        if let Protect::Counts(counts) = &publish.protect {
            counted.entry(&counts.population).or_default().push(publish.clone());
            continue;
        }
        let from = publish.from.as_ref().ok_or_else(|| {
            Error::invalid(2019, format!("`{table}` does not say what it shows"))
                .hint("add `from: schema.table`")
                .at(at(&publish.table))
        })?;
        let from: TableId = from.parse().map_err(|error: Error| error.at(at(from)))?;
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
                let error = Error::not_found(2020, format!("there is no population `{name}`")).at(at(name));
                match did_you_mean(name, spec.populations.iter().map(|p| p.name.as_str())) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint("describe it under `populations:` of the same pipeline"),
                }
            })?;
        project
            .policy(&population.policy)
            .map_err(|error| error.at(at(&population.policy)))?;
        let from: TableId = population
            .from
            .parse()
            .map_err(|error: Error| error.at(at(&population.from)))?;
        let writes = tables
            .iter()
            .map(|publish| publish.table.parse())
            .collect::<Result<Vec<_>>>()?;
        steps.push(step(
            format!("protect {name}"),
            writes,
            BTreeSet::from([from]),
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
            let at = match &step.work {
                Work::Model => {
                    let model = &project.models[&step.writes[0]];
                    place(&model.sql, &model.file, &name)
                }
                _ => {
                    let defined = &project.pipelines[&step.pipeline];
                    place(&defined.text, &defined.file, &name)
                }
            };
            return Err(error.at(at));
        }
    }
    Ok(())
}

/// Sorts so that a step follows all that make what it reads; among the free ones the given order holds.
fn sorted(mut steps: Vec<Step>) -> Result<Vec<Step>> {
    let mut done = Vec::with_capacity(steps.len());
    while !steps.is_empty() {
        let waiting: BTreeSet<&TableId> = steps.iter().flat_map(|step| &step.writes).collect();
        let free = steps
            .iter()
            .position(|step| step.reads.iter().all(|table| !waiting.contains(table)));
        let Some(free) = free else {
            let circle: Vec<String> = steps
                .iter()
                .flat_map(|step| &step.writes)
                .map(ToString::to_string)
                .collect();
            return Err(
                Error::invalid(2021, format!("these tables wait for each other: {}", circle.join(", ")))
                    .hint("no table may depend on itself, directly or through others"),
            );
        };
        done.push(steps.remove(free));
    }
    Ok(done)
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
