//! Primary rules for amounts: the status of a cell from who gives what to it.

use super::cells::status;
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
        table::Table,
        value::{Output, Value},
    },
    protect::primary::{Contributions, Dominance, PPercent},
};

const RULE: &str = "Hundepool et al. 2012, Statistical Disclosure Control, doi:10.1002/9781118348239";
const CONTRIBUTOR: Argument = Argument::key("contributor");
const VALUE: Argument = Argument::count("value");

/// Dominance.
pub(super) static SDC_DOMINANCE: Definition = Definition {
    name: "sdc_dominance",
    family: Family::Disclosure,
    formula: "C when x₁ + … + xₙ > k/100·X, with the contributions xᵢ falling and their sum X; 'at_least': ≥",
    reading: "whether the sum of an amount may be shown: C when its n largest contributors give more than k per cent of \
              it. Rows of one contributor are summed first. Leave out what is no single contributor with FILTER. Several \
              rules: C in one is C",
    range: "C, F (codes of CL_CONF_STATUS)",
    null_when: "there are no rows, or a value is NULL",
    source: RULE,
    example: Example {
        sql: "SELECT sdc_dominance(firm, turnover, 1, 85) FROM (VALUES ('A', 300), ('B', 20), ('C', 10)) AS v(firm, turnover)",
        result: "C",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            CONTRIBUTOR,
            VALUE,
            Argument::option("n", 1.0),
            Argument::option("k", 75.0),
            Argument::choice("boundary", "more"),
        ],
        dominance,
    )
    .gives(Output::Text)]),
};

/// p %.
pub(super) static SDC_P_PERCENT: Definition = Definition {
    name: "sdc_p_percent",
    family: Family::Disclosure,
    formula: "C when X − x₁ − x₂ < p/100·x₁; with a coalition of c: X − x₁ − … − x₍c₊₁₎",
    reading: "whether the sum of an amount may be shown: C when the second largest contributor, or so many together, can \
              estimate the largest closer than p per cent. Always C with one or two contributors. Rows of one contributor \
              are summed first",
    range: "C, F (codes of CL_CONF_STATUS)",
    null_when: "there are no rows, or a value is NULL",
    source: RULE,
    example: Example {
        sql: "SELECT sdc_p_percent(firm, turnover, 10) FROM (VALUES ('A', 50000), ('B', 49000), ('C', 1000)) AS v(firm, turnover)",
        result: "C",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            CONTRIBUTOR,
            VALUE,
            Argument::option("p", 10.0),
            Argument::option("coalition", 1.0),
        ],
        p_percent,
    )
    .gives(Output::Text)]),
};

/// Contributors.
pub(super) static SDC_CONTRIBUTORS: Definition = Definition {
    name: "sdc_contributors",
    family: Family::Disclosure,
    formula: "number of different contributors; with values of those whose values do not sum to 0",
    reading: "how many stand behind a figure, however many rows each has; show it to nobody when it is 1 or 2",
    range: "0 and up",
    null_when: "a value is NULL",
    source: RULE,
    example: Example {
        sql: "SELECT sdc_contributors(firm, turnover) FROM (VALUES ('A', 3), ('A', 4), ('B', 0), ('C', 1)) AS v(firm, turnover)",
        result: "2",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[
        Form::table(&[CONTRIBUTOR], contributors).gives(Output::Count),
        Form::table(&[CONTRIBUTOR, VALUE], contributors).gives(Output::Count),
    ]),
};

fn contributions(table: &Table<'_>) -> Contributions {
    let rows = table.key(0).iter().copied().zip(table.count(0).iter().copied());
    Contributions::of(rows, |_| false)
}

fn dominance(table: &Table<'_>, params: &Params) -> Outcome {
    if table.distinct(0) == 0 && table.empty == 0 {
        return Ok(Value::Null);
    }
    let rule = Dominance {
        n: small(params.number(0))?,
        k: params.number(1),
        at_least: match params.text(0) {
            "more" => false,
            "at_least" => true,
            _ => {
                return Err(
                    Error::invalid(6005, "`sdc_dominance` got a boundary that it does not know")
                        .hint("use 'more' or 'at_least'"),
                );
            }
        },
    };
    rule.check("sdc_dominance")?;
    Ok(status(rule.is_unsafe(&contributions(table))))
}

fn p_percent(table: &Table<'_>, params: &Params) -> Outcome {
    if table.distinct(0) == 0 && table.empty == 0 {
        return Ok(Value::Null);
    }
    let rule = PPercent {
        p: params.number(0),
        coalition: small(params.number(1))?,
    };
    rule.check("sdc_p_percent")?;
    Ok(status(rule.is_unsafe(&contributions(table))))
}

fn contributors(table: &Table<'_>, _: &Params) -> Outcome {
    Ok(Value::count(table.distinct(0)))
}

/// A literal number of contributors.
fn small(value: f64) -> Result<u32, Error> {
    if !(0.0..=1000.0).contains(&value) || value.fract() != 0.0 {
        return Err(
            Error::invalid(6005, "a number of contributors is no whole number from 1 to 1000")
                .hint("give 1 or 2; a larger one only for a coalition of so many"),
        );
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number from 0 to 1000"
    )]
    Ok(value as u32)
}
