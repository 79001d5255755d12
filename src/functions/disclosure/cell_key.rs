//! Cell keys, and counts with the noise that they mean.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::super::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
    table::Table,
    value::{Output, Value},
};
use crate::{
    error::{Error, Result},
    protect::perturb::{Noise, NoiseRule, WIDEST, cell_key, read_key},
};

/// How many tables of noise are kept.
const KEPT: usize = 64;

/// A table of noise by the numbers that it is made from.
type Known = ([u64; 4], Arc<Noise>);

/// Tables of noise: a query asks for one once a group.
static TABLES: LazyLock<Mutex<Vec<Known>>> = LazyLock::new(Mutex::default);

/// The sum of keys.
pub(super) static CKM_KEY: Definition = Definition {
    name: "ckm_key",
    family: Family::Disclosure,
    formula: "Σ keys of the distinct records mod 2^64, as a signed number",
    reading: "the key of the set of records in a group, for `round_random`; it is no figure and must not be published",
    range: "all whole numbers of 64 bits",
    null_when: "never; 0 without rows",
    source: "Fraser & Wooton 2005, Joint UNECE/Eurostat work session on statistical data confidentiality",
    example: Example {
        sql: "SELECT ckm_key(k) FROM (VALUES ('kAAAAAAAAAAE'), ('kAAAAAAAAAAI'), ('kAAAAAAAAAAI')) AS v(k)",
        result: "3",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(&[Argument::key("record_key")], key).gives(Output::Count)]),
};

/// The count with noise.
pub(super) static CKM_COUNT: Definition = Definition {
    name: "ckm_count",
    family: Family::Disclosure,
    formula: "n + v: n distinct records, v from a table of noise by n and the cell key Σ keys mod 2^64; v has mean 0, \
              variance at most V, |v| ≤ D, no result from 1 to js, v = 0 with probability at least pstay; of all such noise \
              the one of largest entropy. NULL when 0 < n + v < threshold",
    reading: "how many persons, give or take a few: the same persons have the same figure in every query, so asking in \
              another way tells nothing more; figures do not add up, so count anew instead of summing",
    range: "0, or js + 1 upwards",
    null_when: "the perturbed count is above 0 and below the threshold; nobody is 0",
    source: "Giessing 2016, doi:10.1007/978-3-319-45381-1_18; Fraser & Wooton 2005",
    example: Example {
        sql: "SELECT ckm_count(k) FROM (VALUES ('kAAAAAAAAAAE'), ('kAAAAAAAAAAI'), ('kAAAAAAAAAAI')) AS v(k)",
        result: "3",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("record_key"),
            Argument::option("D", 5.0),
            Argument::option("V", 3.0),
            Argument::option("js", 2.0),
            Argument::option("pstay", 0.0),
            Argument::option("threshold", 0.0),
        ],
        count,
    )
    .gives(Output::Count)]),
};

/// Returns the keys of the records of a group, each once, in the order of their texts.
pub(super) fn records(function: &'static str, table: &Table<'_>) -> Result<Vec<u64>> {
    (0..table.distinct(0))
        .map(|at| {
            read_key(table.text(0, at)).ok_or_else(|| {
                Error::invalid(6091, format!("`{function}` got a `record_key` that is none"))
                    .hint("make keys with `ckm_record_key(entity, 'population')`; a number of a person is not secret")
            })
        })
        .collect()
}

/// Returns a parameter that must be a whole number.
pub(super) fn whole(function: &'static str, name: &str, number: f64, most: u32) -> Result<u32> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be from 0 to most"
    )]
    if number.fract() == 0.0 && (0.0..=f64::from(most)).contains(&number) {
        return Ok(number as u32);
    }
    Err(
        Error::invalid(6005, format!("`{function}` takes a whole `{name}` from 0 to {most}"))
            .hint("leave it out for what is usual"),
    )
}

fn key(table: &Table<'_>, _: &Params) -> Outcome {
    Ok(Value::Count(cell_key(records("ckm_key", table)?).cast_signed()))
}

fn count(table: &Table<'_>, params: &Params) -> Outcome {
    const NAME: &str = "ckm_count";
    let rule = NoiseRule {
        widest: whole(NAME, "D", params.number(0), WIDEST)?,
        variance: params.number(1),
        blocked: whole(NAME, "js", params.number(2), WIDEST)?,
        stay: params.number(3),
    };
    let threshold = u64::from(whole(NAME, "threshold", params.number(4), u32::MAX)?);
    let noise = noise(&rule)?;
    let records = records(NAME, table)?;
    let count = records.len() as u64;
    let count = count.saturating_add_signed(i64::from(noise.of(count, cell_key(records))));
    if count > 0 && count < threshold {
        return Ok(Value::Null);
    }
    Ok(Value::Count(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn noise(rule: &NoiseRule) -> Result<Arc<Noise>> {
    let name = [
        u64::from(rule.widest),
        rule.variance.to_bits(),
        u64::from(rule.blocked),
        rule.stay.to_bits(),
    ];
    let known = |tables: &[Known]| {
        let found = tables.iter().find(|(known, _)| *known == name);
        found.map(|(_, noise)| Arc::clone(noise))
    };
    if let Some(noise) = known(&TABLES.lock().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(noise);
    }
    let noise = Arc::new(Noise::new(rule)?.shuffled());
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    if known(&tables).is_none() {
        if tables.len() >= KEPT {
            tables.remove(0);
        }
        tables.push((name, Arc::clone(&noise)));
    }
    Ok(noise)
}
