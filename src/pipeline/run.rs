//! Runs a plan: steps in their order, side by side where they do not wait for each other, then one release.
//!
//! What the plan skips is not touched. A step that it runs, but whose inputs turn out to hold what they held before, is not done and says so.
//! A table version that a killed run left behind is adopted when its commit says that it is what the step would write. Nothing is visible before
//! the release, which is the last thing written; when a step fails, no release is made.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::TryStreamExt;
use serde::Serialize;
use tokio::task::JoinSet;

use super::{
    certify,
    check::{check_text, only, plan_text, relocate},
    graph::{Step, Work},
    land, ledger,
    model::references,
    plan::{Action, Plan, check_reads, checks_fingerprint, contents, datasets, definition, fingerprint, raw_content},
    project::{Project, within},
    publish,
    spec::{Check, Publish, Severity},
};
use crate::{
    catalog::{Entry, Rows, Tables, landed, released},
    engine::{Engine, Session},
    error::{Error, Result},
    lake::{Delivery, Input, Origin, Pin, Published, Release, What, WriteMeta, Written, hash_batches},
    model::{ReleaseId, Sensitivity, TableId},
    protect::{
        LevelShare, Protected,
        evidence::{Certificate, Rows as PublishedRows},
    },
};

/// What a step did.
#[derive(Debug, Clone, Serialize)]
pub struct StepResult {
    /// The step.
    pub step: String,
    /// The pipeline.
    pub pipeline: String,
    /// `done`, `adopted` or `unchanged`.
    pub state: &'static str,
    /// Rows that its tables have now.
    pub rows: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Rows set aside.
    pub quarantined: u64,
    /// Seconds that it took.
    pub seconds: f64,
    /// The tables that it read, with their Delta versions.
    pub inputs: BTreeMap<TableId, u64>,
    /// What else there is to say.
    pub notes: Vec<String>,
}

/// What a run did.
#[derive(Debug, Clone, Serialize)]
pub struct RunResult {
    /// The run.
    pub run: String,
    /// The release that it published; None when nothing changed.
    pub release: Option<ReleaseId>,
    /// Its steps.
    pub steps: Vec<StepResult>,
    /// Cells and hidden cells of every published count table by level.
    pub hidden: Vec<LevelShare>,
    /// Checks that only warn and did not hold.
    pub warnings: Vec<String>,
}

/// Hears of the progress of a run.
pub trait Progress: Send + Sync {
    /// A step begins.
    fn begin(&self, step: &str);
    /// A step ended.
    fn end(&self, result: &StepResult);
    /// Something to tell.
    fn tell(&self, text: &str);
}

struct State {
    tables: Tables,
    contents: BTreeMap<TableId, String>,
    /// The Delta version of every table, as this run reads it.
    versions: BTreeMap<TableId, u64>,
    pins: BTreeMap<TableId, Pin>,
    checks: BTreeMap<String, String>,
    results: Vec<StepResult>,
    hidden: Vec<LevelShare>,
    suppressions: Vec<RecordBatch>,
    /// By name; none where a population has none any more.
    certificates: BTreeMap<String, Option<Certificate>>,
}

struct Context {
    project: Project,
    engine: Engine,
    plan: Plan,
    run: String,
    state: Mutex<State>,
    /// Appends to one raw dataset take turns.
    turns: BTreeMap<TableId, tokio::sync::Mutex<()>>,
    generator: land::Generator,
    progress: Arc<dyn Progress>,
}

/// Executes `plan` under the lake's lease and publishes one release.
///
/// # Errors
/// Whatever a step says; SAMSYN-5030 when a check does not hold; 4020 when another run published first. The last release stays.
pub async fn run(project: Project, engine: &Engine, plan: Plan, progress: Arc<dyn Progress>) -> Result<RunResult> {
    let started = engine.lake().clock().now();
    let run = uuid::Uuid::new_v4().to_string();
    let base = plan.base.clone();
    let mut tables = base.as_ref().map(released).unwrap_or_default();
    tables.extend(landed(&plan.deliveries)?);
    let mut pins = base.as_ref().map(|release| release.tables.clone()).unwrap_or_default();
    let mut checks = base.as_ref().map(|release| release.checks.clone()).unwrap_or_default();
    for table in &plan.removed {
        pins.remove(table);
        tables.remove(table);
    }
    // a pipeline without checks has none that held
    let selected: BTreeSet<&str> = plan.work.iter().map(|step| step.pipeline.as_str()).collect();
    checks.retain(|name, _| !selected.contains(name.as_str()) || !project.pipelines[name].spec.checks.is_empty());
    let mut versions: BTreeMap<TableId, u64> = pins.iter().map(|(table, pin)| (table.clone(), pin.version)).collect();
    versions.extend(raw_versions(&plan.deliveries));
    let state = State {
        contents: contents(base.as_ref(), &plan.deliveries),
        versions,
        pins,
        checks,
        tables,
        results: Vec::new(),
        hidden: Vec::new(),
        suppressions: Vec::new(),
        certificates: BTreeMap::new(),
    };
    let lands = |step: &&Step| matches!(step.work, Work::Land(_));
    let context = Arc::new(Context {
        turns: plan
            .work
            .iter()
            .filter(lands)
            .map(|step| (step.writes[0].clone(), tokio::sync::Mutex::default()))
            .collect(),
        project,
        engine: engine.clone(),
        plan,
        run: run.clone(),
        state: Mutex::new(state),
        generator: land::Generator::default(),
        progress,
    });
    for table in &context.plan.removed {
        context.progress.tell(&format!(
            "  −  {table} leaves the release: no definition makes it any more"
        ));
    }
    execute(&context).await?;
    let warnings = check_all(&context).await?;
    let release = finish(&context, base.as_ref(), started).await?;
    let state = lock(&context.state);
    Ok(RunResult {
        run,
        release,
        steps: state.results.clone(),
        hidden: state.hidden.clone(),
        warnings,
    })
}

fn raw_versions(deliveries: &[Delivery]) -> BTreeMap<TableId, u64> {
    datasets(deliveries)
        .into_iter()
        .map(|(table, of)| {
            (
                table,
                of.iter().map(|delivery| delivery.version).max().unwrap_or_default(),
            )
        })
        .collect()
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts every step whose inputs are made, until all are done or one fails.
async fn execute(context: &Arc<Context>) -> Result<()> {
    let mut waiting: Vec<usize> = (0..context.plan.work.len()).collect();
    let mut unmade: BTreeSet<TableId> = context
        .plan
        .work
        .iter()
        .flat_map(|step| step.writes.iter().cloned())
        .collect();
    let mut makers: BTreeMap<TableId, usize> = BTreeMap::new();
    for table in context.plan.work.iter().flat_map(|step| &step.writes) {
        *makers.entry(table.clone()).or_default() += 1;
    }
    let mut running: JoinSet<Result<usize>> = JoinSet::new();
    let limit = std::thread::available_parallelism().map_or(2, usize::from).max(2);
    loop {
        let ready: Vec<usize> = waiting
            .iter()
            .copied()
            .filter(|number| {
                context.plan.work[*number]
                    .reads
                    .iter()
                    .all(|table| !unmade.contains(table))
            })
            .take(limit.saturating_sub(running.len()))
            .collect();
        for number in ready {
            waiting.retain(|other| *other != number);
            let context = Arc::clone(context);
            running.spawn(async move {
                let step = &context.plan.work[number];
                do_step(&context, step, context.plan.steps[number].action)
                    .await
                    .map_err(|error| error.context(step.name.clone()))?;
                Ok(number)
            });
        }
        let Some(done) = running.join_next().await else { break };
        let number = done.map_err(|error| Error::bug(9033, "a step stopped").with_source(error))??;
        for table in &context.plan.work[number].writes {
            let left = makers.entry(table.clone()).or_default();
            *left = left.saturating_sub(1);
            if *left == 0 {
                unmade.remove(table);
            }
        }
    }
    Ok(())
}

async fn do_step(context: &Arc<Context>, step: &Step, action: Action) -> Result<()> {
    let begun = Instant::now();
    let mut result = StepResult {
        step: step.name.clone(),
        pipeline: step.pipeline.clone(),
        state: "unchanged",
        rows: 0,
        bytes: 0,
        quarantined: 0,
        seconds: 0.0,
        inputs: BTreeMap::new(),
        notes: Vec::new(),
    };
    let kept = |state: &State| -> u64 {
        let pins = step.writes.iter().filter_map(|table| state.pins.get(table));
        pins.map(|pin| pin.rows).sum()
    };
    match (&step.work, action) {
        (Work::Land(_), Action::Skip | Action::Remove) => {
            let text = "the same bytes have landed before; nothing to do";
            result.notes.push(text.to_owned());
        }
        (Work::Land(source), Action::Run) => land_step(context, step, source, &mut result).await?,
        (_, Action::Skip | Action::Remove) => result.rows = kept(&lock(&context.state)),
        (_, Action::Run) => {
            let mark = {
                let state = lock(&context.state);
                result.inputs = step
                    .reads
                    .iter()
                    .filter_map(|table| Some((table.clone(), *state.versions.get(table)?)))
                    .collect();
                let mark = fingerprint(&context.project, step, &state.contents);
                let made = |table: &TableId| state.pins.get(table).is_some_and(|pin| pin.fingerprint == mark);
                if step.writes.iter().all(made) {
                    result.rows = kept(&state);
                    None
                } else {
                    Some(mark)
                }
            };
            context.progress.begin(&step.name);
            match mark {
                Some(mark) => make(context, step, &mark, &mut result).await?,
                None => {
                    let text = "what it reads holds the same as before; nothing to do";
                    result.notes.push(text.to_owned());
                }
            }
        }
    }
    result.seconds = begun.elapsed().as_secs_f64();
    if action == Action::Run {
        context.progress.end(&result);
    }
    lock(&context.state).results.push(result);
    Ok(())
}

async fn land_step(
    context: &Arc<Context>,
    step: &Step,
    source: &super::spec::Source,
    result: &mut StepResult,
) -> Result<()> {
    let arrivals = context
        .plan
        .arrivals
        .get(&step.name)
        .map(Vec::as_slice)
        .unwrap_or_default();
    context.progress.begin(&step.name);
    let lake = context.engine.lake();
    let table = &step.writes[0];
    let turn = context
        .turns
        .get(table)
        .ok_or_else(|| Error::bug(9020, "a dataset that nobody planned"))?;
    let outcome = land::land(&context.project, lake, &context.generator, turn, source, arrivals).await?;
    let deliveries = lake.deliveries(Some(&table.name)).await?;
    let tables = landed(&deliveries)?;
    if outcome.files > 0 {
        result.state = "done";
        result.notes.push(format!(
            "{} file{}, {} rows delivered, {} landed, {} notes, {} set aside",
            outcome.files,
            if outcome.files == 1 { "" } else { "s" },
            outcome.delivered,
            outcome.rows,
            outcome.notes,
            outcome.quarantined.len(),
        ));
    }
    for file in &outcome.already {
        result
            .notes
            .push(format!("{file}: the same bytes have landed before; nothing to do"));
    }
    result.rows = outcome.rows;
    result.quarantined = outcome.quarantined.len() as u64;
    for row in outcome.quarantined.iter().take(5) {
        let column = row
            .column
            .as_deref()
            .map(|column| format!(", column `{column}`"))
            .unwrap_or_default();
        result.notes.push(format!(
            "set aside: {} row {}{column}: {}",
            row.file, row.row, row.reason
        ));
    }
    let mut state = lock(&context.state);
    for (table, current) in datasets(&deliveries) {
        state.contents.insert(table, raw_content(&current));
    }
    state.versions.extend(raw_versions(&deliveries));
    state.tables.extend(tables);
    Ok(())
}

/// Makes the tables of a step, or adopts what a killed run left.
async fn make(context: &Arc<Context>, step: &Step, mark: &str, result: &mut StepResult) -> Result<()> {
    let lake = context.engine.lake();
    let tables = only(&lock(&context.state).tables, step);
    let session = context.engine.workspace(tables)?;
    let defined = &context.project.pipelines[&step.pipeline];
    let meta = WriteMeta {
        fingerprint: mark.to_owned(),
        run: context.run.clone(),
    };
    result.state = "done";
    match &step.work {
        Work::Land(_) => {}
        Work::Model => {
            let model = &context.project.models[&step.writes[0]];
            let table = &model.table;
            let written = if let Some(written) = left_behind(context, table, mark).await? {
                result.state = "adopted";
                written
            } else {
                let text = model.text();
                let statement = plan_text(&session, text, defined).await?;
                let order = model.order(&statement.schema())?;
                let stream = statement.sorted_stream(&order).await?;
                lake.write(table, stream, &meta).await?
            };
            if !model.header.grain.is_empty() {
                grain_holds(context, table, &written, &model.header.grain)
                    .await
                    .map_err(|error| error.at(within(&model.sql, &model.file, &["grain:"])))?;
            }
            pin(
                context,
                step,
                table,
                written,
                mark,
                model.header.description.clone(),
                None,
                model.header.grain.clone(),
                result,
            );
        }
        Work::Counts { population, tables } => {
            let known = lake.ledger().await?;
            let outcome = publish::counts(
                &context.project,
                defined,
                &session,
                &step.pipeline,
                population,
                tables,
                &known,
            )
            .await?;
            // before anything is written: what cannot be certified never lies where readers are
            certify_tables(context, step, &session, population, tables, &outcome.tables).await?;
            if let Some(spec) = defined.spec.populations.iter().find(|spec| spec.name == *population) {
                enter(context, step, ledger::of_population(spec, &outcome)?).await?;
            }
            result.notes.extend(ledger::notes(&outcome));
            for protected in outcome.tables {
                let spec = tables
                    .iter()
                    .find(|publish| publish.table == protected.table().to_string());
                let contract = spec.map(|publish| publish.contract.clone()).unwrap_or_default();
                write_protected(context, step, protected, &contract, &meta, result).await?;
            }
            let method = outcome.report.method;
            let shares = outcome.report.levels;
            let (cells, hidden) = shares.iter().fold((0, 0), |(cells, hidden), share| {
                (cells + share.cells, hidden + share.hidden)
            });
            result.notes.push(match method {
                "cell_key" => {
                    format!("{cells} cells perturbed, {hidden} of them hidden; parts do not add up to totals")
                }
                "rounding" => format!("{cells} cells rounded so that no small count is left"),
                _ => format!("{hidden} of {cells} cells hidden; the audit found none derivable"),
            });
            let mut state = lock(&context.state);
            state.hidden.extend(shares);
            state.suppressions.push(outcome.suppressions);
        }
        Work::Publish(publish) => {
            let protected = publish::one(&context.project, &context.plan.graph, &session, step, publish).await?;
            let what = ledger::of_table(step, &lock(&context.state).contents);
            if let Some(what) = what {
                enter(context, step, what).await?;
            }
            let shares = protected.report().levels.clone();
            write_protected(context, step, protected, &publish.contract, &meta, result).await?;
            lock(&context.state).hidden.extend(shares);
        }
    }
    Ok(())
}

/// Puts into the ledger what is about to be written.
async fn enter(context: &Context, step: &Step, what: What) -> Result<()> {
    let lake = context.engine.lake();
    let record = Published {
        format: crate::lake::FORMAT,
        run: context.run.clone(),
        at: lake.clock().now(),
        pipeline: step.pipeline.clone(),
        what,
    };
    lake.enter(&record).await
}

/// Makes the certificate of a population's tables, which [`finish`] keeps with the release.
async fn certify_tables(
    context: &Arc<Context>,
    step: &Step,
    session: &Session,
    population: &str,
    tables: &[Publish],
    protected: &[Protected],
) -> Result<()> {
    let mut rows = BTreeMap::new();
    for table in protected {
        let published = PublishedRows {
            content_hash: hash_batches(&table.schema(), table.batches())?,
            batches: table.batches().to_vec(),
        };
        rows.insert(table.table().clone(), published);
    }
    let counted: Vec<String> = {
        let state = lock(&context.state);
        let read = step.reads.iter();
        read.map(|table| state.contents.get(table).cloned().unwrap_or_default())
            .collect()
    };
    let defined = &context.project.pipelines[&step.pipeline];
    let project = &context.project;
    let certificate =
        certify::certificate(project, defined, session, population, tables, rows, &counted.join("\n")).await?;
    let name = certify::certificate_name(&step.pipeline, population);
    lock(&context.state).certificates.insert(name, certificate);
    Ok(())
}

async fn write_protected(
    context: &Arc<Context>,
    step: &Step,
    protected: Protected,
    contract: &str,
    meta: &WriteMeta,
    result: &mut StepResult,
) -> Result<()> {
    let table = protected.table().clone();
    let defined = &context.project.pipelines[&step.pipeline];
    let contract = context.project.contract(contract)?;
    let schema = described(&protected.schema(), contract);
    let batches = protected
        .batches()
        .iter()
        .map(|batch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    contract.check_schema(&schema, &[])?;
    let broken = contract.check_batches(&batches)?;
    if let Some(first) = broken.first() {
        return Err(Error::refused(
            5031,
            format!(
                "`{table}` does not keep its contract `{}`: rule `{}` of `{}` is broken by {} rows",
                contract.id, first.rule, first.column, first.rows
            ),
        )
        .hint("correct the model or the contract; nothing was published")
        .at(within(
            &defined.text,
            &defined.file,
            &["publish:", &table.to_string(), "contract:"],
        )));
    }
    let written = if let Some(written) = left_behind(context, &table, &meta.fingerprint).await? {
        written
    } else {
        let stream = Box::pin(RecordBatchStreamAdapter::new(
            schema,
            futures::stream::iter(batches.into_iter().map(Ok)),
        ));
        context.engine.lake().write(&table, stream, meta).await?
    };
    let description = match (&contract.description, &contract.attribution) {
        (Some(text), Some(source)) => Some(format!("{text} ({source})")),
        (text, source) => text.clone().or_else(|| source.clone()),
    };
    pin(
        context,
        step,
        &table,
        written,
        &meta.fingerprint,
        description,
        Some(contract.id.clone()),
        contract.primary_key(),
        result,
    );
    Ok(())
}

/// The columns with the contract's descriptions and units.
fn described(
    schema: &arrow::datatypes::SchemaRef,
    contract: &crate::contract::Contract,
) -> arrow::datatypes::SchemaRef {
    let fields: Vec<arrow::datatypes::Field> = schema
        .fields()
        .iter()
        .map(|field| {
            let mut metadata = field.metadata().clone();
            if let Some(column) = contract.column(field.name()) {
                metadata.extend(column.arrow_field().metadata().clone());
            }
            field.as_ref().clone().with_metadata(metadata).with_nullable(true)
        })
        .collect();
    Arc::new(arrow::datatypes::Schema::new(fields))
}

/// A version beyond the release whose commit says that it is what this step would write.
async fn left_behind(context: &Context, table: &TableId, mark: &str) -> Result<Option<Written>> {
    let pinned = context
        .plan
        .base
        .as_ref()
        .and_then(|release| release.tables.get(table))
        .map(|pin| pin.version);
    let Some(head) = context.engine.lake().head(table).await? else {
        return Ok(None);
    };
    let newer = pinned.is_none_or(|version| head.version > version);
    Ok(head
        .written
        .filter(|_| newer && head.fingerprint.as_deref() == Some(mark)))
}

#[expect(clippy::too_many_arguments, reason = "what a pin holds")]
fn pin(
    context: &Context,
    step: &Step,
    table: &TableId,
    written: Written,
    mark: &str,
    description: Option<String>,
    contract: Option<String>,
    key: Vec<String>,
    result: &mut StepResult,
) {
    result.rows += written.rows;
    result.bytes += written.bytes;
    let entry = Entry {
        source: Rows::Files(Arc::new(written.files.clone())),
        description: description.clone(),
        key: key.clone(),
    };
    let mut state = lock(&context.state);
    let inputs = step
        .reads
        .iter()
        .map(|read| {
            let input = Input {
                version: state.versions.get(read).copied().unwrap_or_default(),
                content: state.contents.get(read).cloned().unwrap_or_default(),
            };
            (read.clone(), input)
        })
        .collect();
    let pin = Pin {
        version: written.version,
        rows: written.rows,
        bytes: written.bytes,
        content_hash: written.content_hash.clone(),
        fingerprint: mark.to_owned(),
        origin: Origin {
            definition: definition(&context.project, step),
            inputs,
        },
        pipeline: step.pipeline.clone(),
        contract,
        description,
        key,
        files: written.files,
    };
    state.tables.insert(table.clone(), entry);
    state.contents.insert(table.clone(), written.content_hash);
    state.versions.insert(table.clone(), written.version);
    state.pins.insert(table.clone(), pin);
}

/// Refuses a table in which two rows have the same grain: a join that multiplied rows.
async fn grain_holds(context: &Context, table: &TableId, written: &Written, grain: &[String]) -> Result<()> {
    let entry = Entry {
        source: Rows::Files(Arc::new(written.files.clone())),
        description: None,
        key: Vec::new(),
    };
    let session = context.engine.workspace(Tables::from([(table.clone(), entry)]))?;
    let list = grain
        .iter()
        .map(|name| format!("\"{}\"", name.replace('"', "\"\"")))
        .collect::<Vec<_>>()
        .join(", ");
    let found = count(
        &session,
        &format!("SELECT count(*) FROM (SELECT {list} FROM {table} GROUP BY {list} HAVING count(*) > 1) AS many"),
    )
    .await?;
    if found > 0 {
        return Err(Error::refused(
            5032,
            format!(
                "`{table}` has {found} combinations of {} more than once",
                grain.join(", ")
            ),
        )
        .hint("a join probably multiplies rows; join on the whole key, or correct `grain` in the model's header"));
    }
    Ok(())
}

async fn count(session: &Session, sql: &str) -> Result<i64> {
    let batches: Vec<RecordBatch> = session.prepare(sql).await?.stream().await?.try_collect().await?;
    let value = batches
        .first()
        .filter(|batch| batch.num_rows() > 0)
        .map(|batch| Arc::clone(batch.column(0)));
    Ok(value
        .and_then(|column| {
            column
                .as_any()
                .downcast_ref::<Int64Array>()
                .map(|numbers| numbers.value(0))
        })
        .unwrap_or(0))
}

/// Runs the checks that the plan names, unless what they read turns out to be the same as when they held.
async fn check_all(context: &Arc<Context>) -> Result<Vec<String>> {
    if context.plan.checks.is_empty() {
        return Ok(Vec::new());
    }
    let (tables, contents) = {
        let state = lock(&context.state);
        (state.tables.clone(), state.contents.clone())
    };
    let session = context.engine.workspace(tables)?;
    let mut warnings = Vec::new();
    for name in &context.plan.checks {
        let defined = &context.project.pipelines[name];
        let mark = checks_fingerprint(defined, &check_reads(defined)?, &contents);
        if lock(&context.state).checks.get(name) == Some(&mark) {
            continue;
        }
        for rule in &defined.spec.checks {
            let Some(text) = broken(context, &session, defined, rule).await? else {
                continue;
            };
            match rule.severity {
                Severity::Warn => {
                    context.progress.tell(&format!("warning: {text}"));
                    warnings.push(text);
                }
                Severity::Error => {
                    return Err(Error::refused(5030, text)
                        .hint("correct the data or the model; nothing was published")
                        .at(within(&defined.text, &defined.file, &["checks:", &rule.name])));
                }
            }
        }
        lock(&context.state).checks.insert(name.clone(), mark);
    }
    Ok(warnings)
}

/// What a check that does not hold says: the rule, how many rows, and for tables without persons the keys of the first.
async fn broken(
    context: &Context,
    session: &Session,
    defined: &super::project::Defined,
    rule: &Check,
) -> Result<Option<String>> {
    let text = check_text(defined, rule);
    let statement = plan_text(session, text, defined)
        .await
        .map_err(|error| relocate(&error, defined, rule))?;
    let batches: Vec<RecordBatch> = statement.stream().await?.try_collect().await?;
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    if rows == 0 {
        return Ok(None);
    }
    let mut reads = references(text)?;
    reads.insert(rule.on.parse()?);
    let public = |table: &TableId| context.plan.graph.sensitivity.get(table) == Some(&Sensitivity::Public);
    let open = reads.iter().all(public);
    // of persons only the place in the delivery is shown, never a value, and no value under the name of a place
    let mut place = vec!["_row", "_file", "_delivery"];
    for name in std::mem::take(&mut place) {
        if statement.keeps_name(name)? {
            place.push(name);
        }
    }
    let shown: Vec<usize> = batches[0]
        .schema()
        .fields()
        .iter()
        .enumerate()
        .filter(|(_, field)| open || place.contains(&field.name().as_str()) || rule.show.contains(field.name()))
        .map(|(at, _)| at)
        .collect();
    let mut examples = Vec::new();
    let mut room = 5;
    for batch in &batches {
        if shown.is_empty() || room == 0 {
            break;
        }
        let some = batch.project(&shown)?.slice(0, batch.num_rows().min(room));
        room -= some.num_rows();
        examples.push(some);
    }
    let mut text = format!(
        "the check `{}` on `{}` does not hold for {rows} row{}",
        rule.name,
        rule.on,
        if rows == 1 { "" } else { "s" }
    );
    if !examples.is_empty() {
        text.push_str(":\n");
        text.push_str(&arrow::util::pretty::pretty_format_batches(&examples)?.to_string());
    }
    Ok(Some(text))
}

/// Writes the records of the run, then publishes the release: a kill in between leaves a record of a run that published nothing, never a
/// release without its records.
async fn finish(
    context: &Arc<Context>,
    base: Option<&Release>,
    started: chrono::DateTime<chrono::Utc>,
) -> Result<Option<ReleaseId>> {
    let (pins, checks, results, suppressions, certificates) = {
        let state = lock(&context.state);
        (
            state.pins.clone(),
            state.checks.clone(),
            state.results.clone(),
            state.suppressions.clone(),
            state.certificates.clone(),
        )
    };
    let before = base.map(|release| release.tables.clone()).unwrap_or_default();
    let changed = pins.len() != before.len()
        || base.is_none_or(|release| release.checks != checks)
        || pins.iter().any(|(table, pin)| {
            before
                .get(table)
                .is_none_or(|old| old.version != pin.version || old.fingerprint != pin.fingerprint)
        });
    let landed_any = results.iter().any(|result| result.state != "unchanged");
    if !changed && !landed_any {
        return Ok(None);
    }
    let lake = context.engine.lake();
    let mut release = Release::after(base, &context.run, lake.clock().now());
    release.tables = pins;
    release.checks = checks;
    if changed {
        lake.certify(&mut release, certificates).await?;
    }
    for batch in suppressions.into_iter().filter(|batch| batch.num_rows() > 0) {
        lake.system_append("suppressions", with_run(&batch, &context.run)?)
            .await?;
    }
    let published = changed.then_some(release.id);
    record(context, &results, started, published).await?;
    if changed {
        lake.commit_release(&release).await?;
    }
    Ok(published)
}

fn with_run(batch: &RecordBatch, run: &str) -> Result<RecordBatch> {
    let mut columns: Vec<(String, ArrayRef)> = vec![(
        "run".to_owned(),
        Arc::new(StringArray::from(vec![run; batch.num_rows()])),
    )];
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        columns.push((field.name().clone(), Arc::clone(column)));
    }
    Ok(RecordBatch::try_from_iter(columns)?)
}

async fn record(
    context: &Context,
    results: &[StepResult],
    started: chrono::DateTime<chrono::Utc>,
    published: Option<ReleaseId>,
) -> Result<()> {
    let lake = context.engine.lake();
    let pipelines: BTreeSet<&str> = results.iter().map(|result| result.pipeline.as_str()).collect();
    let read: BTreeSet<&TableId> = context.plan.work.iter().flat_map(|step| &step.reads).collect();
    let all = lake.deliveries(None).await?;
    let raw: BTreeMap<TableId, serde_json::Value> = {
        let state = lock(&context.state);
        datasets(&all)
            .into_iter()
            .filter(|(table, _)| read.contains(table))
            .map(|(table, of)| {
                let ids: Vec<&str> = of.iter().map(|delivery| delivery.id.as_str()).collect();
                let value = serde_json::json!({ "version": state.versions.get(&table), "deliveries": ids });
                (table, value)
            })
            .collect()
    };
    let pinned: BTreeMap<&TableId, u64> = context
        .plan
        .base
        .iter()
        .flat_map(|release| &release.tables)
        .filter(|(table, _)| read.contains(table))
        .map(|(table, pin)| (table, pin.version))
        .collect();
    let micros = |time: chrono::DateTime<chrono::Utc>| -> ArrayRef {
        Arc::new(TimestampMicrosecondArray::from(vec![time.timestamp_micros()]).with_timezone("UTC"))
    };
    let runs = RecordBatch::try_from_iter(vec![
        (
            "run",
            Arc::new(StringArray::from(vec![context.run.as_str()])) as ArrayRef,
        ),
        ("started_at", micros(started)),
        ("ended_at", micros(lake.clock().now())),
        (
            "pipelines",
            Arc::new(StringArray::from(vec![
                pipelines.into_iter().collect::<Vec<_>>().join(", "),
            ])),
        ),
        ("release", Arc::new(UInt64Array::from(vec![published.map(|id| id.0)]))),
        (
            "raw_inputs",
            Arc::new(StringArray::from(vec![serde_json::to_string(&raw).unwrap_or_default()])),
        ),
        (
            "pinned_inputs",
            Arc::new(StringArray::from(vec![
                serde_json::to_string(&pinned).unwrap_or_default(),
            ])),
        ),
        ("samsyn", Arc::new(StringArray::from(vec![env!("CARGO_PKG_VERSION")]))),
    ])?;
    lake.system_append("runs", runs).await?;
    let text = |of: &dyn Fn(&StepResult) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(results.iter().map(of)))
    };
    let number = |of: &dyn Fn(&StepResult) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(results.iter().map(of)))
    };
    let steps = RecordBatch::try_from_iter(vec![
        ("run", text(&|_| context.run.clone())),
        ("pipeline", text(&|result| result.pipeline.clone())),
        ("step", text(&|result| result.step.clone())),
        ("state", text(&|result| result.state.to_owned())),
        ("rows", number(&|result| result.rows)),
        ("bytes", number(&|result| result.bytes)),
        ("quarantined", number(&|result| result.quarantined)),
        (
            "milliseconds",
            number(&|result| {
                u64::try_from(Duration::from_secs_f64(result.seconds.max(0.0)).as_millis()).unwrap_or(u64::MAX)
            }),
        ),
        (
            "inputs",
            text(&|result| serde_json::to_string(&result.inputs).unwrap_or_default()),
        ),
        ("notes", text(&|result| result.notes.join("\n"))),
    ])?;
    lake.system_append("steps", steps).await
}
