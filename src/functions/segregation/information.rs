//! Mutual information M and the information theory index H = M / E.

use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::{Long, Wide},
    value::Value,
};

/// M.
pub(super) static SEG_MUTUAL_INFORMATION: Definition = Definition {
    name: "seg_mutual_information",
    family: Family::Segregation,
    formula: "ΣΣ (n/T) ln(p_k/P_k), natural logarithm, 0·ln 0 = 0",
    reading: "how much the area tells about the group, in nats; sums of parts of the map add up to it; also known as the \
              divergence index",
    range: "0 (nothing) to the entropy of the groups, at most ln(number of groups)",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Theil & Finizza 1971, doi:10.1080/0022250X.1971.9989795; Mora & Ruiz-Castillo 2011, \
             doi:10.1111/j.1467-9531.2011.01237.x; Roberto 2015, arXiv:1508.01167 (divergence)",
    example: Example {
        sql: "SELECT round(seg_mutual_information(area, x, t), 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.346574",
    },
    laws: &[
        Law::Within(0.0, f64::INFINITY),
        Law::Scale,
        Law::Division,
        Law::ZeroWhenEven,
        Law::GroupSymmetry,
        Law::RoleSymmetry,
        Law::Exchange,
    ],
    twins: &[],
    body: Body::Aggregate(&[
        Form::wide(mutual),
        Form::long(mutual_long),
        Form::one_of(mutual),
        Form::two_of(mutual),
    ]),
};

/// H.
pub(super) static SEG_INFORMATION_THEORY: Definition = Definition {
    name: "seg_information_theory",
    family: Family::Segregation,
    formula: "M / E with E = −Σ P_k ln P_k",
    reading: "how much less mixed the average area is than the whole, as a share of the whole's entropy",
    range: "0 (even) to 1 (apart)",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Theil & Finizza 1971, doi:10.1080/0022250X.1971.9989795; Reardon & Firebaugh 2002, doi:10.1111/1467-9531.00110",
    example: Example {
        sql: "SELECT round(seg_information_theory(area, x, t), 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.5",
    },
    laws: &[
        Law::Within(0.0, 1.0),
        Law::Scale,
        Law::Division,
        Law::ZeroWhenEven,
        Law::OneWhenApart,
        Law::GroupSymmetry,
        Law::Exchange,
    ],
    twins: &[],
    body: Body::Aggregate(&[
        Form::wide(theory),
        Form::long(theory_long),
        Form::one_of(theory),
        Form::two_of(theory),
    ]),
};

/// Returns n·ln(p_k/P_k) of one cell: 0 for an empty one, and exactly 0 where the shares are equal.
pub(super) fn cell(n: f64, area: f64, group: f64, all: f64) -> f64 {
    if n > 0.0 {
        n * ((n * all) / (area * group)).ln()
    } else {
        0.0
    }
}

fn told(areas: &Wide) -> Option<f64> {
    let all = areas.all;
    if all.x <= 0.0 || all.y <= 0.0 {
        return None;
    }
    // two of several groups: everybody else is no part of it
    let both = all.x + all.y;
    let told: f64 = areas
        .units
        .iter()
        .map(|of| cell(of.x, of.x + of.y, all.x, both) + cell(of.y, of.x + of.y, all.y, both))
        .sum();
    Some((told / both).clamp(0.0, f64::INFINITY))
}

fn told_long(cells: &Long<'_>) -> Option<f64> {
    if cells.groups.len() < 2 {
        return None;
    }
    let told: f64 = cells
        .cells()
        .map(|(area, group, n)| cell(n, cells.areas[area], cells.groups[group], cells.total))
        .sum();
    Some((told / cells.total).clamp(0.0, f64::INFINITY))
}

/// Returns −Σ P ln P of groups that have somebody.
pub(super) fn entropy(groups: &[f64], all: f64) -> f64 {
    groups.iter().map(|n| n / all * (all / n).ln()).sum()
}

fn mutual(areas: &Wide, _: &Params) -> Outcome {
    Ok(told(areas).map_or(Value::Null, Value::from))
}

pub(super) fn mutual_long(cells: &Long<'_>, _: &Params) -> Outcome {
    Ok(told_long(cells).map_or(Value::Null, Value::from))
}

pub(super) fn theory(areas: &Wide, _: &Params) -> Outcome {
    let all = areas.all;
    let share = |told: f64| (told / entropy(&[all.x, all.y], all.x + all.y)).clamp(0.0, 1.0);
    Ok(told(areas).map_or(Value::Null, |told| share(told).into()))
}

pub(super) fn theory_long(cells: &Long<'_>, _: &Params) -> Outcome {
    let share = |told: f64| (told / entropy(&cells.groups, cells.total)).clamp(0.0, 1.0);
    Ok(told_long(cells).map_or(Value::Null, |told| share(told).into()))
}
