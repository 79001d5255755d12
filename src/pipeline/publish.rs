//! From a table of the lake to a protected one: the only way into `pub`.

use std::collections::BTreeSet;

use arrow::{
    array::{AsArray, RecordBatch},
    datatypes::{Int64Type, Schema},
};
use futures::TryStreamExt;

use super::{
    graph::{Graph, Step},
    ledger::Before,
    project::{Defined, Project},
    spec::{DimensionSpec, PopulationSpec, Protect, Publish},
};
use crate::{
    contract::Contract,
    engine::Session,
    error::{Error, Result},
    lake::Published,
    model::{Sensitivity, TableId},
    protect::{
        Amounts, CountTable, CountsOutcome, Dimension, Level, Method, OpenEvidence, Policy, Population, Protected,
        perturb::{perturb_counts, round_counts},
        protect_counts_after, protect_derived, protect_open, protect_sums_after,
    },
};

/// Protects all count tables of one population as one system, after everything that was published of it before.
pub(super) async fn counts(
    project: &Project,
    defined: &Defined,
    session: &Session,
    pipeline: &str,
    name: &str,
    published: &[Publish],
    known: &[Published],
) -> Result<CountsOutcome> {
    let population = defined
        .spec
        .populations
        .iter()
        .find(|population| population.name == name)
        .ok_or_else(|| Error::bug(9020, "a step of a population that is not there"))?;
    let policy = project.policy(&population.policy)?.clone();
    let tables = published.iter().map(count_table).collect::<Result<Vec<_>>>()?;
    let before = if policy.method == Method::Suppress {
        Before::of(session, pipeline, population, known).await?
    } else {
        // no perturbed figure is an exact sum of anything
        Before::default()
    };
    let mut all = tables.clone();
    all.extend(before.tables());
    if let Some(value) = &population.value {
        return amounts(session, population, value, tables, policy, before).await;
    }
    let entity = entity(population, &policy, &tables)?;
    let base = match entity {
        Some(entity) => keyed_rows(session, population, entity, &tables).await?,
        None => base_rows(session, population, &all, &count_of(population), "").await?,
    };
    let name = population.name.clone();
    tokio::task::spawn_blocking(move || {
        let population = Population {
            name: &name,
            base: &base,
            count: "samsyn_count",
        };
        match policy.method {
            Method::Suppress => protect_counts_after(&population, &tables, &policy, &before.earlier()),
            Method::CellKey(_) => perturb_counts(&population, KEYS, &tables, &policy),
            Method::Round(_) => round_counts(&population, &tables, &policy),
        }
    })
    .await
    .map_err(|error| Error::bug(9032, "disclosure control stopped").with_source(error))?
}

/// Protects all tables of amounts of one population as one system.
async fn amounts(
    session: &Session,
    population: &PopulationSpec,
    value: &str,
    tables: Vec<CountTable>,
    policy: Policy,
    before: Before,
) -> Result<CountsOutcome> {
    let contributor = contributor(population)?.to_owned();
    let mut all = tables.clone();
    all.extend(before.tables());
    let mut columns = columns(&all);
    columns.extend([contributor.as_str(), value]);
    columns.sort_unstable();
    columns.dedup();
    let list: Vec<String> = columns.into_iter().map(quoted).collect();
    let sql = format!("SELECT {} FROM {}", list.join(", "), population.from);
    let base: Vec<RecordBatch> = session.prepare(&sql).await?.stream().await?.try_collect().await?;
    let (name, value) = (population.name.clone(), value.to_owned());
    tokio::task::spawn_blocking(move || {
        let amounts = Amounts {
            name: &name,
            base: &base,
            contributor: &contributor,
            value: &value,
        };
        protect_sums_after(&amounts, &tables, &policy, &before.earlier())
    })
    .await
    .map_err(|error| Error::bug(9032, "disclosure control stopped").with_source(error))?
}

/// The column that names who gives an amount.
///
/// # Errors
/// SAMSYN-5066 when there is none, or when rows are counted besides.
pub(super) fn contributor(population: &PopulationSpec) -> Result<&str> {
    let wrong = |what: &str, hint: &str| {
        Err(Error::invalid(
            5066,
            format!("the population `{}` of amounts has {what}", population.name),
        )
        .hint(hint))
    };
    match (&population.entity, &population.count) {
        (None, _) => wrong(
            "no `entity`",
            "name the column that tells who gives an amount, such as `entity: orgnr`",
        ),
        (_, Some(_)) => wrong("a `count` too", "leave it out: contributors are counted by `entity`"),
        (Some(entity), None) => Ok(entity),
    }
}

/// The column of the sums of record keys.
const KEYS: &str = "samsyn_keys";

pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn count_of(population: &PopulationSpec) -> String {
    population
        .count
        .as_ref()
        .map_or_else(|| "count(*)".to_owned(), |column| format!("sum({})", quoted(column)))
}

/// What record keys of a population are made from: the column of its entities, if its policy needs one.
///
/// # Errors
/// SAMSYN-5056 when its definition does not say whom a row is about, or a table sums over periods.
pub(super) fn entity<'a>(
    population: &'a PopulationSpec,
    policy: &Policy,
    tables: &[CountTable],
) -> Result<Option<&'a str>> {
    if !matches!(policy.method, Method::CellKey(_)) {
        return Ok(None);
    }
    let Some(entity) = &population.entity else {
        return Err(Error::invalid(
            5056,
            format!(
                "the population `{}` has no `entity`, which its policy makes record keys from",
                population.name
            ),
        )
        .hint("name the column that identifies a person, such as `entity: person`"));
    };
    if population.count.is_some() {
        return Err(Error::invalid(
            5056,
            format!("the population `{}` has both `entity` and `count`", population.name),
        )
        .hint("noise by cell key needs one row a person; leave `count` out"));
    }
    if let Some(period) = &population.period {
        // a table that sums over the periods counts a person several times
        let by_period = |table: &CountTable| {
            table.dimensions.iter().any(|dimension| {
                dimension.total.is_none() && dimension.levels.len() == 1 && dimension.levels[0].column == *period
            })
        };
        if let Some(table) = tables.iter().find(|table| !by_period(table)) {
            return Err(Error::invalid(
                5056,
                format!(
                    "`{}` is not broken down by `{period}`, the period of the population `{}`",
                    table.table, population.name
                ),
            )
            .hint(format!(
                "give it the dimension `{period}` with no other level and no total"
            )));
        }
    }
    Ok(Some(entity))
}

/// The combinations with the sums of the keys of their records, each of which is in one row of a period.
async fn keyed_rows(
    session: &Session,
    population: &PopulationSpec,
    entity: &str,
    tables: &[CountTable],
) -> Result<Vec<RecordBatch>> {
    let column = quoted(entity);
    let once = match &population.period {
        Some(period) => format!("{column}, {}", quoted(period)),
        None => column.clone(),
    };
    let sql = format!(
        "SELECT count(*) AS n FROM (SELECT {once} FROM {} GROUP BY {once} HAVING count(*) > 1 OR {column} IS NULL LIMIT 1) AS many",
        population.from
    );
    let found: Vec<RecordBatch> = session.prepare(&sql).await?.stream().await?.try_collect().await?;
    let many = |batch: &RecordBatch| {
        let numbers = batch.column(0).as_primitive_opt::<Int64Type>();
        numbers.is_some_and(|numbers| numbers.values().iter().any(|n| *n > 0))
    };
    if found.iter().any(many) {
        return Err(Error::refused(
            5058,
            format!(
                "a row of the population `{}` has no `{entity}`, or one that another row of the same period has too",
                population.name
            ),
        )
        .hint(
            "a person in two rows would be counted twice with the noise of one; make it one row a person, or name the \
             `period` that persons are in once each",
        ));
    }
    let keys = format!(
        ", ckm_key(ckm_record_key(CAST({column} AS VARCHAR), '{}')) AS {KEYS}",
        population.name.replace('\'', "''")
    );
    base_rows(session, population, tables, "count(*)", &keys).await
}

/// The distinct combinations of all columns that the tables use, with their counts.
async fn base_rows(
    session: &Session,
    population: &PopulationSpec,
    tables: &[CountTable],
    count: &str,
    more: &str,
) -> Result<Vec<RecordBatch>> {
    let list = columns(tables).into_iter().map(quoted).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT {list}, CAST({count} AS BIGINT) AS samsyn_count{more} FROM {} GROUP BY {list} ORDER BY {list}",
        population.from
    );
    session
        .prepare(&sql)
        .await?
        .stream()
        .await?
        .try_collect()
        .await
        .map_err(Error::from)
}

/// The columns that tables use.
fn columns(tables: &[CountTable]) -> Vec<&str> {
    let mut columns: Vec<&str> = tables
        .iter()
        .flat_map(|table| {
            let levels = table
                .dimensions
                .iter()
                .flat_map(|dimension| dimension.levels.iter().map(|level| level.column.as_str()));
            levels.chain(table.filters.iter().map(|(column, _)| column.as_str()))
        })
        .collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}

pub(super) fn count_table(publish: &Publish) -> Result<CountTable> {
    let Protect::Counts(counts) = &publish.protect else {
        return Err(Error::bug(9020, "a table without counts among the counts"));
    };
    Ok(CountTable {
        table: publish.table.parse()?,
        dimensions: dimensions(&counts.dimensions),
        measure: counts.measure.clone(),
        filters: counts
            .filters
            .iter()
            .map(|(column, codes)| (column.clone(), codes.clone()))
            .collect(),
    })
}

pub(super) fn dimensions(of: &[DimensionSpec]) -> Vec<Dimension> {
    of.iter()
        .map(|dimension| {
            let levels = if dimension.levels.is_empty() {
                vec![dimension.name.clone()]
            } else {
                dimension.levels.clone()
            };
            Dimension {
                name: dimension.name.clone(),
                levels: levels
                    .into_iter()
                    .map(|column| Level {
                        name: column.clone(),
                        column,
                    })
                    .collect(),
                total: dimension.total.clone(),
                level_column: dimension.level_column.clone(),
            }
        })
        .collect()
}

/// Protects one table by the open or the derived route.
pub(super) async fn one(
    project: &Project,
    graph: &Graph,
    session: &Session,
    step: &Step,
    publish: &Publish,
) -> Result<Protected> {
    let table: TableId = publish.table.parse()?;
    let from = step
        .reads
        .iter()
        .next()
        .ok_or_else(|| Error::bug(9020, "a publication of nothing"))?;
    let statement = session.prepare(&format!("SELECT * FROM {from}")).await?;
    let order = order(&statement.schema(), project.contract(&publish.contract)?);
    let batches: Vec<RecordBatch> = statement.sorted_stream(&order).await?.try_collect().await?;
    match &publish.protect {
        Protect::Open(open) => {
            let ancestors: Vec<(String, Sensitivity)> = graph.origins[&table]
                .iter()
                .map(|(id, class)| (id.to_string(), *class))
                .collect();
            let evidence = OpenEvidence {
                contract: publish.contract.clone(),
                attested_public: !ancestors.is_empty()
                    && ancestors.iter().all(|(_, class)| *class == Sensitivity::Public),
                ancestors,
            };
            protect_open(table, batches, &evidence, &open.values)
        }
        Protect::Derived(rule) => {
            let ancestors: Vec<TableId> = inputs(graph, from).into_iter().collect();
            protect_derived(table, &batches, rule, &ancestors)
        }
        Protect::Counts(_) => Err(Error::bug(9020, "counts are protected together")),
    }
}

/// The columns that the rows of a published table are sorted by: its key, then the rest, so that the order never hangs on threads.
fn order(schema: &Schema, contract: &Contract) -> Vec<String> {
    let mut order = contract.primary_key();
    order.retain(|name| schema.field_with_name(name).is_ok());
    for field in schema.fields() {
        if !field.data_type().is_nested() && !order.contains(field.name()) {
            order.push(field.name().clone());
        }
    }
    order
}

/// The tables that `table` was computed from, through marts and cores, up to what is published or landed.
pub(super) fn inputs(graph: &Graph, table: &TableId) -> BTreeSet<TableId> {
    let mut found = BTreeSet::new();
    collect_inputs(graph, table, &mut found);
    found
}

fn collect_inputs(graph: &Graph, table: &TableId, found: &mut BTreeSet<TableId>) {
    use crate::model::Layer;
    let Some(step) = graph.steps.iter().find(|step| step.writes.contains(table)) else {
        found.insert(table.clone());
        return;
    };
    for read in &step.reads {
        match read.layer {
            Layer::Pub | Layer::Ref | Layer::Meta | Layer::Raw => {
                found.insert(read.clone());
            }
            Layer::Core | Layer::Mart | Layer::System => collect_inputs(graph, read, found),
        }
    }
}
