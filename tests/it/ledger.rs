//! The ledger as a pipeline keeps it: what a run has published is known to the next.

use serde_json::{Value, json};

use crate::cli::Folder;

const YAML: &str = "pipelines/demo.yaml";

/// The records of the ledger, the oldest first.
fn records(folder: &Folder) -> Vec<Value> {
    let mut names: Vec<_> = std::fs::read_dir(folder.path("lake/closed/ledger"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    let read = |path: &std::path::PathBuf| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    names.iter().map(read).collect()
}

fn of_population(records: &[Value]) -> Vec<&Value> {
    records.iter().filter_map(|record| record["what"].get("sums")).collect()
}

fn hidden(folder: &Folder) -> Vec<Value> {
    let sql = "SELECT omrade_niva, omrade, ar, kon, fodelseregion FROM pub.befolkning_omrade
        WHERE conf_status = 'C' ORDER BY 1, 2, 3, 4, 5";
    folder.sql(sql).as_array().unwrap().clone()
}

#[test]
fn what_was_hidden_stays_hidden_under_a_softer_policy() {
    let folder = Folder::demo(500, (2023, 2024));
    folder.samsyn(&["run"]).good();
    let first = records(&folder);
    assert_eq!(of_population(&first).len(), 1);
    let tables: Vec<&str> = of_population(&first)[0]["entry"]["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| table["table"].as_str().unwrap())
        .collect();
    assert_eq!(tables, ["pub.befolkning_omrade", "pub.boende_omrade"]);
    let kinds: Vec<&String> = first
        .iter()
        .flat_map(|record| record["what"].as_object().unwrap().keys())
        .collect();
    assert!(kinds.iter().any(|kind| *kind == "derived") && kinds.iter().any(|kind| *kind == "open"));
    // nothing new, no record
    assert!(folder.samsyn(&["run"]).good().out.starts_with("nothing changed"));
    assert_eq!(records(&folder).len(), first.len());
    let before = hidden(&folder);
    assert!(before.len() > 50);
    let mild = "name: mild\ndescription: färre döljs\nthreshold: 3\ncomplements: false\n";
    folder.write("schemas/policies/mild.yaml", mild);
    folder.edit(YAML, "policy: standard\n", "policy: mild\n");
    folder.samsyn(&["run"]).good();
    let after = hidden(&folder);
    assert_eq!(before, after, "the same persons: nothing that was hidden comes out");
    assert_eq!(of_population(&records(&folder)).len(), 2);
    // everything ever published, attacked together
    let audit = folder.samsyn(&["audit", "--all", "--format", "json"]).good().json();
    let together = &audit["together"][0];
    assert_eq!(
        (&together["population"], &together["publications"]),
        (&json!("demo.invanare"), &json!(2))
    );
    assert_eq!((&together["derivable"], &together["since"]), (&json!(0), &Value::Null));
    assert!(together["secrets"].as_u64().unwrap() > 30);
    // a publication that shows what the one before hid is found
    let path = std::fs::read_dir(folder.path("lake/closed/ledger"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| std::fs::read_to_string(path).unwrap().contains("\"sums\""))
        .max()
        .unwrap();
    let mut record: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let table = &mut record["what"]["sums"]["entry"]["tables"][0];
    let unsafe_one = table["primary"]
        .as_array()
        .unwrap()
        .iter()
        .position(|primary| *primary == json!(true))
        .unwrap();
    for list in ["hidden", "primary"] {
        table[list].as_array_mut().unwrap().remove(unsafe_one);
    }
    std::fs::write(&path, serde_json::to_vec(&record).unwrap()).unwrap();
    let outcome = folder.samsyn(&["audit", "--all", "--format", "json"]);
    assert_eq!(outcome.code, Some(1));
    let together = &outcome.json()["together"][0];
    assert_eq!(together["since"], json!(2));
    assert!(together["derivable"].as_u64().unwrap() > 0);
    // in a lake where nothing was published before, less is hidden
    std::fs::remove_dir_all(folder.path("lake")).unwrap();
    folder.samsyn(&["run"]).good();
    assert!(hidden(&folder).len() < before.len());
}

#[test]
fn a_population_keeps_the_columns_of_what_was_published() {
    let folder = Folder::demo(300, (2024, 2024));
    folder.samsyn(&["run"]).good();
    let model = "/*\ngrain: [person, ar]\n*/\nSELECT * EXCEPT (nyko) FROM core.fiktiv_person\n";
    folder.write("sql/core/utan_nyko.sql", model);
    folder.edit(
        YAML,
        "  - core.fiktiv_person\n",
        "  - core.fiktiv_person\n  - core.utan_nyko\n",
    );
    folder.edit(YAML, "    from: core.fiktiv_person\n", "    from: core.utan_nyko\n");
    folder.edit(YAML, "levels: [nyko, deso_2018,", "levels: [deso_2018,");
    let pinned = |folder: &Folder| folder.samsyn(&["release", "list"]).good().out;
    let before = pinned(&folder);
    folder.samsyn(&["run"]).fails(1, 5070, &["nyko", "keep the column"]);
    assert_eq!(pinned(&folder), before);
    // another name does not make it another population
    folder.edit(YAML, "  - name: invanare\n", "  - name: folket\n");
    let text = std::fs::read_to_string(folder.path(YAML)).unwrap();
    folder.write(
        YAML,
        text.replace("population: invanare", "population: folket")
            .replace("core.utan_nyko\n    policy", "core.fiktiv_person\n    policy"),
    );
    folder.samsyn(&["run"]).good();
    let all = records(&folder);
    let populations: Vec<&str> = of_population(&all)
        .iter()
        .map(|sums| sums["entry"]["population"].as_str().unwrap())
        .collect();
    assert_eq!(populations, ["invanare", "folket"]);
    let columns = of_population(&all)[1]["entry"]["columns"].to_string();
    assert!(
        columns.contains("nyko"),
        "what no table shows any more is still known by what was published"
    );
}

#[test]
fn what_a_producer_publishes_is_known_to_the_attacker() {
    let folder = Folder::demo(500, (2023, 2024));
    folder.write(
        "sql/core/producent.sql",
        "/*\ngrain: [regso, ar]\n*/\nSELECT regso, ar, antal FROM core.fiktiv_folkmangd WHERE kon = 'totalt' AND regso IS NOT NULL\n",
    );
    folder.edit(
        YAML,
        "  - core.fiktiv_folkmangd\n",
        "  - core.fiktiv_folkmangd\n  - core.producent\n",
    );
    let external = "    policy: standard
    external:
      - from: core.producent
        measure: antal
        dimensions:
          - { name: regso, levels: [regso_2020] }
          - { name: ar }
";
    folder.edit(YAML, "    policy: standard\n", external);
    folder.samsyn(&["run"]).good();
    // every total of a RegSO is known from the producer, so none is hidden for a reason that it could serve
    let shown = folder.sql(
        "SELECT count(*) AS alla, count(p.antal) FILTER (WHERE p.antal <> f.antal) AS andra
         FROM pub.befolkning_omrade AS p JOIN core.producent AS f ON f.regso = p.omrade AND f.ar = p.ar
         WHERE p.omrade_niva = 'regso_2020' AND p.kon = 'totalt' AND p.fodelseregion = 'totalt'",
    );
    assert!(shown[0]["alla"].as_u64().unwrap() > 10);
    assert_eq!(shown[0]["andra"], json!(0));
    // mistakes are placed
    folder.edit(YAML, "levels: [regso_2020] }", "levels: [regso_2019] }");
    folder.samsyn(&["check"]).fails(1, 2103, &["regso_2020"]);
    folder.edit(YAML, "levels: [regso_2019] }", "levels: [regso_2020] }");
    folder.edit(
        YAML,
        "        measure: antal\n        dimensions:\n          - { name: regso",
        "        measure: antl\n        dimensions:\n          - { name: regso",
    );
    folder.samsyn(&["check"]).fails(1, 2103, &["antl"]);
}
