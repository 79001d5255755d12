//! The plan: what a run would do and why, as a value. A run does exactly this.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    graph::{Graph, Step, Work},
    land::{Arrival, arrivals},
    model::{parameters, references},
    project::{Defined, Project, place},
    spec::Publish,
};
use crate::{
    config::Settings,
    engine::SqlText,
    error::{Error, Result},
    lake::{Delivery, Lake, Pin, Release, current_deliveries},
    model::{Layer, TableId},
};

/// Changes of the code that change results of unchanged definitions raise this.
const ENGINE: &str = "1";

/// What will be done with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Nothing changed; the run does not touch it.
    Skip,
    /// It will be done, unless what it reads turns out to be the same as before.
    Run,
    /// Its tables leave the release: no definition makes them any more.
    Remove,
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
    /// Rows that it will read, as far as they are there already.
    pub rows_read: u64,
    /// Files that it will read, as far as they are there already.
    pub files_read: u64,
    /// Files that will land.
    pub files: Vec<String>,
    /// Bytes that will land, as far as they are known.
    pub bytes: u64,
}

/// What a run would do.
#[derive(Debug)]
pub struct Plan {
    /// The steps in order: those of the graph, then checks, then removals.
    pub steps: Vec<Planned>,
    /// The steps of the graph; the first of `steps`, one to one.
    pub(super) work: Vec<Step>,
    /// Pipelines whose checks will run.
    pub(super) checks: BTreeSet<String>,
    /// Tables that leave the release.
    pub(super) removed: Vec<TableId>,
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
/// SAMSYN-2023 when a step reads a table of a pipeline that has not run; when a source file is missing, or the lake cannot be read.
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
    let mut planner = Planner {
        project,
        pins: base.as_ref().map(|release| &release.tables),
        contents: contents(base.as_ref(), &deliveries),
        changed: BTreeSet::new(),
        sizes: sizes(base.as_ref(), &deliveries),
    };
    let work: Vec<Step> = graph
        .steps
        .iter()
        .filter(|step| names.contains(step.pipeline.as_str()))
        .cloned()
        .collect();
    made(project, &graph, &work, &planner.contents)?;
    let mut steps = Vec::new();
    let mut landing = BTreeMap::new();
    for step in &work {
        let planned = if let Work::Land(source) = &step.work {
            let arrivals = arrivals(
                project,
                settings,
                &project.pipelines[&step.pipeline],
                source,
                &deliveries,
            )?;
            let planned = planner.landing(step, &arrivals);
            landing.insert(step.name.clone(), arrivals);
            planned
        } else {
            planner.making(step)
        };
        if planned.action == Action::Run {
            planner.changed.extend(step.writes.iter().cloned());
        }
        steps.push(planned);
    }
    let mut checks = BTreeSet::new();
    for defined in selected.iter().filter(|defined| !defined.spec.checks.is_empty()) {
        let before = base
            .as_ref()
            .and_then(|release| release.checks.get(&defined.spec.pipeline));
        let planned = planner.checking(defined, before)?;
        if planned.action == Action::Run {
            checks.insert(defined.spec.pipeline.clone());
        }
        steps.push(planned);
    }
    let mut removed = Vec::new();
    for (table, pin) in base.iter().flat_map(|release| &release.tables) {
        let defined = graph.steps.iter().any(|step| step.writes.contains(table));
        if defined || !names.contains(pin.pipeline.as_str()) {
            continue;
        }
        steps.push(Planned {
            rows: Some(pin.rows),
            ..Planned::new(
                format!("remove {table}"),
                &pin.pipeline,
                Action::Remove,
                "no definition makes it any more".to_owned(),
            )
        });
        removed.push(table.clone());
    }
    Ok(Plan {
        steps,
        work,
        checks,
        removed,
        arrivals: landing,
        base,
        deliveries,
        graph,
    })
}

impl Planned {
    fn new(step: String, pipeline: &str, action: Action, reason: String) -> Self {
        Self {
            step,
            pipeline: pipeline.to_owned(),
            tables: Vec::new(),
            action,
            reason,
            rows: None,
            rows_read: 0,
            files_read: 0,
            files: Vec::new(),
            bytes: 0,
        }
    }
}

/// What is known while steps are planned one after another.
struct Planner<'a> {
    project: &'a Project,
    pins: Option<&'a BTreeMap<TableId, Pin>>,
    contents: BTreeMap<TableId, String>,
    /// Tables that steps before this one will write.
    changed: BTreeSet<TableId>,
    /// Rows and files of every table that there is.
    sizes: BTreeMap<TableId, (u64, u64)>,
}

impl Planner<'_> {
    fn landing(&self, step: &Step, arrivals: &[Arrival]) -> Planned {
        let new: Vec<&Arrival> = arrivals.iter().filter(|arrival| arrival.new).collect();
        let (action, reason) = match (new.len(), arrivals.len()) {
            (0, _) => (Action::Skip, "the same bytes have landed".to_owned()),
            (1, 1) => (Action::Run, "new delivery: 1 file".to_owned()),
            (new, all) => (Action::Run, format!("new delivery: {new} of {all} files")),
        };
        Planned {
            tables: step.writes.clone(),
            files: new.iter().map(|arrival| arrival.file.clone()).collect(),
            bytes: new.iter().map(|arrival| arrival.bytes).sum(),
            ..Planned::new(step.name.clone(), &step.pipeline, action, reason)
        }
    }

    fn making(&self, step: &Step) -> Planned {
        let pins: Vec<Option<&Pin>> = step
            .writes
            .iter()
            .map(|table| self.pins.and_then(|pins| pins.get(table)))
            .collect();
        let reason = self.why(step, &pins);
        let action = if reason.is_some() { Action::Run } else { Action::Skip };
        let read = || step.reads.iter().filter_map(|table| self.sizes.get(table));
        Planned {
            tables: step.writes.clone(),
            rows: pins.iter().map(|pin| pin.map(|pin| pin.rows)).sum(),
            rows_read: read().map(|(rows, _)| rows).sum(),
            files_read: read().map(|(_, files)| files).sum(),
            ..Planned::new(
                step.name.clone(),
                &step.pipeline,
                action,
                reason.unwrap_or_else(|| "unchanged".to_owned()),
            )
        }
    }

    /// Why a step must run; None when nothing changed.
    fn why(&self, step: &Step, pins: &[Option<&Pin>]) -> Option<String> {
        if pins.iter().any(Option::is_none) {
            return Some("not made yet".to_owned());
        }
        let mut reasons = Vec::new();
        let definition = definition(self.project, step);
        if pins.iter().flatten().any(|pin| pin.origin.definition != definition) {
            reasons.push("changed definition".to_owned());
        }
        let other = |table: &TableId| {
            let now = self.contents.get(table);
            let differs = |pin: &&Pin| pin.origin.inputs.get(table).map(|input| &input.content) != now;
            self.changed.contains(table) || pins.iter().flatten().any(differs)
        };
        let (raw, made): (Vec<&TableId>, Vec<&TableId>) = step
            .reads
            .iter()
            .filter(|table| other(table))
            .partition(|table| table.layer == Layer::Raw);
        for (words, tables) in [("new delivery", raw), ("changed upstream", made)] {
            if !tables.is_empty() {
                let list: Vec<String> = tables.into_iter().map(ToString::to_string).collect();
                reasons.push(format!("{words}: {}", list.join(", ")));
            }
        }
        // a table that is no longer read, or another version of the engine
        let mark = fingerprint(self.project, step, &self.contents);
        if reasons.is_empty() && pins.iter().flatten().any(|pin| pin.fingerprint != mark) {
            reasons.push("changed definition".to_owned());
        }
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    fn checking(&self, defined: &Defined, before: Option<&String>) -> Result<Planned> {
        let reads = check_reads(defined)?;
        let upstream: Vec<String> = reads
            .iter()
            .filter(|table| self.changed.contains(*table))
            .map(ToString::to_string)
            .collect();
        let same = before == Some(&checks_fingerprint(defined, &reads, &self.contents));
        let (action, reason) = if !upstream.is_empty() {
            (Action::Run, format!("changed upstream: {}", upstream.join(", ")))
        } else if before.is_none() {
            (Action::Run, "not checked yet".to_owned())
        } else if same {
            (Action::Skip, "unchanged".to_owned())
        } else {
            (Action::Run, "changed definition or upstream".to_owned())
        };
        let count = defined.spec.checks.len();
        let name = format!(
            "check {} ({count} rule{})",
            defined.spec.pipeline,
            if count == 1 { "" } else { "s" }
        );
        Ok(Planned::new(name, &defined.spec.pipeline, action, reason))
    }
}

/// Everything that the selected steps read is there or will be made by them.
fn made(project: &Project, graph: &Graph, work: &[Step], contents: &BTreeMap<TableId, String>) -> Result<()> {
    for step in work {
        for table in &step.reads {
            if contents.contains_key(table) || work.iter().any(|other| other.writes.contains(table)) {
                continue;
            }
            let maker = graph.steps.iter().find(|other| other.writes.contains(table));
            let (other, mine) = (maker.map_or("", |maker| maker.pipeline.as_str()), &step.pipeline);
            let at = project
                .pipelines
                .get(mine)
                .map(|defined| place(&defined.text, &defined.file, "pipeline:"));
            let error = Error::not_found(
                2023,
                format!(
                    "`{}` reads `{table}`, which the pipeline `{other}` makes and has not made yet",
                    step.writes[0]
                ),
            )
            .hint(format!("run them together: `samsyn run {other} {mine}`"));
            return Err(match at {
                Some(at) => error.at(at),
                None => error,
            });
        }
    }
    Ok(())
}

/// Rows and files of every table that there is.
fn sizes(base: Option<&Release>, deliveries: &[Delivery]) -> BTreeMap<TableId, (u64, u64)> {
    let mut sizes: BTreeMap<TableId, (u64, u64)> = base
        .iter()
        .flat_map(|release| &release.tables)
        .map(|(table, pin)| (table.clone(), (pin.rows, pin.files.files.len() as u64)))
        .collect();
    for (table, current) in datasets(deliveries) {
        let rows = current.iter().map(|delivery| delivery.rows).sum();
        let files = current.iter().filter_map(|delivery| delivery.files.as_ref());
        sizes.insert(table, (rows, files.map(|files| files.files.len() as u64).sum()));
    }
    sizes
}

/// The raw tables with the deliveries that each stands for.
pub(super) fn datasets(deliveries: &[Delivery]) -> BTreeMap<TableId, Vec<Delivery>> {
    let mut all: BTreeMap<TableId, Vec<Delivery>> = BTreeMap::new();
    for delivery in deliveries {
        if let Ok(table) = TableId::new(Layer::Raw, &delivery.dataset) {
            all.entry(table).or_default().push(delivery.clone());
        }
    }
    all.into_iter()
        .map(|(table, of)| (table, current_deliveries(&of).into_iter().cloned().collect()))
        .collect()
}

/// The tables that a pipeline's checks read.
pub(super) fn check_reads(defined: &Defined) -> Result<BTreeSet<TableId>> {
    let mut reads = BTreeSet::new();
    for check in &defined.spec.checks {
        reads.insert(check.on.parse()?);
        reads.extend(references(SqlText {
            sql: &check.sql,
            file: &defined.file,
            skipped: 0,
        })?);
    }
    Ok(reads)
}

/// The hash of a pipeline's checks and of what they read.
pub(super) fn checks_fingerprint(
    defined: &Defined,
    reads: &BTreeSet<TableId>,
    contents: &BTreeMap<TableId, String>,
) -> String {
    let mut parts = vec![
        ENGINE.to_owned(),
        serde_json::to_string(&defined.spec.checks).unwrap_or_default(),
    ];
    let sql = defined.spec.checks.iter().flat_map(|check| parameters(&check.sql));
    let used: BTreeSet<String> = sql.map(|(name, _)| name).collect();
    for (name, value) in defined.spec.parameters.iter().filter(|(name, _)| used.contains(*name)) {
        parts.extend([name.clone(), json(&value)]);
    }
    for table in reads {
        parts.push(table.to_string());
        parts.push(contents.get(table).cloned().unwrap_or_default());
    }
    hash(parts.iter().map(String::as_str))
}

/// What each table holds, as a hash: that of its rows, or of the deliveries that it stands for.
pub(super) fn contents(base: Option<&Release>, deliveries: &[Delivery]) -> BTreeMap<TableId, String> {
    let mut contents: BTreeMap<TableId, String> = base
        .iter()
        .flat_map(|release| &release.tables)
        .map(|(table, pin)| (table.clone(), pin.content_hash.clone()))
        .collect();
    contents.extend(datasets(deliveries).into_iter().map(|(table, current)| {
        let content = raw_content(&current);
        (table, content)
    }));
    contents
}

/// The hash of the deliveries that a raw table stands for.
pub(super) fn raw_content(current: &[Delivery]) -> String {
    let mut ids: Vec<&str> = current.iter().map(|delivery| delivery.id.as_str()).collect();
    ids.sort_unstable();
    hash(ids)
}

/// The hash of a step's definition: everything of the project that its result depends on, but for what it reads.
pub(super) fn definition(project: &Project, step: &Step) -> String {
    let defined = &project.pipelines[&step.pipeline];
    let mut parts = vec![ENGINE.to_owned(), step.name.clone()];
    let contract = |publish: &Publish| {
        let contract = project.contracts.get(&publish.contract);
        contract.map(|contract| contract.text.to_string()).unwrap_or_default()
    };
    match &step.work {
        Work::Land(_) => {}
        Work::Model => {
            let model = &project.models[&step.writes[0]];
            parts.push(model.sql.clone());
            for (name, value) in &defined.spec.parameters {
                if model.parameters.contains(name) {
                    parts.extend([name.clone(), json(&value)]);
                }
            }
        }
        Work::Counts { population, tables } => {
            if let Some(population) = defined.spec.populations.iter().find(|p| p.name == *population) {
                parts.push(json(&population));
                parts.extend(project.policies.get(&population.policy).map(|policy| json(&policy)));
            }
            for publish in tables {
                parts.extend([json(&publish), contract(publish)]);
            }
        }
        Work::Publish(publish) => parts.extend([json(&publish), contract(publish)]),
    }
    hash(parts.iter().map(String::as_str))
}

/// The hash of what makes a step's result: its definition and what it reads.
pub(super) fn fingerprint(project: &Project, step: &Step, contents: &BTreeMap<TableId, String>) -> String {
    let mut parts = vec![definition(project, step)];
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

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
