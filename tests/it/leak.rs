//! Attacks on everything that the demo publishes, as it lies on the disk. Nothing here is samsyn's own auditor: the
//! attackers have their own combinations, their own elimination and their own intervals. Each is first shown to succeed
//! where a leak is planted; a test that cannot fail is none.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
};

use arrow::{
    array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray},
    compute::{cast, concat_batches},
    datatypes::{DataType, Float64Type, Int64Type},
};
use futures::TryStreamExt as _;
use parquet::{
    arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder},
    column::page::Page,
    file::{
        metadata::KeyValue,
        properties::WriterProperties,
        reader::{FileReader as _, SerializedFileReader},
        serialized_reader::ReadOptionsBuilder,
        statistics::Statistics,
    },
};
use samsyn::{
    config::Settings,
    engine::{Engine, EngineOptions},
    lake::{Lake, LakeOptions},
    model::Clock,
    pipeline::{Progress, Project, StepResult, check, plan, run},
    policy::Identity,
};

/// Levels of areas in `pub.befolkning_omrade`; columns of the population too.
const AREAS: [&str; 7] = [
    "nyko",
    "deso_2018",
    "deso_2025",
    "regso_2020",
    "regso_2025",
    "kommun",
    "lan",
];
const ALL: &str = "totalt";
/// Counts below this are small.
const SMALL: u64 = 5;

struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str) {}
    fn end(&self, _: &StepResult) {}
    fn tell(&self, _: &str) {}
}

/// The demo in a lake on the disk.
struct Made {
    folder: tempfile::TempDir,
    tables: BTreeMap<String, RecordBatch>,
    /// The files that the release names.
    pinned: BTreeSet<PathBuf>,
}

fn made() -> &'static Made {
    static MADE: LazyLock<Made> = LazyLock::new(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_stack_size(8 << 20)
            .enable_all()
            .build()
            .unwrap();
        let task = runtime.spawn(make());
        runtime.block_on(task).unwrap()
    });
    &MADE
}

async fn make() -> Made {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let project = Project::load(root).unwrap();
    let settings = Settings::load(root, &[]).unwrap();
    let options = LakeOptions {
        clock: Clock::Fixed(chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap()),
        storage: BTreeMap::new(),
    };
    let lake = Lake::open(&folder.path().to_string_lossy(), &options).await.unwrap();
    let options = EngineOptions {
        threads: 2,
        memory: None,
    };
    let engine = Engine::new(lake.clone(), options).unwrap();
    let checked = check(&project, &engine).await.unwrap();
    let selected = project.select(&["demo".to_owned()]).unwrap();
    let planned = plan(&project, &lake, &settings, checked.graph, &selected)
        .await
        .unwrap();
    run(project.clone(), &engine, planned, Arc::new(Silent)).await.unwrap();
    let session = engine.session(&Identity::operator()).await.unwrap();
    let mut tables = BTreeMap::new();
    for table in session.tables(None).await.unwrap() {
        if table.schema == "pub" || table.name == "fiktiv_person" {
            let name = format!("{}.{}", table.schema, table.name);
            let statement = session.prepare(&format!("SELECT * FROM {name}")).await.unwrap();
            let batches: Vec<RecordBatch> = statement.stream().await.unwrap().try_collect().await.unwrap();
            tables.insert(name, concat_batches(&statement.schema(), &batches).unwrap());
        }
    }
    let release = lake.current_release().await.unwrap().unwrap();
    let pinned = release
        .tables
        .iter()
        .filter(|(table, _)| table.schema() == "pub")
        .flat_map(|(_, pin)| &pin.files.files)
        .map(|file| folder.path().canonicalize().unwrap().join(&file.path))
        .collect();
    Made { folder, tables, pinned }
}

fn texts(rows: &RecordBatch, name: &str) -> Vec<String> {
    let column = cast(
        rows.column_by_name(name).unwrap_or_else(|| panic!("no {name}")),
        &DataType::Utf8,
    )
    .unwrap();
    let column = column.as_string::<i32>();
    (0..column.len()).map(|row| column.value(row).to_owned()).collect()
}

fn counts(rows: &RecordBatch, name: &str) -> Vec<Option<u64>> {
    let column = cast(rows.column_by_name(name).unwrap(), &DataType::Int64).unwrap();
    let column = column.as_primitive::<Int64Type>();
    column
        .iter()
        .map(|count| count.map(|count| u64::try_from(count).unwrap()))
        .collect()
}

fn numbers(rows: &RecordBatch, name: &str) -> Vec<Option<f64>> {
    let column = cast(rows.column_by_name(name).unwrap(), &DataType::Float64).unwrap();
    column.as_primitive::<Float64Type>().iter().collect()
}

/// A published cell: where it stands, the combinations that may be in it, its figure unless it is hidden.
#[derive(Debug, Clone)]
struct Cell {
    key: Vec<String>,
    rows: Vec<u32>,
    figure: Option<u64>,
    truth: u64,
}

/// All count tables of the demo, as an outsider sees them who knows which area lies where. The years have nothing in
/// common.
struct World {
    years: BTreeMap<String, Vec<Cell>>,
    /// Of every year the intersections of areas that no table shows, with their true counts.
    pieces: BTreeMap<String, Vec<Cell>>,
}

/// Breakdowns of the two count tables: levels of areas, and the other columns beside the year, which have totals.
const TABLES: [(&str, &[usize], &[&str]); 2] = [
    (
        "pub.befolkning_omrade",
        &[0, 1, 2, 3, 4, 5, 6],
        &["kon", "fodelseregion"],
    ),
    ("pub.boende_omrade", &[2, 4, 5, 6], &["upplatelseform"]),
];

/// The keys of the cells that somebody with these codes is in: every level of areas, every total.
fn keys(table: usize, place: &[String], year: &str, others: &BTreeMap<&str, &str>) -> Vec<Vec<String>> {
    let (name, levels, columns) = TABLES[table];
    let mut keys: Vec<Vec<String>> = levels
        .iter()
        .map(|level| [name, AREAS[*level], &place[*level], year].map(str::to_owned).to_vec())
        .collect();
    for column in columns {
        keys = keys
            .into_iter()
            .flat_map(|key| [others[column], ALL].map(|code| [key.clone(), vec![code.to_owned()]].concat()))
            .collect();
    }
    keys
}

fn world() -> &'static World {
    static WORLD: LazyLock<World> = LazyLock::new(build);
    &WORLD
}

fn build() -> World {
    let made = made();
    let mut figures: HashMap<Vec<String>, Option<u64>> = HashMap::new();
    let mut codes: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, _, columns) in TABLES {
        let rows = &made.tables[name];
        let mut key: Vec<Vec<String>> = ["omrade_niva", "omrade", "ar"]
            .map(|column| texts(rows, column))
            .to_vec();
        for column in columns {
            let all = texts(rows, column);
            codes.insert(column, all.iter().filter(|code| *code != ALL).cloned().collect());
            key.push(all);
        }
        codes.entry("ar").or_default().extend(texts(rows, "ar"));
        for (row, figure) in counts(rows, "antal").into_iter().enumerate() {
            let mut own = vec![name.to_owned()];
            own.extend(key.iter().map(|column| column[row].clone()));
            assert!(figures.insert(own, figure).is_none());
        }
    }
    // who lives where is known of areas, not of persons
    let persons = &made.tables["core.fiktiv_person"];
    let places: Vec<Vec<String>> = AREAS.map(|area| texts(persons, area)).to_vec();
    let place = |row: usize| -> Vec<String> { places.iter().map(|column| column[row].clone()).collect() };
    let known: BTreeSet<Vec<String>> = (0..persons.num_rows()).map(place).collect();
    let mut truth: HashMap<Vec<String>, u64> = HashMap::new();
    let mut piece_truth: HashMap<Vec<String>, u64> = HashMap::new();
    let [years, kon, born, form] = ["ar", "kon", "fodelseregion", "upplatelseform"].map(|name| texts(persons, name));
    for row in 0..persons.num_rows() {
        let others = BTreeMap::from([
            ("kon", kon[row].as_str()),
            ("fodelseregion", &born[row]),
            ("upplatelseform", &form[row]),
        ]);
        for table in 0..2 {
            for key in keys(table, &place(row), &years[row], &others) {
                *truth.entry(key).or_default() += 1;
            }
        }
        for key in piece_keys(&place(row), &years[row], &others) {
            *piece_truth.entry(key).or_default() += 1;
        }
    }
    let mut cells: BTreeMap<String, HashMap<Vec<String>, Vec<u32>>> = BTreeMap::new();
    let mut pieces: BTreeMap<String, BTreeMap<Vec<String>, Vec<u32>>> = BTreeMap::new();
    for year in &codes["ar"] {
        let (cells, pieces) = (
            cells.entry(year.clone()).or_default(),
            pieces.entry(year.clone()).or_default(),
        );
        let mut number = 0;
        for place in &known {
            for kon in &codes["kon"] {
                for born in &codes["fodelseregion"] {
                    for form in &codes["upplatelseform"] {
                        let others =
                            BTreeMap::from([("kon", kon.as_str()), ("fodelseregion", born), ("upplatelseform", form)]);
                        let all = [keys(0, place, year, &others), keys(1, place, year, &others)].concat();
                        // in every table its cell is there and is not shown as empty
                        if all
                            .iter()
                            .all(|key| figures.get(key).is_some_and(|figure| *figure != Some(0)))
                        {
                            for key in all {
                                cells.entry(key).or_default().push(number);
                            }
                            for key in piece_keys(place, year, &others) {
                                pieces.entry(key).or_default().push(number);
                            }
                            number += 1;
                        }
                    }
                }
            }
        }
    }
    let mut world = World {
        years: BTreeMap::new(),
        pieces: BTreeMap::new(),
    };
    let mut order: Vec<_> = figures.into_iter().collect();
    order.sort_unstable();
    for (key, figure) in order {
        let rows = cells[&key[3]].get(&key).cloned().unwrap_or_default();
        let truth = truth.get(&key).copied().unwrap_or_default();
        assert!(
            figure.is_none_or(|figure| figure == truth),
            "{key:?} is not what it counts"
        );
        let cell = Cell {
            rows,
            figure,
            truth,
            key: key.clone(),
        };
        world.years.entry(key[3].clone()).or_default().push(cell);
    }
    for (year, of) in pieces {
        let of = of.into_iter().map(|(key, rows)| Cell {
            rows,
            figure: None,
            truth: piece_truth.get(&key).copied().unwrap_or_default(),
            key,
        });
        world.pieces.insert(year, of.collect());
    }
    world
}

/// The keys of the intersection of areas of all divisions that somebody is in.
fn piece_keys(place: &[String], year: &str, others: &BTreeMap<&str, &str>) -> Vec<Vec<String>> {
    let mut keys = Vec::new();
    for kon in [others["kon"], ALL] {
        for born in [others["fodelseregion"], ALL] {
            let mut key = place.to_vec();
            key.extend([year, kon, born].map(str::to_owned));
            keys.push(key);
        }
    }
    keys
}

/// Linear algebra modulo a prime, with vectors as sorted lists.
struct Algebra {
    solved: HashMap<u32, Vec<(u32, u64)>>,
}

const PRIME: u64 = 2_147_483_647;

impl Algebra {
    fn knowing<'a>(sets: impl Iterator<Item = &'a [u32]>) -> Self {
        let mut sets: Vec<&[u32]> = sets.collect();
        sets.sort_by_key(|set| set.len());
        let mut algebra = Self { solved: HashMap::new() };
        for set in sets {
            let rest = algebra.rest(set);
            if let Some((first, lead)) = rest.first().copied() {
                let scale = power(lead, PRIME - 2);
                let row = rest.iter().map(|(at, value)| (*at, value * scale % PRIME)).collect();
                algebra.solved.insert(first, row);
            }
        }
        algebra
    }

    /// What is left of a sum when everything known up to its first open place is subtracted.
    fn rest(&self, set: &[u32]) -> Vec<(u32, u64)> {
        let mut rest: Vec<(u32, u64)> = set.iter().map(|row| (*row, 1)).collect();
        while let Some((first, lead)) = rest.first().copied() {
            let Some(row) = self.solved.get(&first) else { break };
            let (mut a, mut b) = (rest.iter().peekable(), row.iter().peekable());
            let mut next = Vec::with_capacity(rest.len() + row.len());
            loop {
                let (at, value) = match (a.peek(), b.peek()) {
                    (Some((x, _)), Some((y, _))) if x == y => {
                        let (_, left) = a.next().unwrap();
                        let (_, less) = b.next().unwrap();
                        (*x, (left + (PRIME - lead) * less) % PRIME)
                    }
                    (Some((x, _)), Some((y, _))) if x > y => (*y, (PRIME - lead) * b.next().unwrap().1 % PRIME),
                    (Some((x, _)), _) => (*x, a.next().unwrap().1),
                    (None, Some((y, _))) => (*y, (PRIME - lead) * b.next().unwrap().1 % PRIME),
                    (None, None) => break,
                };
                if value != 0 {
                    next.push((at, value));
                }
            }
            rest = next;
        }
        rest
    }

    fn knows(&self, set: &[u32]) -> bool {
        self.rest(set).is_empty()
    }
}

fn power(mut base: u64, mut exponent: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = result * base % PRIME;
        }
        base = base * base % PRIME;
        exponent /= 2;
    }
    result
}

fn shown(cells: &[Cell]) -> impl Iterator<Item = &[u32]> {
    cells
        .iter()
        .filter(|cell| cell.figure.is_some())
        .map(|cell| cell.rows.as_slice())
}

/// Keys of hidden cells that published ones determine.
fn derived(cells: &[Cell]) -> Vec<&[String]> {
    let algebra = Algebra::knowing(shown(cells));
    let hidden = cells.iter().filter(|cell| cell.figure.is_none());
    hidden
        .filter(|cell| algebra.knows(&cell.rows))
        .map(|cell| cell.key.as_slice())
        .collect()
}

#[test]
fn no_hidden_cell_is_a_combination_of_published_ones() {
    let world = world();
    let mut hidden = 0;
    for (year, cells) in &world.years {
        hidden += cells.iter().filter(|cell| cell.figure.is_none()).count();
        assert_eq!(derived(cells), Vec::<&[String]>::new(), "{year}");
        // that a hidden cell may be empty is not told either: something may be in each
        assert!(cells.iter().all(|cell| cell.truth == 0 || !cell.rows.is_empty()));
    }
    assert!(hidden > 10_000, "{hidden}");
}

/// The same cell with another sex.
fn sibling(key: &[String]) -> Vec<String> {
    let mut other = key.to_vec();
    if key[4] == "K" { "M" } else { "K" }.clone_into(&mut other[4]);
    other
}

/// A hidden cell of women, whose men are hidden too while both together are shown; and its table with the men shown.
fn with_men_shown(cells: &[Cell]) -> (Vec<Cell>, Vec<String>) {
    let hidden = |key: &[String]| cells.iter().any(|cell| cell.key == key && cell.figure.is_none());
    let both = |key: &[String]| {
        let mut key = key.to_vec();
        ALL.clone_into(&mut key[4]);
        cells.iter().any(|cell| cell.key == key && cell.figure.is_some())
    };
    let women = cells
        .iter()
        .find(|cell| {
            cell.key.len() == 6
                && cell.key[4] == "K"
                && cell.figure.is_none()
                && hidden(&sibling(&cell.key))
                && both(&cell.key)
        })
        .unwrap();
    let mut planted = cells.to_vec();
    let men = sibling(&women.key);
    let man = planted.iter_mut().find(|cell| cell.key == men).unwrap();
    man.figure = Some(man.truth);
    (planted, women.key.clone())
}

#[test]
fn the_algebra_finds_a_planted_leak() {
    let cells = world().years.values().next().unwrap();
    let (planted, women) = with_men_shown(cells);
    assert!(derived(&planted).contains(&women.as_slice()));
    // and one that no single table shows: a new area that is a hidden cell and a shown one
    let hidden = cells.iter().find(|cell| cell.figure.is_none()).unwrap();
    let beside = cells
        .iter()
        .find(|cell| {
            cell.figure.is_some() && cell.rows.iter().all(|row| !hidden.rows.contains(row)) && !cell.rows.is_empty()
        })
        .unwrap();
    let mut rows = [hidden.rows.clone(), beside.rows.clone()].concat();
    rows.sort_unstable();
    let mut planted = cells.clone();
    planted.push(Cell {
        key: vec!["a school's catchment".to_owned()],
        rows,
        figure: Some(hidden.truth + beside.truth),
        truth: hidden.truth + beside.truth,
    });
    assert!(derived(&planted).contains(&hidden.key.as_slice()));
}

/// Between which counts cells lie, by single sums: sexes, countries of birth, tenures, and areas that others make up.
fn intervals(cells: &[Cell]) -> Vec<(u64, u64)> {
    const FAR: u64 = 1_000_000;
    let number: HashMap<&[String], usize> = cells
        .iter()
        .enumerate()
        .map(|(at, cell)| (cell.key.as_slice(), at))
        .collect();
    let mut sums: Vec<(usize, Vec<usize>)> = Vec::new();
    // the parts of a cell have all of its codes but one
    let mut parts: BTreeMap<(usize, Vec<String>), Vec<usize>> = BTreeMap::new();
    for (at, cell) in cells.iter().enumerate() {
        for place in 4..cell.key.len() {
            if cell.key[place] != ALL {
                let mut key = cell.key.clone();
                ALL.clone_into(&mut key[place]);
                parts.entry((place, key)).or_default().push(at);
            }
        }
    }
    for ((_, key), parts) in &parts {
        sums.push((number[key.as_slice()], parts.clone()));
    }
    // areas: all cells of a level whose combinations are of the larger one
    let mut rests: HashMap<Vec<String>, usize> = HashMap::new();
    let rest: Vec<usize> = cells
        .iter()
        .map(|cell| {
            let next = rests.len();
            *rests
                .entry([cell.key[..1].to_vec(), cell.key[4..].to_vec()].concat())
                .or_insert(next)
        })
        .collect();
    let level = |cell: &Cell| AREAS.iter().position(|level| *level == cell.key[1]).unwrap();
    let mut of_row: HashMap<(u32, usize, usize), usize> = HashMap::new();
    for (at, cell) in cells.iter().enumerate() {
        for row in &cell.rows {
            of_row.insert((*row, rest[at], level(cell)), at);
        }
    }
    for (at, cell) in cells.iter().enumerate() {
        for other in (0..AREAS.len()).filter(|other| *other != level(cell)) {
            let smaller: BTreeSet<usize> = cell
                .rows
                .iter()
                .filter_map(|row| of_row.get(&(*row, rest[at], other)).copied())
                .collect();
            let size: usize = smaller.iter().map(|part| cells[*part].rows.len()).sum();
            if size == cell.rows.len() && smaller.len() > 1 {
                sums.push((at, smaller.into_iter().collect()));
            }
        }
    }
    sums.sort_unstable();
    let mut ends: Vec<(u64, u64)> = cells
        .iter()
        .map(|cell| cell.figure.map_or((0, FAR), |figure| (figure, figure)))
        .collect();
    loop {
        let before = ends.clone();
        for (whole, parts) in &sums {
            let low: u64 = parts.iter().map(|part| ends[*part].0).sum();
            let high: u64 = parts.iter().map(|part| ends[*part].1).sum();
            ends[*whole] = (ends[*whole].0.max(low), ends[*whole].1.min(high));
            for part in parts {
                let (own_low, own_high) = ends[*part];
                let most = (ends[*whole].1 + own_low).saturating_sub(low);
                let least = (ends[*whole].0 + own_high).saturating_sub(high);
                // the ends of the others only grow together, so old sums stay proofs
                ends[*part] = (own_low.max(least), own_high.min(most));
            }
        }
        if ends == before {
            return ends;
        }
    }
}

#[test]
fn every_hidden_count_can_be_several() {
    for (year, cells) in &world().years {
        for (cell, (low, high)) in cells.iter().zip(intervals(cells)) {
            assert!(low <= cell.truth && cell.truth <= high, "{year}: {:?}", cell.key);
            assert!(cell.figure.is_some() || high > low, "{year}: {:?} is known", cell.key);
        }
    }
}

#[test]
fn the_intervals_close_on_a_planted_leak() {
    let cells = world().years.values().next().unwrap();
    let (planted, women) = with_men_shown(cells);
    let ends = intervals(&planted);
    let at = planted.iter().position(|cell| cell.key == women).unwrap();
    assert_eq!(ends[at], (planted[at].truth, planted[at].truth));
}

/// Shown counts whose difference is a small group of which nothing is shown: areas within areas of another division.
fn small_differences(cells: &[Cell]) -> Vec<(Vec<String>, Vec<String>)> {
    let mut groups: BTreeMap<Vec<String>, Vec<&Cell>> = BTreeMap::new();
    for cell in cells
        .iter()
        .filter(|cell| cell.figure.is_some() && !cell.rows.is_empty())
    {
        groups
            .entry([cell.key[..1].to_vec(), cell.key[4..].to_vec()].concat())
            .or_default()
            .push(cell);
    }
    let mut found = Vec::new();
    for cells in groups.values() {
        for whole in cells {
            let inner: BTreeSet<u32> = whole.rows.iter().copied().collect();
            for part in cells.iter().filter(|part| part.rows.len() < whole.rows.len()) {
                let left = whole.figure.unwrap().abs_diff(part.figure.unwrap());
                if left > 0 && left < SMALL && part.rows.iter().all(|row| inner.contains(row)) {
                    found.push((whole.key.clone(), part.key.clone()));
                }
            }
        }
    }
    found
}

#[test]
fn areas_of_two_divisions_tell_nothing_of_what_lies_between_them() {
    let world = world();
    let mut pieces = 0;
    for (year, cells) in &world.years {
        assert_eq!(small_differences(cells), Vec::new(), "{year}");
        // nor do several of them together, of an intersection that no table shows
        let algebra = Algebra::knowing(shown(cells));
        for piece in world.pieces[year]
            .iter()
            .filter(|piece| (1..SMALL).contains(&piece.truth))
        {
            assert!(!algebra.knows(&piece.rows), "{year}: {:?}", piece.key);
            pieces += 1;
        }
    }
    assert!(pieces > 1000, "{pieces}");
}

#[test]
fn differencing_finds_a_planted_leak() {
    let world = world();
    let year = world.years.keys().next().unwrap();
    let cells = &world.years[year];
    // an area of a new division: a shown one without a small intersection that it has with others
    let piece = world.pieces[year]
        .iter()
        .find(|piece| (1..SMALL).contains(&piece.truth))
        .unwrap();
    let whole = cells
        .iter()
        .find(|cell| {
            cell.figure.is_some()
                && cell.rows.len() > piece.rows.len()
                && piece.rows.iter().all(|row| cell.rows.contains(row))
        })
        .unwrap();
    let mut planted = cells.clone();
    planted.push(Cell {
        key: whole.key.clone(),
        rows: whole
            .rows
            .iter()
            .copied()
            .filter(|row| !piece.rows.contains(row))
            .collect(),
        figure: Some(whole.truth - piece.truth),
        truth: whole.truth - piece.truth,
    });
    assert!(Algebra::knowing(shown(&planted)).knows(&piece.rows));
    assert!(!small_differences(&planted).is_empty());
}

#[test]
fn years_tell_nothing_of_each_other() {
    let world = world();
    let years: Vec<&String> = world.years.keys().collect();
    // no figure counts over several years, so that nothing adds up from one to the next
    assert!(
        world
            .years
            .iter()
            .all(|(year, cells)| cells.iter().all(|cell| cell.key[3] == **year))
    );
    // a cumulative figure would: both years' hidden cells less what the second year shows
    let (first, second) = (&world.years[years[0]], &world.years[years[1]]);
    let shift = first.iter().chain(second).flat_map(|cell| &cell.rows).max().unwrap() + 1;
    let later = |rows: &[u32]| -> Vec<u32> { rows.iter().map(|row| row + shift).collect() };
    let (women, next) = first
        .iter()
        .filter(|cell| cell.figure.is_none())
        .find_map(|cell| {
            let mut key = cell.key.clone();
            key[3].clone_from(years[1]);
            Some((
                cell,
                second
                    .iter()
                    .find(|other| other.key == key && other.figure.is_some() && !other.rows.is_empty())?,
            ))
        })
        .unwrap();
    let mut planted = first.clone();
    planted.extend(second.iter().map(|cell| Cell {
        rows: later(&cell.rows),
        ..cell.clone()
    }));
    assert_eq!(derived(&planted), Vec::<&[String]>::new());
    planted.push(Cell {
        key: vec!["both years".to_owned()],
        rows: [women.rows.clone(), later(&next.rows)].concat(),
        figure: Some(women.truth + next.truth),
        truth: women.truth + next.truth,
    });
    assert!(derived(&planted).contains(&women.key.as_slice()));
    // and last year's figure is a guess that is more often wrong than right
    let (mut right, mut wrong) = (0, 0);
    for pair in years.windows(2) {
        let before: HashMap<Vec<String>, u64> = world.years[pair[0]]
            .iter()
            .filter_map(|cell| {
                let mut key = cell.key.clone();
                key[3].clone_from(pair[1]);
                Some((key, cell.figure?))
            })
            .collect();
        for cell in world.years[pair[1]].iter().filter(|cell| cell.figure.is_none()) {
            if let Some(guess) = before.get(&cell.key) {
                *(if *guess == cell.truth { &mut right } else { &mut wrong }) += 1;
            }
        }
    }
    assert!(right + wrong > 100 && right < wrong, "{right} right, {wrong} wrong");
}

/// Whether a percentage of so many persons, as it is rounded, can only be a small count, or all but a small one.
fn tells(percent: f64, whole: u64) -> bool {
    let fits: Vec<u64> = (0..=whole)
        .filter(|part| ((1000.0 * *part as f64 / whole as f64).round() / 10.0 - percent).abs() < 1e-9)
        .collect();
    let small = |part: &u64| (1..SMALL).contains(part) || (1..SMALL).contains(&(whole - part));
    !fits.is_empty() && fits.iter().all(small)
}

#[test]
fn ratios_give_no_small_count_away() {
    let made = made();
    let persons = &made.tables["core.fiktiv_person"];
    let ages = counts(persons, "alder");
    let education = texts(persons, "utbildning");
    let years = texts(persons, "ar");
    // every denominator that somebody could know: all, those of 20 to 64, and those whose education is known
    let mut wholes: BTreeMap<(String, String), [u64; 3]> = BTreeMap::new();
    for area in ["regso_2025", "kommun"] {
        for (row, code) in texts(persons, area).into_iter().enumerate() {
            let of = wholes.entry((code, years[row].clone())).or_default();
            let adult = ages[row].is_some_and(|age| (20..=64).contains(&age));
            of[0] += 1;
            of[1] += u64::from(adult);
            of[2] += u64::from(adult && education[row] != "Uppgift saknas");
        }
    }
    let mut tried = 0;
    for (table, columns) in [
        ("pub.sysselsattning_omrade", &["andel_sysselsatta"][..]),
        (
            "pub.socioekonomi_omrade",
            &["andel_lag_inkomst", "andel_kort_utbildning", "andel_utan_arbete"],
        ),
    ] {
        let rows = &made.tables[table];
        let (areas, years) = (texts(rows, "omrade"), texts(rows, "ar"));
        for column in columns {
            for (row, percent) in numbers(rows, column).into_iter().enumerate() {
                let Some(percent) = percent else { continue };
                let whole = wholes[&(areas[row].clone(), years[row].clone())];
                // which of them is the right one is written in the documentation of the figure
                let right = match *column {
                    "andel_lag_inkomst" => whole[0],
                    "andel_kort_utbildning" => whole[2],
                    _ => whole[1],
                };
                assert!(!tells(percent, right), "{table} {column} {} {}", areas[row], years[row]);
                tried += 1;
            }
        }
    }
    assert!(tried > 300, "{tried}");
    assert!(tells(2.5, 40) && tells(97.5, 40) && !tells(25.0, 40) && !tells(0.0, 40));
}

/// What a Parquet file tells besides its rows: the least and largest figures of a column, its dictionary, and the keys
/// of its metadata.
fn told(path: &Path, column: &str) -> (BTreeSet<i64>, BTreeSet<String>) {
    let reader = SerializedFileReader::new_with_options(
        std::fs::File::open(path).unwrap(),
        ReadOptionsBuilder::new().with_page_index().build(),
    )
    .unwrap();
    let metadata = reader.metadata();
    let schema = metadata.file_metadata().schema_descr();
    let at = (0..schema.num_columns())
        .find(|at| schema.column(*at).name() == column)
        .unwrap();
    let mut values = BTreeSet::new();
    for (number, group) in metadata.row_groups().iter().enumerate() {
        assert!(group.column(at).bloom_filter_offset().is_none());
        if let Some(Statistics::Int64(statistics)) = group.column(at).statistics() {
            values.extend(statistics.min_opt());
            values.extend(statistics.max_opt());
        }
        let group = reader.get_row_group(number).unwrap();
        let mut pages = group.get_column_page_reader(at).unwrap();
        while let Some(page) = pages.get_next_page().unwrap() {
            if let Page::DictionaryPage { buf, .. } = &page {
                values.extend(
                    buf.chunks_exact(8)
                        .map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap())),
                );
            }
            if let Some(Statistics::Int64(statistics)) = page.statistics() {
                values.extend(statistics.min_opt());
                values.extend(statistics.max_opt());
            }
        }
    }
    if let Some(index) = metadata.column_index() {
        for group in index {
            if let parquet::file::page_index::column_index::ColumnIndexMetaData::INT64(pages) = &group[at] {
                values.extend(pages.min_values_iter().flatten());
                values.extend(pages.max_values_iter().flatten());
            }
        }
    }
    let keys = metadata.file_metadata().key_value_metadata().into_iter().flatten();
    (values, keys.map(|pair| pair.key.clone()).collect())
}

/// Every Parquet file of a folder, at whatever depth.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn rows_of(path: &Path) -> RecordBatch {
    let builder = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path).unwrap()).unwrap();
    let schema = Arc::clone(builder.schema());
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

/// Figures that a file's metadata has and these rows do not.
fn beyond_rows(path: &Path, rows: &RecordBatch, column: &str) -> Vec<i64> {
    let shown: BTreeSet<i64> = figures(rows, column).into_iter().collect();
    told(path, column)
        .0
        .into_iter()
        .filter(|value| !shown.contains(value))
        .collect()
}

fn figures(rows: &RecordBatch, column: &str) -> Vec<i64> {
    let column = rows.column_by_name(column).unwrap();
    column.as_primitive::<Int64Type>().iter().flatten().collect()
}

/// Whether a file's name is one that no figure has to do with.
fn is_random(name: &str) -> bool {
    name.strip_prefix("part-")
        .and_then(|name| name.strip_suffix(".zstd.parquet"))
        .and_then(|name| uuid::Uuid::parse_str(name).ok())
        .is_some_and(|id| id.get_version_num() == 4)
}

#[test]
fn files_tell_no_more_than_their_rows() {
    let made = made();
    let folder = made.folder.path().canonicalize().unwrap();
    for (name, _, columns) in TABLES {
        let own = files(
            &folder.join("open/pub").join(name.trim_start_matches("pub.")),
            ".parquet",
        );
        assert!(!own.is_empty());
        for path in own {
            assert_eq!(
                beyond_rows(&path, &rows_of(&path), "antal"),
                Vec::<i64>::new(),
                "{}",
                path.display()
            );
            assert_eq!(told(&path, "antal").1, BTreeSet::from(["ARROW:schema".to_owned()]));
            assert!(is_random(&path.file_name().unwrap().to_string_lossy()));
            let rows = rows_of(&path);
            let names: Vec<&str> = ["omrade_niva", "omrade", "ar"]
                .into_iter()
                .chain(columns.iter().copied())
                .collect();
            let fields: Vec<String> = rows
                .schema()
                .fields()
                .iter()
                .map(|field| field.name().clone())
                .collect();
            let expected: Vec<&str> = names
                .iter()
                .copied()
                .chain(["antal", "obs_status", "conf_status"])
                .collect();
            assert_eq!(fields, expected);
            // one marker, and rows in the order of their keys whatever is hidden
            let marks: BTreeSet<(bool, String, String)> = counts(&rows, "antal")
                .iter()
                .zip(texts(&rows, "obs_status").into_iter().zip(texts(&rows, "conf_status")))
                .map(|(figure, (obs, conf))| (figure.is_some(), obs, conf))
                .collect();
            let mark = |shown: bool, obs: &str, conf: &str| (shown, obs.to_owned(), conf.to_owned());
            assert_eq!(marks, BTreeSet::from([mark(false, "Q", "C"), mark(true, "A", "F")]));
            assert!(
                in_order(&rows, columns),
                "{name}: the order of rows is not that of keys"
            );
        }
    }
}

/// Whether rows stand in the order of level and code, dimension by dimension; «all» is a level of its own.
fn in_order(rows: &RecordBatch, columns: &[&str]) -> bool {
    let mut keys: Vec<Vec<String>> = ["omrade_niva", "omrade", "ar"].map(|name| texts(rows, name)).to_vec();
    for column in columns {
        let codes = texts(rows, column);
        keys.push(
            codes
                .iter()
                .map(|code| if code == ALL { "total" } else { column }.to_owned())
                .collect(),
        );
        keys.push(codes);
    }
    let key = |row: usize| -> Vec<&String> { keys.iter().map(|column| &column[row]).collect() };
    (1..rows.num_rows()).all(|row| key(row - 1) < key(row))
}

#[test]
fn the_reader_of_files_finds_planted_leaks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("part-3-hidden.parquet");
    let rows_with = |figures: Vec<Option<i64>>| {
        let names: Vec<String> = (0..figures.len()).map(|at| format!("a{at}")).collect();
        RecordBatch::try_from_iter(vec![
            ("omrade", Arc::new(StringArray::from(names)) as ArrayRef),
            ("antal", Arc::new(Int64Array::from(figures)) as ArrayRef),
        ])
        .unwrap()
    };
    let all = rows_with(vec![Some(3), Some(20), Some(30), Some(30)]);
    let properties = WriterProperties::builder()
        .set_key_value_metadata(Some(vec![KeyValue::new("hidden".to_owned(), "3".to_owned())]))
        .build();
    let mut writer =
        ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), all.schema(), Some(properties)).unwrap();
    writer.write(&all).unwrap();
    writer.close().unwrap();
    let (values, keys) = told(&path, "antal");
    assert_eq!(values, BTreeSet::from([3, 20, 30]));
    assert!(keys.contains("hidden") && !is_random("part-3-hidden.parquet"));
    // rows that are put in the order of their figures tell which hidden one is larger
    let rows = &made().tables["pub.boende_omrade"];
    let backwards: arrow::array::UInt32Array = (0..u32::try_from(rows.num_rows()).unwrap()).rev().collect();
    let backwards = arrow::compute::take_record_batch(rows, &backwards).unwrap();
    assert!(in_order(rows, &["upplatelseform"]) && !in_order(&backwards, &["upplatelseform"]));
    // a file whose statistics and dictionary are of figures that its rows hide
    let hidden = rows_with(vec![None, Some(20), Some(30), Some(30)]);
    assert_eq!(beyond_rows(&path, &hidden, "antal"), [3]);
    assert_eq!(beyond_rows(&path, &all, "antal"), Vec::<i64>::new());
}

/// Numbers that a table's log gives of a column: least and largest of every file that was ever added.
fn logged(log: &Path, column: &str) -> BTreeSet<i64> {
    let mut found = BTreeSet::new();
    for path in files(log, ".json") {
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let action: serde_json::Value = serde_json::from_str(line).unwrap();
            let Some(stats) = action["add"]["stats"].as_str() else {
                continue;
            };
            let stats: serde_json::Value = serde_json::from_str(stats).unwrap();
            for end in ["minValues", "maxValues"] {
                found.extend(stats[end][column].as_i64());
            }
        }
    }
    found
}

#[test]
fn old_versions_and_logs_hold_nothing_that_was_not_published() {
    let made = made();
    let folder = made.folder.path().canonicalize().unwrap();
    let open: BTreeSet<PathBuf> = files(&folder.join("open/pub"), ".parquet").into_iter().collect();
    // no file lies open that no release names: a table is protected before it is written
    assert_eq!(open, made.pinned);
    for (name, ..) in TABLES {
        let own = folder.join("open/pub").join(name.trim_start_matches("pub."));
        // all versions together, attacked as one publication
        let shown: BTreeSet<i64> = files(&own, ".parquet")
            .iter()
            .flat_map(|path| figures(&rows_of(path), "antal"))
            .collect();
        assert!(logged(&own.join("_delta_log"), "antal").is_subset(&shown), "{name}");
        // in no version a small count, and in no log a word of one
        assert!(shown.iter().all(|count| *count == 0 || *count >= 5), "{name}");
    }
    // everything with persons lies outside what may be opened
    let closed = files(&folder.join("closed"), ".parquet");
    assert!(
        closed
            .iter()
            .any(|path| path.to_string_lossy().contains("fiktiv_person"))
    );
    assert!(open.iter().all(|path| !path.to_string_lossy().contains("/closed/")));
}

#[test]
fn an_old_version_with_a_hidden_figure_is_found() {
    let cells = world().years.values().next().unwrap();
    // yesterday's version showed what today's hides
    let old = cells
        .iter()
        .find(|cell| cell.figure.is_none() && cell.truth > 0 && cell.truth < SMALL)
        .unwrap();
    let mut both = cells.clone();
    both.push(Cell {
        figure: Some(old.truth),
        ..old.clone()
    });
    assert!(derived(&both).contains(&old.key.as_slice()));
    let folder = tempfile::tempdir().unwrap();
    let line = serde_json::json!({ "add": { "path": "x", "stats": "{\"minValues\":{\"antal\":3},\"maxValues\":{\"antal\":9}}" } });
    std::fs::write(folder.path().join("0.json"), line.to_string()).unwrap();
    assert_eq!(logged(folder.path(), "antal"), BTreeSet::from([3, 9]));
}
