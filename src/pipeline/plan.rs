//! The plan: what a run would do and why, as a value. A run does exactly this.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    graph::{Graph, Step, Work},
    land::{Arrival, arrivals},
    project::{Defined, Project},
    spec::Protect,
};
use crate::{
    config::Settings,
    error::Result,
    lake::{Delivery, Lake, Release, current_deliveries},
    model::TableId,
};

/// Changes of the code that change results of unchanged definitions raise this.
const ENGINE: &str = "1";

/// What will be done with a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Nothing changed.
    Skip,
    /// It will be done, unless what it reads turns out to be the same as before.
    Run,
}

/// One step of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct Planned {
    /// The step's name.
    pub step: String,
    /// The pipeline.
    pub pipeline: String,
    /// The tables that it writes.
    pub tables: Vec<TableId>,
    /// What will be done.
    pub action: Action,
    /// Why.
    pub reason: String,
    /// Rows of these tables in the current release.
    pub rows: Option<u64>,
    /// Files that will land.
    pub files: Vec<String>,
}

/// What a run would do.
#[derive(Debug)]
pub struct Plan {
    /// The steps in order.
    pub steps: Vec<Planned>,
    pub(super) work: Vec<Step>,
    pub(super) arrivals: BTreeMap<String, Vec<Arrival>>,
    pub(super) base: Option<Release>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) graph: Graph,
}

impl Plan {
    /// Whether there is anything to do.
    pub fn is_empty(&self) -> bool {
        self.steps.iter().all(|step| step.action == Action::Skip)
    }
}

/// Plans a run of the selected pipelines.
///
/// # Errors
/// When a definition is wrong, a source file is missing, or the lake cannot be read.
pub async fn plan(
    project: &Project,
    lake: &Lake,
    settings: &Settings,
    graph: Graph,
    selected: &[&Defined],
) -> Result<Plan> {
    let names: BTreeSet<&str> = selected.iter().map(|defined| defined.spec.pipeline.as_str()).collect();
    let base = lake.current_release().await?;
    let deliveries = lake.deliveries(None).await?;
    let mut contents = contents(base.as_ref(), &deliveries);
    let mut changed: BTreeSet<TableId> = BTreeSet::new();
    let mut found = Vec::new();
    let mut work = Vec::new();
    let mut landing = BTreeMap::new();
    for step in graph.steps.iter().filter(|step| names.contains(step.pipeline.as_str())) {
        let pins: Vec<_> = step
            .writes
            .iter()
            .map(|table| base.as_ref().and_then(|release| release.tables.get(table)))
            .collect();
        let rows = pins.iter().map(|pin| pin.map(|pin| pin.rows)).sum::<Option<u64>>();
        let (action, reason, files) = if let Work::Land(source) = &step.work {
            let arrivals = arrivals(project, settings, source, &deliveries)?;
            let new: Vec<String> = arrivals
                .iter()
                .filter(|arrival| arrival.new)
                .map(|arrival| arrival.file.clone())
                .collect();
            let outcome = match new.len() {
                0 => (Action::Skip, "the same files have landed".to_owned(), new),
                count => (
                    Action::Run,
                    format!("new delivery: {count} file{}", if count == 1 { "" } else { "s" }),
                    new,
                ),
            };
            landing.insert(step.name.clone(), arrivals);
            outcome
        } else {
            let upstream: Vec<String> = step
                .reads
                .iter()
                .filter(|table| changed.contains(*table))
                .map(ToString::to_string)
                .collect();
            let (action, reason) = if pins.iter().any(Option::is_none) {
                (Action::Run, "not made yet".to_owned())
            } else if !upstream.is_empty() {
                (Action::Run, format!("changed upstream: {}", upstream.join(", ")))
            } else if pins
                .iter()
                .flatten()
                .any(|pin| pin.fingerprint != fingerprint(project, step, &contents))
            {
                (Action::Run, "changed definition or input".to_owned())
            } else {
                (Action::Skip, "unchanged".to_owned())
            };
            (action, reason, Vec::new())
        };
        if action == Action::Run {
            for table in &step.writes {
                changed.insert(table.clone());
                contents.remove(table);
            }
        }
        found.push(Planned {
            step: step.name.clone(),
            pipeline: step.pipeline.clone(),
            tables: step.writes.clone(),
            action,
            reason,
            rows,
            files,
        });
        work.push(step.clone());
    }
    Ok(Plan {
        steps: found,
        work,
        arrivals: landing,
        base,
        deliveries,
        graph,
    })
}

/// What each table holds, as a hash: that of its rows, or of the deliveries that it stands for.
pub(super) fn contents(base: Option<&Release>, deliveries: &[Delivery]) -> BTreeMap<TableId, String> {
    let mut contents: BTreeMap<TableId, String> = base
        .iter()
        .flat_map(|release| &release.tables)
        .map(|(table, pin)| (table.clone(), pin.content_hash.clone()))
        .collect();
    let datasets: BTreeSet<&str> = deliveries.iter().map(|delivery| delivery.dataset.as_str()).collect();
    for dataset in datasets {
        if let Ok(table) = TableId::new(crate::model::Layer::Raw, dataset) {
            contents.insert(table, raw_content(dataset, deliveries));
        }
    }
    contents
}

/// The hash of the deliveries that a raw table stands for.
pub(super) fn raw_content(dataset: &str, deliveries: &[Delivery]) -> String {
    let all: Vec<Delivery> = deliveries
        .iter()
        .filter(|delivery| delivery.dataset == dataset)
        .cloned()
        .collect();
    let mut ids: Vec<&str> = current_deliveries(&all)
        .into_iter()
        .map(|delivery| delivery.id.as_str())
        .collect();
    ids.sort_unstable();
    hash(ids)
}

/// The hash of what makes a step's result: its definition and what it reads.
pub(super) fn fingerprint(project: &Project, step: &Step, contents: &BTreeMap<TableId, String>) -> String {
    let defined = &project.pipelines[&step.pipeline];
    let mut parts = vec![ENGINE.to_owned(), step.name.clone()];
    match &step.work {
        Work::Land(_) => {}
        Work::Model => {
            parts.push(project.models[&step.writes[0]].sql.clone());
            parts.push(serde_json::to_string(&defined.spec.parameters).unwrap_or_default());
        }
        Work::Counts { population, tables } => {
            if let Some(population) = defined.spec.populations.iter().find(|p| p.name == *population) {
                parts.push(serde_json::to_string(population).unwrap_or_default());
                if let Some(policy) = project.policies.get(&population.policy) {
                    parts.push(serde_json::to_string(policy).unwrap_or_default());
                }
            }
            for publish in tables {
                parts.push(serde_json::to_string(publish).unwrap_or_default());
                parts.extend(
                    project
                        .contracts
                        .get(&publish.contract)
                        .map(|contract| contract.text.to_string()),
                );
            }
        }
        Work::Publish(publish) => {
            parts.push(serde_json::to_string(publish).unwrap_or_default());
            parts.extend(
                project
                    .contracts
                    .get(&publish.contract)
                    .map(|contract| contract.text.to_string()),
            );
            if let Protect::Open(_) = publish.protect {
                parts.push("open".to_owned());
            }
        }
    }
    for table in &step.reads {
        parts.push(table.to_string());
        parts.push(contents.get(table).cloned().unwrap_or_default());
    }
    hash(parts.iter().map(String::as_str))
}

/// 32 hexadecimal digits of the SHA-256 of parts, each with its length.
pub(super) fn hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hex(&hasher.finalize())[..32].to_owned()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
