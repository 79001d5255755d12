//! Local diversity: how mixed each area is.

use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Outcome, Params},
    table::Long,
    value::{Output, Value},
};

const AREA: Output = Output::Struct(&[
    ("area", Output::Text),
    ("n", Output::Number),
    ("share", Output::Number),
    ("value", Output::Number),
    ("scaled", Output::Number),
    ("simpson", Output::Number),
]);

/// E, by area.
pub(super) static SEG_LOCAL_ENTROPY: Definition = Definition {
    name: "seg_local_entropy",
    family: Family::Segregation,
    formula: "by area: value = −Σ p_k ln p_k, scaled = value / ln K with the K groups of the whole, simpson = 1 − Σ p_k², \
              beside n = t and share = t/T",
    reading: "list of areas with how mixed each one is; for UNNEST. A mixed area may still differ from the whole: see seg_local",
    range: "value from 0 (one group) to ln K, scaled and simpson from 0 to 1",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Theil & Finizza 1971, doi:10.1080/0022250X.1971.9989795; Simpson 1949, Nature 163, 688",
    example: Example {
        sql: "SELECT round(seg_local_entropy(area, grp, n)[1]['scaled'], 6) FROM (VALUES ('A', 'x', 10), ('A', 'y', 10), ('B', 'y', 10)) AS v(area, grp, n)",
        result: "1.0",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::long(entropy).gives(Output::List(&AREA))]),
};

fn entropy(cells: &Long<'_>, _: &Params) -> Outcome {
    let groups = cells.groups.len();
    if groups < 2 {
        return Ok(Value::Null);
    }
    let mut entropy = vec![0.0; cells.areas.len()];
    let mut same = vec![0.0; cells.areas.len()];
    for (area, _, n) in cells.cells() {
        let t = cells.areas[area];
        entropy[area] += n / t * (t / n).ln();
        same[area] += (n / t) * (n / t);
    }
    let most = (groups as f64).ln();
    let areas = cells.areas.iter().zip(entropy).zip(same).enumerate();
    let list = areas.map(|(at, ((t, entropy), same)): (usize, ((&f64, f64), f64))| {
        Value::Struct(vec![
            Value::Text(cells.table.text(0, at).to_owned()),
            (*t).into(),
            (t / cells.total).into(),
            entropy.into(),
            (entropy / most).clamp(0.0, 1.0).into(),
            (1.0 - same).clamp(0.0, f64::INFINITY).into(),
        ])
    });
    Ok(Value::List(list.collect()))
}
