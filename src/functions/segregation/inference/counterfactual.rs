//! Why two indices differ: the sizes of areas, or who lives in them.

use super::{
    index::Index,
    replicate::{INDEX, choice},
    two::{AREA, T1, T2, Take, X1, X2, counterfactual, side, states, wide},
};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
    table::Table,
    value::{Output, Value},
};

const NAME: &str = "seg_counterfactual";
const GIVES: Output = Output::Struct(&[
    ("value", Output::Number),
    ("first", Output::Number),
    ("second", Output::Number),
    ("first_as_second", Output::Number),
    ("second_as_first", Output::Number),
    ("structure", Output::Number),
    ("attributes", Output::Number),
]);

/// The difference of any index in two parts.
pub(in super::super) static SEG_COUNTERFACTUAL: Definition = Definition {
    name: NAME,
    family: Family::Segregation,
    formula: "value = first − second = structure + attributes, with first_as_second the index of the first side's areas when \
              each takes what the second side has at the same rank: attributes = ½(first − first_as_second + second_as_first − \
              second), structure = ½(first − second_as_first + first_as_second − second). Taken over: 'composition' the share \
              p, totals stay; 'share' the area's shares of the group and of the rest, scaled to their sizes; \
              'dual_composition' p and 1 − p one by one. The value at a rank is the quantile at mean rank/n (type 7)",
    reading: "struct: how much of the difference between two towns, times or groups is who lives in their areas (attributes), \
              and how much is the areas that they have to live in (structure). 0 for areas of the other town. index is the name \
              of any function of the family that gives one number",
    range: "of either sign",
    null_when: "a count is NULL, or the index of one side or of one of the two made-up towns is",
    source: "Cortes, Rey, Knaap & Wolf 2020, doi:10.1007/s42001-019-00059-3; Shapley 1953; as PySAL's DecomposeSegregation, \
             whose c_s is structure and c_a attributes",
    example: Example {
        sql: "SELECT round(seg_counterfactual(area, x1, t1, x2, t2)['attributes'], 6) FROM (VALUES ('A', 10, 20, 8, 20), ('B', 0, 10, 4, 10), ('C', 10, 10, 5, 10)) AS v(area, x1, t1, x2, t2)",
        result: "0.382068",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[AREA, X1, T1, X2, T2, INDEX, Argument::choice("method", "composition")],
        decompose,
    )
    .gives(GIVES)]),
};

fn decompose(table: &Table<'_>, params: &Params) -> Outcome {
    let index = Index::find(NAME, params.text(0), false)?;
    let take = Take::ALL[choice(NAME, params, 1, "method", &Take::NAMES)?];
    let pairs = states(table, NAME)?;
    let (one, two) = (side(&pairs, 0), side(&pairs, 1));
    let (Some(first), Some(second)) = (index.wide(&wide(&one))?, index.wide(&wide(&two))?) else {
        return Ok(Value::Null);
    };
    let first_as = index.wide(&wide(&counterfactual(&one, &two, take)))?;
    let second_as = index.wide(&wide(&counterfactual(&two, &one, take)))?;
    let (Some(first_as), Some(second_as)) = (first_as, second_as) else {
        return Ok(Value::Null);
    };
    Ok(Value::Struct(vec![
        (first - second).into(),
        first.into(),
        second.into(),
        first_as.into(),
        second_as.into(),
        (0.5 * (first - second_as + first_as - second)).into(),
        (0.5 * (first - first_as + second_as - second)).into(),
    ]))
}
