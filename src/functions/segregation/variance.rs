//! The variance ratio, and the three indices of several groups that are it for two.

use super::areas::both;
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::{Long, Wide},
    value::Value,
};

const LAWS: &[Law] = &[
    Law::Within(0.0, 1.0),
    Law::Scale,
    Law::Division,
    Law::ZeroWhenEven,
    Law::OneWhenApart,
    Law::GroupSymmetry,
    Law::Exchange,
];

/// V.
pub(super) static SEG_VARIANCE_RATIO: Definition = Definition {
    name: "seg_variance_ratio",
    family: Family::Segregation,
    formula: "Σ t(p − P)² / (T P(1 − P)) = (isolation − P) / (1 − P); also Eta², the correlation ratio, the separation index",
    reading: "difference between the group's share where its members live and where the rest lives; isolation freed from \
              the group's size",
    range: "0 (even) to 1 (apart)",
    null_when: "a count is NULL, or one of the two groups has nobody",
    source: "Bell 1954, doi:10.2307/2574118; White 1986, doi:10.2307/3644339; Massey & Denton 1988, doi:10.1093/sf/67.2.281",
    example: Example {
        sql: "SELECT seg_variance_ratio(area, x, t) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.5",
    },
    laws: LAWS,
    twins: &[],
    body: Body::Aggregate(&[Form::wide(ratio), Form::one_of(ratio), Form::two_of(ratio)]),
};

/// R.
pub(super) static SEG_RELATIVE_DIVERSITY: Definition = Definition {
    name: "seg_relative_diversity",
    family: Family::Segregation,
    formula: "ΣΣ t(p_k − P_k)² / (T Σ P_k(1 − P_k)); for two groups the variance ratio",
    reading: "how much less likely two people of one area are of different groups than two of all; Goodman and Kruskal's tau",
    range: "0 (even) to 1 (apart)",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Goodman & Kruskal 1954; Reardon & Firebaugh 2002, doi:10.1111/1467-9531.00110",
    example: Example {
        sql: "SELECT seg_relative_diversity(area, grp, n) FROM (VALUES ('A', 'x', 10), ('A', 'y', 10), ('B', 'y', 10), ('C', 'x', 10)) AS v(area, grp, n)",
        result: "0.5",
    },
    laws: LAWS,
    twins: &[],
    body: Body::Aggregate(&[Form::long(diversity)]),
};

/// P.
pub(super) static SEG_NORMALISED_EXPOSURE: Definition = Definition {
    name: "seg_normalised_exposure",
    family: Family::Segregation,
    formula: "ΣΣ t(p_k − P_k)² / (T (1 − P_k)) = Σ P_k V_k; for two groups the variance ratio",
    reading: "mean variance ratio of the groups against the rest, weighted by their sizes",
    range: "0 (even) to 1 (apart)",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "James 1986; Reardon & Firebaugh 2002, doi:10.1111/1467-9531.00110",
    example: Example {
        sql: "SELECT seg_normalised_exposure(area, grp, n) FROM (VALUES ('A', 'x', 10), ('A', 'y', 10), ('B', 'y', 10), ('C', 'x', 10)) AS v(area, grp, n)",
        result: "0.5",
    },
    laws: LAWS,
    twins: &[],
    body: Body::Aggregate(&[Form::long(exposure)]),
};

/// C.
pub(super) static SEG_SQUARED_VARIATION: Definition = Definition {
    name: "seg_squared_variation",
    family: Family::Segregation,
    formula: "ΣΣ t(p_k − P_k)² / (T (K − 1) P_k), K groups that have anybody; for two groups the variance ratio",
    reading: "squared coefficient of variation of the groups' shares over areas; small groups weigh as much as large ones",
    range: "0 (even) to 1 (apart)",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Reardon & Firebaugh 2002, doi:10.1111/1467-9531.00110",
    example: Example {
        sql: "SELECT seg_squared_variation(area, grp, n) FROM (VALUES ('A', 'x', 10), ('A', 'y', 10), ('B', 'y', 10), ('C', 'x', 10)) AS v(area, grp, n)",
        result: "0.5",
    },
    laws: LAWS,
    twins: &[],
    body: Body::Aggregate(&[Form::long(variation)]),
};

pub(super) fn ratio(areas: &Wide, _: &Params) -> Outcome {
    let Some((x, y)) = both(areas) else {
        return Ok(Value::Null);
    };
    let all = x + y;
    let of = areas.units.iter().filter(|of| of.x + of.y > 0.0);
    let spread: f64 = of
        .map(|of| (of.x + of.y) * (of.x / (of.x + of.y) - x / all).powi(2))
        .sum();
    Ok((spread / all / (x / all) / (y / all)).clamp(0.0, 1.0).into())
}

/// Returns each group's share of all and Σ t(p_k − P_k)² / T; nothing when fewer than two groups have anybody.
fn spread(cells: &Long<'_>) -> Option<Vec<(f64, f64)>> {
    if cells.groups.len() < 2 {
        return None;
    }
    let shares: Vec<f64> = cells.groups.iter().map(|n| n / cells.total).collect();
    let mut spread = vec![0.0; shares.len()];
    let mut present = vec![0.0; shares.len()];
    for (area, group, n) in cells.cells() {
        let t = cells.areas[area];
        spread[group] += t * (n / t - shares[group]).powi(2);
        present[group] += t;
    }
    // areas without the group
    let of = shares.into_iter().zip(spread).zip(present);
    Some(
        of.map(|((share, spread), present)| (share, (spread + (cells.total - present) * share * share) / cells.total))
            .collect(),
    )
}

pub(super) fn diversity(cells: &Long<'_>, _: &Params) -> Outcome {
    let Some(groups) = spread(cells) else {
        return Ok(Value::Null);
    };
    let over: f64 = groups.iter().map(|(_, spread)| spread).sum();
    let under: f64 = groups.iter().map(|(share, _)| share * (1.0 - share)).sum();
    Ok((over / under).clamp(0.0, 1.0).into())
}

pub(super) fn exposure(cells: &Long<'_>, _: &Params) -> Outcome {
    let Some(groups) = spread(cells) else {
        return Ok(Value::Null);
    };
    // a group beside which the others vanish in rounding is everybody, and has no spread
    let of = groups.iter().filter(|(share, _)| *share < 1.0);
    let sum: f64 = of.map(|(share, spread)| spread / (1.0 - share)).sum();
    Ok(sum.clamp(0.0, 1.0).into())
}

pub(super) fn variation(cells: &Long<'_>, _: &Params) -> Outcome {
    let Some(groups) = spread(cells) else {
        return Ok(Value::Null);
    };
    let sum: f64 = groups.iter().map(|(share, spread)| spread / share).sum();
    Ok((sum / (groups.len() - 1) as f64).clamp(0.0, 1.0).into())
}
