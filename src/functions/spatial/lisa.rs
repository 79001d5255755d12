//! Local Moran's I: where neighbours are alike, and where one stands out.

use super::autocorrelation::{
    AREA, Field, ISLANDS, NEIGHBOUR, PERMUTATIONS, SEED, STANDARDISE, VALUE, WEIGHT, adjusted, centred,
};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
    table::Table,
    value::{Output, Value},
};

const AREA_OUT: Output = Output::Struct(&[
    ("area", Output::Text),
    ("value", Output::Number),
    ("z", Output::Number),
    ("lag", Output::Number),
    ("p", Output::Number),
    ("p_fdr", Output::Number),
    ("quadrant", Output::Text),
    ("cluster", Output::Text),
]);

/// Local Moran's I.
pub(super) static LISA: Definition = Definition {
    name: "lisa",
    family: Family::Spatial,
    formula: "by area: value = z Σ w zⱼ / m₂, z the value less the mean in standard deviations, lag = Σ w zⱼ, m₂ the mean square; p from permutations of the other areas' values; p_fdr by Benjamini & Hochberg; quadrant HH, LL, HL or LH of z and lag; cluster the quadrant where p_fdr ≤ alpha, else 'ns', 'island' without neighbours; rows as for moran",
    reading: "list of areas: HH high among high, LL low among low, HL and LH stand out; for UNNEST",
    range: "value any number; p from 1/(permutations + 1) to about one half",
    null_when: "the value of an area or a weight is NULL, fewer than two areas have neighbours, or all values are equal",
    source: "Anselin 1995, doi:10.1111/j.1538-4632.1995.tb00338.x; Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x; Caldas de Castro & Singer 2006, doi:10.1111/j.0016-7363.2006.00682.x",
    example: Example {
        sql: "SELECT lisa(area, neighbour, value, w)[1]['quadrant'] FROM (VALUES ('A', 'A', 3.0, 0), ('B', 'B', 2.0, 0), ('C', 'C', 0.0, 0), ('A', 'B', NULL, 1), ('B', 'A', NULL, 1), ('B', 'C', NULL, 1), ('C', 'B', NULL, 1)) AS v(area, neighbour, value, w)",
        result: "HH",
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
            STANDARDISE,
            ISLANDS,
            Argument::option("alpha", 0.05),
        ],
        lisa,
    )
    .gives(Output::List(&AREA_OUT))
    .sees_nulls()
    .sees_empty()]),
};

fn lisa(table: &Table<'_>, params: &Params) -> Outcome {
    let Some(field) = Field::new(table, params, "lisa", 0)? else {
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
    let sd = square.sqrt();
    let z: Vec<f64> = z.into_iter().map(|z| z / sd).collect();
    let lags = network.weights.lag(&z);
    // the own value is the same in every permutation: its sign decides which side is which, not how far out
    let p = field.local_p(&z, &lags);
    let fdr = adjusted(&p);
    let list = (0..network.len()).map(|unit| {
        let quadrant = match (z[unit] > 0.0, lags[unit] > 0.0) {
            (true, true) => "HH",
            (true, false) => "HL",
            (false, true) => "LH",
            (false, false) => "LL",
        };
        let island = network.weights.degree(unit) == 0;
        let cluster = match fdr[unit] {
            _ if island => "island",
            Some(p) if p <= alpha => quadrant,
            _ => "ns",
        };
        Value::Struct(vec![
            Value::Text(network.name(table, unit).to_owned()),
            if island {
                Value::Null
            } else {
                Value::Number(z[unit] * lags[unit])
            },
            Value::Number(z[unit]),
            if island { Value::Null } else { Value::Number(lags[unit]) },
            p[unit].map_or(Value::Null, Value::from),
            fdr[unit].map_or(Value::Null, Value::from),
            if island {
                Value::Null
            } else {
                Value::Text(quadrant.to_owned())
            },
            Value::Text(cluster.to_owned()),
        ])
    });
    Ok(Value::List(list.collect()))
}
