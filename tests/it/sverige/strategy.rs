//! The tables that answer a strategist's questions, held against formulas written out here on the files' own numbers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use arrow::{array::AsArray, datatypes::DataType};
use samsyn::functions::catalogue;

use super::{Kpi, Made, Table, dwellings, incomes, kolada, made, population, records, regso};

/// A row's place by its keys.
fn places(table: &Table, keys: &[&str]) -> BTreeMap<Vec<String>, usize> {
    let columns: Vec<Vec<String>> = keys.iter().map(|key| table.texts(key)).collect();
    let mut places = BTreeMap::new();
    for row in 0..table.rows.num_rows() {
        let key = columns.iter().map(|column| column[row].clone()).collect();
        assert!(places.insert(key, row).is_none(), "keys are unique");
    }
    places
}

fn key(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|part| (*part).to_owned()).collect()
}

fn near(have: Option<f64>, want: f64, what: &str) {
    let have = have.unwrap_or_else(|| panic!("{what} is not there"));
    assert!(
        (have - want).abs() <= 1e-9 * want.abs().max(1.0),
        "{what}: {have} and not {want}"
    );
}

/// RegSO → official type.
fn types() -> BTreeMap<String, i64> {
    let (_, rows) = records("regso/omradestyp_regso_2022.csv");
    rows.iter()
        .take_while(|row| !row[0].is_empty())
        .map(|row| (regso(&row[0]), row[1].parse().unwrap()))
        .collect()
}

/// kommun, län and, where there is a population, the whole of the files.
fn levels(regso: &str) -> [(&'static str, String); 3] {
    [
        ("kommun", regso[..4].to_owned()),
        ("lan", regso[..2].to_owned()),
        ("urval", "urval".to_owned()),
    ]
}

#[test]
fn people_and_areas_of_every_type() {
    let Some(made) = made() else { return };
    let folk = population();
    // level, area, type → areas, areas with people, people
    let mut expected: BTreeMap<(String, String, i64), (i64, i64, i64)> = BTreeMap::new();
    let mut totals: BTreeMap<(String, String), (i64, i64, i64)> = BTreeMap::new();
    for (regso, class) in types() {
        let people = folk.get(&(regso.clone(), 2022)).map(|[all, _]| *all);
        let riket = [("riket", "00".to_owned())];
        for (level, area) in riket.into_iter().chain(levels(&regso)) {
            if level == "urval" && people.is_none() {
                continue;
            }
            let add = |sum: &mut (i64, i64, i64)| {
                *sum = (
                    sum.0 + 1,
                    sum.1 + i64::from(people.is_some()),
                    sum.2 + people.unwrap_or(0),
                );
            };
            add(expected.entry((level.to_owned(), area.clone(), class)).or_default());
            add(totals.entry((level.to_owned(), area)).or_default());
        }
    }
    let table = made.table("pub.omradestyp_befolkning");
    assert_eq!(table.rows.num_rows(), totals.len() * 5);
    assert_eq!(totals.len(), 1 + 1 + 21 + 290);
    let (levels, areas, classes) = (
        table.texts("omrade_niva"),
        table.texts("omrade"),
        table.integers("omradestyp"),
    );
    let (counts, known, people) = (
        table.integers("antal_regso"),
        table.integers("antal_regso_med_folkmangd"),
        table.integers("folkmangd_kand"),
    );
    let (share, share_of_people, covered) = (
        table.numbers("andel_regso"),
        table.numbers("andel_folkmangd_kand"),
        table.numbers("tackning"),
    );
    let status = table.texts("obs_status");
    let mut riket = [0; 5];
    for at in 0..table.rows.num_rows() {
        let class = classes[at].unwrap();
        let area = (levels[at].clone(), areas[at].clone());
        let (all, all_known, all_people) = totals[&area];
        let want = expected
            .get(&(levels[at].clone(), areas[at].clone(), class))
            .copied()
            .unwrap_or_default();
        let what = format!("{area:?} {class}");
        assert_eq!((counts[at], known[at]), (Some(want.0), Some(want.1)), "{what}");
        assert_eq!(people[at], (all_known > 0).then_some(want.2), "{what}");
        near(share[at], 100.0 * want.0 as f64 / all as f64, &what);
        near(covered[at], 100.0 * all_known as f64 / all as f64, &what);
        if all_known > 0 {
            near(share_of_people[at], 100.0 * want.2 as f64 / all_people as f64, &what);
        }
        let says = match all_known {
            0 => "M",
            _ if all_known < all => "E",
            _ => "A",
        };
        assert_eq!(status[at], says, "{what}");
        if levels[at] == "riket" {
            riket[usize::try_from(class - 1).unwrap()] = counts[at].unwrap();
        }
    }
    assert_eq!(riket, [160, 289, 855, 1770, 289]);
    // people and areas differ, so both have to be shown
    assert_eq!(totals[&key_pair("urval", "urval")].0, 1216);
}

fn key_pair(level: &str, area: &str) -> (String, String) {
    (level.to_owned(), area.to_owned())
}

/// RegSO and year → type by income, with the rule of the official types written out.
fn income_types() -> BTreeMap<(String, i64), i64> {
    let incomes = incomes();
    let years: BTreeSet<i64> = incomes.keys().map(|(_, year)| *year).collect();
    let mut types = BTreeMap::new();
    for year in years {
        let of: Vec<(&String, f64)> = incomes
            .iter()
            .filter(|((_, y), _)| *y == year)
            .map(|((regso, _), income)| (regso, *income))
            .collect();
        let n = of.len() as f64;
        let mean = of.iter().map(|(_, income)| income).sum::<f64>() / n;
        let sd = (of.iter().map(|(_, income)| (income - mean).powi(2)).sum::<f64>() / n).sqrt();
        for (regso, income) in of {
            let below = (mean - income) / sd;
            // no area stands on a border, so rounding cannot decide
            assert!([2.0, 1.0, 0.0, -1.0].iter().all(|cut| (below - cut).abs() > 1e-9));
            let class = match below {
                b if b >= 2.0 => 1,
                b if b >= 1.0 => 2,
                b if b >= 0.0 => 3,
                b if b >= -1.0 => 4,
                _ => 5,
            };
            types.insert((regso.clone(), year), class);
        }
    }
    types
}

#[test]
fn transitions_between_types() {
    let Some(made) = made() else { return };
    let by_income = income_types();
    let table = made.table("pub.inkomsttyp_regso");
    let found: BTreeMap<(String, i64), i64> = table
        .texts("regso")
        .into_iter()
        .zip(table.years())
        .zip(table.integers("inkomsttyp").into_iter().flatten())
        .collect();
    assert_eq!(found, by_income);

    let folk = population();
    let official = types();
    let mut expected: BTreeMap<(&str, i64, i64), BTreeMap<(i64, i64), (i64, i64)>> = BTreeMap::new();
    for (from, to) in [(2020, 2021), (2021, 2022), (2022, 2023), (2020, 2023)] {
        for ((regso, year), class) in &by_income {
            if *year == from {
                let cell = expected
                    .entry(("inkomsttyp", from, to))
                    .or_default()
                    .entry((*class, by_income[&(regso.clone(), to)]))
                    .or_default();
                *cell = (cell.0 + 1, cell.1 + folk[&(regso.clone(), to)][0]);
            }
        }
    }
    for ((regso, _), class) in by_income.iter().filter(|((_, year), _)| *year == 2022) {
        let cell = expected
            .entry(("områdestyp mot inkomsttyp", 2022, 2022))
            .or_default()
            .entry((official[regso], *class))
            .or_default();
        *cell = (cell.0 + 1, cell.1 + folk[&(regso.clone(), 2022)][0]);
    }
    let table = made.table("pub.omradestyp_overgang");
    let (which, from, to) = (
        table.texts("jamforelse"),
        table.integers("fran_ar"),
        table.integers("till_ar"),
    );
    let (before, after) = (table.integers("fran_typ"), table.integers("till_typ"));
    let (areas, people) = (table.integers("antal_regso"), table.integers("folkmangd"));
    let (share, share_of_people) = (table.numbers("andel_regso"), table.numbers("andel_folkmangd"));
    let mut seen = 0;
    let mut sums: BTreeMap<(String, i64, i64, i64), f64> = BTreeMap::new();
    for at in 0..table.rows.num_rows() {
        let matrix = &expected[&(which[at].as_str(), from[at].unwrap(), to[at].unwrap())];
        let cell = (before[at].unwrap(), after[at].unwrap());
        let want = matrix.get(&cell).copied().unwrap_or_default();
        assert_eq!((areas[at], people[at]), (Some(want.0), Some(want.1)), "{cell:?}");
        seen += usize::from(want.0 > 0);
        let row = |pick: fn(&(i64, i64)) -> i64| -> f64 {
            let cells = matrix.iter().filter(|((from, _), _)| *from == cell.0);
            cells.map(|(_, sum)| pick(sum)).sum::<i64>() as f64
        };
        near(share[at], 100.0 * want.0 as f64 / row(|sum| sum.0), "share of areas");
        near(
            share_of_people[at],
            100.0 * want.1 as f64 / row(|sum| sum.1),
            "share of people",
        );
        *sums
            .entry((which[at].clone(), from[at].unwrap(), to[at].unwrap(), cell.0))
            .or_default() += share[at].unwrap();
    }
    assert_eq!(
        seen,
        expected.values().map(BTreeMap::len).sum::<usize>(),
        "no cell is left out"
    );
    assert!(sums.values().all(|sum| (sum - 100.0).abs() < 1e-9));
}

/// Wilson's limits at 95 per cent, as the paper has them.
fn wilson(x: f64, n: f64) -> (f64, f64) {
    let z = 1.959_963_984_540_054;
    let (p, z2) = (x / n, z * z);
    let middle = p + z2 / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    ((middle - half) / (1.0 + z2 / n), (middle + half) / (1.0 + z2 / n))
}

/// kommun, year, measure → RegSO with x of n.
fn shares() -> BTreeMap<(String, i64, String), Vec<(String, f64, f64)>> {
    let mut all: BTreeMap<(String, i64, String), Vec<(String, f64, f64)>> = BTreeMap::new();
    for ((regso, year), [people, sweden]) in population() {
        all.entry((regso[..4].to_owned(), year, "andel_utomlands".to_owned()))
            .or_default()
            .push((regso, (people - sweden) as f64, people as f64));
    }
    let homes = dwellings();
    let mut sums: BTreeMap<(&str, i64), i64> = BTreeMap::new();
    for ((regso, year, _), count) in &homes {
        *sums.entry((regso, *year)).or_default() += count;
    }
    for ((regso, year, tenure), count) in &homes {
        let n = sums[&(regso.as_str(), *year)];
        if tenure != "uppgift saknas" && n > 0 {
            all.entry((regso[..4].to_owned(), *year, format!("andel_{tenure}")))
                .or_default()
                .push((regso.clone(), *count as f64, n as f64));
        }
    }
    all
}

#[test]
fn the_gap_between_the_outermost_areas() {
    let Some(made) = made() else { return };
    let expected = shares();
    let table = made.table("pub.skillnad_kommun");
    assert_eq!(table.rows.num_rows(), expected.len());
    let at_keys = places(table, &["kommun", "ar", "matt"]);
    let column = |name: &str| table.numbers(name);
    let (gap, lo, hi, cov) = (
        column("skillnad"),
        column("skillnad_lo"),
        column("skillnad_hi"),
        column("variationskoefficient"),
    );
    let (ratio, change) = (column("kvot"), column("forandring"));
    let (highest, lowest) = (table.texts("hogsta_regso"), table.texts("lagsta_regso"));
    let mut gaps: BTreeMap<(String, String, i64), f64> = BTreeMap::new();
    for ((kommun, year, measure), areas) in &expected {
        let row = at_keys[&key(&[kommun, &year.to_string(), measure])];
        let what = format!("{kommun} {year} {measure}");
        let by_share = |a: &&(String, f64, f64), b: &&(String, f64, f64)| (a.1 / a.2).total_cmp(&(b.1 / b.2));
        if areas.len() < 2 {
            assert_eq!(gap[row], None, "{what}: one area has no gap");
            continue;
        }
        let top = areas.iter().max_by(by_share).unwrap();
        let bottom = areas.iter().min_by(by_share).unwrap();
        let share_of = |code: &str| areas.iter().find(|area| area.0 == code).map(|area| area.1 / area.2);
        assert_eq!(share_of(&highest[row]), Some(top.1 / top.2), "{what}");
        assert_eq!(share_of(&lowest[row]), Some(bottom.1 / bottom.2), "{what}");
        let (a, b) = (top.1 / top.2, bottom.1 / bottom.2);
        near(gap[row], 100.0 * (a - b), &what);
        gaps.insert((kommun.clone(), measure.clone(), *year), 100.0 * (a - b));
        // the intervals of the area that the table names: equal shares may have other sizes
        let named = |code: &str| areas.iter().find(|area| area.0 == code).unwrap();
        let (x, y) = (named(&highest[row]), named(&lowest[row]));
        let ((l1, u1), (l2, u2)) = (wilson(x.1, x.2), wilson(y.1, y.2));
        near(
            lo[row],
            100.0 * (a - b - ((a - l1).powi(2) + (u2 - b).powi(2)).sqrt()),
            &what,
        );
        near(
            hi[row],
            100.0 * (a - b + ((u1 - a).powi(2) + (b - l2).powi(2)).sqrt()),
            &what,
        );
        if b > 0.0 {
            near(ratio[row], a / b, &what);
        } else {
            assert_eq!(ratio[row], None, "{what}");
        }
        let people: f64 = areas.iter().map(|area| area.2).sum();
        let mean = areas.iter().map(|area| area.1).sum::<f64>() / people;
        if mean > 0.0 {
            let square: f64 = areas.iter().map(|area| area.2 * (area.1 / area.2 - mean).powi(2)).sum();
            near(cov[row], (square / people).sqrt() / mean, &what);
        }
    }
    for ((kommun, measure, year), value) in &gaps {
        let row = at_keys[&key(&[kommun, &year.to_string(), measure])];
        if let Some(first) = gaps.get(&(kommun.clone(), measure.clone(), 2020)) {
            near(change[row], value - first, "change of the gap");
        }
    }
    assert!(gaps.values().any(|gap| *gap > 50.0));
}

#[test]
fn ranks_come_with_intervals() {
    let Some(made) = made() else { return };
    let table = made.table("pub.rangordning_regso");
    let expected = shares();
    let at_keys = places(table, &["regso", "matt"]);
    let column = |name: &str| table.integers(name);
    let (rank, lo, hi, count) = (
        column("rang"),
        column("rang_lo"),
        column("rang_hi"),
        column("antal_omraden"),
    );
    let (share_lo, share_hi, smooth) = (
        table.numbers("andel_lo"),
        table.numbers("andel_hi"),
        table.numbers("utjamnad"),
    );
    let (mut rows, mut wide) = (0, 0);
    for ((_, year, measure), areas) in &expected {
        if *year != 2023 || !["andel_utomlands", "andel_hyresrätt"].contains(&measure.as_str()) {
            continue;
        }
        let interval = |code: &str| {
            let row = at_keys[&key(&[code, measure])];
            (lo[row].unwrap(), hi[row].unwrap())
        };
        let all: (f64, f64) = areas
            .iter()
            .fold((0.0, 0.0), |sum, area| (sum.0 + area.1, sum.1 + area.2));
        for (code, x, n) in areas {
            let row = at_keys[&key(&[code, measure])];
            rows += 1;
            let above = areas.iter().filter(|other| other.1 / other.2 > x / n).count();
            assert_eq!(rank[row], i64::try_from(above + 1).ok(), "{code} {measure}");
            let (low, high) = interval(code);
            assert!(1 <= low && low <= high && high <= count[row].unwrap());
            assert_eq!(count[row], i64::try_from(areas.len()).ok());
            let (from, to) = wilson(*x, *n);
            near(share_lo[row], 100.0 * from, "Wilson");
            near(share_hi[row], 100.0 * to, "Wilson");
            // drawn towards the kommun, never past it
            let (own, whole) = (100.0 * x / n, 100.0 * all.0 / all.1);
            let value = smooth[row].unwrap();
            assert!(
                value >= own.min(whole) - 0.1 && value <= own.max(whole) + 0.1,
                "{code} {own} {value} {whole}"
            );
            // who is certainly above another is so in both ends of the interval
            for (other, y, m) in areas {
                let (p, q) = (x / n, y / m);
                let error = (p * (1.0 - p) / n + q * (1.0 - q) / m).sqrt();
                if p - q > 8.0 * error + 0.01 {
                    let (other_low, other_high) = interval(other);
                    assert!(low <= other_low && high <= other_high, "{code} over {other}");
                }
                // and who overlaps with another can be on its place
                if other != code && (p - q).abs() < 0.2 * error {
                    let (other_low, other_high) = interval(other);
                    assert!(low <= other_high && other_low <= high, "{code} beside {other}");
                }
            }
            wide += usize::from(low < high);
        }
    }
    assert_eq!(rows, table.rows.num_rows());
    assert!(wide > rows / 4, "many ranks are not certain: {wide} of {rows}");

    // kommuner by their share of areas with challenges: all of the country
    let table = made.table("pub.omradestyp_kommun");
    let mut kommuner: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for (regso, class) in types() {
        let sum = kommuner.entry(regso[..4].to_owned()).or_default();
        *sum = (sum.0 + f64::from(u8::from(class <= 2)), sum.1 + 1.0);
    }
    assert_eq!((kommuner.len(), table.rows.num_rows()), (290, 290));
    let (names, rank, target) = (
        table.texts("kommun"),
        table.integers("rang"),
        table.numbers("andel_riket"),
    );
    let (from, to) = (table.numbers("andel_lo"), table.numbers("andel_hi"));
    for (at, kommun) in names.iter().enumerate() {
        let (x, n) = kommuner[kommun];
        let above = kommuner.values().filter(|(y, m)| y / m > x / n).count();
        assert_eq!(rank[at], i64::try_from(above + 1).ok(), "{kommun}");
        let (low, high) = wilson(x, n);
        near(from[at], 100.0 * low, kommun);
        near(to[at], 100.0 * high, kommun);
        near(target[at], 100.0 * f64::from(160 + 289) / 3363.0, "the country");
    }
}

/// Σ (n/T) ln(p/P) of areas with groups in `cells`.
fn mutual_information<'a>(cells: impl Iterator<Item = &'a Vec<f64>> + Clone) -> f64 {
    let mut groups: Vec<f64> = Vec::new();
    for cell in cells.clone() {
        groups.resize(cell.len(), 0.0);
        for (sum, n) in groups.iter_mut().zip(cell) {
            *sum += n;
        }
    }
    let all: f64 = groups.iter().sum();
    let mut m = 0.0;
    for cell in cells {
        let t: f64 = cell.iter().sum();
        for (n, group) in cell.iter().zip(&groups) {
            if *n > 0.0 {
                m += n / all * ((n / t) / (group / all)).ln();
            }
        }
    }
    m
}

/// Domain and year → RegSO → groups, the one in focus first.
fn domains() -> BTreeMap<(&'static str, i64), BTreeMap<String, Vec<f64>>> {
    let mut all: BTreeMap<(&'static str, i64), BTreeMap<String, Vec<f64>>> = BTreeMap::new();
    for ((regso, year), [people, sweden]) in population() {
        all.entry(("fodelseregion", year))
            .or_default()
            .insert(regso, vec![(people - sweden) as f64, sweden as f64]);
    }
    for ((regso, year, tenure), count) in dwellings() {
        let place = match tenure.as_str() {
            "hyresrätt" => 0,
            "bostadsrätt" => 1,
            "äganderätt" => 2,
            _ => continue,
        };
        let cells = all.entry(("upplatelseform", year)).or_default();
        cells.entry(regso).or_insert_with(|| vec![0.0; 3])[place] = count as f64;
    }
    all
}

#[test]
fn segregation_of_every_level_and_domain() {
    let Some(made) = made() else { return };
    let classes = types();
    let table = made.table("pub.segregation_niva");
    let at_keys = places(table, &["omrade_niva", "omrade", "ar", "doman"]);
    let column = |name: &str| table.numbers(name);
    let (m, between, within, h, d) = (
        column("m"),
        column("m_mellan"),
        column("m_inom"),
        column("entropiindex"),
        column("dissimilaritet"),
    );
    let (isolation, expected_d, corrected) = (
        column("isolering"),
        column("dissimilaritet_forvantad"),
        column("dissimilaritet_korrigerad"),
    );
    let mut rows = 0;
    let mut by_level: BTreeMap<(String, String, String), BTreeMap<i64, f64>> = BTreeMap::new();
    for ((domain, year), cells) in domains() {
        let mut areas: BTreeMap<(&str, String), Vec<(&String, &Vec<f64>)>> = BTreeMap::new();
        for (regso, cell) in &cells {
            for (level, area) in levels(regso) {
                areas.entry((level, area)).or_default().push((regso, cell));
            }
        }
        for ((level, area), cells) in &areas {
            let row = at_keys[&key(&[level, area, &year.to_string(), domain])];
            rows += 1;
            let what = format!("{level} {area} {year} {domain}");
            let own = mutual_information(cells.iter().map(|(_, cell)| *cell));
            near(m[row], own, &what);
            by_level
                .entry(((*level).to_owned(), area.clone(), domain.to_owned()))
                .or_default()
                .insert(year, own);
            // parts of the level, as if each were one area
            let mut parts: BTreeMap<String, Vec<f64>> = BTreeMap::new();
            let mut groups = vec![0.0; cells[0].1.len()];
            for (regso, cell) in cells {
                let part = match *level {
                    "kommun" => classes[*regso].to_string(),
                    "lan" => regso[..4].to_owned(),
                    _ => regso[..2].to_owned(),
                };
                let sums = parts.entry(part).or_insert_with(|| vec![0.0; cell.len()]);
                for ((sum, group), n) in sums.iter_mut().zip(&mut groups).zip(*cell) {
                    *sum += n;
                    *group += n;
                }
            }
            let between_parts = mutual_information(parts.values());
            near(between[row], between_parts, &what);
            near(within[row], own - between_parts, &what);
            let t: f64 = groups.iter().sum();
            let entropy: f64 = groups
                .iter()
                .filter(|n| **n > 0.0)
                .map(|n| -(n / t) * (n / t).ln())
                .sum();
            near(h[row], own / entropy, &what);
            let (x, y) = (groups[0], t - groups[0]);
            let of = |cell: &Vec<f64>| (cell[0], cell.iter().sum::<f64>());
            let even: f64 = cells
                .iter()
                .map(|(_, cell)| of(cell))
                .map(|(xi, ti)| (xi / x - (ti - xi) / y).abs())
                .sum();
            near(d[row], even / 2.0, &what);
            let alone: f64 = cells
                .iter()
                .map(|(_, cell)| of(cell))
                .filter(|(_, ti)| *ti > 0.0)
                .map(|(xi, ti)| xi / x * xi / ti)
                .sum();
            near(isolation[row], alone, &what);
            let (have, chance) = (even / 2.0, expected_d[row].unwrap());
            assert!((0.0..1.0).contains(&chance), "{what}");
            let beyond = if have >= chance {
                (have - chance) / (1.0 - chance)
            } else {
                (have - chance) / chance
            };
            near(corrected[row], beyond, &what);
        }
    }
    assert_eq!(rows, table.rows.num_rows());

    // the change is the difference of the two, and its parts are all of it
    let table = made.table("pub.segregation_forandring");
    let at_keys = places(table, &["omrade_niva", "omrade", "doman"]);
    assert_eq!(at_keys.len(), by_level.len());
    let column = |name: &str| table.numbers(name);
    let (before, after, change, new, groups, sizes, structure) = (
        column("m_fore"),
        column("m_efter"),
        column("forandring"),
        column("nya_och_borttagna"),
        column("gruppernas_storlek"),
        column("omradenas_storlek"),
        column("struktur"),
    );
    let mut structural = 0;
    for ((level, area, domain), years) in &by_level {
        let row = at_keys[&key(&[level, area, domain])];
        near(before[row], years[&2020], area);
        near(after[row], years[&2023], area);
        near(change[row], years[&2023] - years[&2020], area);
        let sum = [new[row], groups[row], sizes[row], structure[row]]
            .into_iter()
            .flatten()
            .sum::<f64>();
        assert!((sum - change[row].unwrap()).abs() < 1e-9, "{level} {area} {domain}");
        structural += usize::from(structure[row].unwrap().abs() > 1e-4);
    }
    assert!(structural > 50);

    // what every area adds to its kommun's segregation
    let table = made.table("pub.segregation_regso");
    let at_keys = places(table, &["regso", "ar", "doman"]);
    let (local, part, quotient) = (
        table.numbers("lokal"),
        table.numbers("bidrag"),
        table.numbers("lokalkvot"),
    );
    let mut rows = 0;
    for ((domain, year), cells) in domains() {
        let mut kommuner: BTreeMap<&str, Vec<(&String, &Vec<f64>)>> = BTreeMap::new();
        for (regso, cell) in &cells {
            kommuner.entry(&regso[..4]).or_default().push((regso, cell));
        }
        for (kommun, cells) in kommuner {
            let own = by_level[&("kommun".to_owned(), kommun.to_owned(), domain.to_owned())][&year];
            let mut groups = vec![0.0; cells[0].1.len()];
            for (_, cell) in &cells {
                for (sum, n) in groups.iter_mut().zip(*cell) {
                    *sum += n;
                }
            }
            let all: f64 = groups.iter().sum();
            for (regso, cell) in cells {
                let row = at_keys[&key(&[regso, &year.to_string(), domain])];
                rows += 1;
                let t: f64 = cell.iter().sum();
                let value: f64 = cell
                    .iter()
                    .zip(&groups)
                    .filter(|(n, _)| **n > 0.0)
                    .map(|(n, group)| n / t * ((n / t) / (group / all)).ln())
                    .sum();
                near(local[row], value, regso);
                near(quotient[row], (cell[0] / t) / (groups[0] / all), regso);
                let share = 100.0 * t / all * value / own;
                assert!((part[row].unwrap() - share).abs() < 1e-7 * share.max(1.0), "{regso}");
            }
        }
    }
    assert_eq!(rows, table.rows.num_rows());
}

/// Year, level and area → income and people of its RegSO, from the lowest income.
fn earners() -> BTreeMap<(i64, &'static str, String), Vec<(f64, f64, String)>> {
    let folk = population();
    let mut all: BTreeMap<(i64, &'static str, String), Vec<(f64, f64, String)>> = BTreeMap::new();
    for ((regso, year), income) in incomes() {
        for (level, area) in levels(&regso) {
            all.entry((year, level, area)).or_default().push((
                income,
                folk[&(regso.clone(), year)][0] as f64,
                regso.clone(),
            ));
        }
    }
    for areas in all.values_mut() {
        areas.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    all
}

#[test]
fn incomes_between_areas() {
    let Some(made) = made() else { return };
    let table = made.table("pub.inkomstskillnad_omrade");
    let at_keys = places(table, &["omrade_niva", "omrade", "ar"]);
    let curve = made.table("pub.lorenz_inkomst");
    let points = places(curve, &["omrade_niva", "omrade", "ar", "andel_folk"]);
    let part = curve.numbers("andel_inkomst");
    let column = |name: &str| table.numbers(name);
    let (p10, median, p90, gini, theil) = (
        column("p10"),
        column("median"),
        column("p90"),
        column("gini"),
        column("theil"),
    );
    let all = earners();
    assert_eq!(all.len(), table.rows.num_rows());
    for ((year, level, area), places) in &all {
        let row = at_keys[&key(&[level, area, &year.to_string()])];
        let what = format!("{level} {area} {year}");
        let people: f64 = places.iter().map(|place| place.1).sum();
        let whole: f64 = places.iter().map(|place| place.0 * place.1).sum();
        let reaches = |share: f64| {
            let mut below = 0.0;
            places
                .iter()
                .find(|place| {
                    below += place.1;
                    below >= share * people
                })
                .unwrap()
                .0
        };
        near(p10[row], reaches(0.1), &what);
        near(median[row], reaches(0.5), &what);
        near(p90[row], reaches(0.9), &what);
        let mut differences = 0.0;
        for a in places {
            for b in places {
                differences += a.1 * b.1 * (a.0 - b.0).abs();
            }
        }
        near(gini[row], differences / (2.0 * people * whole), &what);
        let mean = whole / people;
        let t: f64 = places
            .iter()
            .map(|place| place.1 / people * place.0 / mean * (place.0 / mean).ln())
            .sum();
        near(theil[row], t, &what);
        if places.len() >= 5 {
            for tenth in 0..=10 {
                let limit = people * f64::from(tenth) / 10.0;
                let (mut below, mut have) = (0.0, 0.0);
                for place in places {
                    let taken = place.1.min(limit - below).max(0.0);
                    below += taken;
                    have += taken * place.0;
                }
                let point = points[&key(&[level, area, &year.to_string(), &(10 * tenth).to_string()])];
                near(part[point], 100.0 * have / whole, &what);
            }
        }
    }
}

#[test]
fn the_slope_over_incomes() {
    let Some(made) = made() else { return };
    let table = made.table("pub.gradient_omrade");
    let at_keys = places(table, &["omrade_niva", "omrade", "ar", "matt"]);
    let (slope, low, high, concentration) = (
        table.numbers("sii"),
        table.numbers("sii_lo"),
        table.numbers("sii_hi"),
        table.numbers("koncentrationsindex"),
    );
    let incomes = incomes();
    let mut areas: BTreeMap<(&str, String, i64, String), Vec<(f64, f64, f64)>> = BTreeMap::new();
    for ((_, year, measure), shares) in shares() {
        for (regso, x, n) in shares {
            for (level, area) in levels(&regso) {
                areas.entry((level, area, year, measure.clone())).or_default().push((
                    incomes[&(regso.clone(), year)],
                    100.0 * x / n,
                    n,
                ));
            }
        }
    }
    // the first year and the last
    areas.retain(|(_, _, year, _), places| places.len() >= 5 && [2020, 2023].contains(year));
    assert_eq!(areas.len(), table.rows.num_rows());
    for ((level, area, year, measure), mut places) in areas {
        let row = at_keys[&key(&[level, &area, &year.to_string(), &measure])];
        places.sort_by(|a, b| a.0.total_cmp(&b.0));
        let people: f64 = places.iter().map(|place| place.2).sum();
        // areas of equal income share the middle of their people
        let middle = |income: f64| {
            let below: f64 = places
                .iter()
                .filter(|place| place.0 < income)
                .map(|place| place.2)
                .sum();
            let equal: f64 = places
                .iter()
                .filter(|place| place.0.to_bits() == income.to_bits())
                .map(|place| place.2)
                .sum();
            (below + equal / 2.0) / people
        };
        let (mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0);
        for (income, share, n) in &places {
            let (weight, place) = (n / people, middle(*income));
            x += weight * place;
            y += weight * share;
            xx += weight * place * place;
            xy += weight * place * share;
        }
        let b = (xy - x * y) / (xx - x * x);
        let what = format!("{level} {area} {year} {measure}");
        near(slope[row], b, &what);
        assert!(low[row].unwrap() < b && b < high[row].unwrap(), "{what}");
        // Erreygers' of a share in per cent: 4 · ACI / 100
        near(concentration[row], 4.0 * (2.0 * xy - y) / 100.0, &what);
    }
}

#[test]
fn goals_and_gaps_of_indicators() {
    let Some(made) = made() else { return };
    let mut values: BTreeMap<(String, String), Vec<(i64, f64)>> = BTreeMap::new();
    let mut sexes: BTreeMap<(String, String), BTreeMap<i64, [Option<f64>; 2]>> = BTreeMap::new();
    for ((kpi, kommun, year, sex), (value, ..)) in kolada() {
        let of: Kpi = (kpi, kommun, year, sex);
        match of.3.as_str() {
            "T" => values
                .entry((of.0, of.1))
                .or_default()
                .extend(value.map(|value| (year, value))),
            "K" => sexes.entry((of.0, of.1)).or_default().entry(year).or_default()[0] = value,
            _ => sexes.entry((of.0, of.1)).or_default().entry(year).or_default()[1] = value,
        }
    }
    let goals = made.table("ref.nyckeltal_mal");
    let goals: BTreeMap<String, (f64, f64, bool)> = (0..goals.rows.num_rows())
        .map(|at| {
            let goal = goals.numbers("mal")[at].unwrap();
            let year = goals.numbers("mal_ar")[at].unwrap();
            (
                goals.texts("nyckeltal")[at].clone(),
                (goal, year, goals.texts("riktning")[at] == "up"),
            )
        })
        .collect();
    let table = made.table("pub.nyckeltal_mal");
    let (kpis, kommuner, says) = (table.texts("nyckeltal"), table.texts("kommun"), table.texts("lage"));
    let (pace, needed, ahead) = (
        table.numbers("takt"),
        table.numbers("behovd_takt"),
        table.numbers("framskrivet"),
    );
    let mut states: BTreeMap<String, usize> = BTreeMap::new();
    for at in 0..table.rows.num_rows() {
        let (goal, by, up) = goals[&kpis[at]];
        let series = &values[&(kpis[at].clone(), kommuner[at].clone())];
        let first = series.iter().min_by_key(|(year, _)| *year).unwrap();
        let last = series.iter().max_by_key(|(year, _)| *year).unwrap();
        let what = format!("{} {}", kpis[at], kommuner[at]);
        *states.entry(says[at].clone()).or_default() += 1;
        if first.0 == last.0 {
            assert_eq!(says[at], "", "{what}");
            continue;
        }
        let actual = (last.1 - first.1) / (last.0 - first.0) as f64;
        let left = by - last.0 as f64;
        near(pace[at], actual, &what);
        near(ahead[at], last.1 + actual * left, &what);
        let reached = |value: f64| if up { value >= goal } else { value <= goal };
        let wanted = if reached(last.1) {
            near(needed[at], 0.0, &what);
            "nått"
        } else {
            near(needed[at], (goal - last.1) / left, &what);
            // neither way is the wrong one for a series that stands still
            if (actual < 0.0) == up && actual.abs() > 0.0 {
                "fel håll"
            } else if reached(last.1 + actual * left) {
                "i takt"
            } else {
                "efter"
            }
        };
        if actual.abs() > 0.0 {
            assert_eq!(says[at], wanted, "{what}");
        }
    }
    assert!(
        ["nått", "i takt", "efter", "fel håll"]
            .iter()
            .all(|word| states[*word] > 100),
        "{states:?}"
    );

    // women and men
    let table = made.table("pub.konsskillnad_kommun");
    let (kpis, kommuner) = (table.texts("nyckeltal"), table.texts("kommun"));
    let (gap, slope, years) = (table.numbers("skillnad"), table.numbers("lutning"), table.years());
    for at in 0..table.rows.num_rows() {
        let series: Vec<(i64, f64)> = sexes[&(kpis[at].clone(), kommuner[at].clone())]
            .iter()
            .filter_map(|(year, [women, men])| Some((*year, (*women)? - (*men)?)))
            .collect();
        let last = series.last().unwrap();
        assert_eq!(years[at], last.0);
        assert!((gap[at].unwrap() - last.1).abs() < 1e-6);
        let mut slopes: Vec<f64> = Vec::new();
        for (i, a) in series.iter().enumerate() {
            for b in &series[i + 1..] {
                slopes.push((b.1.abs() - a.1.abs()) / (b.0 - a.0) as f64);
            }
        }
        slopes.sort_by(f64::total_cmp);
        if series.len() >= 3 {
            let half = slopes.len() / 2;
            let median = if slopes.len() % 2 == 1 {
                slopes[half]
            } else {
                f64::midpoint(slopes[half - 1], slopes[half])
            };
            assert!(
                (slope[at].unwrap() - median).abs() < 1e-6,
                "{} {}",
                kpis[at],
                kommuner[at]
            );
        }
    }
    every_gap_has_an_answer(made);
}

/// Gaps between kommuner with and without challenges, and the word for where they go.
fn every_gap_has_an_answer(made: &Made) {
    let gaps = made.table("pub.nyckeltal_skillnad");
    let mut groups: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for (regso, class) in types() {
        let sum = groups.entry(regso[..4].to_owned()).or_default();
        *sum = (sum.0 + usize::from(class <= 2), sum.1 + 1);
    }
    let mut values: BTreeMap<(String, String, i64), [Vec<f64>; 2]> = BTreeMap::new();
    for ((kpi, kommun, year, sex), (value, ..)) in kolada() {
        let (x, n) = groups[&kommun];
        let place = match (x, 5 * x >= n) {
            (0, _) => 1,
            (_, true) => 0,
            _ => continue,
        };
        values.entry((kpi, sex, year)).or_default()[place].extend(value);
    }
    let at_keys = places(gaps, &["nyckeltal", "kon", "ar"]);
    let (gap, error) = (gaps.numbers("skillnad"), gaps.numbers("skillnad_fel"));
    for ((kpi, sex, year), [with, without]) in &values {
        let row = at_keys[&key(&[kpi, sex, &year.to_string()])];
        if with.len() <= 5 || without.len() <= 5 {
            assert_eq!(gap[row], None);
            continue;
        }
        let moments = |values: &[f64]| {
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let square: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            (mean, square / (n - 1.0) / n)
        };
        let ((a, u), (b, v)) = (moments(with), moments(without));
        assert!(
            (gap[row].unwrap() - (a - b)).abs() < 1e-6 * (1.0 + a.abs()),
            "{kpi} {sex} {year}"
        );
        assert!(
            (error[row].unwrap() - (u + v).sqrt()).abs() < 1e-6 * (1.0 + u.sqrt()),
            "{kpi} {sex} {year}"
        );
    }
    let table = made.table("pub.nyckeltal_trend");
    let (word, long, chi2, status) = (
        table.texts("gap"),
        table.texts("gap_alla_ar"),
        table.numbers("gap_chi2"),
        table.texts("obs_status"),
    );
    for at in 0..table.rows.num_rows() {
        if status[at] == "A" {
            // evidence needs the test's own limit
            assert!(word[at] == "inget belägg" || chi2[at].unwrap() > 9.549, "{}", word[at]);
            assert!(["minskar", "ökar", "inget belägg"].contains(&long[at].as_str()));
        }
    }
    assert!(long.iter().any(|word| word == "ökar") && long.iter().any(|word| word == "minskar"));
}

/// Functions of the library that the models of a folder call.
fn called(fits: impl Fn(&str) -> bool) -> BTreeSet<&'static str> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sql/mart");
    let mut called = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if !fits(&name) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        // what the comment says is not called
        let (_, statement) = text.split_once("*/").unwrap();
        for definition in catalogue() {
            let call = format!("{}(", definition.name);
            let whole = statement.match_indices(&call).any(|(at, _)| {
                let before = statement[..at].chars().next_back();
                !before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
            });
            if whole {
                called.insert(definition.name);
            }
        }
    }
    called
}

#[test]
fn the_library_is_used() {
    let real = called(|name| !name.starts_with("fiktiv_"));
    assert!(real.len() >= 15, "{real:?}");
    let demo = called(|name| name.starts_with("fiktiv_"));
    assert!(demo.contains("seg_dissimilarity_bounds") && demo.len() >= 5, "{demo:?}");
}

#[test]
fn every_table_says_which_question_it_answers() {
    let Some(made) = made() else { return };
    let tables = [
        "omradestyp_befolkning",
        "omradestyp_kommun",
        "omradestyp_overgang",
        "inkomsttyp_regso",
        "skillnad_kommun",
        "nyckeltal_skillnad",
        "nyckeltal_trend",
        "nyckeltal_mal",
        "konsskillnad_kommun",
        "ojamlikhet_nyckeltal",
        "segregation_niva",
        "segregation_forandring",
        "segregation_regso",
        "rangordning_regso",
        "prioriterade_omraden",
        "gradient_omrade",
        "inkomstskillnad_omrade",
        "lorenz_inkomst",
        "inkomstsegregation_omrade",
    ];
    for name in tables {
        let table = made.table(&format!("pub.{name}"));
        assert!(table.description.contains('?'), "{name}: {}", table.description);
        let status = table.column("obs_status", &DataType::Utf8);
        assert_eq!(
            status.as_string::<i32>().iter().flatten().count(),
            table.rows.num_rows()
        );
    }
}
