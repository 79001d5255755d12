//! The route of counts with the cell key method: every published count gets the noise of its records.

use super::{
    super::{
        AuditResult, Cell, CountTable, CountsOutcome, Policy, Population, Protected, Report, System,
        counts::{log, published, shares},
        policy::Method,
    },
    keys::cell_key,
    noise::Noise,
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
    let hidden: Vec<bool> = perturbed
        .iter()
        .map(|count| *count > 0 && *count < policy.threshold)
        .collect();
    let nothing = vec![false; hidden.len()];
    let report = Report {
        method: "cell_key",
        levels: shares(&system, tables, &hidden, &nothing),
        audit: AuditResult::default(),
        additive: false,
    };
    let mut protected = Vec::with_capacity(tables.len());
    for (number, table) in tables.iter().enumerate() {
        let cells: Vec<(&Cell, Option<u64>)> = system
            .cells
            .iter()
            .zip(perturbed.iter().zip(&hidden))
            .filter(|(cell, _)| cell.table == number)
            .map(|(cell, (count, hidden))| (cell, (!hidden).then_some(*count)))
            .collect();
        let batch = published(&system, table, &cells, obs_status::ESTIMATED)?;
        protected.push(Protected::new(
            table.table.clone(),
            batch.schema(),
            vec![batch],
            report.of(&table.table),
        ));
    }
    Ok(CountsOutcome {
        tables: protected,
        suppressions: log(&system, tables, &hidden, &nothing)?,
        report,
    })
}
