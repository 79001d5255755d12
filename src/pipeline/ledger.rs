//! What is already public about a population, and what a step adds to it.

use std::collections::{BTreeMap, HashMap};

use arrow::{
    array::{Array, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Int64Type},
};
use futures::TryStreamExt;

use super::{
    graph::{Step, Work},
    publish::{dimensions, quoted},
    spec::{ExternalSpec, PopulationSpec, Protect},
};
use crate::{
    engine::Session,
    error::{Error, Result},
    lake::{Published, What},
    model::TableId,
    protect::{
        CountTable, CountsOutcome,
        ledger::{Earlier, Entry, External},
    },
};

/// What was published before of a population, by this lake and by others.
#[derive(Debug, Default)]
pub(super) struct Before {
    entries: Vec<Entry>,
    external: Vec<External>,
}

impl Before {
    /// Finds it: everything of the same name in the pipeline, and everything that was counted from the same table, unless
    /// the definition says that it is about something else.
    ///
    /// # Errors
    /// SAMSYN-5070 when the population has lost a column that earlier tables need; 5072 for an external table that cannot
    /// be read.
    pub(super) async fn of(
        session: &Session,
        pipeline: &str,
        population: &PopulationSpec,
        known: &[Published],
    ) -> Result<Self> {
        let mut entries = Vec::new();
        for record in known {
            let What::Sums { from, entry } = &record.what else {
                continue;
            };
            let same = record.pipeline == pipeline && entry.population == population.name;
            let beside = from.to_string() == population.from && !population.independent_of.contains(&entry.population);
            if same || beside {
                entries.push(Entry::clone(entry));
            }
        }
        let mut external = Vec::new();
        for spec in &population.external {
            external.push(read(session, spec).await?);
        }
        let before = Self { entries, external };
        let statement = session.prepare(&format!("SELECT * FROM {}", population.from)).await?;
        let schema = statement.schema();
        let columns: Vec<String> = before
            .tables()
            .iter()
            .flat_map(|table| table.columns().map(ToOwned::to_owned).collect::<Vec<_>>())
            .collect();
        if let Some(lost) = columns.iter().find(|name| schema.field_with_name(name).is_err()) {
            return Err(Error::refused(
                5070,
                format!(
                    "the population `{}` has no column `{lost}`, which tables that were published before are broken down by",
                    population.name
                ),
            )
            .hint(
                "keep the column in the population, even if no table shows it any more: without it nobody can tell what \
                 the earlier tables reveal together with the new ones",
            ));
        }
        Ok(before)
    }

    /// All tables that are public.
    pub(super) fn tables(&self) -> Vec<CountTable> {
        let ours = self.entries.iter().flat_map(Entry::count_tables);
        ours.chain(self.external.iter().map(|external| external.table.clone()))
            .collect()
    }

    pub(super) fn earlier(&self) -> Earlier<'_> {
        Earlier {
            entries: &self.entries,
            external: &self.external,
        }
    }
}

/// The columns that an external table must have.
pub(super) fn external_columns(spec: &ExternalSpec) -> Vec<&str> {
    let mut columns: Vec<&str> = Vec::new();
    for dimension in &spec.dimensions {
        columns.extend(dimension.level_column.as_deref());
        columns.push(&dimension.name);
    }
    columns.push(&spec.measure);
    columns
}

/// Reads a table of others.
async fn read(session: &Session, spec: &ExternalSpec) -> Result<External> {
    let from: TableId = spec.from.parse()?;
    let list: Vec<String> = external_columns(spec).into_iter().map(quoted).collect();
    let sql = format!("SELECT {} FROM {from}", list.join(", "));
    let batches: Vec<RecordBatch> = session.prepare(&sql).await?.stream().await?.try_collect().await?;
    let wrong = |why: &str| {
        Error::invalid(5072, format!("the external table `{from}` {why}"))
            .hint("it needs a code in every dimension, and whole numbers or NULL as counts")
    };
    let dimensions = dimensions(&spec.dimensions);
    let mut figures = HashMap::new();
    for batch in &batches {
        let text = |name: &str| -> Result<_> {
            let column = batch.column_by_name(name).ok_or_else(|| wrong("lacks a column"))?;
            let column = cast(column, &DataType::Utf8)?;
            if column.null_count() > 0 {
                return Err(wrong("has no code in a row"));
            }
            Ok(column)
        };
        let mut keys: Vec<Vec<(String, String)>> = vec![Vec::new(); batch.num_rows()];
        for dimension in &dimensions {
            let codes = text(&dimension.name)?;
            let levels = dimension.level_column.as_deref().map(text).transpose()?;
            for (row, key) in keys.iter_mut().enumerate() {
                let code = codes.as_string::<i32>().value(row);
                let level = match &levels {
                    Some(levels) => levels.as_string::<i32>().value(row),
                    None if dimension.total.as_deref() == Some(code) => "total",
                    None => dimension.levels.first().map_or("", |level| level.name.as_str()),
                };
                key.push((level.to_owned(), code.to_owned()));
            }
        }
        let counts = batch
            .column_by_name(&spec.measure)
            .ok_or_else(|| wrong("lacks its counts"))?;
        let counts = cast(counts, &DataType::Int64).map_err(|_| wrong("has counts that are no whole numbers"))?;
        for (key, count) in keys.into_iter().zip(counts.as_primitive::<Int64Type>().iter()) {
            let count = count
                .map(|count| u64::try_from(count).map_err(|_| wrong("has negative counts")))
                .transpose()?;
            if figures.insert(key, count).is_some() {
                return Err(wrong("has two rows of one cell"));
            }
        }
    }
    let table = CountTable {
        table: from.clone(),
        dimensions,
        measure: spec.measure.clone(),
        filters: spec.filters.clone().into_iter().collect(),
    };
    Ok(External { table, figures })
}

/// What the ledger says of a step that protects counts or amounts.
pub(super) fn of_population(population: &PopulationSpec, outcome: &CountsOutcome) -> Result<What> {
    let from: TableId = population.from.parse()?;
    Ok(match &outcome.entry {
        Some(entry) => What::Sums {
            from,
            entry: Box::new(entry.clone()),
        },
        None => What::Perturbed {
            population: population.name.clone(),
            from,
            method: outcome.report.method.to_owned(),
            tables: outcome
                .tables
                .iter()
                .map(|protected| protected.table().clone())
                .collect(),
        },
    })
}

/// What the ledger says of a step that publishes an open or a derived table.
pub(super) fn of_table(step: &Step, contents: &BTreeMap<TableId, String>) -> Option<What> {
    let Work::Publish(publish) = &step.work else {
        return None;
    };
    let table = step.writes.first()?.clone();
    let inputs = step
        .reads
        .iter()
        .map(|read| (read.clone(), contents.get(read).cloned().unwrap_or_default()))
        .collect();
    match &publish.protect {
        Protect::Open(_) => Some(What::Open { table, inputs }),
        Protect::Derived(rule) => Some(What::Derived {
            table,
            rule: Box::new(rule.clone()),
            inputs,
        }),
        Protect::Counts(_) => None,
    }
}

/// What there is to say of earlier and others' publications.
pub(super) fn notes(outcome: &CountsOutcome) -> Vec<String> {
    let audit = &outcome.report.audit;
    let mut notes = Vec::new();
    if audit.already_public > 0 {
        notes.push(format!(
            "{} hidden figures follow from what was published before or by others alone: nothing can hide them from who \
             kept that",
            audit.already_public
        ));
        notes.extend(
            outcome
                .already_public
                .iter()
                .map(|equation| format!("for example {equation}")),
        );
    }
    if audit.deviating > 0 {
        notes.push(format!(
            "{} figures of others are not those of this population, and were not attacked with",
            audit.deviating
        ));
    }
    notes
}
