//! The routes of counts that are changed instead of hidden: noise by cell key, and rounding of small counts.

use super::{
    super::{
        AuditResult, Cell, CountTable, CountsOutcome, Policy, Population, Protected, Report, System,
        counts::{log, published, shares},
        policy::Method,
    },
    keys::cell_key,
    noise::Noise,
    rounding::round_small,
};
use crate::{
    error::{Error, Result},
    model::obs_status,
};

/// Perturbs all count tables of a population. `key` is the column of the base with the sum of the record keys of each
/// combination, modulo 2^64. Totals are perturbed like any other cell, so parts do not add up to them; nobody stays
/// nobody; a perturbed count from 1 to below the policy's threshold is hidden.
///
/// Every shown value has the status of an estimate, whether its noise was 0 or not, and so have zeros: a reader who could
/// tell them apart would know which counts are exact.
///
/// # Errors
/// SAMSYN-5050 for noise that cannot be had, 5057 for a policy of another method, and those of [`System::keyed`].
pub fn perturb_counts(
    population: &Population<'_>,
    key: &str,
    tables: &[CountTable],
    policy: &Policy,
) -> Result<CountsOutcome> {
    policy.check()?;
    let Method::CellKey(rule) = &policy.method else {
        return Err(Error::invalid(
            5057,
            format!("the policy `{}` does not perturb by cell key", policy.name),
        )
        .hint("give it `method: {cell_key: {}}`, or protect the tables by suppression"));
    };
    let noise = Noise::new(&rule.noise())?.shuffled();
    let (system, keys) = System::keyed(population, key, tables)?;
    let perturbed: Vec<u64> = system
        .cells
        .iter()
        .map(|cell| {
            let key = cell_key(cell.rows.iter().map(|row| keys[*row as usize]));
            cell.count.saturating_add_signed(i64::from(noise.of(cell.count, key)))
        })
        .collect();
    let shown: Vec<Option<u64>> = perturbed
        .into_iter()
        .map(|count| (count == 0 || count >= policy.threshold).then_some(count))
        .collect();
    outcome(&system, tables, &shown, "cell_key", false)
}

/// Rounds all count tables of a population together, so that no published count lies between 0 and the base of the
/// policy. Tables add up and agree with each other; every value has the status of an estimate, as with noise.
///
/// # Errors
/// SAMSYN-5055 for a base that is none, 5057 for a policy of another method, and those of [`System::build`].
pub fn round_counts(population: &Population<'_>, tables: &[CountTable], policy: &Policy) -> Result<CountsOutcome> {
    policy.check()?;
    let Method::Round(rule) = &policy.method else {
        return Err(
            Error::invalid(5057, format!("the policy `{}` does not round", policy.name))
                .hint("give it `method: {round: {base: 5}}`, or protect the tables by suppression"),
        );
    };
    let system = System::build(population, tables, policy.zeros)?;
    let cells: Vec<&[u32]> = system.cells.iter().map(|cell| cell.rows.as_slice()).collect();
    let rounded = round_small(&system.counts, &cells, rule.base)?;
    let shown: Vec<Option<u64>> = cells
        .iter()
        .map(|cell| {
            cell.iter()
                .try_fold(0_u64, |sum, row| sum.checked_add(rounded[*row as usize]))
        })
        .collect();
    outcome(&system, tables, &shown, "rounding", true)
}

fn outcome(
    system: &System,
    tables: &[CountTable],
    shown: &[Option<u64>],
    method: &'static str,
    additive: bool,
) -> Result<CountsOutcome> {
    let hidden: Vec<bool> = shown.iter().map(Option::is_none).collect();
    let nothing = vec![false; hidden.len()];
    let report = Report {
        method,
        levels: shares(system, tables, &hidden, &nothing),
        audit: AuditResult::default(),
        additive,
    };
    let mut protected = Vec::with_capacity(tables.len());
    for (number, table) in tables.iter().enumerate() {
        let cells: Vec<(&Cell, Option<u64>)> = system
            .cells
            .iter()
            .zip(shown)
            .filter(|(cell, _)| cell.table == number)
            .map(|(cell, count)| (cell, *count))
            .collect();
        let batch = published(system, table, &cells, obs_status::ESTIMATED)?;
        let mine = report.of(&table.table);
        protected.push(Protected::new(table.table.clone(), batch.schema(), vec![batch], mine));
    }
    Ok(CountsOutcome {
        tables: protected,
        suppressions: log(system, tables, &hidden, &nothing)?,
        report,
    })
}
