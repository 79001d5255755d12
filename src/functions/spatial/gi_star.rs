//! Getis and Ord's Gi*: where high or low values gather.

use super::autocorrelation::{AREA, Field, ISLANDS, NEIGHBOUR, PERMUTATIONS, SEED, VALUE, WEIGHT, adjusted, centred};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
    table::Table,
    value::{Output, Value},
};

const AREA_OUT: Output = Output::Struct(&[
    ("area", Output::Text),
    ("value", Output::Number),
    ("p", Output::Number),
    ("p_fdr", Output::Number),
    ("spot", Output::Text),
]);

/// Gi*.
pub(super) static GI_STAR: Definition = Definition {
    name: "gi_star",
    family: Family::Spatial,
    formula: "by area: (Σ w xⱼ − W x̄) / (s √((n Σ w² − W²)/(n − 1))) over the area itself and its neighbours, W = Σ w; the area's own weight is the w of its own row, or its largest one when that is 0; p from permutations of the other areas' values; p_fdr by Benjamini & Hochberg; spot 'hot' or 'cold' where p_fdr ≤ alpha, else 'ns', 'island' without neighbours; rows as for moran",
    reading: "list of areas with a standard score of their surroundings: hot spots have high values around, cold ones low; for UNNEST",
    range: "value any number, 0 by chance",
    null_when: "the value of an area or a weight is NULL, fewer than two areas have neighbours, or all values are equal",
    source: "Getis & Ord 1992, doi:10.1111/j.1538-4632.1992.tb00261.x; Ord & Getis 1995, doi:10.1111/j.1538-4632.1995.tb00912.x",
    example: Example {
        sql: "SELECT round(gi_star(area, neighbour, value, w)[1]['value'], 6) FROM (VALUES ('A', 'A', 3.0, 0), ('B', 'B', 2.0, 0), ('C', 'C', 0.0, 0), ('A', 'B', NULL, 1), ('B', 'A', NULL, 1), ('B', 'C', NULL, 1), ('C', 'B', NULL, 1)) AS v(area, neighbour, value, w)",
        result: "1.336306",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            AREA,
            NEIGHBOUR,
            VALUE,
            WEIGHT,
            PERMUTATIONS,
            SEED,
            ISLANDS,
            Argument::option("alpha", 0.05),
        ],
        gi_star,
    )
    .gives(Output::List(&AREA_OUT))
    .sees_nulls()
    .sees_empty()]),
};

fn gi_star(table: &Table<'_>, params: &Params) -> Outcome {
    let Some(field) = Field::new(table, params, "gi_star", 0)? else {
        return Ok(Value::Null);
    };
    let alpha = params.number(2);
    let network = &field.network;
    let Some((z, square)) = centred(&network.numbers(table, 2)) else {
        return Ok(Value::Null);
    };
    if network.weights.edges() == 0 {
        return Ok(Value::Null);
    }
    let n = z.len() as f64;
    let lags = network.weights.lag(&z);
    let p = field.local_p(&z, &lags);
    let fdr = adjusted(&p);
    let list = (0..network.len()).map(|unit| {
        let weights = || network.weights.of(unit).map(|(_, weight)| weight);
        let own = if network.own[unit] > 0.0 {
            network.own[unit]
        } else {
            weights().fold(0.0, f64::max)
        };
        let sum: f64 = own + weights().sum::<f64>();
        let squares: f64 = own * own + weights().map(|weight| weight * weight).sum::<f64>();
        let spread = (square * (n * squares - sum * sum) / (n - 1.0)).max(0.0).sqrt();
        let score = (lags[unit] + own * z[unit]) / spread;
        // everybody is a neighbour: nothing to compare with
        let score = (network.weights.degree(unit) > 0 && score.is_finite()).then_some(score);
        let spot = match (score, fdr[unit]) {
            (None, _) if network.weights.degree(unit) == 0 => "island",
            (Some(score), Some(p)) if p <= alpha => {
                if score > 0.0 {
                    "hot"
                } else {
                    "cold"
                }
            }
            _ => "ns",
        };
        Value::Struct(vec![
            Value::Text(network.name(table, unit).to_owned()),
            score.map_or(Value::Null, Value::from),
            p[unit].map_or(Value::Null, Value::from),
            fdr[unit].map_or(Value::Null, Value::from),
            Value::Text(spot.to_owned()),
        ])
    });
    Ok(Value::List(list.collect()))
}
