//! Mutual information M and the information theory index H = M / E.

use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Index},
    units::{Table, Wide},
};

/// M.
pub(in crate::functions) const SEG_MUTUAL_INFORMATION: Definition = Definition {
    name: "seg_mutual_information",
    family: Family::Segregation,
    signatures: &[
        "seg_mutual_information(area, x, t)",
        "seg_mutual_information(area, group, n)",
    ],
    formula: "ΣΣ (n/T) ln(p_k/P_k), natural logarithm, 0·ln 0 = 0",
    reading: "how much the area tells about the group, in nats; sums of parts of the map add up to it",
    range: "0 (nothing) to the entropy of the groups, at most ln(number of groups)",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Theil & Finizza 1971, doi:10.1080/0022250X.1971.9989795; Mora & Ruiz-Castillo 2011, doi:10.1111/j.1467-9531.2011.01237.x",
    example: Example {
        sql: "SELECT round(seg_mutual_information(area, x, t), 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.346574",
    },
    body: Body::Areas(&[
        Form::Wide {
            counts: 2,
            kernel: mutual,
        },
        Form::Long {
            names: 0,
            kernel: mutual_long,
        },
    ]),
};

/// H.
pub(in crate::functions) const SEG_INFORMATION_THEORY: Definition = Definition {
    name: "seg_information_theory",
    family: Family::Segregation,
    signatures: &[
        "seg_information_theory(area, x, t)",
        "seg_information_theory(area, group, n)",
    ],
    formula: "M / E with E = −Σ P_k ln P_k",
    reading: "how much less mixed the average area is than the whole, as a share of the whole's entropy",
    range: "0 (even) to 1 (apart)",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Theil & Finizza 1971, doi:10.1080/0022250X.1971.9989795; Reardon & Firebaugh 2002, doi:10.1111/1467-9531.00110",
    example: Example {
        sql: "SELECT round(seg_information_theory(area, x, t), 6) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.5",
    },
    body: Body::Areas(&[
        Form::Wide {
            counts: 2,
            kernel: theory,
        },
        Form::Long {
            names: 0,
            kernel: theory_long,
        },
    ]),
};

/// Returns n·ln(p_k/P_k) of one cell: 0 for an empty one, and exactly 0 where the shares are equal.
fn cell(n: f64, area: f64, group: f64, all: f64) -> f64 {
    if n > 0.0 {
        n * ((n * all) / (area * group)).ln()
    } else {
        0.0
    }
}

fn mutual(units: &Wide) -> Index {
    let [x_all, t_all, _] = units.total;
    let y_all = t_all - x_all;
    if x_all <= 0.0 || y_all <= 0.0 {
        return Ok(None);
    }
    let told: f64 = units
        .areas
        .iter()
        .map(|[x, t, _]| cell(*x, *t, x_all, t_all) + cell(t - x, *t, y_all, t_all))
        .sum();
    Ok(Some((told / t_all).max(0.0)))
}

fn mutual_long(table: &Table<'_>, _: &[String]) -> Index {
    if table.groups.len() < 2 {
        return Ok(None);
    }
    let told: f64 = table
        .cells
        .iter()
        .map(|(area, group, n)| cell(*n, table.areas[*area], table.groups[*group].1, table.total))
        .sum();
    Ok(Some((told / table.total).max(0.0)))
}

fn entropy(groups: impl Iterator<Item = f64>, all: f64) -> f64 {
    groups.map(|n| n / all * (all / n).ln()).sum()
}

fn theory(units: &Wide) -> Index {
    let [x_all, t_all, _] = units.total;
    Ok(mutual(units)?.map(|told| (told / entropy([x_all, t_all - x_all].into_iter(), t_all)).min(1.0)))
}

fn theory_long(table: &Table<'_>, names: &[String]) -> Index {
    let groups = table.groups.iter().map(|(_, n)| *n);
    Ok(mutual_long(table, names)?.map(|told| (told / entropy(groups, table.total)).min(1.0)))
}
