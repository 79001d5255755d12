//! The route of counts: primary rule, secondary suppression over all tables of the population, audit.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{ArrayRef, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema},
};

use super::{
    AuditResult, Cell, CountTable, LevelShare, Policy, Protected, Report, Singletons, System, Zeros, audit,
    complements::complements,
    intervals::widen,
    primary::min_frequency,
    secondary::{Options, Problem, suppress},
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
/// SAMSYN-500x for a population or a table that cannot be used, 5022 for one that is empty, 5010 when the audit finds a
/// hidden cell that published ones determine, 5046 when a hidden cell cannot get the interval that the policy asks:
/// nothing is published then.
pub fn protect_counts(population: &Population<'_>, tables: &[CountTable], policy: &Policy) -> Result<CountsOutcome> {
    policy.check()?;
    let system = System::build(population, tables, policy.zeros)?;
    let primary: Vec<bool> = system
        .cells
        .iter()
        .map(|cell| min_frequency(cell.count, policy.threshold, policy.zeros))
        .collect();
    let forbidden = if policy.complements {
        complements(&system, policy.threshold)
    } else {
        Vec::new()
    };
    let problem = Problem {
        cells: system.cells.iter().map(|cell| cell.rows.as_slice()).collect(),
        counts: system.cells.iter().map(|cell| cell.count).collect(),
        row_counts: &system.counts,
        known: system.known.clone(),
        primary: primary.clone(),
        forbidden: forbidden.clone(),
    };
    let options = Options {
        singletons: policy.singletons == Singletons::AnySum,
        zero_singletons: policy.zeros == Zeros::Protected,
        zeros_last: false,
    };
    let (hidden, intervals) = match &policy.interval {
        None => {
            let secondary = suppress(&problem, options);
            (primary.iter().zip(secondary).map(|(a, b)| *a || b).collect(), None)
        }
        Some(rule) => {
            let (hidden, audit) = widen(&system, &problem, options, policy.zeros, rule, population.name)?;
            (hidden, Some(audit))
        }
    };
    let secondary: Vec<bool> = hidden
        .iter()
        .zip(&primary)
        .map(|(hidden, primary)| *hidden && !primary)
        .collect();
    let audit = AuditResult {
        intervals,
        ..attack(&system, &hidden, &forbidden, population.name)?
    };
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
        let batch = published(&system, table, &cells)?;
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

fn attack(system: &System, hidden: &[bool], forbidden: &[Vec<u32>], population: &str) -> Result<AuditResult> {
    let known: Vec<[u32; 1]> = (0_u32..)
        .zip(&system.known)
        .filter(|(_, known)| **known)
        .map(|(row, _)| [row])
        .collect();
    let mut published: Vec<&[u32]> = system
        .cells
        .iter()
        .zip(hidden)
        .filter(|(_, hidden)| !**hidden)
        .map(|(cell, _)| cell.rows.as_slice())
        .collect();
    published.extend(known.iter().map(<[u32; 1]>::as_slice));
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
        intervals: None,
    };
    if found > 0 {
        return Err(Error::refused(
            5010,
            format!("{found} hidden cells of the population `{population}` can be derived from published ones"),
        )
        .hint(
            "nothing was published; use coarser levels, or report the definition: the suppression should have \
             prevented this",
        ));
    }
    Ok(result)
}

/// Levels of a cell, joined.
fn level(system: &System, cell: &Cell) -> String {
    system
        .key(cell)
        .map(|(level, _)| level.as_str())
        .collect::<Vec<_>>()
        .join(" × ")
}

fn shares(system: &System, tables: &[CountTable], primary: &[bool], secondary: &[bool]) -> Vec<LevelShare> {
    let mut shares: BTreeMap<(usize, String), (u64, u64, u64)> = BTreeMap::new();
    for (number, cell) in system.cells.iter().enumerate() {
        let share = shares.entry((cell.table, level(system, cell))).or_default();
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
fn published(system: &System, table: &CountTable, cells: &[(&Cell, bool)]) -> Result<RecordBatch> {
    let text = |values: Vec<&str>| -> ArrayRef { Arc::new(StringArray::from(values)) };
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (at, dimension) in table.dimensions.iter().enumerate() {
        let part = |cell: &Cell| &system.coordinates[cell.table][at][cell.key[at] as usize];
        if let Some(name) = &dimension.level_column {
            fields.push(Field::new(name, DataType::Utf8, true));
            columns.push(text(cells.iter().map(|(cell, _)| part(cell).0.as_str()).collect()));
        }
        fields.push(Field::new(&dimension.name, DataType::Utf8, true));
        columns.push(text(cells.iter().map(|(cell, _)| part(cell).1.as_str()).collect()));
    }
    fields.push(Field::new(&table.measure, DataType::Int64, true));
    let counts: Int64Array = cells
        .iter()
        .map(|(cell, hidden)| if *hidden { None } else { i64::try_from(cell.count).ok() })
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
        ("level", text(&|cell| level(system, &system.cells[cell]))),
        (
            "key",
            text(&|cell| {
                serde_json::to_string(
                    &system
                        .key(&system.cells[cell])
                        .map(|(_, code)| code)
                        .collect::<Vec<_>>(),
                )
                .unwrap_or_default()
            }),
        ),
        (
            "reason",
            text(&|cell| if primary[cell] { "primary" } else { "secondary" }.to_owned()),
        ),
    ])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protect::{Dimension, Level};

    /// The auditor's word is asked for, and its no is final: with only the unsafe cell hidden, nothing is published.
    #[test]
    fn an_unsafe_pattern_stops_the_publication() {
        let base = RecordBatch::try_from_iter(vec![
            ("kon", Arc::new(StringArray::from(vec!["kvinna", "man"])) as ArrayRef),
            ("n", Arc::new(Int64Array::from(vec![90, 2])) as ArrayRef),
        ])
        .unwrap();
        let population = Population {
            name: "folk",
            base: &[base],
            count: "n",
        };
        let level = Level {
            name: "kon".into(),
            column: "kon".into(),
        };
        let table = CountTable {
            table: "pub.folk".parse().unwrap(),
            dimensions: vec![Dimension {
                name: "kon".into(),
                levels: vec![level],
                total: Some("alla".into()),
                level_column: None,
            }],
            measure: "antal".into(),
            filters: Vec::new(),
        };
        let system = System::build(&population, &[table], Zeros::Published).unwrap();
        let only_unsafe: Vec<bool> = system.cells.iter().map(|cell| cell.count < 5).collect();
        assert_eq!(only_unsafe, [false, true, false]);
        let error = attack(&system, &only_unsafe, &[], "folk").unwrap_err();
        assert_eq!(error.code(), 5010);
        assert!(
            !error.to_string().contains('2'),
            "an error tells no count of persons: {error}"
        );
        let safe = [true, true, false];
        assert_eq!(attack(&system, &safe, &[], "folk").unwrap().cells_checked, 2);
        // what is hidden may be safe while a protected difference is not
        let error = attack(&system, &safe, &[vec![0, 1]], "folk").unwrap_err();
        assert_eq!(error.code(), 5010);
    }
}
