//! Primary rules for single cells: the status of a count and of a share.

use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Outcome, Params, Scalar},
        value::{Output, Value},
    },
    protect::{
        Zeros,
        primary::{min_frequency, small_denominator, unsafe_share},
    },
};

const RULE: &str = "Hundepool et al. 2012, Statistical Disclosure Control, doi:10.1002/9781118348239";

/// The status of a count.
pub(super) static SDC_PRIMARY: Definition = Definition {
    name: "sdc_primary",
    family: Family::Disclosure,
    formula: "C when 0 < n < k, and when n = 0 with zeros 'protected'; else F",
    reading: "whether a count may be shown by itself: C is confidential, F is free; with k = 5 a count of 4 is C and 5 \
              is F. A count that is free here may still tell a hidden one by subtraction: see sdc_protect",
    range: "C, F (codes of CL_CONF_STATUS)",
    null_when: "an argument is NULL",
    source: RULE,
    example: Example {
        sql: "SELECT sdc_primary(4, 5)",
        result: "C",
    },
    laws: &[],
    twins: &[],
    body: Body::Scalar(Scalar {
        takes: &[
            Argument::count("n"),
            Argument::count("k"),
            Argument::choice("zeros", "published"),
        ],
        gives: Output::Text,
        kernel: primary,
    }),
};

/// The status of a share.
pub(super) static SDC_SHARE: Definition = Definition {
    name: "sdc_share",
    family: Family::Disclosure,
    formula: "C when n, total − n or total is 1 to k − 1, or total < least; else F",
    reading: "whether n of a total may be shown as a percentage: who knows the total knows n from it. With k = 5 both 4 \
              of 100 and 96 of 100 are C",
    range: "C, F (codes of CL_CONF_STATUS)",
    null_when: "an argument is NULL",
    source: RULE,
    example: Example {
        sql: "SELECT sdc_share(97, 100, 5)",
        result: "C",
    },
    laws: &[],
    twins: &[],
    body: Body::Scalar(Scalar {
        takes: &[
            Argument::count("n"),
            Argument::total("total"),
            Argument::count("k"),
            Argument::option("least", 0.0),
        ],
        gives: Output::Text,
        kernel: share,
    }),
};

/// A status: confidential or free.
pub(super) fn status(confidential: bool) -> Value {
    Value::Text(if confidential { "C" } else { "F" }.to_owned())
}

/// A whole number; anything else is no count of persons.
pub(super) fn whole(function: &str, argument: &str, value: f64) -> Result<u64, Error> {
    if value < 0.0 || value.fract() != 0.0 || value > 9_007_199_254_740_992.0 {
        return Err(Error::invalid(
            5069,
            format!("`{function}` got a `{argument}` that is no whole number from 0"),
        )
        .hint("counts of persons are whole; an amount has rules of its own: sdc_dominance, sdc_p_percent"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number from 0 to 2^53"
    )]
    Ok(value as u64)
}

fn primary(of: &Params) -> Outcome {
    let zeros = match of.text(0) {
        "published" => Zeros::Published,
        "protected" => Zeros::Protected,
        _ => {
            return Err(Error::invalid(6005, "`sdc_primary` got zeros that it does not know")
                .hint("use 'published' or 'protected'"));
        }
    };
    let (n, k) = (
        whole("sdc_primary", "n", of.number(0))?,
        whole("sdc_primary", "k", of.number(1))?,
    );
    Ok(status(min_frequency(n, k, zeros)))
}

fn share(of: &Params) -> Outcome {
    let number = |at: usize, name: &str| whole("sdc_share", name, of.number(at));
    let (n, total, k, least) = (
        number(0, "n")?,
        number(1, "total")?,
        number(2, "k")?,
        number(3, "least")?,
    );
    Ok(status(
        unsafe_share(n, total, k, Zeros::Published) || small_denominator(total, least),
    ))
}
