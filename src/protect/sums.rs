//! The route of amounts: sums of what contributors give, protected by concentration rules over all tables of the
//! population.
//!
//! The tables are the same sets of base rows as those of counts. A base row is a combination of codes; who gives to it
//! decides what is unsafe, and who is alone in it knows it: with a published sum, that contributor could find another
//! hidden cell, so nobody's own cells may help to derive an unsafe cell of others.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch},
    compute::cast,
    datatypes::{DataType, Field, Float64Type, Schema},
};

use super::{
    Cell, CountTable, CountsOutcome, Policy, Population, Protected, Report, Singletons, System, Worth, audit,
    base::{column, text_column},
    counts::{log, published_figures, shares},
    plan::Plan,
    primary::{Contributions, few_contributors},
    secondary::{HiddenZeros, Options, Problem, by_worth, suppress_against_insiders},
    select,
};
use crate::{
    error::{Error, Result},
    model::obs_status,
};

/// What contributors give, a row for each contribution or part of one.
#[derive(Debug, Clone, Copy)]
pub struct Amounts<'a> {
    /// Name, for messages.
    pub name: &'a str,
    /// The rows.
    pub base: &'a [RecordBatch],
    /// Column that names the contributor.
    pub contributor: &'a str,
    /// Column of the values, of both signs.
    pub value: &'a str,
}

/// Column of ones that the base is counted by.
const ROWS: &str = "samsyn_rows";

/// Protects all tables of amounts of a population together.
///
/// # Errors
/// SAMSYN-500x for a population or a table that cannot be used, 5060 to 5065 for a policy that cannot hold for these
/// tables, 5066 for a value that is none, 5010 when the audit finds a hidden cell that published ones determine, or one
/// that they determine for a contributor who knows its own: nothing is published then.
pub fn protect_sums(amounts: &Amounts<'_>, tables: &[CountTable], policy: &Policy) -> Result<CountsOutcome> {
    policy.check()?;
    policy.is_for(true)?;
    let given = Given::read(amounts, tables, policy)?;
    let system = &given.system;
    let hide = select::any(&policy.hide, system, tables, &policy.name)?;
    let cells: Vec<Contributions> = system.cells.iter().map(|cell| given.contributions(cell)).collect();
    let primary: Vec<bool> = cells
        .iter()
        .zip(hide)
        .map(|(cell, hide)| {
            hide || few_contributors(cell.count(), policy.threshold)
                || policy.rules.iter().any(|rule| rule.is_unsafe(cell))
        })
        .collect();
    let problem = Problem {
        cells: system.cells.iter().map(|cell| cell.rows.as_slice()).collect(),
        counts: system.cells.iter().map(|cell| cell.count).collect(),
        row_counts: &system.counts,
        known: system.known.clone(),
        primary: primary.clone(),
        forbidden: Vec::new(),
    };
    let options = Options {
        singletons: false,
        zero_singletons: false,
        zeros_last: false,
    };
    let sums: Vec<f64> = system.cells.iter().map(|cell| given.sum(cell)).collect();
    let worth: Vec<f64> = match policy.worth {
        Worth::Value => sums.iter().map(|sum| sum.abs()).collect(),
        Worth::Contributors => cells.iter().map(|cell| cell.count() as f64).collect(),
    };
    let empty: Vec<bool> = cells.iter().map(|cell| cell.count() == 0).collect();
    let order = by_worth(&problem.cells, problem.row_counts.len(), &worth, &empty, true);
    let plan = Plan::new(system, tables, policy, order, &primary)?;
    let insiders = if policy.singletons == Singletons::AnySum {
        given.insiders()
    } else {
        Vec::new()
    };
    let secondary = suppress_against_insiders(&problem, options, &plan.order, HiddenZeros::AsOptions, &insiders);
    plan.holds(system, tables, policy, &secondary)?;
    let hidden: Vec<bool> = primary.iter().zip(&secondary).map(|(a, b)| *a || *b).collect();
    let audit = attack(system, &hidden, &primary, &insiders, amounts.name)?;
    let report = Report {
        method: "sums",
        levels: shares(system, tables, &primary, &secondary),
        audit,
        additive: true,
    };
    let mut protected = Vec::with_capacity(tables.len());
    for (number, table) in tables.iter().enumerate() {
        let mine = |at: &usize| system.cells[*at].table == number;
        let at: Vec<usize> = (0..system.cells.len()).filter(mine).collect();
        let cells: Vec<&Cell> = at.iter().map(|at| &system.cells[*at]).collect();
        let figures: Float64Array = at.iter().map(|at| (!hidden[*at]).then_some(sums[*at] + 0.0)).collect();
        let batch = published_figures(system, table, &cells, Arc::new(figures), obs_status::NORMAL)?;
        let mine = report.of(&table.table);
        protected.push(Protected::new(table.table.clone(), batch.schema(), vec![batch], mine));
    }
    let suppressions = log(system, tables, &primary, &secondary)?;
    Ok(CountsOutcome {
        tables: protected,
        report,
        suppressions,
    })
}

/// The cells, and who gives what to every base row.
struct Given {
    system: System,
    /// By base row and contributor (a rank) the values.
    values: Vec<BTreeMap<u32, Vec<f64>>>,
    /// Contributors, by rank, that stand for no single one.
    removed: Vec<bool>,
}

impl Given {
    fn read(amounts: &Amounts<'_>, tables: &[CountTable], policy: &Policy) -> Result<Self> {
        let counted = amounts.base.iter().map(with_ones).collect::<Result<Vec<_>>>()?;
        let population = Population {
            name: amounts.name,
            base: &counted,
            count: ROWS,
        };
        let (mut system, base) = System::based(&population, tables, policy.zeros)?;
        let rows = base.rows_of(&population)?;
        system.rule_out(&base, &policy.impossible, amounts.name)?;
        let mut names = Vec::with_capacity(rows.len());
        let mut figures = Vec::with_capacity(rows.len());
        for batch in &counted {
            let array = text_column(&population, batch, amounts.contributor)?;
            names.extend(array.as_string::<i32>().iter().flatten().map(ToOwned::to_owned));
            figures.extend(read_values(&population, batch, amounts.value)?);
        }
        let mut known: Vec<&String> = names.iter().collect();
        known.sort_unstable();
        known.dedup();
        let removed = known.iter().map(|name| policy.remove.contains(name)).collect();
        let mut values: Vec<BTreeMap<u32, Vec<f64>>> = vec![BTreeMap::new(); system.counts.len()];
        for ((row, name), figure) in rows.iter().zip(&names).zip(figures) {
            let rank = known
                .binary_search(&name)
                .ok()
                .and_then(|rank| u32::try_from(rank).ok());
            let rank = rank.ok_or_else(|| Error::exhausted(5004, "the population has more than 2^32 contributors"))?;
            values[*row as usize].entry(rank).or_default().push(figure);
        }
        Ok(Self {
            system,
            values,
            removed,
        })
    }

    fn rows<'a>(&'a self, cell: &'a Cell) -> impl Iterator<Item = (u32, f64)> + 'a {
        let of_row = |row: &u32| &self.values[*row as usize];
        cell.rows
            .iter()
            .flat_map(of_row)
            .flat_map(|(contributor, values)| values.iter().map(|value| (*contributor, *value)))
    }

    fn contributions(&self, cell: &Cell) -> Contributions {
        Contributions::of(self.rows(cell), |contributor| self.removed[*contributor as usize])
    }

    /// What the cell publishes: the sum of everything, of removed contributors too.
    fn sum(&self, cell: &Cell) -> f64 {
        super::primary::exact_sum(self.rows(cell).map(|(_, value)| value).collect())
    }

    /// For every contributor that is alone in base rows those rows.
    fn insiders(&self) -> Vec<Vec<u32>> {
        let mut own: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (row, values) in (0_u32..).zip(&self.values) {
            let mut who = values.keys();
            if let (Some(contributor), None) = (who.next(), who.next()) {
                own.entry(*contributor).or_default().push(row);
            }
        }
        own.into_values().collect()
    }
}

/// The batch with a column of ones.
fn with_ones(batch: &RecordBatch) -> Result<RecordBatch> {
    let mut fields: Vec<Arc<Field>> = batch.schema().fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(ROWS, DataType::Int64, false)));
    let mut columns = batch.columns().to_vec();
    columns.push(Arc::new(Int64Array::from(vec![1; batch.num_rows()])) as ArrayRef);
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn read_values(population: &Population<'_>, batch: &RecordBatch, name: &str) -> Result<Vec<f64>> {
    let array = column(population, batch, name)?;
    let wrong = |why: &str| {
        Error::invalid(
            5066,
            format!("the values `{name}` of the population `{}` have {why}", population.name),
        )
        .hint("an amount is a finite number; leave rows without one out")
    };
    let of = array.data_type();
    if !(of.is_integer() || of.is_floating() || of.is_decimal()) {
        return Err(wrong("a type that is no number"));
    }
    let numbers = cast(array, &DataType::Float64)?;
    numbers
        .as_primitive::<Float64Type>()
        .iter()
        .map(|value| match value {
            None => Err(wrong("NULLs")),
            Some(value) if !value.is_finite() => Err(wrong("numbers that are not finite")),
            Some(value) => Ok(value),
        })
        .collect()
}

/// The linear attacker from outside, and as every contributor that is alone in base rows.
fn attack(
    system: &System,
    hidden: &[bool],
    primary: &[bool],
    insiders: &[Vec<u32>],
    population: &str,
) -> Result<super::AuditResult> {
    let cells = |wanted: &dyn Fn(usize) -> bool| -> Vec<&[u32]> {
        let cells = system.cells.iter().enumerate();
        cells
            .filter(|(at, _)| wanted(*at))
            .map(|(_, cell)| cell.rows.as_slice())
            .collect()
    };
    let everybody: Vec<[u32; 1]> = (0_u32..)
        .zip(&system.known)
        .filter(|(_, known)| **known)
        .map(|(row, _)| [row])
        .collect();
    let mut published = cells(&|at| !hidden[at]);
    published.extend(everybody.iter().map(<[u32; 1]>::as_slice));
    let attacked = cells(&|at| hidden[at]);
    let found = audit::derivable(&published, &attacked)
        .into_iter()
        .filter(|derivable| *derivable)
        .count() as u64;
    let (by_insiders, told) =
        audit::derivable_by_insiders(&published, &cells(&|at| primary[at]), &system.known, insiders);
    let (checked, found) = (attacked.len() as u64 + by_insiders, found + told);
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
    Ok(super::AuditResult {
        cells_checked: checked,
        derivable: 0,
        ..super::AuditResult::default()
    })
}
