//! Sums of amounts with noise in proportion to the largest ones.

use std::sync::LazyLock;

use super::{
    super::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        table::Table,
        value::Value,
    },
    cell_key::{records, whole},
};
use crate::{
    error::{Error, Result},
    protect::perturb::{AmountNoise, Multiplier, NoiseRule},
};

const NAME: &str = "ckm_sum";
/// D and V of the noise, and its steps: forty-one values from −5 to 5.
const RULE: NoiseRule = NoiseRule {
    widest: 5,
    variance: 3.0,
    blocked: 0,
    stay: 0.0,
};
const STEPS: u32 = 4;
/// The most contributions that get noise.
const MOST: u32 = 5;

/// Noise whose largest value is the whole amount, by how many contributions get some.
static NOISE: LazyLock<Vec<Result<AmountNoise>>> = LazyLock::new(|| {
    (1..=MOST)
        .map(|top| {
            let weights: Vec<f64> = (0..top).map(|at| 0.5_f64.powi(at.cast_signed())).collect();
            let whole = Multiplier::Simple(1.0 / f64::from(RULE.widest));
            AmountNoise::new(&RULE, STEPS, whole, &weights, 0.0)
        })
        .collect()
});

/// The sum.
pub(super) static CKM_SUM: Definition = Definition {
    name: NAME,
    family: Family::Disclosure,
    formula: "T + Σ_{j ≤ top} x_j · percent/100 · 2^(1−j) · v_j/5, x_1 ≥ x_2 ≥ … the largest amounts of a record, v_j from −5 \
              to 5 in quarters with mean 0 and variance 3 by the cell key of the records with amounts; rounded to unit",
    reading: "the sum of an amount, off by at most `percent` of the largest contribution (with top = 1), and by about a third \
              of that as a rule; the same records and amounts have the same figure in every query; figures do not add up",
    range: "0 upwards",
    null_when: "an amount is NULL, or there is no row",
    source: "Giessing & Tent 2019, Joint UNECE/Eurostat work session on statistical data confidentiality",
    example: Example {
        sql: "SELECT ckm_sum(k, x) FROM (VALUES ('kAAAAAAAAAAE', 0.0)) AS v(k, x)",
        result: "0.0",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("record_key"),
            Argument::count("amount"),
            Argument::option("percent", 10.0),
            Argument::option("top", 1.0),
            Argument::option("unit", 1.0),
        ],
        sum,
    )
    .sees_empty()]),
};

fn sum(table: &Table<'_>, params: &Params) -> Outcome {
    let (percent, unit) = (params.number(0), params.number(2));
    if !(percent > 0.0 && percent <= 100.0) {
        return Err(
            Error::invalid(6005, format!("`{NAME}` takes a `percent` above 0 and at most 100"))
                .hint("10 hides an amount by ten per cent at most"),
        );
    }
    if unit <= 0.0 {
        return Err(Error::invalid(6005, format!("`{NAME}` takes a `unit` above 0"))
            .hint("a sum is rounded to it: decimals of noise would tell the amount"));
    }
    let top = whole(NAME, "top", params.number(1), MOST)?.checked_sub(1);
    let noise = top.and_then(|at| NOISE.get(at as usize)).ok_or_else(|| {
        Error::invalid(6005, format!("`{NAME}` takes a whole `top` from 1 to {MOST}")).hint("1 is enough as a rule")
    })?;
    let noise = noise
        .as_ref()
        .map_err(|error| Error::bug(9605, format!("the noise of `{NAME}` cannot be had: {error}")))?;
    let records = records(NAME, table)?;
    if records.is_empty() {
        return Ok(Value::Null);
    }
    let mut amounts = vec![0.0; records.len()];
    for (record, amount) in table.key(0).iter().zip(table.count(0)) {
        amounts[*record as usize] += amount;
    }
    let records: Vec<(u64, f64)> = records.into_iter().zip(amounts).collect();
    let total: f64 = records.iter().map(|(_, amount)| amount).sum();
    let noisy = total + percent / 100.0 * noise.of(&records, false);
    Ok((unit * (noisy / unit).round()).max(0.0).into())
}
