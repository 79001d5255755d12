//! SQL logic tests: every file under `tests/slt` is one test, run through the engine's own session.
//!
//! `cargo test --release --test sql`; a word after `--` chooses files. `SAMSYN_SLT_UPDATE=1` writes what came out into the
//! files: read the difference before you keep it. Floats are compared as text with twelve digits, errors by regular
//! expression against `SAMSYN-nnnn message (help: hint)`. Tables: `core.town` (twelve areas of the fictional Lillköping),
//! `core.town_long` (the same people by area and birth region), `core.town_map` (the areas on a grid of three by four
//! kilometres, with made-up land and distances) and `core.town_edges` (a row an area, and one a pair with a common side).
#![expect(clippy::expect_used, reason = "a test that cannot go on should stop")]

use std::{
    fmt,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Float64Type},
    util::display::{ArrayFormatter, FormatOptions},
};
use datafusion::datasource::MemTable;
use futures::TryStreamExt;
use libtest_mimic::{Arguments, Failed, Trial};
use samsyn::{
    catalog::{Entry, Rows, Tables},
    engine::{Engine, EngineOptions, Session},
    error::Error,
    functions::RecordKeys,
    lake::{Lake, LakeOptions},
    model::{Clock, Layer, TableId},
};
use sqllogictest::{
    AsyncDB, DBOutput, DefaultColumnType, Runner, default_normalizer, default_validator, strict_column_validator,
};

/// Area, inhabitants, households in the lowest and highest quintile, born in the EU, born elsewhere, mean income.
const TOWN: [(&str, [i64; 6]); 12] = [
    ("A01", [1200, 90, 180, 60, 60, 412]),
    ("A02", [1500, 120, 240, 75, 90, 398]),
    ("A03", [1100, 70, 210, 50, 40, 441]),
    ("A04", [1800, 160, 230, 110, 150, 371]),
    ("A05", [2100, 420, 90, 160, 620, 262]),
    ("A06", [1900, 460, 60, 150, 780, 241]),
    ("A07", [1300, 150, 130, 80, 140, 334]),
    ("A08", [1600, 210, 120, 100, 260, 309]),
    ("A09", [2000, 520, 50, 170, 900, 228]),
    ("A10", [900, 60, 150, 40, 30, 427]),
    ("A11", [1400, 140, 160, 80, 110, 352]),
    ("A12", [1000, 110, 80, 60, 90, 318]),
];

/// The engine as a database of the runner.
struct Database(Session);

/// An error with its code, as records match it.
#[derive(Debug)]
struct Failure(Error);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SAMSYN-{:04} {}", self.0.code(), self.0)?;
        match self.0.hint_text() {
            Some(hint) => write!(f, " (help: {hint})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failure {}

#[async_trait::async_trait]
impl AsyncDB for Database {
    type Error = Failure;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Failure> {
        let statement = self.0.prepare(sql).await.map_err(Failure)?;
        let types = statement
            .schema()
            .fields()
            .iter()
            .map(|field| kind(field.data_type()))
            .collect();
        let stream = statement.stream().await.map_err(Failure)?;
        let batches: Vec<RecordBatch> = stream.try_collect().await.map_err(|error| Failure(error.into()))?;
        let mut rows = Vec::new();
        for batch in batches {
            let columns: Vec<Vec<String>> = batch.columns().iter().map(texts).collect();
            rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|column| column[row].clone()).collect()));
        }
        Ok(DBOutput::Rows { types, rows })
    }

    async fn shutdown(&mut self) {}

    fn engine_name(&self) -> &'static str {
        "samsyn"
    }
}

fn kind(of: &DataType) -> DefaultColumnType {
    match of {
        of if of.is_integer() => DefaultColumnType::Integer,
        of if of.is_floating() => DefaultColumnType::FloatingPoint,
        of if of.is_string() => DefaultColumnType::Text,
        _ => DefaultColumnType::Any,
    }
}

fn texts(column: &ArrayRef) -> Vec<String> {
    if column.data_type() == &DataType::Float64 {
        let digits = |value: f64| format!("{value:.11e}").parse::<f64>().expect("a number").to_string();
        return column
            .as_primitive::<Float64Type>()
            .iter()
            .map(|value| value.map_or_else(|| "NULL".to_owned(), digits))
            .collect();
    }
    let options = FormatOptions::default().with_null("NULL");
    let formatter = ArrayFormatter::try_new(column, &options).expect("a printable column");
    (0..column.len())
        .map(|row| match formatter.value(row).to_string() {
            text if text.is_empty() => "(empty)".to_owned(),
            text => text,
        })
        .collect()
}

fn table(columns: Vec<(&str, ArrayRef)>) -> Entry {
    let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).expect("a table");
    Entry {
        source: Rows::Memory(Arc::new(table)),
        description: None,
        key: Vec::new(),
    }
}

fn tables() -> Tables {
    let areas: ArrayRef = Arc::new(StringArray::from_iter_values(TOWN.iter().map(|(area, _)| *area)));
    let number =
        |at: usize| -> ArrayRef { Arc::new(Int64Array::from_iter_values(TOWN.iter().map(|(_, row)| row[at]))) };
    let mut wide = vec![("area", areas)];
    for (at, name) in ["t", "q1", "q5", "eu", "other", "income"].into_iter().enumerate() {
        wide.push((name, number(at)));
    }
    let long: Vec<(&str, &str, i64)> = TOWN
        .iter()
        .flat_map(|(area, [t, _, _, eu, other, _])| {
            [
                (*area, "eu", *eu),
                (*area, "other", *other),
                (*area, "sweden", t - eu - other),
            ]
        })
        .collect();
    let long = table(vec![
        (
            "area",
            Arc::new(StringArray::from_iter_values(long.iter().map(|row| row.0))),
        ),
        (
            "born",
            Arc::new(StringArray::from_iter_values(long.iter().map(|row| row.1))),
        ),
        (
            "n",
            Arc::new(Int64Array::from_iter_values(long.iter().map(|row| row.2))),
        ),
    ]);
    let id = |name: &str| TableId::new(Layer::Core, name).expect("a name");
    Tables::from([
        (id("town"), table(wide)),
        (id("town_long"), long),
        (id("town_map"), table(map())),
        (id("town_edges"), table(edges())),
    ])
}

/// Where an area lies, in kilometres.
fn place(at: usize) -> (f64, f64) {
    ((at % 4) as f64, (at / 4) as f64)
}

fn map() -> Vec<(&'static str, ArrayRef)> {
    let number =
        |of: &dyn Fn(usize) -> f64| -> ArrayRef { Arc::new(Float64Array::from_iter_values((0..TOWN.len()).map(of))) };
    let text = |of: &dyn Fn(usize) -> &'static str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values((0..TOWN.len()).map(of)))
    };
    let count = |at: usize, of: usize| TOWN[at].1[of] as f64;
    vec![
        ("area", text(&|at| TOWN[at].0)),
        ("part", text(&|at| if at < 6 { "north" } else { "south" })),
        ("east", number(&|at| 1000.0 * place(at).0)),
        ("north", number(&|at| 1000.0 * place(at).1)),
        ("size", number(&|at| 1e6 + 1000.0 * count(at, 5))),
        ("distance", number(&|at| (count(at, 5) - 300.0).abs())),
        ("x", number(&|at| count(at, 4))),
        ("t", number(&|at| count(at, 0))),
        ("income", number(&|at| count(at, 5))),
    ]
}

fn edges() -> Vec<(&'static str, ArrayRef)> {
    let all = (0..TOWN.len()).flat_map(|from| (0..TOWN.len()).map(move |to| (from, to)));
    let pairs: Vec<(usize, usize)> = all
        .filter(|(from, to)| {
            let (from, to) = (place(*from), place(*to));
            (from.0 - to.0).abs() + (from.1 - to.1).abs() < 1.5
        })
        .collect();
    let text = |of: &dyn Fn(usize, usize) -> &'static str| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(
            pairs.iter().map(|(from, to)| of(*from, *to)),
        ))
    };
    // what an area has stands on its own row
    let own = |of: &dyn Fn(usize) -> f64| -> ArrayRef {
        let values = pairs.iter().map(|(from, to)| (from == to).then(|| of(*from)));
        Arc::new(values.collect::<Float64Array>())
    };
    let count = |at: usize, of: usize| TOWN[at].1[of] as f64;
    vec![
        ("area", text(&|from, _| TOWN[from].0)),
        ("neighbour", text(&|_, to| TOWN[to].0)),
        ("part", text(&|from, _| if from < 6 { "north" } else { "south" })),
        ("x", own(&|at| count(at, 4))),
        ("t", own(&|at| count(at, 0))),
        ("value", own(&|at| 100.0 * count(at, 4) / count(at, 0))),
        ("perimeter", own(&|_| 4000.0)),
        ("size", own(&|at| 1e6 + 1000.0 * count(at, 5))),
        (
            "w",
            Arc::new(Float64Array::from_iter_values(
                pairs.iter().map(|(from, to)| if from == to { 0.0 } else { 1.0 }),
            )),
        ),
    ]
}

async fn database() -> Result<Database, sqllogictest::TestError> {
    let options = LakeOptions {
        clock: Clock::System,
        storage: std::collections::BTreeMap::default(),
    };
    let lake = Lake::open("memory://sql", &options).await.expect("a lake in memory");
    let engine = Engine::new(
        lake,
        EngineOptions {
            threads: 2,
            memory: None,
        },
    )
    .expect("an engine")
    .with_record_keys(RecordKeys::new(b"a secret of the tests, which is long enough").expect("a secret"));
    Ok(Database(engine.workspace(tables()).expect("a session")))
}

fn run(path: &Path, update: bool) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let database = database().await.expect("a database");
        let session = database.0;
        let mut runner = Runner::new(|| async { Ok(Database(session.clone())) });
        runner.with_column_validator(strict_column_validator);
        if update {
            return runner
                .update_test_file(
                    path,
                    " ",
                    default_validator,
                    default_normalizer,
                    strict_column_validator,
                )
                .await
                .map_err(|error| Failed::from(error.to_string()));
        }
        runner
            .run_file_async(path)
            .await
            .map_err(|error| Failed::from(error.display(false).to_string()))
    })
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder of tests") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "slt") {
            found.push(path);
        }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    #[expect(
        clippy::disallowed_methods,
        reason = "a switch of the tests, not a setting of the program"
    )]
    let update = std::env::var("SAMSYN_SLT_UPDATE").is_ok_and(|value| value == "1");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slt");
    let mut found = Vec::new();
    files(&root, &mut found);
    found.sort();
    assert!(!found.is_empty(), "there are tests in {}", root.display());
    let mut trials: Vec<Trial> = found
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).expect("below the folder").with_extension("");
            let name = name.to_string_lossy().replace('/', "::");
            Trial::test(name, move || run(&path, update))
        })
        .collect();
    trials.push(Trial::test("every_function_has_a_file", every_function_has_a_file));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// One file a function, in the folder of its family, and in it what the rules of all functions are about.
fn every_function_has_a_file() -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slt");
    let mut missing = Vec::new();
    let all = samsyn::functions::catalogue();
    for definition in &all {
        if all
            .iter()
            .any(|of| of.twins.iter().any(|twin| twin.name == definition.name))
        {
            continue;
        }
        let name = format!("{}/{}.slt", definition.family, definition.name);
        let text = std::fs::read_to_string(root.join(&name)).unwrap_or_default();
        let mut wanted = vec!["NULL", "query error SAMSYN-"];
        if definition.is_aggregate() {
            wanted.extend(["GROUP BY", "OVER (", "FILTER (WHERE", "DISTINCT"]);
        }
        let gaps: Vec<_> = wanted.into_iter().filter(|word| !text.contains(word)).collect();
        if !gaps.is_empty() {
            missing.push(format!("{name}: nothing about {}", gaps.join(", ")));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(missing.join("\n").into())
}
