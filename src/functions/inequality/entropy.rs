//! Theil's T and the mean log deviation, and what of them lies between groups and within.

use super::values::{OF_ROWS, OF_UNITS, Spread};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Law, Outcome, Params, Twin},
    table::Table,
    value::{Output, Value},
};

const PARTS: Output = Output::Struct(&[
    ("value", Output::Number),
    ("between", Output::Number),
    ("within", Output::Number),
]);
const OF_GROUPS: &[Argument] = &[
    Argument::key("group"),
    Argument::number("value"),
    Argument::count("weight"),
];

/// T.
pub(super) static INEQ_THEIL_T: Definition = Definition {
    name: "ineq_theil_t",
    family: Family::Inequality,
    formula: "Σ (w/W)(v/μ) ln(v/μ), μ = Σ w v / W",
    reading: "inequality in nats, most sensitive at the top; over areas it is between-area inequality; WHO prints it times 1000",
    range: "0 (equal) to ln of the number of people",
    null_when: "a value or weight is NULL, nobody has weight, or the mean is 0",
    source: "Theil 1967, Economics and Information Theory; Conceição & Ferreira 2000, doi:10.2139/ssrn.228703",
    example: Example {
        sql: "SELECT round(ineq_theil_t(area, v, w), 6) FROM (VALUES ('A', 1.0, 1), ('B', 3.0, 1)) AS v(area, v, w)",
        result: "0.130812",
    },
    laws: &[Law::Within(0.0, f64::MAX), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(OF_UNITS, theil), Form::table(OF_ROWS, theil)]),
};

/// L.
pub(super) static INEQ_MLD: Definition = Definition {
    name: "ineq_mld",
    family: Family::Inequality,
    formula: "Σ (w/W) ln(μ/v), μ = Σ w v / W",
    reading: "inequality in nats, most sensitive at the bottom; over areas it is between-area inequality; WHO prints it times 1000",
    range: "0 (equal) upwards",
    null_when: "a value or weight is NULL, nobody has weight, or somebody has 0: then it is infinite",
    source: "Theil 1967, Economics and Information Theory; Shorrocks 1980, doi:10.2307/1913126",
    example: Example {
        sql: "SELECT round(ineq_mld(area, v, w), 6) FROM (VALUES ('A', 1.0, 1), ('B', 3.0, 1)) AS v(area, v, w)",
        result: "0.143841",
    },
    laws: &[Law::Within(0.0, f64::MAX), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(OF_UNITS, mld), Form::table(OF_ROWS, mld)]),
};

/// T, between and within.
pub(super) static INEQ_THEIL_DECOMPOSE: Definition = Definition {
    name: "ineq_theil_decompose",
    family: Family::Inequality,
    formula: "between = Σ (W_g/W)(μ_g/μ) ln(μ_g/μ), within = Σ (W_g/W)(μ_g/μ) T_g; value = between + within = T of all",
    reading: "struct with value, between and within: how much of the inequality of people lies between groups, as areas",
    range: "0 (equal) upwards",
    null_when: "a value or weight is NULL, nobody has weight, or the mean is 0",
    source: "Shorrocks 1980, doi:10.2307/1913126",
    example: Example {
        sql: "SELECT round(ineq_theil_decompose(area, v, w)['between'], 6) FROM (VALUES ('A', 1.0, 1), ('A', 3.0, 1), ('B', 6.0, 2)) AS v(area, v, w)",
        result: "0.130812",
    },
    laws: &[],
    twins: &[
        Twin {
            name: "ineq_theil_between",
            field: 1,
            reading: "the part of Theil's T that lies between groups",
            range: "0 to T",
            example: Example {
                sql: "SELECT round(ineq_theil_between(area, v, w), 6) FROM (VALUES ('A', 1.0, 1), ('A', 3.0, 1), ('B', 6.0, 2)) AS v(area, v, w)",
                result: "0.130812",
            },
        },
        Twin {
            name: "ineq_theil_within",
            field: 2,
            reading: "the part of Theil's T that lies within groups",
            range: "0 to T",
            example: Example {
                sql: "SELECT round(ineq_theil_within(area, v, w), 6) FROM (VALUES ('A', 1.0, 1), ('A', 3.0, 1), ('B', 6.0, 2)) AS v(area, v, w)",
                result: "0.032703",
            },
        },
    ],
    body: Body::Aggregate(&[Form::table(OF_GROUPS, theil_parts).gives(PARTS)]),
};

/// L, between and within.
pub(super) static INEQ_MLD_DECOMPOSE: Definition = Definition {
    name: "ineq_mld_decompose",
    family: Family::Inequality,
    formula: "between = Σ (W_g/W) ln(μ/μ_g), within = Σ (W_g/W) L_g; value = between + within = L of all",
    reading: "struct with value, between and within: how much of the inequality of people lies between groups, as areas; within is what equal means would leave",
    range: "0 (equal) upwards",
    null_when: "a value or weight is NULL, nobody has weight, or somebody has 0",
    source: "Shorrocks 1980, doi:10.2307/1913126",
    example: Example {
        sql: "SELECT round(ineq_mld_decompose(area, v, w)['between'], 6) FROM (VALUES ('A', 1.0, 1), ('A', 3.0, 1), ('B', 6.0, 2)) AS v(area, v, w)",
        result: "0.143841",
    },
    laws: &[],
    twins: &[
        Twin {
            name: "ineq_mld_between",
            field: 1,
            reading: "the part of the mean log deviation that lies between groups",
            range: "0 to L",
            example: Example {
                sql: "SELECT round(ineq_mld_between(area, v, w), 6) FROM (VALUES ('A', 1.0, 1), ('A', 3.0, 1), ('B', 6.0, 2)) AS v(area, v, w)",
                result: "0.143841",
            },
        },
        Twin {
            name: "ineq_mld_within",
            field: 2,
            reading: "the part of the mean log deviation that lies within groups",
            range: "0 to L",
            example: Example {
                sql: "SELECT round(ineq_mld_within(area, v, w), 6) FROM (VALUES ('A', 1.0, 1), ('A', 3.0, 1), ('B', 6.0, 2)) AS v(area, v, w)",
                result: "0.071921",
            },
        },
    ],
    body: Body::Aggregate(&[Form::table(OF_GROUPS, mld_parts).gives(PARTS)]),
};

fn theil(table: &Table<'_>, _: &Params) -> Outcome {
    let spread = Spread::new("ineq_theil_t", table)?.filter(|of| of.sum > 0.0);
    Ok(spread.map_or(Value::Null, |of| of.theil().into()))
}

fn mld(table: &Table<'_>, _: &Params) -> Outcome {
    let spread = Spread::new("ineq_mld", table)?.filter(|of| of.sum > 0.0);
    Ok(spread.and_then(|of| of.mld()).map_or(Value::Null, Value::Number))
}

/// Returns the values of each group; cells are ordered by group and value.
fn groups(table: &Table<'_>) -> Vec<Spread> {
    let cells: Vec<(u32, f64, f64)> = table
        .key(0)
        .iter()
        .zip(table.key(1))
        .zip(table.count(0))
        .map(|((group, value), weight)| (*group, table.number(1, *value as usize), *weight))
        .collect();
    cells
        .chunk_by(|left, right| left.0 == right.0)
        .map(|group| Spread::sorted(group.iter().map(|(_, value, weight)| (*value, *weight)).collect()))
        .collect()
}

fn theil_parts(table: &Table<'_>, _: &Params) -> Outcome {
    let Some(all) = Spread::of_cells("ineq_theil_decompose", table, 1)?.filter(|of| of.sum > 0.0) else {
        return Ok(Value::Null);
    };
    let groups = groups(table);
    let within: f64 = groups
        .iter()
        .filter(|group| group.sum > 0.0)
        .map(|group| group.sum / all.sum * group.theil())
        .sum();
    let mut means: Vec<(f64, f64)> = groups.iter().map(|group| (group.mean(), group.people)).collect();
    means.sort_unstable_by(|left, right| left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1)));
    let between = Spread::sorted(means).theil();
    Ok(Value::Struct(vec![
        (between + within).into(),
        between.into(),
        within.into(),
    ]))
}

fn mld_parts(table: &Table<'_>, _: &Params) -> Outcome {
    let Some(all) = Spread::of_cells("ineq_mld_decompose", table, 1)?.filter(|of| of.sum > 0.0) else {
        return Ok(Value::Null);
    };
    let groups = groups(table);
    let within: Option<f64> = groups
        .iter()
        .map(|group| group.mld().map(|of| group.people / all.people * of))
        .sum();
    let mut means: Vec<(f64, f64)> = groups.iter().map(|group| (group.mean(), group.people)).collect();
    means.sort_unstable_by(|left, right| left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1)));
    Ok(match (Spread::sorted(means).mld(), within) {
        (Some(between), Some(within)) => Value::Struct(vec![(between + within).into(), between.into(), within.into()]),
        _ => Value::Null,
    })
}
