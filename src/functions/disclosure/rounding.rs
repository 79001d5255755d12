//! Rounding of one count by chance, with the cell's key as the coin.

use super::{
    super::{
        def::{Argument, Body, Definition, Example, Family, Outcome, Params, Scalar},
        value::{Output, Value},
    },
    cell_key::whole,
};
use crate::{
    error::Error,
    protect::perturb::{mixed, round_random},
};

const NAME: &str = "round_random";
/// The largest count that a number holds exactly, 2^53.
const MOST: f64 = 9_007_199_254_740_992.0;

/// The rounding.
pub(super) static ROUND_RANDOM: Definition = Definition {
    name: NAME,
    family: Family::Disclosure,
    formula: "b·⌊n/b⌋, or b·⌈n/b⌉ with probability (n mod b)/b, decided by the key",
    reading: "a count rounded to a multiple of the base so that it is right on average; with `ckm_key(record_key)` as the key \
              the same persons are always rounded the same way, so asking again does not average it out; rounded figures do \
              not add up",
    range: "multiples of the base beside n",
    null_when: "an argument is NULL",
    source: "Hundepool et al. 2012, Statistical Disclosure Control, doi:10.1002/9781118348239",
    example: Example {
        sql: "SELECT round_random(7, 5, 1)",
        result: "10",
    },
    laws: &[],
    twins: &[],
    body: Body::Scalar(Scalar {
        takes: &[Argument::count("n"), Argument::count("base"), Argument::number("key")],
        gives: Output::Count,
        kernel: round,
    }),
};

fn round(of: &Params) -> Outcome {
    let count = of.number(0);
    if count.fract() != 0.0 || count > MOST {
        return Err(Error::invalid(6005, format!("`{NAME}` takes a whole `n`")).hint("counts are whole numbers from 0"));
    }
    let base = whole(NAME, "base", of.number(1), 1_000_000)?;
    if base < 2 {
        return Err(Error::invalid(6005, format!("`{NAME}` takes a `base` of at least 2")).hint("3 and 5 are usual"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    let count = count as u64;
    // a key of 64 bits has lost its last ones on the way; what is left is mixed anew
    let key = mixed((of.number(2) + 0.0).to_bits(), 2);
    let rounded = round_random(count, base, key).and_then(|rounded| i64::try_from(rounded).ok());
    Ok(rounded.map_or(Value::Null, Value::Count))
}
