//! The national index of inequality between areas.

use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Law, Outcome, Params},
    segregation::dissimilarity::two,
    table::{Table, Unit, Wide},
    value::Value,
};

/// Ojämlikhetsindex.
pub(super) static OJAMLIKHETSINDEX: Definition = Definition {
    name: "ojamlikhetsindex",
    family: Family::Area,
    formula: "100·½ Σ|q1/Q1 − q5/Q5| over areas",
    reading: "ojämlikhetsindex: per cent of the households in the lowest (or highest) fifth of incomes that would have to move for both to live spread alike; q1 and q5 are households in income quintile 1 and 5 of the country",
    range: "0 (alike) to 100 (no area has both)",
    null_when: "a count is NULL, or one of the quintiles has no household",
    source: "Boverket 2024:18 (ojämlikhetsindex); Duncan & Duncan 1955, doi:10.2307/2088328",
    example: Example {
        sql: "SELECT ojamlikhetsindex(area, q1, q5) FROM (VALUES ('A', 30, 10), ('B', 10, 30)) AS v(area, q1, q5)",
        result: "50.0",
    },
    laws: &[
        Law::Within(0.0, 100.0),
        Law::Scale,
        Law::Division,
        Law::ZeroWhenEven,
        Law::GroupSymmetry,
    ],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[Argument::key("area"), Argument::count("q1"), Argument::count("q5")],
        index,
    )]),
};

fn index(table: &Table<'_>, _: &Params) -> Outcome {
    let mut areas = Wide::default();
    for (x, y) in table.count(0).iter().zip(table.count(1)) {
        areas.units.push(Unit { x: *x, y: *y, t: x + y });
        areas.all.x += x;
        areas.all.y += y;
        areas.all.t += x + y;
    }
    Ok(two(&areas).map_or(Value::Null, |d| Value::Number(100.0 * d)))
}
