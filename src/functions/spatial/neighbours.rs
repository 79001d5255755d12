//! Who is near: weights from coordinates, as rows for the functions of neighbours.

use super::places::{choice, option, points, positive};
use crate::{
    functions::{
        def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params, Role},
        table::Table,
        value::{Output, Value},
    },
    geo::{Grid, Kernel},
};

const EDGE: Output = Output::Struct(&[
    ("area", Output::Text),
    ("neighbour", Output::Text),
    ("weight", Output::Number),
    ("distance", Output::Number),
]);

/// Edges from coordinates.
pub(super) static AREA_NEIGHBOURS: Definition = Definition {
    name: "area_neighbours",
    family: Family::Spatial,
    formula: "'nearest': the `size` nearest areas, and all at the distance of the last, weight 1; 'band': all within a distance of `size`, weight 1; a kernel (uniform, triangular, quadratic, quartic, gaussian, exponential): all it reaches, weight φ(d/size)",
    reading: "list of directed edges to UNNEST into moran, lisa, gi_star or seg_adjusted_dissimilarity; islands are in no edge; borders (queen, rook) are a join of your own",
    range: "weight above 0 to 1",
    null_when: "a coordinate is NULL, or there are no rows",
    source: "Anselin 1988, doi:10.1007/978-94-015-7799-1; Cliff & Ord 1981, Spatial Processes, Pion",
    example: Example {
        sql: "SELECT area_neighbours(area, east, north, 'nearest', 1)[1]['neighbour'] FROM (VALUES ('A', 0, 0), ('B', 1000, 0), ('C', 5000, 0)) AS v(area, east, north)",
        result: "B",
    },
    laws: &[],
    twins: &[],
    body: Body::Aggregate(&[Form::table(
        &[
            Argument::key("area"),
            Argument::number("east"),
            Argument::number("north"),
            Argument {
                name: "kind",
                role: Role::Choice("nearest"),
            },
            Argument::option("size", 6.0),
        ],
        neighbours,
    )
    .gives(Output::List(&EDGE))]),
};

fn neighbours(table: &Table<'_>, params: &Params) -> Outcome {
    let function = "area_neighbours";
    let kinds: Vec<&str> = ["nearest", "band"].iter().chain(Kernel::NAMES).copied().collect();
    let kind = choice(params, 0, function, "kind", &kinds)?;
    table.one_a_unit(function, "east or north")?;
    let points = points(table, 1);
    if points.is_empty() {
        return Ok(Value::Null);
    }
    let mut edges = Vec::new();
    let mut edge = |from: usize, to: usize, weight: f64, square: f64| {
        if weight > 0.0 {
            edges.push(Value::Struct(vec![
                Value::Text(table.text(0, from).to_owned()),
                Value::Text(table.text(0, to).to_owned()),
                Value::Number(weight),
                Value::Number(square.sqrt()),
            ]));
        }
    };
    if kind == 0 {
        let least = params.number(0);
        if least < 1.0 || least.fract() > 0.0 {
            return Err(option(function, "size", "a whole number of neighbours"));
        }
        let grid = Grid::new(&points, 0.0);
        let mut space = Vec::new();
        for (from, origin) in points.iter().enumerate() {
            let mut count = 0.0;
            grid.rings(*origin, &mut space, |ring| {
                for (square, to) in ring.iter().filter(|(_, to)| *to != from) {
                    edge(from, *to, 1.0, *square);
                    count += 1.0;
                }
                count < least
            });
        }
        return Ok(Value::List(edges));
    }
    let size = positive(params, 0, function, "size")?;
    let kernel = Kernel::parse(kinds[kind]).unwrap_or(Kernel::Uniform);
    let reach = kernel.reach() * size;
    let grid = Grid::new(&points, reach);
    let numbers: Vec<usize> = grid.sorted().map(|(number, _)| number).collect();
    let mut found = Vec::new();
    for (from, origin) in points.iter().enumerate() {
        found.clear();
        grid.within(*origin, reach, 0, |at, square| found.push((numbers[at], square)));
        found.sort_unstable_by_key(|(to, _)| *to);
        for (to, square) in found.iter().filter(|(to, _)| *to != from) {
            edge(from, *to, kernel.weight(square / (size * size)), *square);
        }
    }
    Ok(Value::List(edges))
}
