//! The fictional county: same bytes whatever the threads, lawful geography, planted facts that hold.

use std::collections::{BTreeMap, BTreeSet};

use samsyn::{
    pipeline::Project,
    source::{
        Delivered, read,
        synthetic::{
            BirthRegion, Delivery, Education, People, PersonYear, Spec, World, deliveries, deliveries_on, in_chunks,
        },
    },
};
use sha2::{Digest, Sha256};

fn rows(spec: &Spec) -> (World, Vec<PersonYear>) {
    let world = World::new(spec);
    let people = People::new(spec, &world);
    let keep = |part: &mut Vec<PersonYear>, row: &PersonYear| part.push(row.clone());
    let parts = in_chunks(&people, 2, Vec::new, keep).unwrap_or_default();
    (World::new(spec), parts.into_iter().flatten().collect())
}

fn hashes(files: &[Delivery]) -> Vec<(String, String)> {
    files
        .iter()
        .map(|file| (file.name.clone(), format!("{:x}", Sha256::digest(&file.bytes))))
        .collect()
}

fn text(files: &[Delivery], name: &str) -> String {
    let bytes = files
        .iter()
        .find(|file| file.name == name)
        .map_or(&[][..], |file| &file.bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

#[test]
fn same_seed_same_bytes_on_any_number_of_threads() {
    let spec = Spec::default();
    let once = hashes(&deliveries_on(&spec, 1).unwrap());
    assert_eq!(once, hashes(&deliveries_on(&spec, 3).unwrap()));
    assert_eq!(once, hashes(&deliveries(&spec).unwrap()));
    let other = hashes(&deliveries(&Spec { seed: 2, ..spec }).unwrap());
    for (one, two) in once.iter().zip(&other) {
        let geography_only = one.0.contains("nyckel") || one.0.contains("nyko") || one.0.contains("forandringar");
        assert_eq!(one.0, two.0);
        assert!(
            geography_only || one.1 != two.1,
            "{} does not depend on the seed",
            one.0
        );
    }
}

#[test]
fn properties_roll_up_and_nyko_and_deso_are_not_nested() {
    let spec = Spec::default();
    let world = World::new(&spec);
    let (mut desos_of, mut nykos_of, mut seen) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
    for (number, property) in world.properties.iter().enumerate() {
        assert!(seen.insert(&property.fnr), "keys are unique");
        let kommun = world.kommun_of(number);
        let (old, new) = (&world.deso2018[property.deso2018], &world.deso2025[property.deso2025]);
        assert_eq!(world.regso[old.regso].kommun, kommun);
        assert_eq!(world.regso[new.regso].kommun, kommun);
        assert_eq!(world.nyko[property.nyko].1, kommun);
        for code in [&old.code, &new.code, &world.regso[old.regso].code, &property.fnr] {
            assert_eq!(code[..4], format!("99{:02}", kommun + 1), "codes begin with the kommun");
        }
        desos_of
            .entry(property.nyko)
            .or_insert_with(BTreeSet::new)
            .insert(property.deso2018);
        nykos_of
            .entry(property.deso2018)
            .or_insert_with(BTreeSet::new)
            .insert(property.nyko);
    }
    assert!(
        desos_of.values().any(|desos| desos.len() > 1),
        "a NYKO lies in several DeSO"
    );
    assert!(
        nykos_of.values().any(|nykos| nykos.len() > 1),
        "a DeSO holds several NYKO"
    );
    assert!(world.nyko.iter().all(|(code, _)| code.len() == 6));
    let unique = |codes: Vec<&String>| codes.iter().collect::<BTreeSet<_>>().len() == codes.len();
    assert!(unique(world.deso2018.iter().map(|deso| &deso.code).collect()));
    assert!(unique(world.deso2025.iter().map(|deso| &deso.code).collect()));
    assert!(unique(world.regso.iter().map(|regso| &regso.code).collect()));
}

#[test]
fn the_vintages_differ_by_two_splits_a_merge_and_a_move() {
    for persons in [200, 8_000, 1_000_000] {
        let world = World::new(&Spec {
            persons,
            ..Spec::default()
        });
        assert_eq!(
            world.deso2025.len(),
            world.deso2018.len() + 1,
            "+2 by splits, −1 by the merge"
        );
        let used: BTreeSet<_> = world.properties.iter().map(|property| property.deso2025).collect();
        assert_eq!(used.len(), world.deso2025.len(), "no area is empty");
        let moved: Vec<_> = world
            .properties
            .iter()
            .filter(|p| world.deso2018[p.deso2018].regso != world.deso2025[p.deso2025].regso)
            .collect();
        assert_eq!(moved.len(), 6, "a strip changes DeSO and RegSO");
        // What the log says is what happened to the properties, no more and no less.
        let happened: BTreeSet<_> = world
            .properties
            .iter()
            .map(|p| {
                (
                    world.deso2018[p.deso2018].code.clone(),
                    world.deso2025[p.deso2025].code.clone(),
                )
            })
            .collect();
        let logged: BTreeSet<_> = world.changes.iter().map(|c| (c.from.clone(), c.to.clone())).collect();
        assert!(logged.is_subset(&happened));
        assert!(happened.difference(&logged).all(|(from, to)| from == to));
    }
}

#[test]
fn persons_age_by_one_and_households_are_whole() {
    let (world, rows) = rows(&Spec::default());
    let mut lives: BTreeMap<u64, BTreeMap<i32, &PersonYear>> = BTreeMap::new();
    let mut homes: BTreeMap<(i32, u64), Vec<&PersonYear>> = BTreeMap::new();
    for row in &rows {
        assert!(
            lives.entry(row.person).or_default().insert(row.year, row).is_none(),
            "one row a year"
        );
        homes.entry((row.year, row.household)).or_default().push(row);
        assert_eq!(row.education == Education::EjAktuell, row.age < 16);
        assert_eq!(row.employed.is_some(), (16..75).contains(&row.age));
        assert_eq!(row.unemployed_days.is_some(), (20..65).contains(&row.age));
        assert!(row.unemployed_days.unwrap_or(0) == 0 || row.employed == Some(false));
        assert!(row.property < world.properties.len());
    }
    let mut moves = 0;
    for life in lives.values() {
        for (one, two) in life.values().zip(life.values().skip(1)) {
            assert_eq!((two.year, two.age), (one.year + 1, one.age + 1));
            assert_eq!(
                (two.female, two.birth, two.record_key),
                (one.female, one.birth, one.record_key)
            );
            moves += usize::from(one.property != two.property);
        }
    }
    assert!(moves > 1_000, "{moves}");
    for home in homes.values() {
        assert!(home.iter().any(|person| person.age >= 18), "somebody is of age");
        assert!(
            home.iter()
                .all(|p| p.property == home[0].property && p.income == home[0].income)
        );
    }
    let in_year = |year| rows.iter().filter(|row| row.year == year).count();
    let (first, last) = (in_year(2015), in_year(2024));
    assert!((7_600..=8_400).contains(&first), "{first}");
    assert!((first..first * 125 / 100).contains(&last), "{first} → {last}");
    let born = rows.iter().filter(|row| row.year == 2024 && row.age == 0).count();
    assert!((50..200).contains(&born), "{born} births");
}

/// D between persons born abroad and in Sweden over the DeSO 2018 of the main municipality.
fn dissimilarity(world: &World, rows: &[PersonYear], year: i32) -> f64 {
    let mut counts: BTreeMap<usize, [f64; 2]> = BTreeMap::new();
    for row in rows
        .iter()
        .filter(|row| row.year == year && world.kommun_of(row.property) == 0)
    {
        let deso = world.properties[row.property].deso2018;
        counts.entry(deso).or_default()[usize::from(row.birth != BirthRegion::Sverige)] += 1.0;
    }
    let [sweden, abroad] = [0, 1].map(|group| counts.values().map(|count| count[group]).sum::<f64>());
    counts
        .values()
        .map(|count| (count[0] / sweden - count[1] / abroad).abs())
        .sum::<f64>()
        / 2.0
}

/// Share employed of those 20–64 years in places of these names.
fn employed(world: &World, rows: &[PersonYear], year: i32, places: &[&str]) -> f64 {
    let (mut all, mut working) = (0.0, 0.0);
    for row in rows
        .iter()
        .filter(|row| row.year == year && (20..65).contains(&row.age))
    {
        if places.contains(&world.regso[world.regso_of(row.property)].name.as_str()) {
            all += 1.0;
            working += f64::from(u8::from(row.employed == Some(true)));
        }
    }
    working / all
}

#[test]
fn the_planted_facts_hold() {
    for seed in 1..4 {
        let spec = Spec {
            seed,
            ..Spec::default()
        };
        let (world, rows) = rows(&spec);
        for year in [2015, 2020, 2024] {
            let d = dissimilarity(&world, &rows, year);
            assert!((0.33..0.47).contains(&d), "seed {seed}, {year}: D = {d}");
        }
        let gap = |year| {
            let best = employed(&world, &rows, year, &["Solviken", "Ängsbacken", "Lillåker-Byarna"]);
            let worst = employed(&world, &rows, year, &["Norrhöjden", "Björkliden", "Östra Fältet"]);
            best - worst
        };
        assert!(gap(2024) > gap(2015) + 0.03, "seed {seed}: the gap widens");
        let mut cells: BTreeMap<(i32, usize, BirthRegion), u32> = BTreeMap::new();
        for row in &rows {
            *cells
                .entry((row.year, world.properties[row.property].deso2018, row.birth))
                .or_default() += 1;
        }
        for year in 2015..=2024 {
            let exactly_three = cells
                .iter()
                .filter(|((at, deso, birth), count)| {
                    *at == year
                        && **count == 3
                        && *birth == BirthRegion::Ovriga
                        && world.regso[world.deso2018[*deso].regso].name == "Solviken"
                })
                .count();
            assert!(exactly_three >= 1, "the planted cell, {year}");
            let small = cells
                .iter()
                .filter(|((at, ..), count)| *at == year && (1..5).contains(*count))
                .count();
            assert!(small >= 5, "{small} small cells in {year}");
        }
    }
    let flat = Spec {
        segregation: 0.0,
        ..Spec::default()
    };
    let (world, rows) = rows(&flat);
    assert!(
        dissimilarity(&world, &rows, 2020) < 0.25,
        "without segregation only chance remains"
    );
}

#[test]
fn files_have_the_shapes_of_their_producers() {
    let spec = Spec {
        persons: 400,
        ..Spec::default()
    };
    let files = deliveries(&spec).unwrap();
    assert_eq!(files.len(), 17);
    for file in &files {
        assert!(
            file.name.starts_with("fiktiv_") && file.dataset.starts_with("fiktiv_"),
            "{}",
            file.name
        );
    }
    let (world, rows) = rows(&spec);
    let register = text(&files, "fiktiv_personer_2015.csv");
    let lines: Vec<_> = register.lines().collect();
    assert!(
        lines[0].contains("FIKTIV")
            && lines[5].starts_with("LöpNr_Person;")
            && lines.last().unwrap().contains("Källa: fiktiv")
    );
    let data = lines.iter().filter(|line| line.matches(';').count() == 13).count();
    assert_eq!(data, 1 + rows.iter().filter(|row| row.year == 2015).count());
    assert!(register.contains(',') && register.contains(";.;.;.;"));

    let polygons: serde_json::Value = serde_json::from_str(&text(&files, "fiktiv_fastigheter.geojson")).unwrap();
    assert_eq!(polygons["features"].as_array().unwrap().len(), world.properties.len());
    let parsed: geojson::GeoJson = text(&files, "fiktiv_fastigheter.geojson").parse().unwrap();
    assert!(matches!(parsed, geojson::GeoJson::FeatureCollection(_)));

    let population = text(&files, "fiktiv_folkmangd_regso.csv");
    assert!(population.starts_with("\u{feff}\"region\",\"födelseregion\",\"kön\",\"Antal 2015\""));
    assert!(
        population.contains("\"..\"") && population.contains("(Kvarnåsen )") && population.contains("Källa: fiktiv")
    );
    let totals: u64 = population
        .lines()
        .filter(|line| line.contains("\"totalt\",\"totalt\""))
        .map(|line| line.split(',').nth(3).unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!(
        totals,
        u64::try_from(data - 1).unwrap(),
        "the public table counts the same persons"
    );
}

#[test]
fn every_dataset_has_a_contract_that_names_its_columns() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in deliveries(&Spec {
        persons: 200,
        ..Spec::default()
    })
    .unwrap()
    {
        let path = format!("schemas/{}.odcs.yaml", file.dataset);
        let contract =
            samsyn::contract::Contract::parse(&std::fs::read_to_string(root.join(&path)).unwrap(), &path).unwrap();
        assert_eq!(contract.id, file.dataset);
        assert!(!contract.primary_key().is_empty());
        if file.name.ends_with(".parquet") {
            continue;
        }
        let content: String = match std::str::from_utf8(&file.bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => file.bytes.iter().map(|byte| char::from(*byte)).collect(),
        };
        for column in &contract.columns {
            let unpivoted = file.dataset == "fiktiv_folkmangd_regso" && ["ar", "antal"].contains(&column.name.as_str());
            assert!(
                unpivoted || content.contains(column.delivered_as()),
                "{}: {}",
                file.name,
                column.delivered_as()
            );
        }
    }
}

/// The real reader takes every made-up file whole: as many rows as were generated, and the words that say «fictional» as notes.
#[test]
fn the_files_land_through_the_real_reader() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = Project::load(root).unwrap();
    let spec = Spec {
        persons: 2_000,
        ..Spec::default()
    };
    let files = deliveries(&spec).unwrap();
    let (world, rows) = rows(&spec);
    let sources = &project.pipelines["demo"].spec.sources;
    let land = |name: &str| {
        let source = sources
            .iter()
            .find(|source| source.dataset.ends_with(name))
            .unwrap_or_else(|| panic!("the demo does not land {name}"));
        let made: Vec<&Delivery> = files.iter().filter(|file| file.dataset == name).collect();
        assert!(!made.is_empty());
        made.into_iter()
            .map(|file| {
                let delivered = Delivered {
                    name: file.name.clone(),
                    bytes: file.bytes.clone(),
                };
                let contract = &project.contracts[&source.contract];
                let parcel = read(source.reads.unwrap(), &source.layout, Some(contract), &delivered).unwrap();
                assert!(parcel.quarantined.is_empty(), "{name}: {:?}", parcel.quarantined[0]);
                parcel
            })
            .collect::<Vec<_>>()
    };
    let registers = land("fiktiv_personer");
    for (year, parcel) in spec.years.clone().zip(&registers) {
        assert_eq!(
            parcel.rows(),
            rows.iter().filter(|row| row.year == year).count(),
            "{year}"
        );
        let words: Vec<&str> = parcel.notes.iter().map(|note| note.text.as_str()).collect();
        assert!(
            words[0].starts_with("FIKTIVT") && words.last().unwrap().starts_with("Källa: fiktiv"),
            "{words:?}"
        );
    }
    assert_eq!(registers.len(), spec.years.clone().count());
    assert_eq!(land("fiktiv_fastigheter")[0].rows(), world.properties.len());
    assert_eq!(land("fiktiv_nyckel_deso2018")[0].rows(), world.deso2018.len());
    assert_eq!(land("fiktiv_nyckel_deso2025")[0].rows(), world.deso2025.len());
    assert_eq!(land("fiktiv_nyko")[0].rows(), world.nyko.len());
    let population = &land("fiktiv_folkmangd_regso")[0];
    assert_eq!(population.rows(), world.regso.len() * 5 * spec.years.clone().count());
    assert!(population.notes.iter().any(|note| note.text.contains("FIKTIV")));
}

#[test]
fn everything_made_up_says_so() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = Project::load(root).unwrap();
    let demo = &project.pipelines["demo"].spec;
    let fictional = |text: &str| text.to_lowercase().contains("fiktiv");
    assert!(fictional(demo.description.as_deref().unwrap_or_default()));
    for source in &demo.sources {
        assert!(fictional(&source.dataset) && fictional(&source.path), "{}", source.name);
    }
    let contracts = demo.sources.iter().map(|source| &source.contract);
    for id in contracts.chain(demo.publish.iter().map(|publish| &publish.contract)) {
        let contract = &project.contracts[id];
        assert!(
            fictional(contract.description.as_deref().unwrap_or_default()),
            "{id}: description"
        );
        assert!(
            fictional(contract.attribution.as_deref().unwrap_or_default()),
            "{id}: attribution"
        );
    }
    for model in &demo.models {
        let model = &project.models[&model.parse().unwrap()];
        assert!(
            fictional(model.header.description.as_deref().unwrap_or_default()),
            "{}",
            model.file
        );
    }
    // no real kommun has a code of this kind, and no land lies there
    let world = World::new(&Spec::default());
    assert!(
        world
            .deso2018
            .iter()
            .chain(&world.deso2025)
            .all(|deso| deso.code.starts_with("99"))
    );
    assert!(
        world
            .properties
            .iter()
            .all(|property| property.fnr.starts_with("99") && property.east >= 800_000)
    );
}

/// Says how long ten million person-years take on two threads; run with `--ignored --nocapture`.
#[test]
#[ignore = "measures speed"]
fn ten_million_person_years() {
    use std::io::Write as _;
    let spec = Spec {
        persons: 960_000,
        ..Spec::default()
    };
    let start = std::time::Instant::now();
    let world = World::new(&spec);
    let people = People::new(&spec, &world);
    let parts = in_chunks(&people, 2, || 0_u64, |count, _| *count += 1).unwrap();
    let (count, seconds) = (parts.iter().sum::<u64>(), start.elapsed().as_secs_f64());
    let start = std::time::Instant::now();
    let bytes: usize = deliveries_on(&spec, 2)
        .unwrap()
        .iter()
        .map(|file| file.bytes.len())
        .sum();
    let files = start.elapsed().as_secs_f64();
    let said =
        format!("{count} person-years in {seconds:.1} s, {bytes} bytes of files in {files:.1} s, on two threads");
    writeln!(std::io::stderr(), "{said}").unwrap();
    assert!(count >= 10_000_000, "{count}");
}
