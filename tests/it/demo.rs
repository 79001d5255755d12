//! The pipeline `demo`: what is computed from protected tables, held against the persons that no reader sees.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use crate::sverige::{Made, run_pipeline};

/// The pipeline's result, made once for all tests here.
fn made() -> &'static Made {
    static MADE: LazyLock<Made> = LazyLock::new(|| run_pipeline("demo", None));
    &MADE
}

/// kommun, division and year → area → persons by country of birth.
type Towns = BTreeMap<(String, &'static str, String), BTreeMap<String, BTreeMap<String, f64>>>;

fn towns(made: &Made) -> Towns {
    let persons = made.table("core.fiktiv_person");
    let (kommuner, born, years) = (
        persons.texts("kommun"),
        persons.texts("fodelseregion"),
        persons.texts("ar"),
    );
    let mut towns = Towns::new();
    for division in ["nyko", "deso_2025", "regso_2025"] {
        for (at, area) in persons.texts(division).into_iter().enumerate() {
            let town = towns
                .entry((kommuner[at].clone(), division, years[at].clone()))
                .or_default();
            *town.entry(area).or_default().entry(born[at].clone()).or_default() += 1.0;
        }
    }
    towns
}

#[test]
fn the_true_segregation_lies_within_the_published_interval() {
    let made = made();
    let towns = towns(made);
    let table = made.table("pub.segregation_intervall");
    let (kommuner, divisions, years, groups) = (
        table.texts("kommun"),
        table.texts("omradesindelning"),
        table.texts("ar"),
        table.texts("grupp"),
    );
    let column = |name: &str| -> Vec<f64> { table.numbers(name).into_iter().map(Option::unwrap).collect() };
    let (low, high) = (column("d_lo"), column("d_hi"));
    let (alone_low, alone_high) = (column("isolering_lo"), column("isolering_hi"));
    let (hidden, areas, hidden_areas) = (column("andel_dold"), column("antal_omraden"), column("dolda_omraden"));
    // every kommun, division, year and group
    assert_eq!(table.rows.num_rows(), towns.len() * 4);
    let (mut exact, mut wide) = (0, 0);
    for at in 0..table.rows.num_rows() {
        let what = format!("{} {} {} {}", kommuner[at], divisions[at], years[at], groups[at]);
        let division = ["nyko", "deso_2025", "regso_2025"]
            .into_iter()
            .find(|name| *name == divisions[at])
            .unwrap();
        let town = &towns[&(kommuner[at].clone(), division, years[at].clone())];
        let cells: Vec<(f64, f64)> = town
            .values()
            .map(|born| (born.get(&groups[at]).copied().unwrap_or(0.0), born.values().sum()))
            .collect();
        let x: f64 = cells.iter().map(|cell| cell.0).sum();
        let y: f64 = cells.iter().map(|cell| cell.1 - cell.0).sum();
        let d = cells
            .iter()
            .map(|(x_i, t)| (x_i / x - (t - x_i) / y).abs())
            .sum::<f64>()
            / 2.0;
        let isolation: f64 = cells.iter().map(|(x_i, t)| x_i / x * x_i / t).sum();
        assert!(
            low[at] <= d + 1e-12 && d <= high[at] + 1e-12,
            "{what}: {d} in {}–{}",
            low[at],
            high[at]
        );
        assert!(
            alone_low[at] <= isolation + 1e-12 && isolation <= alone_high[at] + 1e-12,
            "{what}: {isolation} in {}–{}",
            alone_low[at],
            alone_high[at]
        );
        assert!((areas[at] - cells.len() as f64).abs() < 0.5, "{what}");
        if hidden_areas[at] < 0.5 {
            assert!(
                hidden[at] < 0.05 && high[at] - low[at] < 0.0011,
                "{what}: nothing is hidden"
            );
            exact += 1;
        } else {
            assert!(hidden[at] > 0.0, "{what}");
            wide += usize::from(high[at] - low[at] > 0.1);
        }
    }
    // the interval says something in both ways
    assert!(exact > 50 && wide > 50, "{exact} {wide}");
}

#[test]
fn finer_areas_cost_width() {
    let made = made();
    let table = made.table("pub.segregation_intervall");
    let (low, high) = (table.numbers("d_lo"), table.numbers("d_hi"));
    let mut widths: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (at, division) in table.texts("omradesindelning").into_iter().enumerate() {
        widths
            .entry(division)
            .or_default()
            .push(high[at].unwrap() - low[at].unwrap());
    }
    let mean = |division: &str| widths[division].iter().sum::<f64>() / widths[division].len() as f64;
    assert!(mean("regso_2025") < mean("deso_2025") && mean("deso_2025") < mean("nyko"));
}

#[test]
fn types_and_moves_come_from_published_shares() {
    let made = made();
    let shares = made.table("pub.socioekonomi_omrade");
    let keys: Vec<(String, String)> = shares.texts("omrade").into_iter().zip(shares.texts("ar")).collect();
    let (poor, school, work) = (
        shares.numbers("andel_lag_inkomst"),
        shares.numbers("andel_kort_utbildning"),
        shares.numbers("andel_utan_arbete"),
    );
    let mut by_year: BTreeMap<&str, Vec<(&str, f64)>> = BTreeMap::new();
    for (at, (area, year)) in keys.iter().enumerate() {
        if let (Some(a), Some(b), Some(c)) = (poor[at], school[at], work[at]) {
            by_year.entry(year).or_default().push((area, (a + b + c) / 3.0));
        }
    }
    let table = made.table("pub.omradestyp_omrade");
    assert_eq!(table.rows.num_rows(), keys.len());
    let found: BTreeMap<(String, String), Option<i64>> = table
        .texts("omrade")
        .into_iter()
        .zip(table.texts("ar"))
        .zip(table.integers("omradestyp"))
        .collect();
    let mut expected: BTreeMap<(String, String), Option<i64>> = keys.iter().map(|key| (key.clone(), None)).collect();
    for (year, areas) in &by_year {
        let n = areas.len() as f64;
        let mean = areas.iter().map(|(_, index)| index).sum::<f64>() / n;
        let sd = (areas.iter().map(|(_, index)| (index - mean).powi(2)).sum::<f64>() / n).sqrt();
        for (area, index) in areas {
            let above = (index - mean) / sd;
            let class = [2.0, 1.0, 0.0, -1.0].iter().position(|cut| above >= *cut).unwrap_or(4) + 1;
            expected.insert(((*area).to_owned(), (*year).to_owned()), i64::try_from(class).ok());
        }
    }
    assert_eq!(found, expected);
    // some are hidden, and no type is made up for them
    assert!(found.values().any(Option::is_none));

    let moves = made.table("pub.omradestyp_rorelse");
    let (from, share, count) = (
        moves.integers("fran_typ"),
        moves.numbers("andel_omraden"),
        moves.integers("antal_omraden"),
    );
    let mut rows: BTreeMap<Option<i64>, f64> = BTreeMap::new();
    for at in 0..moves.rows.num_rows() {
        if let Some(share) = share[at] {
            *rows.entry(from[at]).or_default() += share;
        }
    }
    assert_eq!(moves.rows.num_rows(), 25);
    // published with one decimal
    assert!(rows.values().all(|sum| (sum - 100.0).abs() <= 0.25), "{rows:?}");
    let years: BTreeSet<&String> = keys.iter().map(|(_, year)| year).collect();
    let (first, last) = (years.first().unwrap(), years.last().unwrap());
    let both = keys
        .iter()
        .filter(|(area, year)| {
            year == *first
                && found[&(area.clone(), year.clone())].is_some()
                && found[&(area.clone(), (**last).clone())].is_some()
        })
        .count();
    assert_eq!(count.into_iter().flatten().sum::<i64>(), i64::try_from(both).unwrap());
}

#[test]
fn spread_stands_beside_the_mean() {
    let made = made();
    let table = made.table("pub.sysselsattning_spridning");
    let persons = made.table("pub.befolkning_omrade");
    let mut people: BTreeMap<(String, String), f64> = BTreeMap::new();
    let (levels, areas, years) = (
        persons.texts("omrade_niva"),
        persons.texts("omrade"),
        persons.texts("ar"),
    );
    let (sexes, born) = (persons.texts("kon"), persons.texts("fodelseregion"));
    for (at, count) in persons.integers("antal").into_iter().enumerate() {
        if levels[at] == "regso_2025" && sexes[at] == "totalt" && born[at] == "totalt" {
            people.insert((areas[at].clone(), years[at].clone()), count.unwrap() as f64);
        }
    }
    let values = made.table("pub.sysselsattning_omrade");
    let (levels, areas, years) = (values.texts("omrade_niva"), values.texts("omrade"), values.texts("ar"));
    let mut towns: BTreeMap<(String, String, &str), Vec<Option<(f64, f64)>>> = BTreeMap::new();
    for measure in ["andel_sysselsatta", "medelinkomst_tkr"] {
        for (at, value) in values.numbers(measure).into_iter().enumerate() {
            if levels[at] == "regso_2025" {
                let weight = people[&(areas[at].clone(), years[at].clone())];
                towns
                    .entry((areas[at][..4].to_owned(), years[at].clone(), measure))
                    .or_default()
                    .push(value.map(|value| (value, weight)));
            }
        }
    }
    assert_eq!(table.rows.num_rows(), towns.len());
    let (kommuner, years, measures) = (table.texts("kommun"), table.texts("ar"), table.texts("matt"));
    let (spread, median) = (table.numbers("standardavvikelse"), table.numbers("median"));
    for at in 0..table.rows.num_rows() {
        let town = &towns[&(kommuner[at].clone(), years[at].clone(), measures[at].as_str())];
        let Some(mut town) = town.iter().copied().collect::<Option<Vec<(f64, f64)>>>() else {
            assert_eq!(
                (spread[at], median[at]),
                (None, None),
                "one is hidden, so nothing is said"
            );
            continue;
        };
        town.sort_by(|a, b| a.0.total_cmp(&b.0));
        let weights: f64 = town.iter().map(|(_, weight)| weight).sum();
        let mean = town.iter().map(|(value, weight)| value * weight).sum::<f64>() / weights;
        let square: f64 = town.iter().map(|(value, weight)| weight * (value - mean).powi(2)).sum();
        // published with two decimals
        assert!((spread[at].unwrap() - (square / weights).sqrt()).abs() <= 0.005 + 1e-9);
        let mut below = 0.0;
        let half = town.iter().find(|(_, weight)| {
            below += weight;
            2.0 * below >= weights
        });
        assert!((median[at].unwrap() - half.unwrap().0).abs() < 1e-9);
    }
}
