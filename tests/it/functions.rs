//! What every function of the catalogue keeps: its example, its laws, and the same bits however its rows come.
//!
//! New functions need nothing here: data are made from the roles of their arguments.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, RecordBatch, StringArray},
    compute::{concat, take_arrays},
    datatypes::{DataType, Field, Float64Type, Schema, UInt32Type},
};
use datafusion::{
    datasource::MemTable,
    logical_expr::EmitTo,
    physical_expr::{
        PhysicalExpr,
        aggregate::{AggregateExprBuilder, AggregateFunctionExpr},
        expressions::{Column, Literal},
    },
    scalar::ScalarValue,
};
use proptest::{prelude::*, test_runner::TestRunner};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::SliceRandom};
use samsyn::{
    functions::{Argument, Definition, Law, Role, catalogue},
    protect::perturb::{mixed, write_key},
};

use crate::segregation::{rows, session};

/// A call of an aggregate: the function, one of its forms, and which column goes where.
struct Call {
    definition: &'static Definition,
    takes: &'static [Argument],
    schema: Arc<Schema>,
    expr: AggregateFunctionExpr,
}

impl Call {
    fn new(definition: &'static Definition, takes: &'static [Argument]) -> Self {
        let mut fields = Vec::new();
        let mut args: Vec<Arc<dyn PhysicalExpr>> = Vec::new();
        let mut name = 0;
        // of many draws a few do; what stands before their number is then written out too
        let written = takes.iter().position(|argument| argument.name == "reps");
        for (at, argument) in takes.iter().enumerate() {
            if argument.is_optional() && written.is_none_or(|last| at > last) {
                break;
            }
            let kind = match argument.role {
                Role::Option(_) if argument.name == "reps" => {
                    args.push(Arc::new(Literal::new(ScalarValue::from(10.0))));
                    continue;
                }
                Role::Option(default) => {
                    args.push(Arc::new(Literal::new(ScalarValue::from(default))));
                    continue;
                }
                Role::Choice(default) => {
                    args.push(Arc::new(Literal::new(ScalarValue::from(default))));
                    continue;
                }
                Role::Name => {
                    args.push(Arc::new(Literal::new(ScalarValue::from(
                        text(last_key(takes), name).as_str(),
                    ))));
                    name += 1;
                    continue;
                }
                Role::Key => DataType::Utf8,
                _ => DataType::Float64,
            };
            let column = format!("c{}", fields.len());
            args.push(Arc::new(Column::new(&column, fields.len())));
            fields.push(Field::new(column, kind, true));
        }
        let schema = Arc::new(Schema::new(fields));
        let state = session(1).state();
        let function = &state.aggregate_functions()[definition.name];
        let expr = AggregateExprBuilder::new(Arc::clone(function), args)
            .schema(Arc::clone(&schema))
            .alias(definition.name)
            .build()
            .unwrap();
        Self {
            definition,
            takes,
            schema,
            expr,
        }
    }

    fn all() -> Vec<Self> {
        catalogue()
            .into_iter()
            .filter(|definition| definition.is_aggregate())
            .flat_map(|definition| definition.forms().into_iter().map(|takes| Self::new(definition, takes)))
            .collect()
    }

    fn keys(&self) -> usize {
        self.takes.iter().filter(|of| of.role == Role::Key).count()
    }

    /// Whether areas have coordinates.
    fn has_places(&self) -> bool {
        self.takes.iter().any(|of| of.name == "east")
    }

    /// Rows of the data arguments, from the keys of a row, the numbers of its first key, and parts of a total.
    fn columns(&self, rows: &[Row]) -> Vec<ArrayRef> {
        let (mut key, mut part, mut number) = (0, 0, 0);
        self.takes
            .iter()
            .filter(|argument| !argument.is_literal())
            .map(|argument| -> ArrayRef {
                match argument.role {
                    Role::Key => {
                        let at = key;
                        key += 1;
                        Arc::new(
                            rows.iter()
                                // more dimensions than keys: some are the same
                                .map(|row| Some(named(argument.name, at, row.keys[at % 3], row.keys[0])))
                                .collect::<StringArray>(),
                        )
                    }
                    // everybody in the area on each of its rows: what other rows have is hidden from a part of them
                    Role::Number if argument.name == "t" => {
                        let mut people = BTreeMap::new();
                        for row in rows {
                            *people.entry(row.keys[0]).or_insert(0.0) += row.parts[0].unwrap_or(0.0);
                        }
                        Arc::new(Float64Array::from_iter_values(
                            rows.iter().map(|row| people[&row.keys[0]]),
                        ))
                    }
                    Role::Number => {
                        number += 1;
                        // metres, so that some are near and some are far
                        let times = if matches!(argument.name, "east" | "north") {
                            1e3
                        } else {
                            1.0
                        };
                        Arc::new(Float64Array::from_iter_values(
                            rows.iter()
                                .map(|row| times * numbered(argument.name, row.keys[0], number)),
                        ))
                    }
                    Role::Total => Arc::new(
                        rows.iter()
                            .map(|row| row.parts.iter().copied().sum::<Option<f64>>())
                            .collect::<Float64Array>(),
                    ),
                    _ => {
                        let at = part;
                        part += 1;
                        // persons are not divided
                        let whole = argument.name == "persons";
                        let of = |part: f64| if whole { part.trunc() } else { part };
                        // an upper limit is not below the lower one, which is before it
                        let more = |row: &Row| {
                            if argument.name == "x_hi" {
                                row.parts[at - 1]
                            } else {
                                Some(0.0)
                            }
                        };
                        Arc::new(
                            rows.iter()
                                .map(|row| Some(row.parts[at].map(of)? + more(row)?))
                                .collect::<Float64Array>(),
                        )
                    }
                }
            })
            .collect()
    }

    /// The result over rows of one group.
    fn result(&self, columns: &[ArrayRef]) -> ScalarValue {
        let mut accumulator = self.expr.create_accumulator().unwrap();
        accumulator
            .update_batch(&self.arguments(columns))
            .and_then(|()| accumulator.evaluate())
            .unwrap_or_else(|error| panic!("{} of {columns:?}: {error}", self.definition.name))
    }

    /// Whether it draws people one by one, and so refuses parts of them.
    fn refuses_fractions(&self) -> bool {
        let rows = [Row {
            keys: [0; 3],
            parts: vec![Some(0.5); 6],
        }];
        let mut accumulator = self.expr.create_accumulator().unwrap();
        accumulator.update_batch(&self.arguments(&self.columns(&rows))).unwrap();
        accumulator
            .evaluate()
            .is_err_and(|error| error.to_string().contains("not whole"))
    }

    /// The kinds of data that it takes.
    fn data(&self) -> Vec<Data> {
        let mut data = vec![Data::Whole, Data::Fractions, Data::WithNull];
        if self.refuses_fractions() {
            data.retain(|of| *of != Data::Fractions);
        }
        data
    }

    /// Columns as the engine hands them over: with the literals in their places.
    fn arguments(&self, columns: &[ArrayRef]) -> Vec<ArrayRef> {
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns.to_vec()).unwrap();
        self.expr
            .expressions()
            .iter()
            .map(|expr| expr.evaluate(&batch).unwrap().into_array(batch.num_rows()).unwrap())
            .collect()
    }

    /// The value over a town, counts in areas by group.
    fn value(&self, town: &[Vec<u32>]) -> Option<f64> {
        let mut rows = Vec::new();
        // a row an area, and one for each of its neighbours along a ring
        let edges = self.takes.iter().any(|of| of.name == "neighbour");
        for (area, groups) in town.iter().enumerate() {
            if edges {
                let last = town.len() - 1;
                for near in [area, (area + 1) % town.len(), (area + last) % town.len()] {
                    let own = near == area;
                    rows.push(Row {
                        keys: [area, near, 0],
                        parts: groups.iter().map(|n| own.then(|| f64::from(*n))).collect(),
                    });
                }
                let from = rows.len() - 3;
                rows[from..].sort_by_key(|row| row.keys);
                rows.dedup_by_key(|row| row.keys);
            } else if self.keys() > 1 {
                rows.extend(groups.iter().enumerate().map(|(group, n)| Row {
                    keys: [area, group, 0],
                    parts: vec![Some(f64::from(*n))],
                }));
            } else {
                rows.push(Row {
                    keys: [area, 0, 0],
                    parts: groups.iter().map(|n| Some(f64::from(*n))).collect(),
                });
            }
        }
        let mut columns = self.columns(&rows);
        if edges {
            let weights = rows.iter().map(|row| f64::from(u8::from(row.keys[0] != row.keys[1])));
            columns.pop();
            columns.push(Arc::new(Float64Array::from_iter_values(weights)));
        }
        match self.result(&columns) {
            ScalarValue::Float64(value) => value,
            other => panic!("{}: laws are of numbers, not {other}", self.definition.name),
        }
    }
}

/// One row of data.
#[derive(Debug, Clone)]
struct Row {
    keys: [usize; 3],
    parts: Vec<Option<f64>>,
}

/// The key whose values literal names are among.
fn last_key(takes: &[Argument]) -> usize {
    takes.iter().filter(|of| of.role == Role::Key).count().saturating_sub(1)
}

/// A number of a unit as its argument wants it: some are the same for all.
fn numbered(argument: &str, unit: usize, number: usize) -> f64 {
    match argument {
        "budget" => 1000.0,
        // with no unit alone below the budget
        "cap" => 1000.0 + unit as f64,
        "window_days" => 365.0,
        "variable_weight" => 2.0,
        _ => ((unit * 37 + 11 * number) % 17) as f64 / 3.0,
    }
}

/// A key as its argument wants it: ages, periods and dates are read. `first` is the number of the row's first key.
fn named(argument: &str, key: usize, at: usize, first: usize) -> String {
    match argument {
        "age" => (5 * at).to_string(),
        "period" => (2000 + at).to_string(),
        "record_key" => write_key(mixed(at as u64, 1)),
        // an area, sometimes the row's own
        "neighbour" => text(0, at),
        // a tree
        "parent" => text(0, first / 2),
        "date" => format!("20{:02}-03-0{}", at + first % 3, 1 + at),
        "follow_up_end" => "2003-06-30".to_owned(),
        _ => text(key, at),
    }
}

/// Keys of two lengths, whose order is not that of their numbers.
fn text(key: usize, at: usize) -> String {
    if at.is_multiple_of(3) {
        format!("{} a rather long name {key}", (at * 7) % 23)
    } else {
        format!("{}-{key}-{at}", (at * 5) % 19)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Data {
    Whole,
    Fractions,
    WithNull,
}

fn random(rng: &mut StdRng, data: Data, rows: usize) -> Vec<Row> {
    (0..rows)
        .map(|_| Row {
            keys: [rng.random_range(0..13), rng.random_range(0..5), rng.random_range(0..3)],
            parts: (0..6)
                .map(|_| match data {
                    Data::WithNull if rng.random_range(0..60) == 0 => None,
                    Data::Fractions => Some(rng.random_range(0.0..1.0) * 10_f64.powi(rng.random_range(-9..9))),
                    _ => Some(f64::from(rng.random_range(0..50_u32))),
                })
                .collect(),
        })
        .collect()
}

/// Feeds rows in pieces to accumulators, takes their states in different ways and merges those in any order.
fn in_pieces(call: &Call, rng: &mut StdRng, columns: &[ArrayRef], groups: &[usize], count: usize) -> Vec<ScalarValue> {
    let pieces = *[1_usize, 2, 16].get(rng.random_range(0..3_usize)).unwrap();
    let piece_of: Vec<usize> = groups.iter().map(|_| rng.random_range(0..pieces)).collect();
    let mut states: Vec<(usize, ArrayRef)> = Vec::new();
    for piece in 0..pieces {
        let mut order: Vec<u32> = (0..)
            .zip(&piece_of)
            .filter(|(_, of)| **of == piece)
            .map(|(row, _)| row)
            .collect();
        order.shuffle(rng);
        // this piece meets its groups in an order of its own
        let mut numbers = vec![usize::MAX; count];
        let mut names = Vec::new();
        let mut accumulator = call.expr.create_groups_accumulator().unwrap();
        let size = rng.random_range(1..60);
        for batch in order.chunks(size) {
            let at = arrow::array::PrimitiveArray::<UInt32Type>::from_iter_values(batch.iter().copied());
            let values = call.arguments(&take_arrays(columns, &at, None).unwrap());
            if rng.random_range(0..4) == 0 {
                // as it goes when there are nearly as many groups as rows
                let state = accumulator.convert_to_state(&values, None).unwrap().remove(0);
                states.extend(
                    batch
                        .iter()
                        .enumerate()
                        .map(|(at, row)| (groups[*row as usize], state.slice(at, 1))),
                );
                continue;
            }
            let of: Vec<usize> = batch
                .iter()
                .map(|row| {
                    let group = groups[*row as usize];
                    if numbers[group] == usize::MAX {
                        numbers[group] = names.len();
                        names.push(group);
                    }
                    numbers[group]
                })
                .collect();
            // every other row twice, once of them filtered away
            let twice: Vec<ArrayRef> = values
                .iter()
                .map(|column| concat(&[column.as_ref(), column.as_ref()]).unwrap())
                .collect();
            let mut chosen = vec![Some(true); of.len()];
            chosen.extend((0..of.len()).map(|at| if at % 2 == 0 { Some(false) } else { None }));
            let of: Vec<usize> = of.iter().chain(&of).copied().collect();
            accumulator
                .update_batch(&twice, &of, Some(&BooleanArray::from(chosen)), names.len())
                .unwrap();
            if rng.random_range(0..5) == 0 && !names.is_empty() {
                let first = rng.random_range(1..=names.len());
                let state = accumulator.state(EmitTo::First(first)).unwrap().remove(0);
                let gone: Vec<usize> = names.drain(..first).collect();
                states.extend(gone.iter().enumerate().map(|(at, group)| (*group, state.slice(at, 1))));
                numbers.fill(usize::MAX);
                for (at, group) in names.iter().enumerate() {
                    numbers[*group] = at;
                }
            }
        }
        if !names.is_empty() {
            let state = accumulator.state(EmitTo::All).unwrap().remove(0);
            states.extend(names.iter().enumerate().map(|(at, group)| (*group, state.slice(at, 1))));
        }
    }
    states.shuffle(rng);
    let mut last = call.expr.create_groups_accumulator().unwrap();
    for some in states.chunks(rng.random_range(1..40)) {
        let arrays: Vec<&dyn Array> = some.iter().map(|(_, state)| state.as_ref()).collect();
        let of: Vec<usize> = some.iter().map(|(group, _)| *group).collect();
        last.merge_batch(&[concat(&arrays).unwrap()], &of, count).unwrap();
    }
    let first = count / 2;
    let head = last.evaluate(EmitTo::First(first)).unwrap();
    let tail = last.evaluate(EmitTo::All).unwrap();
    let values = concat(&[head.as_ref(), tail.as_ref()]).unwrap();
    (0..count)
        .map(|group| ScalarValue::try_from_array(&values, group).unwrap())
        .collect()
}

fn of_group(columns: &[ArrayRef], groups: &[usize], group: usize) -> Vec<ArrayRef> {
    let at = (0..).zip(groups).filter(|(_, of)| **of == group).map(|(row, _)| row);
    take_arrays(
        columns,
        &arrow::array::PrimitiveArray::<UInt32Type>::from_iter_values(at),
        None,
    )
    .unwrap()
}

#[test]
fn every_aggregate_gives_the_same_bits_in_pieces_and_in_any_order() {
    const GROUPS: usize = 4;
    let mut rng = StdRng::seed_from_u64(2_718);
    let mut different = 0;
    for call in Call::all() {
        for data in call.data() {
            for _ in 0..12 {
                let rows = random(&mut rng, data, 150);
                let columns = call.columns(&rows);
                let groups: Vec<usize> = rows.iter().map(|_| rng.random_range(0..GROUPS)).collect();
                let expected: Vec<ScalarValue> = (0..GROUPS)
                    .map(|group| call.result(&of_group(&columns, &groups, group)))
                    .collect();
                different += expected.iter().filter(|value| !value.is_null()).count();
                for _ in 0..4 {
                    let got = in_pieces(&call, &mut rng, &columns, &groups, GROUPS);
                    assert_eq!(got, expected, "{} of {data:?}", call.definition.name);
                }
                // one group at a time, as without GROUP BY
                for (group, expected) in expected.iter().enumerate() {
                    let columns = of_group(&columns, &groups, group);
                    let half = columns[0].len() / 2;
                    let mut last = call.expr.create_accumulator().unwrap();
                    for (from, length) in [(half, columns[0].len() - half), (0, half)] {
                        let part: Vec<ArrayRef> = columns.iter().map(|column| column.slice(from, length)).collect();
                        let mut accumulator = call.expr.create_accumulator().unwrap();
                        accumulator.update_batch(&call.arguments(&part)).unwrap();
                        let state = accumulator.state().unwrap().remove(0);
                        last.merge_batch(&[state.to_array().unwrap()]).unwrap();
                    }
                    assert_eq!(
                        last.evaluate().unwrap(),
                        *expected,
                        "{} of {data:?}",
                        call.definition.name
                    );
                }
            }
        }
    }
    assert!(different > 1000, "most results are values: {different}");
}

#[test]
fn every_aggregate_forgets_what_a_window_takes_back() {
    let mut rng = StdRng::seed_from_u64(31_415);
    for call in Call::all() {
        for data in call.data() {
            let rows = random(&mut rng, data, 600);
            let columns = call.columns(&rows);
            let mut accumulator = call.expr.create_sliding_accumulator().unwrap();
            let (mut from, mut to) = (0_usize, 0_usize);
            while to < rows.len() {
                let new = rng.random_range(1..30).min(rows.len() - to);
                let slice = |from: usize, length: usize| -> Vec<ArrayRef> {
                    call.arguments(
                        &columns
                            .iter()
                            .map(|column| column.slice(from, length))
                            .collect::<Vec<_>>(),
                    )
                };
                accumulator.update_batch(&slice(to, new)).unwrap();
                to += new;
                let old = rng.random_range(0..=40).min(to - from);
                accumulator.retract_batch(&slice(from, old)).unwrap();
                from += old;
                let window: Vec<ArrayRef> = columns.iter().map(|column| column.slice(from, to - from)).collect();
                let got = accumulator
                    .evaluate()
                    .unwrap_or_else(|error| panic!("{} of {window:?}: {error}", call.definition.name));
                assert_eq!(
                    got,
                    call.result(&window),
                    "{} of {data:?}, rows {from} to {to}",
                    call.definition.name
                );
                assert_eq!(got, accumulator.evaluate().unwrap());
            }
        }
    }
}

#[tokio::test]
async fn partitions_do_not_change_a_bit() {
    let mut rng = StdRng::seed_from_u64(1_618);
    for call in Call::all() {
        for data in call.data().into_iter().filter(|of| *of != Data::WithNull) {
            let rows_in = random(&mut rng, data, 2_000);
            let mut columns = call.columns(&rows_in);
            let mut fields: Vec<Field> = call
                .schema
                .fields()
                .iter()
                .map(|field| field.as_ref().clone())
                .collect();
            columns.push(Arc::new(StringArray::from_iter_values(
                rows_in.iter().map(|_| format!("k{}", rng.random_range(0..9))),
            )));
            fields.push(Field::new("k", DataType::Utf8, false));
            let schema = Arc::new(Schema::new(fields));
            let whole = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
            let (mut column, mut name) = (0, 0);
            let arguments: Vec<String> = call
                .takes
                .iter()
                .filter(|argument| !argument.is_optional())
                .map(|argument| {
                    if argument.role == Role::Name {
                        name += 1;
                        return format!("'{}'", text(last_key(call.takes), name - 1));
                    }
                    column += 1;
                    format!("c{}", column - 1)
                })
                .collect();
            let sql = format!(
                "SELECT k, {}({}) FROM t GROUP BY k ORDER BY k",
                call.definition.name,
                arguments.join(", ")
            );
            let mut seen = Vec::new();
            for partitions in [1_usize, 2, 16] {
                let context = session(partitions);
                let size = whole.num_rows().div_ceil(partitions);
                let parts = (0..partitions)
                    .map(|at| vec![whole.slice(at * size, size.min(whole.num_rows() - at * size))])
                    .collect();
                let table = MemTable::try_new(Arc::clone(&schema), parts).unwrap();
                register(&context, Arc::new(table));
                let batches = rows(&context, &sql).await;
                seen.push(arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap());
            }
            assert_eq!(seen[0], seen[1], "{sql}");
            assert_eq!(seen[0], seen[2], "{sql}");
            assert_eq!(seen[0].num_rows(), 9);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the functions alone, without a lake")]
fn register(context: &datafusion::prelude::SessionContext, table: Arc<MemTable>) {
    context.register_table("t", table).unwrap();
}

#[tokio::test]
async fn every_documented_example_gives_its_number() {
    let context = session(2);
    let mut wrong = Vec::new();
    for definition in catalogue() {
        let batches = rows(&context, definition.example.sql).await;
        let column = batches
            .iter()
            .find(|batch| batch.num_rows() == 1)
            .expect("one row")
            .column(0);
        let got = arrow::util::display::array_value_to_string(column, 0).expect("text");
        if got != definition.example.result {
            wrong.push(format!(
                "{}: {got}, not {}",
                definition.example.sql, definition.example.result
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_function_is_documented() {
    for of in catalogue() {
        for text in [
            of.formula,
            of.reading,
            of.range,
            of.null_when,
            of.source,
            of.example.sql,
        ] {
            assert!(text.len() > 5, "{}: {text}", of.name);
        }
        assert!(
            of.source.contains("doi:") || of.source.contains("19") || of.source.contains("20"),
            "{}: a year or a DOI",
            of.name
        );
        assert!(of.example.sql.contains(of.name), "{}: the example calls it", of.name);
        for signature in of.signatures() {
            assert!(signature.starts_with(&format!("{}(", of.name)), "{signature}");
        }
    }
}

fn close(left: Option<f64>, right: Option<f64>, by: f64) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => (left - right).abs() <= by * left.abs().max(right.abs()).max(1e-3),
        (None, None) => true,
        _ => false,
    }
}

/// Areas with counts of some groups.
fn towns(groups: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Vec<u32>>> {
    (groups, 1_usize..9).prop_flat_map(|(groups, areas)| {
        let count = prop_oneof![1 => Just(0_u32), 3 => 0_u32..40, 1 => 0_u32..4000];
        prop::collection::vec(prop::collection::vec(count, groups), areas)
    })
}

/// Tries a law on every form of every aggregate that declares it. `holds` says nothing where the law says nothing.
fn law(law: impl Fn(&Law) -> bool, groups: std::ops::Range<usize>, holds: impl Fn(&Call, &[Vec<u32>]) -> Option<bool>) {
    let mut tried = 0;
    for call in Call::all() {
        if !call.definition.laws.iter().any(&law) {
            continue;
        }
        // a form may want as many groups as it has counts or names
        let count = |role: Role| call.takes.iter().filter(|of| of.role == role).count();
        let least = count(Role::Count).max(count(Role::Name)).max(groups.start);
        let mut runner = TestRunner::deterministic();
        let said = std::cell::Cell::new(0);
        runner
            .run(&towns(least..groups.end.max(least + 1)), |town| {
                if let Some(held) = holds(&call, &town) {
                    said.set(said.get() + 1);
                    prop_assert!(held, "{}: {:?}", call.definition.name, call.value(&town));
                }
                Ok(())
            })
            .unwrap();
        assert!(
            said.get() > 20,
            "{}: the law says something: {}",
            call.definition.name,
            said.get()
        );
        tried += 1;
    }
    assert!(tried > 0, "a function declares the law");
}

#[test]
fn values_stay_within_their_range() {
    for call in Call::all() {
        let bounds = call.definition.laws.iter().find_map(|law| match law {
            Law::Within(lo, hi) => Some((*lo, *hi)),
            _ => None,
        });
        let Some((lo, hi)) = bounds else { continue };
        TestRunner::deterministic()
            .run(&towns(3..6), |town| {
                if let Some(value) = call.value(&town) {
                    prop_assert!(value >= lo && value <= hi, "{}: {value}", call.definition.name);
                }
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn as_many_times_more_people_change_nothing() {
    law(
        |law| *law == Law::Scale,
        2..6,
        |call, town| {
            let more: Vec<Vec<u32>> = town.iter().map(|area| area.iter().map(|n| n * 7).collect()).collect();
            let value = call.value(town);
            // sums over pairs of places round more than sums over areas
            let by = if call.has_places() { 1e-10 } else { 1e-12 };
            value.map(|_| close(value, call.value(&more), by))
        },
    );
}

#[test]
fn areas_split_with_the_same_mix_change_nothing() {
    law(
        |law| *law == Law::Division,
        2..6,
        |call, town| {
            let times = |area: &[u32], by: u32| area.iter().map(|n| n * by).collect::<Vec<u32>>();
            let whole: Vec<Vec<u32>> = town.iter().map(|area| times(area, 3)).collect();
            let mut split = whole.clone();
            split[0] = times(&town[0], 1);
            split.push(times(&town[0], 2));
            let value = call.value(&whole);
            value.map(|_| close(value, call.value(&split), 1e-12))
        },
    );
}

#[test]
fn the_same_mix_everywhere_is_zero() {
    law(
        |law| *law == Law::ZeroWhenEven,
        2..6,
        |call, town| {
            let even: Vec<Vec<u32>> = town
                .iter()
                .map(|area| town[0].iter().map(|n| n * (area[0] + 1)).collect())
                .collect();
            let by = if call.has_places() { 1e-12 } else { 1e-14 };
            call.value(&even).map(|value| value.abs() <= by)
        },
    );
}

#[test]
fn groups_that_never_meet_are_one() {
    law(
        |law| *law == Law::OneWhenApart,
        2..6,
        |call, town| {
            let apart: Vec<Vec<u32>> = town
                .iter()
                .enumerate()
                .map(|(at, area)| {
                    let one = at % area.len().min(2);
                    area.iter()
                        .enumerate()
                        .map(|(group, n)| if group == one { n + 1 } else { 0 })
                        .collect()
                })
                .collect();
            (town.len() > 1).then(|| call.value(&apart).is_some_and(|value| (value - 1.0).abs() <= 1e-12))
        },
    );
}

#[test]
fn groups_may_change_places() {
    law(
        |law| *law == Law::GroupSymmetry,
        2..3,
        |call, town| {
            let turned: Vec<Vec<u32>> = town.iter().map(|area| area.iter().rev().copied().collect()).collect();
            let value = call.value(town);
            value.map(|_| close(value, call.value(&turned), 1e-12))
        },
    );
}

#[test]
fn areas_and_groups_may_change_places() {
    law(
        |law| *law == Law::RoleSymmetry,
        2..6,
        |call, town| {
            // a form that names groups cannot name areas instead
            if call.keys() < 2 || call.takes.iter().any(|of| of.role == Role::Name) {
                return Some(true);
            }
            let turned: Vec<Vec<u32>> = (0..town[0].len())
                .map(|group| town.iter().map(|area| area[group]).collect())
                .collect();
            let value = call.value(town)?;
            // an area alone has no second group to compare with
            call.value(&turned).map(|other| (value - other).abs() <= 1e-12)
        },
    );
}

#[test]
fn exchanges_towards_the_same_mix_do_not_raise() {
    law(
        |law| *law == Law::Exchange,
        2..3,
        |call, town| {
            let share = |area: &[u32]| f64::from(area[0]) / f64::from(area[0] + area[1]);
            let mut sorted: Vec<usize> = (0..town.len()).filter(|at| town[*at].iter().sum::<u32>() > 0).collect();
            sorted.sort_by(|left, right| share(&town[*left]).total_cmp(&share(&town[*right])));
            let (poor, rich) = (*sorted.first()?, *sorted.last()?);
            if poor == rich || town[rich][0] == 0 || town[poor][1] == 0 {
                return None;
            }
            let mut after = town.to_vec();
            after[rich][0] -= 1;
            after[rich][1] += 1;
            after[poor][0] += 1;
            after[poor][1] -= 1;
            if share(&after[rich]) < share(&after[poor]) {
                return None;
            }
            Some(call.value(&after)? <= call.value(town)? + 1e-12)
        },
    );
}

#[tokio::test]
async fn scalars_keep_their_range() {
    let context = session(1);
    let mut rng = StdRng::seed_from_u64(141);
    for definition in catalogue().into_iter().filter(|definition| !definition.is_aggregate()) {
        let Some((lo, hi)) = definition.laws.iter().find_map(|law| match law {
            Law::Within(lo, hi) => Some((*lo, *hi)),
            _ => None,
        }) else {
            continue;
        };
        let mut calls = Vec::new();
        for _ in 0..200 {
            let mut part = 0.0;
            let arguments: Vec<String> = definition.forms()[0]
                .iter()
                .filter(|argument| !argument.is_optional())
                .map(|argument| {
                    let value = f64::from(rng.random_range(0..100_u32));
                    match argument.role {
                        Role::Total => format!("{}", std::mem::take(&mut part) + value),
                        Role::Number => format!("{}", value - 50.0),
                        _ => {
                            part += value;
                            format!("{value}")
                        }
                    }
                })
                .collect();
            calls.push(format!("SELECT {}({}) AS v", definition.name, arguments.join(", ")));
        }
        let mut values = 0;
        for batch in rows(&context, &calls.join(" UNION ALL ")).await {
            let mut columns = vec![Arc::clone(batch.column(0))];
            if let Some(fields) = batch.column(0).as_struct_opt() {
                columns = fields.columns().to_vec();
            }
            for column in columns {
                let column = arrow::compute::cast(&column, &DataType::Float64).unwrap();
                for value in column.as_primitive::<Float64Type>().iter().flatten() {
                    assert!(value >= lo && value <= hi, "{}: {value}", definition.name);
                    values += 1;
                }
            }
        }
        assert!(values > 50, "{}: {values} values", definition.name);
    }
}
