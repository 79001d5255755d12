//! Dissimilarity less what neighbours make good: a border between two areas with the same mix hides no distance.

use super::{network::Network, places::choice};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Law, Outcome, Params},
        table::{Table, Unit},
        value::Value,
    },
};

/// D(adj) and D(w).
pub(super) static SEG_ADJUSTED_DISSIMILARITY: Definition = Definition {
    name: "seg_adjusted_dissimilarity",
    family: Family::Spatial,
    formula: "D − ΣΣ w|pᵢ − pⱼ| / ΣΣ w over directed edges; Morrill's D(adj) with w = 1 for neighbours, Wong's D(w) with w the length of the shared border; 'row' divides the weights of an area by their sum first",
    reading: "dissimilarity that is left when people meet across borders; rows where neighbour is the area itself bring x and t, all others are edges with w",
    range: "below 0 (neighbours differ more than areas do from the whole) to 1; D itself without edges",
    null_when: "a count of an area or a weight is NULL, or the group or the rest has nobody",
    source: "Morrill 1991, Geography Research Forum 11; Wong 1993, doi:10.1080/00420989320080551",
    example: Example {
        sql: "SELECT round(seg_adjusted_dissimilarity(area, neighbour, x, t, w), 6) FROM (VALUES ('A', 'A', 30, 40, 0), ('B', 'B', 25, 40, 0), ('C', 'C', 1, 40, 0), ('A', 'B', NULL, NULL, 1), ('B', 'A', NULL, NULL, 1)) AS v(area, neighbour, x, t, w)",
        result: "0.466518",
    },
    laws: &[Law::Scale, Law::ZeroWhenEven, Law::GroupSymmetry],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("area"),
            Argument::key("neighbour"),
            Argument::count("x"),
            Argument::total("t"),
            Argument::count("w"),
            Argument {
                name: "standardise",
                role: crate::functions::def::Role::Choice("none"),
            },
        ],
        adjusted,
    )
    .sees_nulls()]),
};

/// D(s).
pub(super) static SEG_SHAPE_ADJUSTED_DISSIMILARITY: Definition = Definition {
    name: "seg_shape_adjusted_dissimilarity",
    family: Family::Spatial,
    formula: "D − ΣΣ w|pᵢ − pⱼ| (rᵢ + rⱼ)/(2 max r) / ΣΣ w, r = perimeter/size, w the length of the shared border",
    reading: "Wong's D(s): borders of long and small areas let more people meet; rows where neighbour is the area itself bring perimeter, size, x and t",
    range: "below 0 to 1; D itself without edges",
    null_when: "a number or count of an area or a weight is NULL, a size is 0, or the group or the rest has nobody",
    source: "Wong 1993, doi:10.1080/00420989320080551; Tivadar 2019, doi:10.18637/jss.v089.i07 (without a second ½)",
    example: Example {
        sql: "SELECT round(seg_shape_adjusted_dissimilarity(area, neighbour, p, a, x, t, w), 6) FROM (VALUES ('A', 'A', 4, 1, 30, 40, 0), ('B', 'B', 6, 2, 25, 40, 0), ('C', 'C', 6, 2, 1, 40, 0), ('A', 'B', 0, 0, NULL, NULL, 1), ('B', 'A', 0, 0, NULL, NULL, 1)) AS v(area, neighbour, p, a, x, t, w)",
        result: "0.482143",
    },
    laws: &[Law::Scale, Law::ZeroWhenEven, Law::GroupSymmetry],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("area"),
            Argument::key("neighbour"),
            Argument::number("perimeter"),
            Argument::number("size"),
            Argument::count("x"),
            Argument::total("t"),
            Argument::count("w"),
        ],
        shape,
    )
    .sees_nulls()]),
};

/// Returns D less the mean difference over the edges, each weighted by `share` of its two ends.
fn less(units: &[Unit], network: &Network, share: impl Fn(usize, usize) -> f64) -> Value {
    let mut all = Unit::default();
    for of in units {
        all.x += of.x;
        all.y += of.y;
    }
    if all.x <= 0.0 || all.y <= 0.0 {
        return Value::Null;
    }
    let apart: f64 = units.iter().map(|of| (of.x * all.y - of.y * all.x).abs()).sum();
    let (mut met, mut weights) = (0.0, 0.0);
    for (i, of) in units.iter().enumerate().filter(|(_, of)| of.t > 0.0) {
        for (j, weight) in network.weights.of(i).filter(|(j, _)| units[*j].t > 0.0) {
            met += weight * share(i, j) * (of.x / of.t - units[j].x / units[j].t).abs();
            weights += weight;
        }
    }
    let met = if weights > 0.0 { met / weights } else { 0.0 };
    Value::Number(apart / (2.0 * all.x * all.y) - met)
}

fn adjusted(table: &Table<'_>, params: &Params) -> Outcome {
    let function = "seg_adjusted_dissimilarity";
    let row = choice(params, 0, function, "standardise", &["none", "row"])? == 1;
    let Some(mut network) = Network::new(table, function, 2)? else {
        return Ok(Value::Null);
    };
    let units = network.units(table, function)?;
    if row {
        network.weights.standardise();
    }
    Ok(less(&units, &network, |_, _| 1.0))
}

fn shape(table: &Table<'_>, _: &Params) -> Outcome {
    let function = "seg_shape_adjusted_dissimilarity";
    let Some(network) = Network::new(table, function, 2)? else {
        return Ok(Value::Null);
    };
    let units = network.units(table, function)?;
    let (perimeters, sizes) = (network.numbers(table, 2), network.numbers(table, 3));
    let ratios: Vec<f64> = perimeters
        .iter()
        .zip(&sizes)
        .map(|(perimeter, size)| perimeter / size)
        .collect();
    if perimeters.iter().chain(&sizes).any(|of| *of < 0.0) {
        return Err(
            Error::invalid(6003, format!("`{function}` got a negative `perimeter` or `size`"))
                .hint("the row where `neighbour` is the area itself says its perimeter and its size"),
        );
    }
    if ratios.iter().any(|ratio| !ratio.is_finite()) {
        return Ok(Value::Null);
    }
    let most = ratios.iter().copied().fold(0.0, f64::max);
    Ok(less(&units, &network, |i, j| {
        if most > 0.0 {
            (ratios[i] + ratios[j]) / (2.0 * most)
        } else {
            0.0
        }
    }))
}
