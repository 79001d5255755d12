//! The route of counts: primary rule, secondary suppression over all tables of the population, audit.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema},
};

use super::{
    AuditResult, Cell, CountTable, LevelShare, Method, Policy, Protected, Report, Singletons, System, Zeros, audit,
    complements::complements,
    intervals::widen,
    plan::Plan,
    primary::min_frequency,
    secondary::{HiddenZeros, Options, Problem, by_worth, suppress_in_order},
    select,
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
/// SAMSYN-500x for a population or a table that cannot be used, 5060 to 5065 for a policy that cannot hold for these
/// tables, 5022 for one that is empty, 5010 when the audit finds a hidden cell that published ones determine, 5046 when
/// a hidden cell cannot get the interval that the policy asks: nothing is published then.
pub fn protect_counts(population: &Population<'_>, tables: &[CountTable], policy: &Policy) -> Result<CountsOutcome> {
    policy.check()?;
    if policy.method != Method::Suppress {
        return Err(Error::invalid(
            5057,
            format!("the policy `{}` does not protect by suppression", policy.name),
        )
        .hint("its method has a route of its own"));
    }
    policy.is_for(false)?;
    let (mut system, base) = System::based(population, tables, policy.zeros)?;
    system.rule_out(&base, &policy.impossible, population.name)?;
    let hide = select::any(&policy.hide, &system, tables, &policy.name)?;
    let unknown = |cell: &Cell| cell.rows.iter().any(|row| !system.known[*row as usize]);
    let primary: Vec<bool> = system
        .cells
        .iter()
        .zip(hide)
        .map(|(cell, hide)| hide || min_frequency(cell.count, policy.threshold, policy.zeros) && unknown(cell))
        .collect();
    let forbidden = complements(&system, policy);
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
    let zeros = match policy.zeros {
        Zeros::Hideable => HiddenZeros::MayBeTold,
        Zeros::Published | Zeros::Protected => HiddenZeros::AsOptions,
    };
    let (hidden, intervals): (Vec<bool>, _) = match &policy.interval {
        None => {
            let plan = Plan::new(&system, tables, policy, counts_by_worth(&problem, policy), &primary)?;
            let secondary = suppress_in_order(&problem, options, &plan.order, zeros);
            plan.holds(&system, tables, policy, &secondary)?;
            (primary.iter().zip(&secondary).map(|(a, b)| *a || *b).collect(), None)
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
        additive: true,
    };
    let mut protected = Vec::with_capacity(tables.len());
    for (number, table) in tables.iter().enumerate() {
        let cells: Vec<(&Cell, Option<u64>)> = system
            .cells
            .iter()
            .zip(&hidden)
            .filter(|(cell, _)| cell.table == number)
            .map(|(cell, hidden)| (cell, (!hidden).then_some(cell.count)))
            .collect();
        let batch = published(&system, table, &cells, obs_status::NORMAL)?;
        let mine = report.of(&table.table);
        protected.push(Protected::new(table.table.clone(), batch.schema(), vec![batch], mine));
    }
    let suppressions = log(&system, tables, &primary, &secondary)?;
    Ok(CountsOutcome {
        tables: protected,
        report,
        suppressions,
    })
}

/// The order of counts: large first, zeros before all when they are shown anyway. When zeros may be hidden, they come
/// after the counts that are larger than any coalition, so that a group is hidden among them, and large counts stay.
fn counts_by_worth(problem: &Problem<'_>, policy: &Policy) -> Vec<usize> {
    let zero: Vec<bool> = problem.counts.iter().map(|count| *count == 0).collect();
    let hideable = policy.zeros == Zeros::Hideable;
    let most = policy.groups().map(|rule| rule.coalition).max().unwrap_or_default();
    let place = |count: u64| match count {
        _ if !hideable => count,
        0 => most,
        few if few <= most => few - 1,
        many => many,
    };
    let worth: Vec<f64> = problem.counts.iter().map(|count| place(*count) as f64 + 1.0).collect();
    by_worth(&problem.cells, problem.row_counts.len(), &worth, &zero, !hideable)
}

fn attack(system: &System, hidden: &[bool], forbidden: &[Vec<u32>], population: &str) -> Result<AuditResult> {
    // who sees that a cell is empty sees that all its parts are
    let mut known = system.known.clone();
    for (cell, hidden) in system.cells.iter().zip(hidden) {
        if cell.count == 0 && !hidden {
            for row in &cell.rows {
                known[*row as usize] = true;
            }
        }
    }
    let known: Vec<[u32; 1]> = (0_u32..)
        .zip(&known)
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

pub(super) fn shares(system: &System, tables: &[CountTable], primary: &[bool], secondary: &[bool]) -> Vec<LevelShare> {
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

/// The table of counts as it is published; hidden ones have none here.
pub(super) fn published(
    system: &System,
    table: &CountTable,
    cells: &[(&Cell, Option<u64>)],
    status: &'static str,
) -> Result<RecordBatch> {
    let counts: Int64Array = cells
        .iter()
        .map(|(_, count)| count.and_then(|count| i64::try_from(count).ok()))
        .collect();
    let cells: Vec<&Cell> = cells.iter().map(|(cell, _)| *cell).collect();
    published_figures(system, table, &cells, Arc::new(counts), status)
}

/// The table as it is published: one marker for whatever reason a figure is hidden (NULL), and one status for what is
/// shown.
pub(super) fn published_figures(
    system: &System,
    table: &CountTable,
    cells: &[&Cell],
    figures: ArrayRef,
    status: &'static str,
) -> Result<RecordBatch> {
    let shown: Vec<bool> = (0..figures.len()).map(|at| figures.is_valid(at)).collect();
    let text = |values: Vec<&str>| -> ArrayRef { Arc::new(StringArray::from(values)) };
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (at, dimension) in table.dimensions.iter().enumerate() {
        let part = |cell: &Cell| &system.coordinates[cell.table][at][cell.key[at] as usize];
        if let Some(name) = &dimension.level_column {
            fields.push(Field::new(name, DataType::Utf8, true));
            columns.push(text(cells.iter().map(|cell| part(cell).0.as_str()).collect()));
        }
        fields.push(Field::new(&dimension.name, DataType::Utf8, true));
        columns.push(text(cells.iter().map(|cell| part(cell).1.as_str()).collect()));
    }
    fields.push(Field::new(&table.measure, figures.data_type().clone(), true));
    columns.push(figures);
    fields.push(Field::new("obs_status", DataType::Utf8, true));
    columns.push(text(
        shown
            .iter()
            .map(|shown| if *shown { status } else { obs_status::SUPPRESSED })
            .collect(),
    ));
    fields.push(Field::new("conf_status", DataType::Utf8, true));
    columns.push(text(
        shown
            .iter()
            .map(|shown| {
                if *shown {
                    conf_status::FREE
                } else {
                    conf_status::CONFIDENTIAL
                }
            })
            .collect(),
    ));
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

pub(super) fn log(system: &System, tables: &[CountTable], primary: &[bool], secondary: &[bool]) -> Result<RecordBatch> {
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
