//! The Karmel–MacLachlan index.

use super::dissimilarity::{several, two};
use crate::functions::{
    def::{Body, Definition, Example, Family, Form, Law, Outcome, Params},
    table::{Long, Wide},
    value::Value,
};

/// KM.
pub(super) static SEG_KARMEL_MACLACHLAN: Definition = Definition {
    name: "seg_karmel_maclachlan",
    family: Family::Segregation,
    formula: "Σ t|p − P| / T = 2 P(1 − P) D; several groups: ½ ΣΣ t|p_k − P_k| / T",
    reading: "share of all people who would have to move for every area to have the same mix, sizes of areas kept",
    range: "0 (even) to 2 P(1 − P), at most 0.5 for two groups and below 1 for several",
    null_when: "a count is NULL, or fewer than two groups have anybody",
    source: "Karmel & MacLachlan 1988, doi:10.1111/j.1475-4932.1988.tb02057.x; Silber 1992 (several groups)",
    example: Example {
        sql: "SELECT seg_karmel_maclachlan(area, x, t) FROM (VALUES ('A', 10, 20), ('B', 0, 10), ('C', 10, 10)) AS v(area, x, t)",
        result: "0.25",
    },
    laws: &[
        Law::Within(0.0, 1.0),
        Law::Scale,
        Law::Division,
        Law::ZeroWhenEven,
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

pub(super) fn wide(areas: &Wide, _: &Params) -> Outcome {
    let all = areas.all;
    let both = all.x + all.y;
    Ok(two(areas).map_or(Value::Null, |d| (2.0 * (all.x / both) * (all.y / both) * d).into()))
}

pub(super) fn long(cells: &Long<'_>, _: &Params) -> Outcome {
    let t = cells.total;
    Ok(several(cells).map_or(Value::Null, |(over, _)| (over / t / (2.0 * t)).into()))
}
