//! The route of counts: primary rule, secondary suppression over all tables of the population, audit.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{ArrayRef, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema},
};

use super::{
    AuditResult, LevelShare, Policy, Protected, Report, Singletons, Zeros, audit,
    primary::min_frequency,
    secondary::{Options, Problem, suppress},
    table::{Cell, CountTable, System},
};
use crate::{
    error::{Error, Result},
    model::{conf_status, obs_status},
};

/// The rows that counts count.
#[derive(Debug, Clone, Copy)]
pub struct Population<'a> {
    /// Name, for messages.
    pub name: &'a str,
    /// Combinations of codes with their counts; equal combinations are summed.
    pub base: &'a [RecordBatch],
    /// Column of the counts, whole numbers.
    pub count: &'a str,
}

/// The protected tables of a population.
#[derive(Debug)]
pub struct CountsOutcome {
    /// The tables, in the order given.
    pub tables: Vec<Protected>,
    /// What was done.
    pub report: Report,
    /// Hidden cells and why: restricted, never published.
    pub suppressions: RecordBatch,
}

/// Protects all count tables of a population together.
///
/// # Errors
/// SAMSYN-500x for a population or a table that cannot be used, 5010 when the audit finds a hidden cell that published ones determine:
/// nothing is published then.
pub fn protect_counts(population: &Population<'_>, tables: &[CountTable], policy: &Policy) -> Result<CountsOutcome> {
    policy.check()?;
    let system = System::build(population, tables)?;
    let primary: Vec<bool> = system
        .cells
        .iter()
        .map(|cell| min_frequency(cell.count, policy.threshold, policy.zeros))
        .collect();
    let forbidden = if policy.complements {
        complements(&system, tables, policy.threshold)
    } else {
        Vec::new()
    };
    let problem = Problem {
        cells: system.cells.iter().map(|cell| cell.rows.as_slice()).collect(),
        counts: system.cells.iter().map(|cell| cell.count).collect(),
        row_counts: &system.counts,
        primary: primary.clone(),
        forbidden: forbidden.clone(),
    };
    let options = Options {
        singletons: policy.singletons == Singletons::AnySum,
        zero_singletons: policy.zeros == Zeros::Protected,
        zeros_last: false,
    };
    let secondary = suppress(&problem, options)?;
    let hidden: Vec<bool> = primary.iter().zip(&secondary).map(|(a, b)| *a || *b).collect();
    let audit = attack(&system, &hidden, &forbidden, population.name)?;
    let levels = shares(&system, tables, &primary, &secondary);
    let report = Report {
        method: "counts",
        levels,
        audit,
    };
    let mut protected = Vec::with_capacity(tables.len());
    for (number, table) in tables.iter().enumerate() {
        let cells: Vec<(&Cell, bool)> = system
            .cells
            .iter()
            .zip(&hidden)
            .filter(|(cell, _)| cell.table == number)
            .map(|(cell, hidden)| (cell, *hidden))
            .collect();
        let batch = published(table, &cells)?;
        let mine = Report {
            levels: report
                .levels
                .iter()
                .filter(|share| share.table == table.table)
                .cloned()
                .collect(),
            ..report.clone()
        };
        protected.push(Protected::new(table.table.clone(), batch.schema(), vec![batch], mine));
    }
    let suppressions = log(&system, tables, &primary, &secondary)?;
    Ok(CountsOutcome {
        tables: protected,
        report,
        suppressions,
    })
}

/// Cells of one table that agree in all dimensions but one: their coordinates there.
type Siblings<'a> = BTreeMap<(usize, usize, Vec<&'a (String, String)>), Vec<&'a Cell>>;

/// Rows of `whole − part` for every pair of cells that differ in one dimension, where the whole holds all rows of the part (a total and its
/// category, a level and a finer one) and the difference is between 0 and the threshold and is no cell itself.
fn complements(system: &System, tables: &[CountTable], threshold: u64) -> Vec<Vec<u32>> {
    let mut siblings: Siblings<'_> = BTreeMap::new();
    for cell in &system.cells {
        for (at, dimension) in tables[cell.table].dimensions.iter().enumerate() {
            if dimension.levels.len() > 1 || dimension.total.is_some() {
                let rest = cell
                    .key
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != at)
                    .map(|(_, part)| part)
                    .collect();
                siblings.entry((cell.table, at, rest)).or_default().push(cell);
            }
        }
    }
    let mut found: Vec<Vec<u32>> = Vec::new();
    for cells in siblings.into_values() {
        let mut by_count = cells;
        by_count.sort_by_key(|cell| cell.count);
        for (at, part) in by_count.iter().enumerate() {
            // only wholes whose count is less than the threshold above the part's can leave too few
            let near = by_count[at..]
                .iter()
                .take_while(|whole| whole.count < part.count.saturating_add(threshold));
            for whole in near.filter(|whole| whole.count > part.count && contains(&whole.rows, &part.rows)) {
                found.push(
                    whole
                        .rows
                        .iter()
                        .filter(|row| part.rows.binary_search(row).is_err())
                        .copied()
                        .collect(),
                );
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    let cells: std::collections::BTreeSet<&[u32]> = system.cells.iter().map(|cell| cell.rows.as_slice()).collect();
    // a difference that is a cell is unsafe as that cell already
    found.retain(|rows| !cells.contains(rows.as_slice()));
    found
}

/// Whether the rows of `part` are all in `whole`; both rise.
fn contains(whole: &[u32], part: &[u32]) -> bool {
    part.len() < whole.len() && part.iter().all(|row| whole.binary_search(row).is_ok())
}

fn attack(system: &System, hidden: &[bool], forbidden: &[Vec<u32>], population: &str) -> Result<AuditResult> {
    let published: Vec<&[u32]> = system
        .cells
        .iter()
        .zip(hidden)
        .filter(|(_, hidden)| !**hidden)
        .map(|(cell, _)| cell.rows.as_slice())
        .collect();
    let mut attacked: Vec<&[u32]> = system
        .cells
        .iter()
        .zip(hidden)
        .filter(|(_, hidden)| **hidden)
        .map(|(cell, _)| cell.rows.as_slice())
        .collect();
    attacked.extend(forbidden.iter().map(Vec::as_slice));
    let found = audit::derivable(&published, &attacked)
        .into_iter()
        .filter(|derivable| *derivable)
        .count();
    let result = AuditResult {
        cells_checked: attacked.len() as u64,
        derivable: found as u64,
    };
    if found > 0 {
        return Err(Error::refused(5010, format!("{found} hidden cells of the population `{population}` can be derived from published ones"))
            .hint("nothing was published; use coarser levels, or report the definition: the suppression should have prevented this"));
    }
    Ok(result)
}

fn level(table: &CountTable, cell: &Cell) -> String {
    let _ = table;
    cell.key
        .iter()
        .map(|(level, _)| level.as_str())
        .collect::<Vec<_>>()
        .join(" × ")
}

fn shares(system: &System, tables: &[CountTable], primary: &[bool], secondary: &[bool]) -> Vec<LevelShare> {
    let mut shares: BTreeMap<(usize, String), (u64, u64, u64)> = BTreeMap::new();
    for (number, cell) in system.cells.iter().enumerate() {
        let share = shares
            .entry((cell.table, level(&tables[cell.table], cell)))
            .or_default();
        share.0 += 1;
        share.1 += u64::from(primary[number]);
        share.2 += u64::from(secondary[number]);
    }
    shares
        .into_iter()
        .map(|((table, level), (cells, primary, secondary))| LevelShare {
            table: tables[table].table.clone(),
            level,
            cells,
            hidden: primary + secondary,
            primary,
            secondary,
        })
        .collect()
}

/// The table as it is published: one marker for whatever reason a cell is hidden.
fn published(table: &CountTable, cells: &[(&Cell, bool)]) -> Result<RecordBatch> {
    let text = |values: Vec<&str>| -> ArrayRef { Arc::new(StringArray::from(values)) };
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (at, dimension) in table.dimensions.iter().enumerate() {
        if let Some(name) = &dimension.level_column {
            fields.push(Field::new(name, DataType::Utf8, true));
            columns.push(text(cells.iter().map(|(cell, _)| cell.key[at].0.as_str()).collect()));
        }
        fields.push(Field::new(&dimension.name, DataType::Utf8, true));
        columns.push(text(cells.iter().map(|(cell, _)| cell.key[at].1.as_str()).collect()));
    }
    fields.push(Field::new(&table.measure, DataType::Int64, true));
    let counts: Int64Array = cells
        .iter()
        .map(|(cell, hidden)| (!hidden).then(|| i64::try_from(cell.count).unwrap_or(i64::MAX)))
        .collect();
    columns.push(Arc::new(counts));
    fields.push(Field::new("obs_status", DataType::Utf8, true));
    columns.push(text(
        cells
            .iter()
            .map(|(_, hidden)| {
                if *hidden {
                    obs_status::SUPPRESSED
                } else {
                    obs_status::NORMAL
                }
            })
            .collect(),
    ));
    fields.push(Field::new("conf_status", DataType::Utf8, true));
    columns.push(text(
        cells
            .iter()
            .map(|(_, hidden)| {
                if *hidden {
                    conf_status::CONFIDENTIAL
                } else {
                    conf_status::FREE
                }
            })
            .collect(),
    ));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn log(system: &System, tables: &[CountTable], primary: &[bool], secondary: &[bool]) -> Result<RecordBatch> {
    let hidden: Vec<usize> = (0..system.cells.len())
        .filter(|cell| primary[*cell] || secondary[*cell])
        .collect();
    let text = |of: &dyn Fn(usize) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(hidden.iter().map(|cell| of(*cell))))
    };
    Ok(RecordBatch::try_from_iter(vec![
        (
            "table_name",
            text(&|cell| tables[system.cells[cell].table].table.to_string()),
        ),
        (
            "level",
            text(&|cell| level(&tables[system.cells[cell].table], &system.cells[cell])),
        ),
        (
            "key",
            text(&|cell| {
                serde_json::to_string(&system.cells[cell].key.iter().map(|(_, code)| code).collect::<Vec<_>>())
                    .unwrap_or_default()
            }),
        ),
        (
            "reason",
            text(&|cell| if primary[cell] { "primary" } else { "secondary" }.to_owned()),
        ),
    ])?)
}
