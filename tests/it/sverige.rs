//! The pipeline `sverige` over the real files, held against values computed here, from the files, with nothing of samsyn.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    compute::{cast, concat_batches},
    datatypes::{DataType, Float64Type, Int64Type, SchemaRef},
};
use futures::TryStreamExt as _;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use samsyn::{
    config::Settings,
    engine::{Engine, EngineOptions},
    lake::{Lake, LakeOptions},
    model::Clock,
    pipeline::{Progress, Project, RunResult, StepResult, check, plan, run},
    policy::Identity,
};

use crate::shared::shared;

mod strategy;

/// A table as a reader sees it.
pub(crate) struct Table {
    pub(crate) rows: RecordBatch,
    /// Columns with their descriptions and units.
    schema: SchemaRef,
    description: String,
}

/// What a run of a pipeline of this project made.
pub(crate) struct Made {
    tables: BTreeMap<String, Table>,
    result: RunResult,
}

struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str) {}
    fn end(&self, _: &StepResult) {}
    fn tell(&self, _: &str) {}
}

/// The pipeline's result, made once for all tests here; None without the data.
fn made() -> Option<&'static Made> {
    static MADE: LazyLock<Option<Made>> = LazyLock::new(|| Some(run_pipeline("sverige", Some(shared("data/sweden")?))));
    MADE.as_ref()
}

/// Runs a pipeline of this project in a lake of its own and reads every table.
pub(crate) fn run_pipeline(pipeline: &'static str, extracts: Option<PathBuf>) -> Made {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(8 << 20)
        .enable_all()
        .build()
        .unwrap();
    // on a thread of the runtime: plans need its deep stack
    let task = runtime.spawn(make(pipeline, extracts));
    runtime.block_on(task).unwrap()
}

async fn make(pipeline: &str, extracts: Option<PathBuf>) -> Made {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = Project::load(root).unwrap();
    let flags = [("extracts", extracts.map(|folder| folder.to_string_lossy().into_owned()))];
    let settings = Settings::load(root, &flags).unwrap();
    let options = LakeOptions {
        clock: Clock::Fixed(chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap()),
        storage: BTreeMap::new(),
    };
    let lake = Lake::open(&format!("memory://it-{pipeline}"), &options).await.unwrap();
    let options = EngineOptions {
        threads: 2,
        memory: None,
    };
    let engine = Engine::new(lake.clone(), options).unwrap();
    let checked = check(&project, &engine).await.unwrap();
    let selected = project.select(&[pipeline.to_owned()]).unwrap();
    let planned = plan(&project, &lake, &settings, checked.graph, &selected)
        .await
        .unwrap();
    let result = run(project.clone(), &engine, planned, Arc::new(Silent)).await.unwrap();
    let session = engine.session(&Identity::operator()).await.unwrap();
    let mut tables = BTreeMap::new();
    for table in session.tables(None).await.unwrap() {
        if table.schema == "system" || table.schema == "information_schema" {
            continue;
        }
        let name = format!("{}.{}", table.schema, table.name);
        let statement = session.prepare(&format!("SELECT * FROM {name}")).await.unwrap();
        let batches: Vec<RecordBatch> = statement.stream().await.unwrap().try_collect().await.unwrap();
        let rows = concat_batches(&statement.schema(), &batches).unwrap();
        let description = table.description.unwrap_or_default();
        let schema = table.arrow;
        tables.insert(
            name,
            Table {
                rows,
                schema,
                description,
            },
        );
    }
    Made { tables, result }
}

impl Made {
    pub(crate) fn table(&self, name: &str) -> &Table {
        self.tables
            .get(name)
            .unwrap_or_else(|| panic!("no {name} among {:?}", self.tables.keys()))
    }
}

impl Table {
    fn column(&self, name: &str, kind: &DataType) -> ArrayRef {
        let column = self.rows.column_by_name(name).unwrap_or_else(|| panic!("no {name}"));
        cast(column, kind).unwrap()
    }

    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let column = self.column(name, &DataType::Utf8);
        column
            .as_string::<i32>()
            .iter()
            .map(|text| text.unwrap_or_default().to_owned())
            .collect()
    }

    pub(crate) fn integers(&self, name: &str) -> Vec<Option<i64>> {
        self.column(name, &DataType::Int64)
            .as_primitive::<Int64Type>()
            .iter()
            .collect()
    }

    pub(crate) fn numbers(&self, name: &str) -> Vec<Option<f64>> {
        self.column(name, &DataType::Float64)
            .as_primitive::<Float64Type>()
            .iter()
            .collect()
    }

    /// A year for every row.
    fn years(&self) -> Vec<i64> {
        self.integers("ar").into_iter().map(Option::unwrap).collect()
    }
}

/// The records of a file with a header, by plain means; footnotes and their like are records of their own length.
fn records(file: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let bytes = std::fs::read(shared(&format!("data/sweden/{file}")).unwrap()).unwrap();
    let (text, _, wrong) = encoding_rs::UTF_8.decode(&bytes);
    assert!(!wrong);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut all = reader
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>());
    let header = all.next().unwrap();
    (header, all.collect())
}

fn squeezed(label: &str) -> String {
    label.split_whitespace().collect()
}

/// RegSO code by label, blanks apart.
static KEY: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let (header, rows) = records("codes/koppling-deso2018-regso2020.csv");
    assert_eq!(
        header,
        ["Kommun", "Kommunnamn", "DeSO_2018", "RegSO_2020", "RegSOkod_2020"]
    );
    rows.into_iter()
        .map(|row| (squeezed(&format!("{} ({})", row[1], row[3])), row[4].clone()))
        .collect()
});

fn regso(label: &str) -> String {
    KEY.get(&squeezed(label))
        .unwrap_or_else(|| panic!("no code for {label}"))
        .clone()
}

/// RegSO, year → persons, born in Sweden.
fn population() -> BTreeMap<(String, i64), [i64; 2]> {
    let (header, rows) = records("regso/folkmangd_fodelseregion_regso_2020_2023.csv");
    let mut all: BTreeMap<(String, i64), [i64; 2]> = BTreeMap::new();
    for row in rows {
        let born = match row[1].as_str() {
            "totalt" => 0,
            "Sverige" => 1,
            other => panic!("{other}"),
        };
        for (name, cell) in header.iter().zip(&row).skip(3) {
            let year = name.strip_prefix("Antal ").unwrap().parse().unwrap();
            all.entry((regso(&row[0]), year)).or_default()[born] = cell.parse().unwrap();
        }
    }
    all
}

/// RegSO, year, tenure → dwellings.
fn dwellings() -> BTreeMap<(String, i64, String), i64> {
    let (header, rows) = records("regso/bostader_upplatelseform_regso_2020_2023.csv");
    let mut all = BTreeMap::new();
    for row in rows {
        for (name, cell) in header.iter().zip(&row).skip(2) {
            let year = name.strip_prefix("Antal ").unwrap().parse().unwrap();
            all.insert((regso(&row[0]), year, row[1].clone()), cell.parse().unwrap());
        }
    }
    all
}

/// RegSO, year → thousand kronor.
fn incomes() -> BTreeMap<(String, i64), f64> {
    let (header, rows) = records("regso/loneinkomst_regso_2020_2023.csv");
    let mut all = BTreeMap::new();
    for row in rows {
        for (name, cell) in header.iter().zip(&row).skip(3) {
            let year = name.rsplit(' ').next().unwrap().parse().unwrap();
            all.insert((regso(&row[0]), year), cell.parse().unwrap());
        }
    }
    all
}

fn close(have: f64, want: f64, what: &str) {
    assert!(
        (have - want).abs() <= 1e-12 * want.abs().max(1.0),
        "{what}: {have} and not {want}"
    );
}

/// The labels that do not equal the key's names letter by letter.
const ODD: [&str; 6] = [
    "Botkyrka (Tuna )",
    "Härryda (Pixbo-Båtmanstorpet-Benareby )",
    "Sandviken (Sandviken centrum )",
    "Söderhamn (Söderhamn centrum )",
    "Tjörn (Tjörn sydväst )",
    "Ulricehamn (Ulricehamn centrum )",
];

#[test]
fn nothing_is_set_aside_and_notes_are_kept() {
    let Some(made) = made() else { return };
    for step in &made.result.steps {
        assert_eq!(
            (step.quarantined, step.state),
            (0, "done"),
            "{}: {:?}",
            step.step,
            step.notes
        );
    }
    let rows = |table: &str| made.table(table).rows.num_rows();
    assert_eq!(rows("raw.scb_deso_regso_nyckel"), 5984);
    assert_eq!(
        rows("raw.scb_folkmangd_regso"),
        records("regso/folkmangd_fodelseregion_regso_2020_2023.csv").1.len() * 4
    );
    assert_eq!(
        rows("raw.scb_bostader_regso"),
        records("regso/bostader_upplatelseform_regso_2020_2023.csv").1.len() * 4
    );
    assert_eq!(
        rows("raw.scb_loneinkomst_regso"),
        records("regso/loneinkomst_regso_2020_2023.csv").1.len() * 4
    );
    assert_eq!(rows("raw.kolada_kpi_data"), 127_600);
    assert_eq!(rows("raw.kolada_kpi_list"), 5872);
}

#[test]
fn population_sums_of_every_kommun() {
    let Some(made) = made() else { return };
    let expected = population();
    let table = made.table("pub.befolkning_regso");
    let mut found: BTreeMap<(String, i64, String), (i64, usize)> = BTreeMap::new();
    let mut single: BTreeMap<(String, i64, String), i64> = BTreeMap::new();
    let (regsos, kommuner, born) = (
        table.texts("regso"),
        table.texts("kommun"),
        table.texts("fodelseregion"),
    );
    for (at, count) in table.integers("antal").into_iter().enumerate() {
        assert!(regsos[at].starts_with(&kommuner[at]));
        let count = count.unwrap();
        let year = table.years()[at];
        single.insert((regsos[at].clone(), year, born[at].clone()), count);
        let sum = found.entry((kommuner[at].clone(), year, born[at].clone())).or_default();
        *sum = (sum.0 + count, sum.1 + 1);
    }
    let mut wanted: BTreeMap<(String, i64, String), (i64, usize)> = BTreeMap::new();
    for ((regso, year), [all, sweden]) in &expected {
        for (born, count) in [("totalt", *all), ("Sverige", *sweden), ("utomlands", all - sweden)] {
            assert_eq!(
                single[&(regso.clone(), *year, born.to_owned())],
                count,
                "{regso} {year} {born}"
            );
            let sum = wanted
                .entry((regso[..4].to_owned(), *year, born.to_owned()))
                .or_default();
            *sum = (sum.0 + count, sum.1 + 1);
        }
    }
    assert_eq!(single.len(), expected.len() * 3, "no row more or less");
    assert_eq!(found, wanted, "sums and numbers of RegSO per kommun");
    // the three län, with every kommun that the file has; the file lacks one, and the run says so
    let kommuner: BTreeSet<&str> = wanted.keys().map(|(kommun, ..)| kommun.as_str()).collect();
    let (_, all) = records("codes/municipalities.csv");
    let absent: Vec<&str> = all
        .iter()
        .filter(|row| ["01", "14", "21"].contains(&row[3].as_str()) && !kommuner.contains(row[0].as_str()))
        .map(|row| row[0].as_str())
        .collect();
    assert_eq!(absent, ["1427"], "Sotenäs");
    assert_eq!(made.result.warnings.len(), 1);
    assert!(
        made.result.warnings[0].contains("every RegSO"),
        "{:?}",
        made.result.warnings
    );
}

#[test]
fn the_six_odd_labels_are_in_every_table() {
    let Some(made) = made() else { return };
    let tables = [
        ("pub.befolkning_regso", 12),
        ("pub.bostader_regso", 16),
        ("pub.inkomst_regso", 4),
        ("pub.omradestyp_regso", 1),
    ];
    let raw: BTreeSet<String> = made
        .table("raw.scb_folkmangd_regso")
        .texts("region")
        .into_iter()
        .collect();
    for label in ODD {
        assert!(raw.contains(label), "{label} stands in the file so");
        let code = regso(label);
        for (table, rows) in tables {
            let found = made
                .table(table)
                .texts("regso")
                .iter()
                .filter(|regso| **regso == code)
                .count();
            assert_eq!(found, rows, "{label} in {table}");
        }
        let levels = made.table("pub.sammansattning_omrade").texts("omrade");
        assert!(levels.contains(&code), "{label}");
    }
}

#[test]
fn official_area_types() {
    let Some(made) = made() else { return };
    let table = made.table("pub.omradestyp_regso");
    assert!(table.years().iter().all(|year| *year == 2022));
    let types = table.integers("omradestyp");
    let mut counts = [0; 5];
    for class in &types {
        counts[usize::try_from(class.unwrap() - 1).unwrap()] += 1;
    }
    assert_eq!(counts, [160, 289, 855, 1770, 289]);
    let (_, rows) = records("regso/omradestyp_regso_2022.csv");
    let expected: BTreeMap<String, i64> = rows
        .iter()
        .take_while(|row| !row[0].is_empty())
        .map(|row| (regso(&row[0]), row[1].parse().unwrap()))
        .collect();
    let found: BTreeMap<String, i64> = table
        .texts("regso")
        .into_iter()
        .zip(types.into_iter().flatten())
        .collect();
    assert_eq!((found.len(), rows.len() > 3363), (3363, true));
    assert_eq!(found, expected);
}

/// x and t of every RegSO of a kommun and year.
fn areas() -> BTreeMap<(String, i64), Vec<(f64, f64)>> {
    let mut areas: BTreeMap<(String, i64), Vec<(f64, f64)>> = BTreeMap::new();
    for ((regso, year), [all, sweden]) in population() {
        let place = areas.entry((regso[..4].to_owned(), year)).or_default();
        place.push(((all - sweden) as f64, all as f64));
    }
    areas
}

/// −Σ p ln p of two groups.
fn entropy(p: f64) -> f64 {
    [p, 1.0 - p].iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum()
}

#[test]
fn segregation_of_every_kommun() {
    let Some(made) = made() else { return };
    let expected = areas();
    let table = made.table("pub.segregation_kommun");
    let (kommuner, years) = (table.texts("kommun"), table.years());
    let keys: BTreeSet<(String, i64)> = kommuner.iter().cloned().zip(years.iter().copied()).collect();
    assert_eq!(keys, expected.keys().cloned().collect());
    assert_eq!(table.rows.num_rows(), expected.len());
    let column = |name: &str| -> Vec<f64> { table.numbers(name).into_iter().map(Option::unwrap).collect() };
    let (d, isolation, exposure, h) = (
        column("dissimilaritet"),
        column("isolering"),
        column("exponering"),
        column("entropiindex"),
    );
    let (folk, share, low, high) = (
        column("folkmangd"),
        column("andel_utomlands"),
        column("lagsta_andel"),
        column("hogsta_andel"),
    );
    let count = column("antal_regso");
    for (at, kommun) in kommuner.iter().enumerate() {
        let areas = &expected[&(kommun.clone(), years[at])];
        let what = |index: &str| format!("{index} of {kommun} {}", years[at]);
        let x: f64 = areas.iter().map(|(x, _)| x).sum();
        let t: f64 = areas.iter().map(|(_, t)| t).sum();
        let y = t - x;
        let peopled = || areas.iter().filter(|(_, t)| *t > 0.0);
        close(
            d[at],
            peopled().map(|(xi, ti)| (xi / x - (ti - xi) / y).abs()).sum::<f64>() / 2.0,
            &what("D"),
        );
        close(
            isolation[at],
            peopled().map(|(xi, ti)| xi / x * (xi / ti)).sum(),
            &what("xPx"),
        );
        close(
            exposure[at],
            peopled().map(|(xi, ti)| xi / x * ((ti - xi) / ti)).sum(),
            &what("xPy"),
        );
        let whole = entropy(x / t);
        let parts: f64 = peopled().map(|(xi, ti)| ti * (whole - entropy(xi / ti))).sum();
        close(h[at], parts / (whole * t), &what("H"));
        let shares: Vec<f64> = peopled().map(|(xi, ti)| 100.0 * xi / ti).collect();
        assert_eq!((folk[at], count[at]), (t, areas.len() as f64), "{}", what("n"));
        close(share[at], 100.0 * x / t, &what("share"));
        close(
            low[at],
            shares.iter().copied().fold(f64::INFINITY, f64::min),
            &what("lowest"),
        );
        close(high[at], shares.iter().copied().fold(0.0, f64::max), &what("highest"));
    }
    // the values differ, so the comparison says something
    assert!(d.iter().copied().fold(0.0, f64::max) > 0.3 && d.iter().any(|d| *d < 0.1));
}

#[test]
fn composition_on_every_level() {
    let Some(made) = made() else { return };
    let table = made.table("pub.sammansattning_omrade");
    let mut expected: BTreeMap<(String, String, i64, String), i64> = BTreeMap::new();
    let mut add = |regso: &str, year: i64, group: &str, count: i64| {
        for (level, area) in [("regso", regso), ("kommun", &regso[..4]), ("lan", &regso[..2])] {
            *expected
                .entry((level.to_owned(), area.to_owned(), year, group.to_owned()))
                .or_default() += count;
        }
    };
    for ((regso, year), [all, sweden]) in population() {
        add(&regso, year, "Sverige", sweden);
        add(&regso, year, "utomlands", all - sweden);
    }
    for ((regso, year, tenure), count) in dwellings() {
        add(&regso, year, &tenure, count);
    }
    let (levels, areas, groups) = (table.texts("omrade_niva"), table.texts("omrade"), table.texts("grupp"));
    let (years, counts, shares) = (table.years(), table.integers("antal"), table.numbers("andel"));
    let parts = table.texts("indelning");
    let mut sums: BTreeMap<(String, String, i64, String), f64> = BTreeMap::new();
    assert_eq!(table.rows.num_rows(), expected.len());
    for at in 0..table.rows.num_rows() {
        let key = (levels[at].clone(), areas[at].clone(), years[at], groups[at].clone());
        assert_eq!(counts[at], Some(expected[&key]), "{key:?}");
        assert_eq!(
            groups[at] == "Sverige" || groups[at] == "utomlands",
            parts[at] == "fodelseregion"
        );
        if let Some(share) = shares[at] {
            *sums
                .entry((levels[at].clone(), areas[at].clone(), years[at], parts[at].clone()))
                .or_default() += share;
        }
    }
    for (key, sum) in &sums {
        close(*sum, 100.0, &format!("{key:?}"));
    }
    let one = expected[&("lan".to_owned(), "21".to_owned(), 2023, "hyresrätt".to_owned())];
    assert!(one > 10_000);
}

/// The value that this share of the sorted values lies below, between two values in proportion.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let mut below = sorted[0];
    for (rank, value) in sorted.iter().enumerate() {
        let over = place - rank as f64;
        if over <= 0.0 {
            return below + (value - below) * (1.0 + over).clamp(0.0, 1.0);
        }
        below = *value;
    }
    below
}

#[test]
fn spread_stands_beside_every_mean() {
    let Some(made) = made() else { return };
    // kommun, year, measure → weight and value of each RegSO
    let mut expected: BTreeMap<(String, i64, String), Vec<(f64, f64)>> = BTreeMap::new();
    let folk = population();
    let mut add = |regso: &str, year: i64, measure: &str, weight: f64, value: f64| {
        let values = expected
            .entry((regso[..4].to_owned(), year, measure.to_owned()))
            .or_default();
        values.push((weight, value));
    };
    for ((regso, year), [all, sweden]) in &folk {
        if *all > 0 {
            add(
                regso,
                *year,
                "andel_utomlands",
                *all as f64,
                100.0 * (all - sweden) as f64 / *all as f64,
            );
        }
    }
    let homes = dwellings();
    let mut sums: BTreeMap<(&str, i64), i64> = BTreeMap::new();
    for ((regso, year, _), count) in &homes {
        *sums.entry((regso, *year)).or_default() += count;
    }
    for ((regso, year, tenure), count) in &homes {
        let all = sums[&(regso.as_str(), *year)];
        if tenure != "uppgift saknas" && all > 0 {
            add(
                regso,
                *year,
                &format!("andel_{tenure}"),
                all as f64,
                100.0 * *count as f64 / all as f64,
            );
        }
    }
    for ((regso, year), income) in incomes() {
        let weight = folk[&(regso.clone(), year)][0] as f64;
        add(&regso, year, "medelloneinkomst", weight, income);
    }
    let table = made.table("pub.spridning_kommun");
    assert_eq!(table.rows.num_rows(), expected.len());
    let (kommuner, years, measures) = (table.texts("kommun"), table.years(), table.texts("matt"));
    let column = |name: &str| table.numbers(name);
    let (mean, low, q1, median, q3, high, sd) = (
        column("medel"),
        column("lagsta"),
        column("nedre_kvartil"),
        column("median"),
        column("ovre_kvartil"),
        column("hogsta"),
        column("standardavvikelse"),
    );
    let (counts, status) = (table.integers("antal_omraden"), table.texts("obs_status"));
    for at in 0..table.rows.num_rows() {
        let key = (kommuner[at].clone(), years[at], measures[at].clone());
        let areas = &expected[&key];
        let weights: f64 = areas.iter().map(|(weight, _)| weight).sum();
        let middle = areas.iter().map(|(weight, value)| weight * value).sum::<f64>() / weights;
        let square = |(weight, value): &(f64, f64)| weight * (value - middle).powi(2);
        let deviation = (areas.iter().map(square).sum::<f64>() / weights).sqrt();
        let mut values: Vec<f64> = areas.iter().map(|(_, value)| *value).collect();
        values.sort_by(f64::total_cmp);
        for (name, have, want) in [
            ("mean", mean[at], middle),
            ("lowest", low[at], values[0]),
            ("first quartile", q1[at], quantile(&values, 0.25)),
            ("median", median[at], quantile(&values, 0.5)),
            ("third quartile", q3[at], quantile(&values, 0.75)),
            ("highest", high[at], values[values.len() - 1]),
            ("deviation", sd[at], deviation),
        ] {
            // published with six decimals
            assert!(
                (have.unwrap() - want).abs() < 1e-6,
                "{name} of {key:?}: {have:?} and not {want}"
            );
        }
        assert_eq!(counts[at], i64::try_from(areas.len()).ok());
        assert_eq!(status[at], if measures[at] == "medelloneinkomst" { "E" } else { "A" });
    }
    // the published share of the kommun is the one beside its indices
    let shares: BTreeMap<(String, i64), f64> = {
        let other = made.table("pub.segregation_kommun");
        let keys = other.texts("kommun").into_iter().zip(other.years());
        keys.zip(other.numbers("andel_utomlands").into_iter().flatten())
            .collect()
    };
    for at in (0..table.rows.num_rows()).filter(|at| measures[*at] == "andel_utomlands") {
        assert!((mean[at].unwrap() - shares[&(kommuner[at].clone(), years[at])]).abs() < 1e-6);
    }
}

#[test]
fn incomes_as_the_file_has_them() {
    let Some(made) = made() else { return };
    let table = made.table("pub.inkomst_regso");
    let found: BTreeMap<(String, i64), f64> = table
        .texts("regso")
        .into_iter()
        .zip(table.years())
        .zip(table.numbers("medel_tkr").into_iter().flatten())
        .collect();
    assert_eq!(found, incomes());
}

/// Indicator, kommun, year, sex.
type Kpi = (String, String, i64, String);

/// What the file of indicators says, with its status in SDMX.
fn kolada() -> BTreeMap<Kpi, (Option<f64>, &'static str, &'static str)> {
    let path = shared("data/sweden/kolada/2024-01-30_KOLADA_data_raw.parquet").unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap();
    let mut expected: BTreeMap<Kpi, (Option<f64>, &'static str, &'static str)> = BTreeMap::new();
    for batch in reader.build().unwrap() {
        let rows = batch.unwrap();
        let schema = rows.schema();
        let file = Table {
            rows,
            schema,
            description: String::new(),
        };
        let (kpi, kommun, sex, status) = (
            file.texts("kpi"),
            file.texts("municipality_id"),
            file.texts("gender"),
            file.texts("status"),
        );
        let years = file.integers("year");
        for (at, value) in file.numbers("value").into_iter().enumerate() {
            let (obs, conf) = match status[at].as_str() {
                "" => ("A", "F"),
                "Missing" => ("M", "F"),
                "Privacy" => ("Q", "C"),
                "Not applicable" => ("L", "F"),
                other => panic!("{other}"),
            };
            let key = (kpi[at].clone(), kommun[at].clone(), years[at].unwrap(), sex[at].clone());
            assert!(expected.insert(key, (value, obs, conf)).is_none());
        }
    }
    expected
}

#[test]
fn kolada_keeps_its_status() {
    let Some(made) = made() else { return };
    let expected = kolada();
    let table = made.table("pub.nyckeltal_kommun");
    assert_eq!((expected.len(), table.rows.num_rows()), (127_600, 127_600));
    let (kpi, kommun, sex, title) = (
        table.texts("nyckeltal"),
        table.texts("kommun"),
        table.texts("kon"),
        table.texts("titel"),
    );
    let (years, obs, conf) = (table.years(), table.texts("obs_status"), table.texts("conf_status"));
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, value) in table.numbers("varde").into_iter().enumerate() {
        let key = (kpi[at].clone(), kommun[at].clone(), years[at], sex[at].clone());
        assert_eq!((value, obs[at].as_str(), conf[at].as_str()), expected[&key], "{key:?}");
        assert!(!title[at].is_empty());
        *states.entry(obs[at].as_str()).or_default() += 1;
    }
    assert_eq!(
        states,
        BTreeMap::from([("A", 124_104), ("L", 885), ("M", 1853), ("Q", 758)])
    );

    // and the spread between kommuner beside the mean
    let spread = made.table("pub.spridning_nyckeltal");
    let mut values: BTreeMap<(String, i64, String), Vec<f64>> = BTreeMap::new();
    for ((kpi, _, year, sex), (value, ..)) in expected {
        values.entry((kpi, year, sex)).or_default().extend(value);
    }
    assert_eq!(spread.rows.num_rows(), values.len());
    let (kpi, years, sex) = (spread.texts("nyckeltal"), spread.years(), spread.texts("kon"));
    let (mean, median, low, high) = (
        spread.numbers("ovagt_medel"),
        spread.numbers("median"),
        spread.numbers("lagsta"),
        spread.numbers("hogsta"),
    );
    for at in 0..spread.rows.num_rows() {
        let key = (kpi[at].clone(), years[at], sex[at].clone());
        let all = values.get_mut(&key).unwrap();
        all.sort_by(f64::total_cmp);
        assert_eq!(spread.integers("kommuner")[at], Some(290));
        let Some(first) = all.first() else {
            assert_eq!((mean[at], spread.texts("obs_status")[at].as_str()), (None, "M"));
            continue;
        };
        let average = all.iter().sum::<f64>() / all.len() as f64;
        assert!(
            (mean[at].unwrap() - average).abs() < 1e-6 * average.abs().max(1.0),
            "{key:?}"
        );
        assert!((median[at].unwrap() - quantile(all, 0.5)).abs() < 1e-6, "{key:?}");
        assert_eq!((low[at], high[at]), (Some(*first), all.last().copied()), "{key:?}");
    }
}

#[test]
fn no_null_without_a_reason() {
    let Some(made) = made() else { return };
    let published: Vec<_> = made
        .tables
        .iter()
        .filter(|(name, _)| name.starts_with("pub."))
        .collect();
    assert!(published.len() >= 10);
    for (name, table) in published {
        assert!(table.rows.num_rows() > 0, "{name}");
        let fields = table.rows.schema();
        // a table of values says what they are; a map of areas has no values that may be missing
        let status = |ending: &str| {
            let there = table.rows.column_by_name(ending).is_some();
            there.then(|| table.texts(ending))
        };
        let (obs, conf) = (status("obs_status"), status("conf_status"));
        for (field, column) in fields.fields().iter().zip(table.rows.columns()) {
            for row in (0..column.len()).filter(|row| column.is_null(*row)) {
                let says = |texts: &Option<Vec<String>>, normal: &str| {
                    texts
                        .as_ref()
                        .is_some_and(|texts| !texts[row].is_empty() && texts[row] != normal)
                };
                assert!(says(&obs, "A") || says(&conf, "F"), "{name}.{} row {row}", field.name());
            }
        }
    }
}

#[test]
fn labels_units_and_source_stand_in_the_schema() {
    let Some(made) = made() else { return };
    for (name, table) in made.tables.iter().filter(|(name, _)| name.starts_with("pub.")) {
        assert!(table.description.contains("Källa: "), "{name}: {}", table.description);
        for field in table.schema.fields() {
            let described = field.metadata().get("description").is_some_and(|text| text.len() > 1);
            assert!(described, "{name}.{} has no description", field.name());
            let measured = field.data_type().is_numeric() && field.name() != "ar";
            assert_eq!(
                field.metadata().contains_key("unit"),
                measured,
                "unit of {name}.{}",
                field.name()
            );
        }
    }
    let text = |table: &str| made.table(table).description.clone();
    assert!(text("pub.nyckeltal_kommun").contains("Kolada"));
    assert!(text("pub.omrade_goteborg").contains("Göteborgs Stad"));
    assert!(text("pub.befolkning_regso").contains("SCB"));
}

#[test]
fn the_key_goes_from_deso_to_the_country() {
    let Some(made) = made() else { return };
    let table = made.table("ref.omrade");
    let (levels, areas) = (table.texts("omrade_niva"), table.texts("omrade"));
    let (above, over) = (table.texts("overordnad_niva"), table.texts("overordnad"));
    let (vintages, kommuner, counties) = (table.texts("argang"), table.texts("kommun"), table.texts("lan"));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut parents: BTreeMap<(&str, &str), (&str, &str)> = BTreeMap::new();
    for at in 0..table.rows.num_rows() {
        *counts.entry(&levels[at]).or_default() += 1;
        assert_eq!(vintages[at], if levels[at] == "deso" { "2018" } else { "2020" });
        parents.insert((&levels[at], &areas[at]), (&above[at], &over[at]));
    }
    assert_eq!(
        counts,
        BTreeMap::from([
            ("deso", 5984),
            ("regso", 3363),
            ("kommun", 290),
            ("lan", 21),
            ("riket", 1)
        ])
    );
    let (_, rows) = records("codes/koppling-deso2018-regso2020.csv");
    for row in &rows {
        assert_eq!(parents[&("deso", row[2].as_str())], ("regso", row[4].as_str()));
        assert_eq!(parents[&("regso", row[4].as_str())], ("kommun", row[0].as_str()));
    }
    let (_, rows) = records("codes/municipalities.csv");
    for row in &rows {
        assert_eq!(parents[&("kommun", row[0].as_str())], ("lan", row[3].as_str()));
        assert_eq!(parents[&("lan", row[3].as_str())], ("riket", "00"));
    }
    for at in (0..table.rows.num_rows()).filter(|at| ["deso", "regso", "kommun"].contains(&levels[*at].as_str())) {
        assert_eq!(
            (kommuner[at].as_str(), counties[at].as_str()),
            (&areas[at][..4], &areas[at][..2])
        );
    }
}

#[test]
fn polygons_of_goteborg() {
    let Some(made) = made() else { return };
    let table = made.table("pub.omrade_goteborg");
    let (levels, areas, over) = (
        table.texts("omrade_niva"),
        table.texts("omrade"),
        table.texts("overordnad"),
    );
    let of = |level: &str| -> BTreeSet<&str> {
        (0..areas.len())
            .filter(|at| levels[*at] == level)
            .map(|at| areas[at].as_str())
            .collect()
    };
    assert_eq!((of("deso").len(), of("regso").len()), (320, 147));
    let used: BTreeSet<&str> = (0..areas.len())
        .filter(|at| levels[*at] == "deso")
        .map(|at| over[at].as_str())
        .collect();
    assert_eq!(used, of("regso"), "every RegSO is the sum of its DeSO");
    assert!(table.texts("argang").iter().all(|vintage| vintage == "2025"));
    assert!(table.texts("version").iter().all(|version| version == "2025_v1"));
    let shapes = table.column("geometry", &DataType::Binary);
    let shapes = shapes.as_binary::<i32>();
    // little endian, polygon or multipolygon, without a height
    assert!(
        shapes
            .iter()
            .flatten()
            .all(|wkb| wkb[0] == 1 && [3, 6].contains(&wkb[1]) && wkb[2..5] == [0; 3])
    );
    assert_eq!(shapes.null_count(), 0);
    let metadata = made
        .table("raw.gbg_regso_2025")
        .schema
        .field_with_name("geometry")
        .unwrap()
        .metadata()
        .clone();
    assert!(metadata["ARROW:extension:metadata"].contains("3006"));
}
