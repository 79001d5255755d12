//! Concentration: how little of the land a group lives on.

use super::places::{sizes, wide};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::{Table, Wide},
    value::Value,
};

const TAKES: &[Argument] = &[
    Argument::key("area"),
    Argument::number("size"),
    Argument::count("x"),
    Argument::total("t"),
];
const TWO: &[Argument] = &[
    Argument::key("area"),
    Argument::number("size"),
    Argument::count("x"),
    Argument::count("y"),
    Argument::total("t"),
];

/// DEL.
pub(super) static SEG_DELTA: Definition = Definition {
    name: "seg_delta",
    family: Family::Spatial,
    formula: "½ Σ|x/X − a/A|, a the size of the area; areas without people count with their land",
    reading: "share of the group that would have to move for it to live equally densely everywhere",
    range: "0 (as dense everywhere) to 1",
    null_when: "a size or count is NULL, nobody is in the group, or there is no land",
    source: "Hoover 1941, doi:10.1017/S0022050700052980; Duncan, Cuzzort & Duncan 1961; Massey & Denton 1988, doi:10.1093/sf/67.2.281",
    example: Example {
        sql: "SELECT seg_delta(area, km2, x, t) FROM (VALUES ('A', 1.0, 30, 40), ('B', 3.0, 10, 40)) AS v(area, km2, x, t)",
        result: "0.5",
    },
    laws: &[Law::Within(0.0, 1.0), Law::Scale],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TAKES, delta).sees_empty()]),
};

/// ACO.
pub(super) static SEG_ABSOLUTE_CONCENTRATION: Definition = Definition {
    name: "seg_absolute_concentration",
    family: Family::Spatial,
    formula: "1 − (Σ x a/X − S₁)/(S₂ − S₁); S₁ (S₂) is the people's mean area size in the smallest (largest) areas that hold X people, the crossing one included; areas of one size in the order of their keys",
    reading: "how near the group comes to living in the smallest areas only",
    range: "0 (in the largest areas) to 1 (in the smallest); slightly below 0 for a group so large that it shares them",
    null_when: "a size or count is NULL, nobody is in the group, or all areas that matter are equally large",
    source: "Massey & Denton 1988, doi:10.1093/sf/67.2.281",
    example: Example {
        sql: "SELECT round(seg_absolute_concentration(area, km2, x, t), 6) FROM (VALUES ('A', 1.0, 30, 40), ('B', 3.0, 10, 40)) AS v(area, km2, x, t)",
        result: "0.75",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TAKES, absolute)]),
};

/// RCO.
pub(super) static SEG_RELATIVE_CONCENTRATION: Definition = Definition {
    name: "seg_relative_concentration",
    family: Family::Spatial,
    formula: "((Σ x a/X)/(Σ y a/Y) − 1) / (S₁/S₂ − 1), S₁ and S₂ as in seg_absolute_concentration, of x",
    reading: "how much smaller the group's areas are than the other's, as a share of the most that is possible",
    range: "1 (group in the smallest, other in the largest areas) through 0 (alike) to below",
    null_when: "a size or count is NULL, one of the groups has nobody, or all areas that matter are equally large",
    source: "Massey & Denton 1988, doi:10.1093/sf/67.2.281",
    example: Example {
        sql: "SELECT round(seg_relative_concentration(area, km2, x, t), 6) FROM (VALUES ('A', 1.0, 30, 40), ('B', 3.0, 10, 40)) AS v(area, km2, x, t)",
        result: "0.6",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(TAKES, relative), Form::table(TWO, relative)]),
};

fn delta(table: &Table<'_>, _: &Params) -> Outcome {
    let areas = wide(table, "seg_delta", "size")?;
    let sizes = sizes(table, 1, "seg_delta")?;
    let land: f64 = sizes.iter().sum();
    if areas.all.x <= 0.0 || land <= 0.0 {
        return Ok(Value::Null);
    }
    let apart: f64 = areas
        .units
        .iter()
        .zip(&sizes)
        .map(|(of, size)| (of.x / areas.all.x - size / land).abs())
        .sum();
    Ok((apart / 2.0).min(1.0).into())
}

/// Mean sizes of the areas of somebody.
struct Ends {
    /// In the smallest areas that hold as many people as the group.
    small: f64,
    /// In the largest.
    large: f64,
}

impl Ends {
    fn new(areas: &Wide, sizes: &[f64]) -> Option<Self> {
        let mut order: Vec<usize> = (0..sizes.len()).collect();
        order.sort_by(|left, right| sizes[*left].total_cmp(&sizes[*right]));
        let mean = |order: &mut dyn Iterator<Item = usize>| {
            let (mut people, mut land) = (0.0, 0.0);
            for at in order {
                let t = areas.units[at].t;
                people += t;
                land += t * sizes[at];
                if people >= areas.all.x {
                    break;
                }
            }
            land / people
        };
        let ends = Self {
            small: mean(&mut order.iter().copied()),
            large: mean(&mut order.iter().rev().copied()),
        };
        // equal sizes differ by rounding only
        (ends.large - ends.small > 1e-12 * ends.large).then_some(ends)
    }
}

fn absolute(table: &Table<'_>, _: &Params) -> Outcome {
    let areas = wide(table, "seg_absolute_concentration", "size")?;
    let sizes = sizes(table, 1, "seg_absolute_concentration")?;
    if areas.all.x <= 0.0 {
        return Ok(Value::Null);
    }
    let Some(ends) = Ends::new(&areas, &sizes) else {
        return Ok(Value::Null);
    };
    let group: f64 = areas.units.iter().zip(&sizes).map(|(of, size)| of.x * size).sum();
    Ok((1.0 - (group / areas.all.x - ends.small) / (ends.large - ends.small)).into())
}

fn relative(table: &Table<'_>, _: &Params) -> Outcome {
    let areas = wide(table, "seg_relative_concentration", "size")?;
    let sizes = sizes(table, 1, "seg_relative_concentration")?;
    let all = areas.all;
    if all.x <= 0.0 || all.y <= 0.0 {
        return Ok(Value::Null);
    }
    let group: f64 = areas.units.iter().zip(&sizes).map(|(of, size)| of.x * size).sum();
    let other: f64 = areas.units.iter().zip(&sizes).map(|(of, size)| of.y * size).sum();
    match Ends::new(&areas, &sizes) {
        Some(ends) if other > 0.0 => {
            Ok((((group / all.x) / (other / all.y) - 1.0) / (ends.small / ends.large - 1.0)).into())
        }
        _ => Ok(Value::Null),
    }
}
