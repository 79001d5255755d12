//! The Gini index of segregation, in one sort.

use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::{Long, Wide},
    value::Value,
};

/// G.
pub(super) static SEG_GINI: Definition = Definition {
    name: "seg_gini",
    family: Family::Segregation,
    formula: "ΣΣ t_i t_j |p_i − p_j| / (2 T² P(1 − P)); several groups: Σ P_k(1 − P_k) G_k / Σ P_k(1 − P_k)",
    reading: "mean difference between two people's areas in the group's share, as a share of the largest possible; \
              twice the area between the segregation curve and the diagonal",
    range: "0 (even) to 1 (apart), never below D",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Massey & Denton 1988, doi:10.1093/sf/67.2.281; Reardon & Firebaugh 2002, doi:10.1111/1467-9531.00110",
    example: Example {
        sql: "SELECT seg_gini(area, x, t) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.75",
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
        Form::wide(wide),
        Form::long(long),
        Form::one_of(wide),
        Form::two_of(wide),
    ]),
};

/// An area: bits of the group's share, which order it, the group and the rest.
pub(super) type Placed = (u64, f64, f64);

/// Returns an area by the share of its group; at least one of the two has somebody.
pub(super) fn placed(x: f64, y: f64) -> Placed {
    // shares are not negative, so their bits are in the order of their sizes
    ((x / (x + y)).to_bits(), x, y)
}

/// Sorts areas by the group's share. Areas of equal shares have a fixed order too, so that sums have fixed bits.
pub(super) fn sort(areas: &mut [Placed]) {
    areas.sort_unstable_by_key(|(share, x, y)| (*share, x.to_bits(), y.to_bits()));
}

/// Returns Σ x (Y before) − (X before) y over areas in the order of the group's share: G times X·Y. No term is negative.
/// `y` people are in areas without the group that are not among the given ones.
pub(super) fn between(areas: &mut [Placed], mut y: f64) -> f64 {
    sort(areas);
    let (mut sum, mut x) = (0.0, 0.0);
    for (_, here, rest) in areas {
        sum += *here * y - x * *rest;
        x += *here;
        y += *rest;
    }
    sum
}

pub(super) fn wide(areas: &Wide, _: &Params) -> Outcome {
    let all = areas.all;
    if all.x <= 0.0 || all.y <= 0.0 {
        return Ok(Value::Null);
    }
    let mut placed: Vec<Placed> = areas
        .units
        .iter()
        .filter(|of| of.x + of.y > 0.0)
        .map(|of| placed(of.x, of.y))
        .collect();
    Ok((between(&mut placed, 0.0) / (all.x * all.y)).clamp(0.0, 1.0).into())
}

pub(super) fn long(cells: &Long<'_>, _: &Params) -> Outcome {
    if cells.groups.len() < 2 {
        return Ok(Value::Null);
    }
    let mut areas = vec![Vec::new(); cells.groups.len()];
    let mut present = vec![0.0; cells.groups.len()];
    for (area, group, n) in cells.cells() {
        let t = cells.areas[area];
        areas[group].push(placed(n, t - n));
        present[group] += t;
    }
    let mut over = 0.0;
    let mut under = 0.0;
    for ((n, present), mut areas) in cells.groups.iter().zip(present).zip(areas) {
        over += between(&mut areas, cells.total - present);
        under += n * (cells.total - n);
    }
    Ok((over / under).clamp(0.0, 1.0).into())
}
