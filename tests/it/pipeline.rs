//! Definitions, plans and runs: what is refused before there is data, why a step would run, and that a run does what the plan says.

use serde_json::{Value, json};

use crate::cli::{DATA, Folder};

/// The mistakes that `check` finds: code, place and help.
fn mistakes(folder: &Folder) -> Vec<(String, String, String)> {
    let outcome = folder.samsyn(&["check", "--format", "json"]);
    assert_eq!(outcome.code, Some(1), "{}\n{}", outcome.out, outcome.err);
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let all = outcome.json();
    all.as_array()
        .unwrap()
        .iter()
        .map(|mistake| (text(mistake, "code"), text(mistake, "place"), text(mistake, "help")))
        .collect()
}

/// Changes one file of the small project and holds that `check` finds exactly this.
#[track_caller]
fn wrong(file: &str, from: &str, to: &str, code: u16, place: &str, help: &str) {
    let folder = Folder::small();
    folder.edit(file, from, to);
    found(&folder, code, place, help);
}

#[track_caller]
fn found(folder: &Folder, code: u16, place: &str, help: &str) {
    let found = mistakes(folder);
    let (known, at, hint) = &found[0];
    assert_eq!(
        (known.as_str(), at.as_str()),
        (format!("SAMSYN-{code:04}").as_str(), place),
        "{found:?}"
    );
    assert!(hint.contains(help), "{found:?}");
    // the terminal says the same
    folder.samsyn(&["check"]).fails(1, code, &[place, help]);
    assert!(!folder.path("lake").exists(), "a check needs no lake");
}

const YAML: &str = "pipelines/liten.yaml";
const SQL: &str = "sql/core/folkmangd.sql";

#[test]
fn misspelt_keys_and_names_are_placed_and_suggested() {
    wrong(
        YAML,
        "models:",
        "modls:",
        2010,
        "pipelines/liten.yaml:10:1",
        "did you mean `models`?",
    );
    wrong(
        YAML,
        "    contract: folkmangd\n",
        "    contract: folkmngd\n",
        2016,
        "pipelines/liten.yaml:9:15",
        "did you mean `folkmangd`?",
    );
    wrong(
        YAML,
        "- core.folkmangd\n",
        "- core.folkmngd\n",
        2015,
        "pipelines/liten.yaml:11:5",
        "did you mean `core.folkmangd`?",
    );
    wrong(
        YAML,
        "{ values: [antal] }",
        "{ values: [antl] }",
        2103,
        "pipelines/liten.yaml:24:24",
        "did you mean `antal`?",
    );
    wrong(
        SQL,
        "antal,",
        "antl,",
        2103,
        "sql/core/folkmangd.sql:5:20",
        "did you mean `antal`?",
    );
    wrong(
        SQL,
        "raw.folkmangd",
        "raw.folkmngd",
        2102,
        "sql/core/folkmangd.sql:6:6",
        "did you mean `raw.folkmangd`?",
    );
    wrong(
        SQL,
        "SELECT omrade",
        "SELECT upperr(omrade) AS omrade",
        2104,
        "sql/core/folkmangd.sql:5:8",
        "did you mean `upper`?",
    );
    wrong(
        SQL,
        "SELECT omrade",
        "SELECT , omrade",
        2100,
        "sql/core/folkmangd.sql:5:8",
        "compare the text",
    );
    wrong(
        SQL,
        "[omrade, ar]",
        "[omrade, aar]",
        2022,
        "sql/core/folkmangd.sql:3:17",
        "did you mean `ar`?",
    );
    wrong(
        SQL,
        "grain:",
        "grian:",
        2010,
        "sql/core/folkmangd.sql:3:1",
        "did you mean `grain`?",
    );
}

#[test]
fn a_mistake_in_the_sql_of_a_check_is_placed_in_the_yaml() {
    // folded lines: the second line of the SQL is the third of the value
    wrong(
        YAML,
        "FROM core.folkmangd\n",
        "FROM core.folkmngd\n",
        2102,
        "pipelines/liten.yaml:17:12",
        "did you mean `core.folkmangd`?",
    );
    wrong(
        YAML,
        "WHERE omrade NOT",
        "WHERE omrad NOT",
        2103,
        "pipelines/liten.yaml:18:13",
        "did you mean `omrade`?",
    );
    let folder = Folder::small();
    folder.edit(YAML, "sql: >-\n      SELECT omrade, ar\n      FROM core.folkmangd\n      WHERE omrade NOT IN ('0180', '1280', '1480')", "sql: SELECT omrade FROM core.folkmangd WHERE arr > 2000");
    found(&folder, 2103, "pipelines/liten.yaml:15:50", "did you mean `ar`?");
}

#[test]
fn a_circle_is_named() {
    let folder = Folder::small();
    folder.edit(
        YAML,
        "  - core.folkmangd\n",
        "  - core.folkmangd\n  - core.a\n  - core.b\n",
    );
    folder.write("sql/core/a.sql", "SELECT omrade FROM core.b\n");
    folder.write("sql/core/b.sql", "SELECT omrade FROM core.a\n");
    found(&folder, 2021, "sql/core/a.sql:1:20", "no table may depend on itself");
    let said = folder.samsyn(&["check"]).err;
    assert!(said.contains("core.a ← core.b ← core.a"), "{said}");
    folder.write("sql/core/a.sql", "SELECT omrade FROM core.a\n");
    found(&folder, 2021, "sql/core/a.sql:1:20", "no table may depend on itself");
}

#[test]
fn parameters_are_typed_and_known() {
    let folder = Folder::small();
    folder.edit(SQL, "FROM raw.folkmangd", "FROM raw.folkmangd WHERE ar >= $first_year");
    found(&folder, 2108, "sql/core/folkmangd.sql:6:32", "parameters");
    folder.edit(
        YAML,
        "default: true\n",
        "default: true\nparameters: { first_yeer: 2023, unused: x }\n",
    );
    found(
        &folder,
        2108,
        "sql/core/folkmangd.sql:6:32",
        "did you mean `$first_yeer`?",
    );
    folder.edit(YAML, "first_yeer: 2023", "first_year: [2023]");
    assert_eq!(mistakes(&folder)[0].0, "SAMSYN-2010");
    folder.edit(YAML, "first_year: [2023]", "first_year: 2023");
    folder.write("in/2022.csv", "omrade;ar;antal\n0180;2022;1\n");
    folder.samsyn(&["run"]).good();
    assert_eq!(
        folder.sql("SELECT min(ar) AS ar FROM pub.folkmangd"),
        json!([{ "ar": 2023 }])
    );
    folder.edit(YAML, "first_year: 2023", "first_year: 2022");
    let plan = reasons(&folder);
    assert_eq!(plan["model core.folkmangd"], "changed definition");
    folder.samsyn(&["run"]).good();
    assert_eq!(
        folder.sql("SELECT min(ar) AS ar FROM pub.folkmangd"),
        json!([{ "ar": 2022 }])
    );
    // a parameter that no model uses changes nothing
    folder.edit(YAML, "unused: x", "unused: y");
    assert_eq!(reasons(&folder)["model core.folkmangd"], "unchanged");
}

#[test]
fn lists_need_a_grain_and_then_land_whole() {
    let folder = Folder::small();
    folder.edit(YAML, "  - core.folkmangd\n", "  - core.folkmangd\n  - mart.lists\n");
    let lists = "SELECT ar, array_agg(omrade ORDER BY omrade) AS omraden, named_struct('n', count(*), 'm', max(antal)) AS tal\nFROM core.folkmangd GROUP BY ar\n";
    folder.write("sql/mart/lists.sql", lists);
    found(&folder, 2025, "sql/mart/lists.sql:1:49", "grain");
    folder.write("sql/mart/lists.sql", format!("/*\ngrain: [omraden]\n*/\n{lists}"));
    found(&folder, 2022, "sql/mart/lists.sql:2:9", "hold one value");
    folder.write("sql/mart/lists.sql", format!("/*\ngrain: [ar]\n*/\n{lists}"));
    folder.samsyn(&["run"]).good();
    let rows = folder.sql("SELECT * FROM mart.lists");
    assert_eq!(
        rows,
        json!([{ "ar": 2023, "omraden": ["0180", "1280", "1480"], "tal": { "n": 3, "m": 984_748 } }])
    );
    assert!(folder.samsyn(&["run"]).good().out.starts_with("nothing changed"));
}

#[test]
fn columns_that_a_table_cannot_have_are_found_before_there_is_data() {
    wrong(
        SQL,
        "obs_status, conf_status",
        "obs_status, NULL AS conf_status",
        4032,
        "sql/core/folkmangd.sql:5:1",
        "CAST(NULL AS type)",
    );
    wrong(
        SQL,
        "obs_status, conf_status",
        "obs_status, obs_status AS \"OBS_STATUS\", conf_status",
        4032,
        "sql/core/folkmangd.sql:5:1",
        "another name",
    );
    wrong(
        SQL,
        "antal,",
        "CAST(antal AS VARCHAR) AS antal,",
        3010,
        "pipelines/liten.yaml:20:12",
        "schemas/pub_folkmangd.odcs.yaml",
    );
}

#[test]
fn one_table_has_one_population() {
    let folder = Folder::demo(300, (2024, 2024));
    folder.samsyn(&["check"]).good();
    let second = "  - name: samma
    from: core.fiktiv_person
    policy: standard
publish:
  - table: pub.boende_omrade
    contract: boende_omrade
    protect:
      counts:
        population: samma
        measure: antal
        dimensions:
          - name: omrade
            level_column: omrade_niva
            levels: [deso_2025, regso_2025, kommun, lan]
          - name: ar
          - name: upplatelseform
            total: totalt
";
    // in one pipeline
    let text = std::fs::read_to_string(folder.path("pipelines/demo.yaml")).unwrap();
    let (head, tail) = text.split_once("publish:\n").unwrap();
    let renamed = tail.replacen("  - table: pub.boende_omrade\n    contract: boende_omrade\n    protect:\n      counts:\n        population: invanare", "  - table: pub.boende_omrade\n    contract: boende_omrade\n    protect:\n      counts:\n        population: samma", 1);
    let lines = second.split_once("publish:").unwrap().0;
    folder.write("pipelines/demo.yaml", format!("{head}{lines}publish:\n{renamed}"));
    let refused = mistakes(&folder);
    assert_eq!(refused[0].0, "SAMSYN-2024", "{refused:?}");
    assert!(refused[0].2.contains("under one population"), "{refused:?}");
    // in two
    let (before, after) = tail.split_once("  - table: pub.boende_omrade\n").unwrap();
    let (_, after) = after.split_once("  - table: ").unwrap();
    let without = format!("{before}  - table: {after}");
    folder.write("pipelines/demo.yaml", format!("{head}publish:\n{without}"));
    folder.write(
        "pipelines/andra.yaml",
        format!("version: 1\npipeline: andra\npopulations:\n{second}"),
    );
    let refused = mistakes(&folder);
    assert_eq!(refused[0].0, "SAMSYN-2024", "{refused:?}");
    assert_eq!(
        refused[0].1.split(':').next(),
        Some("pipelines/demo.yaml"),
        "{refused:?}"
    );
    // a part of the same persons: the difference of the two would be protected by nobody
    folder.write(
        "sql/core/vuxna.sql",
        "/*\ngrain: [person, ar]\n*/\nSELECT * FROM core.fiktiv_person WHERE alder >= 20\n",
    );
    let part = second.replace("from: core.fiktiv_person", "from: core.vuxna");
    folder.write(
        "pipelines/andra.yaml",
        format!("version: 1\npipeline: andra\nmodels: [core.vuxna]\npopulations:\n{part}"),
    );
    let refused = mistakes(&folder);
    assert_eq!(refused[0].0, "SAMSYN-2024", "{refused:?}");
    assert!(refused[0].2.contains("independent_of"), "{refused:?}");
    let attested = part.replace("policy: standard", "policy: standard\n    independent_of: [invanare]");
    folder.write(
        "pipelines/andra.yaml",
        format!("version: 1\npipeline: andra\nmodels: [core.vuxna]\npopulations:\n{attested}"),
    );
    folder.samsyn(&["check"]).good();
}

#[test]
fn persons_do_not_get_into_the_open_layers() {
    let folder = Folder::demo(300, (2024, 2024));
    folder.edit(
        "pipelines/demo.yaml",
        "  - ref.fiktiv_omrade\n",
        "  - ref.fiktiv_omrade\n  - ref.laecka\n",
    );
    folder.write(
        "sql/ref/laecka.sql",
        "SELECT person, ar, inkomst\nFROM core.fiktiv_person\n",
    );
    let refused = mistakes(&folder);
    assert_eq!(
        (refused[0].0.as_str(), refused[0].1.as_str()),
        ("SAMSYN-5028", "sql/ref/laecka.sql:2:6"),
        "{refused:?}"
    );
}

/// Why each step of the plan would run or not.
fn reasons(folder: &Folder) -> std::collections::BTreeMap<String, String> {
    let plan = folder.samsyn(&["plan", "--format", "json"]).good().json();
    plan.as_array()
        .unwrap()
        .iter()
        .map(|step| {
            (
                step["step"].as_str().unwrap().to_owned(),
                step["reason"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

/// What each step of a run did.
fn states(run: &Value) -> std::collections::BTreeMap<String, String> {
    run["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            (
                step["step"].as_str().unwrap().to_owned(),
                step["state"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

const CHECK: &str = "check liten (1 rule)";

#[test]
fn a_plan_says_why_and_the_run_does_just_that() {
    let folder = Folder::small();
    let new = reasons(&folder);
    assert_eq!(new["land liten.folkmangd"], "new delivery: 1 file");
    assert_eq!(new["model core.folkmangd"], "not made yet");
    folder.samsyn(&["run"]).good();

    folder.write("in/2024.csv", "omrade;ar;antal\n0180;2024;988943\n");
    let delivered = reasons(&folder);
    assert_eq!(delivered["land liten.folkmangd"], "new delivery: 1 of 2 files");
    assert_eq!(delivered["model core.folkmangd"], "new delivery: raw.folkmangd");
    assert_eq!(delivered["publish pub.folkmangd"], "changed upstream: core.folkmangd");
    assert_eq!(delivered[CHECK], "changed upstream: core.folkmangd");
    let plan = folder.samsyn(&["plan", "--format", "json"]).good().json();
    let model = plan
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["step"] == "model core.folkmangd")
        .unwrap();
    assert_eq!(
        (&model["rows"], &model["rows_read"], &model["files_read"]),
        (&json!(3), &json!(3), &json!(1))
    );
    folder.samsyn(&["run"]).good();
    let inputs = folder.sql("SELECT raw_inputs, pinned_inputs FROM system.runs ORDER BY release DESC LIMIT 1");
    let raw: Value = serde_json::from_str(inputs[0]["raw_inputs"].as_str().unwrap()).unwrap();
    assert_eq!(
        raw["raw.folkmangd"]["deliveries"].as_array().map(Vec::len),
        Some(2),
        "{inputs}"
    );
    let pinned: Value = serde_json::from_str(inputs[0]["pinned_inputs"].as_str().unwrap()).unwrap();
    assert!(pinned["core.folkmangd"].is_u64(), "{inputs}");

    // a definition that gives the same rows: what reads them is planned, found the same, and said to be
    folder.edit(SQL, "SELECT omrade", "-- the same\nSELECT omrade");
    let changed = reasons(&folder);
    assert_eq!(changed["land liten.folkmangd"], "the same bytes have landed");
    assert_eq!(changed["model core.folkmangd"], "changed definition");
    assert_eq!(changed["publish pub.folkmangd"], "changed upstream: core.folkmangd");
    let run = folder.samsyn(&["run", "--format", "json"]).good();
    let done = states(&run.json());
    assert_eq!(done["model core.folkmangd"], "done");
    assert_eq!(done["publish pub.folkmangd"], "unchanged");
    assert!(run.err.contains("holds the same as before"), "{}", run.err);
    assert!(folder.samsyn(&["run"]).good().out.starts_with("nothing changed"));
}

#[test]
fn a_new_or_changed_check_is_run_although_no_table_changed() {
    let folder = Folder::small();
    folder.samsyn(&["run"]).good();
    let before = folder.sql("SELECT * FROM pub.folkmangd ORDER BY omrade");
    folder.edit(YAML, "'0180', '1280', '1480'", "'0180', '1280'");
    assert_eq!(reasons(&folder)[CHECK], "changed definition or upstream");
    folder.samsyn(&["run"]).fails(1, 5030, &["every area is known", "1480"]);
    assert_eq!(folder.sql("SELECT * FROM pub.folkmangd ORDER BY omrade"), before);
    folder.edit(YAML, "publish:\n", "    severity: warn\npublish:\n");
    let run = folder.samsyn(&["run"]).good();
    assert!(
        run.err.contains("warning: the check `every area is known`"),
        "{}",
        run.err
    );
    assert!(folder.samsyn(&["run"]).good().out.starts_with("nothing changed"));
}

#[test]
fn a_join_that_multiplies_rows_is_refused() {
    let folder = Folder::small();
    folder.samsyn(&["run"]).good();
    let model = std::fs::read_to_string(folder.path(SQL)).unwrap();
    folder.edit(
        SQL,
        "FROM raw.folkmangd",
        "FROM raw.folkmangd CROSS JOIN (VALUES (1), (2)) AS two (n)",
    );
    for _ in 0..2 {
        folder.samsyn(&["run"]).fails(
            1,
            5032,
            &["core.folkmangd", "omrade, ar", "sql/core/folkmangd.sql:3:1", "join"],
        );
    }
    assert_eq!(
        folder.sql("SELECT count(*) AS n FROM core.folkmangd")[0]["n"],
        3,
        "the last release stays"
    );
    folder.write(SQL, model);
    assert!(
        folder.samsyn(&["run"]).good().out.contains("nothing changed"),
        "what was refused is not taken over"
    );
}

#[test]
fn a_published_table_keeps_its_contract() {
    let folder = Folder::small();
    folder.samsyn(&["run"]).good();
    folder.edit(
        "schemas/pub_folkmangd.odcs.yaml",
        "      - name: antal\n        logicalType: integer\n",
        "      - name: antal\n        logicalType: integer\n        logicalTypeOptions: { maximum: 900000 }\n",
    );
    folder.samsyn(&["run"]).fails(
        1,
        5031,
        &["pub.folkmangd", "range", "`antal`", "1 row", "pipelines/liten.yaml"],
    );
    assert_eq!(folder.sql("SELECT max(antal) AS n FROM pub.folkmangd")[0]["n"], 984_748);
}

#[test]
fn of_persons_a_check_shows_the_place_and_never_a_value() {
    let folder = Folder::demo(300, (2024, 2024));
    let rule = "checks:\n  - name: nobody is old\n    on: core.fiktiv_person\n    sql: SELECT person, alder, kommun, _file, _row FROM raw.fiktiv_personer WHERE alder > 60\n";
    folder.edit("pipelines/demo.yaml", "checks:\n", rule);
    // the check reads what the table does not have: the place is that of the word in the file
    let found = mistakes(&folder);
    assert_eq!(found[0].0, "SAMSYN-2103", "{found:?}");
    let mut place = found[0]
        .1
        .split(':')
        .skip(1)
        .map(|number| number.parse::<usize>().unwrap());
    let text = std::fs::read_to_string(folder.path("pipelines/demo.yaml")).unwrap();
    let line = text.lines().nth(place.next().unwrap() - 1).unwrap();
    assert!(line[place.next().unwrap() - 1..].starts_with("kommun"), "{found:?}");
    folder.edit("pipelines/demo.yaml", "alder, kommun, _file", "alder, _file");
    // a public table named under `on` opens nothing
    folder.edit(
        "pipelines/demo.yaml",
        "on: core.fiktiv_person\n    sql: SELECT person, alder",
        "on: ref.fiktiv_omrade\n    sql: SELECT person, alder",
    );
    let failed = folder.samsyn(&["run"]);
    failed.fails(1, 5030, &["nobody is old", "_row", "fiktiv_personer_2024.csv"]);
    assert!(
        !failed.err.contains("| person") && !failed.err.contains("alder"),
        "{}",
        failed.err
    );
}

#[test]
fn a_run_of_one_pipeline_keeps_the_tables_of_the_others() {
    let folder = Folder::small();
    let other = "version: 1\npipeline: annan\nmodels: [core.annan]\n";
    folder.write("pipelines/annan.yaml", other);
    folder.write(
        "sql/core/annan.sql",
        "/*\ngrain: [ar]\n*/\nSELECT ar, sum(antal) AS antal FROM core.folkmangd GROUP BY ar\n",
    );
    folder
        .samsyn(&["run", "annan"])
        .fails(1, 2023, &["core.annan", "core.folkmangd", "samsyn run liten annan"]);
    folder.samsyn(&["run", "liten", "annan"]).good();
    folder.write("in/2023.csv", DATA.replace("984748", "984749"));
    folder.samsyn(&["run", "liten"]).good();
    assert_eq!(folder.sql("SELECT max(antal) AS n FROM pub.folkmangd")[0]["n"], 984_749);
    assert_eq!(
        folder.sql("SELECT antal AS n FROM core.annan")[0]["n"],
        1_951_497,
        "as it was made"
    );
    folder.samsyn(&["run", "annan"]).good();
    assert_eq!(folder.sql("SELECT antal AS n FROM core.annan")[0]["n"], 1_951_498);

    // a table that no definition makes any more leaves the release with the next run of its pipeline
    folder.write(
        "pipelines/annan.yaml",
        other.replace("models: [core.annan]", "models: []"),
    );
    folder.samsyn(&["run", "liten"]).good();
    folder.sql("SELECT antal FROM core.annan");
    let plan = folder.samsyn(&["plan", "annan"]).good();
    assert!(
        plan.out.contains("remove") && plan.out.contains("core.annan"),
        "{}",
        plan.out
    );
    folder.samsyn(&["run", "annan"]).good();
    folder
        .samsyn(&["sql", "SELECT antal FROM core.annan"])
        .fails(1, 2102, &["core.annan"]);
    folder.sql("SELECT antal FROM pub.folkmangd");
    assert!(
        folder
            .samsyn(&["run", "annan"])
            .good()
            .out
            .starts_with("nothing changed")
    );
}

#[test]
fn a_corrected_delivery_replaces_and_returns() {
    let folder = Folder::small();
    folder.samsyn(&["run"]).good();
    folder.write("in/2023.csv", DATA.replace("984748", "1"));
    folder.samsyn(&["run"]).good();
    folder.write("in/2023.csv", DATA);
    folder.samsyn(&["run"]).good();
    let rows = folder.sql("SELECT antal FROM pub.folkmangd WHERE omrade = '0180'");
    assert_eq!(rows, json!([{ "antal": 984_748 }]));
    assert!(folder.samsyn(&["run"]).good().out.starts_with("nothing changed"));
}

#[test]
fn other_made_up_data_replaces_what_was_made_up_before() {
    let folder = Folder::demo(300, (2022, 2024));
    folder.samsyn(&["run"]).good();
    let years = |folder: &Folder| folder.sql("SELECT DISTINCT ar FROM core.fiktiv_person ORDER BY ar");
    assert_eq!(years(&folder), json!([{ "ar": 2022 }, { "ar": 2023 }, { "ar": 2024 }]));
    folder.describe_demo(300, (2024, 2024));
    folder.samsyn(&["run"]).good();
    assert_eq!(
        years(&folder),
        json!([{ "ar": 2024 }]),
        "files that are made no more are withdrawn"
    );
    assert!(folder.samsyn(&["run"]).good().out.starts_with("nothing changed"));
}

/// The demo with noise by cell key: what is refused, that figures are perturbed and repeat themselves, and that the secret is nowhere.
#[test]
fn a_population_is_published_with_noise_by_cell_key() {
    const SECRET: &str = "0123456789-secret-of-this-test-0123456789";
    let folder = Folder::demo(600, (2023, 2024));
    let yaml = "pipelines/demo.yaml";
    // with noise a group may be larger than its whole: no intervals of what is hidden
    let before = std::fs::read_to_string(folder.path(yaml)).unwrap();
    let before = before.replace("  - mart.fiktiv_segregation_intervall\n", "");
    let from = before.find("  - table: pub.segregation_intervall\n").unwrap();
    let to = before.find("  - table: pub.socioekonomi_omrade\n").unwrap();
    let before = format!("{}{}", &before[..from], &before[to..]);
    let with = |lines: &str| {
        let text = before.replacen("policy: standard\n", &format!("policy: cell_key\n{lines}"), 1);
        folder.write(yaml, text);
    };
    with("");
    let refused = mistakes(&folder);
    assert_eq!(
        (refused[0].0.as_str(), refused[0].2.contains("entity: person")),
        ("SAMSYN-5056", true),
        "{refused:?}"
    );
    with("    entity: persson\n");
    let refused = mistakes(&folder);
    assert_eq!(
        (refused[0].0.as_str(), refused[0].2.as_str()),
        ("SAMSYN-2103", "did you mean `person`?"),
        "{refused:?}"
    );
    with("    entity: person\n    period: kommun\n");
    assert_eq!(mistakes(&folder)[0].0, "SAMSYN-5056");
    // no secret, and a person in a row for each year
    with("    entity: person\n    period: ar\n");
    folder.samsyn(&["check"]).good();
    folder.samsyn(&["run"]).fails(1, 6092, &["record_secret"]);
    let secret = tempfile::tempdir().unwrap();
    let file = secret.path().join("secret");
    std::fs::write(&file, SECRET).unwrap();
    let keyed = |arguments: &[&str]| crate::cli::outcome(folder.command(arguments).env("SAMSYN_RECORD_SECRET", &file));
    with("    entity: person\n");
    keyed(&["run"]).fails(1, 5058, &["one row a person", "period"]);
    with("    entity: person\n    period: ar\n");
    let ran = keyed(&["run"]).good();
    assert!(
        ran.out.contains("perturbed") || ran.err.contains("perturbed"),
        "{}\n{}",
        ran.out,
        ran.err
    );
    // every figure is what the method says of the persons themselves
    let sql = "WITH exact AS (
          SELECT kommun, ar, count(*) AS n, ckm_count(ckm_record_key(person, 'invanare')) AS noisy
          FROM core.fiktiv_person GROUP BY kommun, ar)
        SELECT count(*) AS cells, count(*) FILTER (WHERE antal = noisy) AS same, count(*) FILTER (WHERE abs(antal - n) <= 5) AS near
        FROM exact JOIN pub.befolkning_omrade AS p ON p.omrade = exact.kommun AND p.ar = exact.ar
        WHERE p.omrade_niva = 'kommun' AND kon = 'totalt' AND fodelseregion = 'totalt'";
    let compared = keyed(&["sql", "--format", "json", sql]).good().json();
    let cells = compared[0]["cells"].as_u64().unwrap();
    assert!(cells >= 2);
    assert_eq!(compared, json!([{ "cells": cells, "same": cells, "near": cells }]));
    let shown = "SELECT count(*) AS n, count(*) FILTER (WHERE antal IN (1, 2)) AS small, count(*) FILTER (WHERE obs_status <> 'E') AS other
        FROM pub.befolkning_omrade";
    let shown = keyed(&["sql", "--format", "json", shown]).good().json();
    assert!(shown[0]["n"].as_u64().unwrap() > 100);
    assert_eq!((&shown[0]["small"], &shown[0]["other"]), (&json!(0), &json!(0)));
    // totals have noise of their own
    let apart = "SELECT count(*) AS n FROM (
          SELECT omrade_niva, omrade, ar, sum(antal) FILTER (WHERE kon <> 'totalt') AS parts, max(antal) FILTER (WHERE kon = 'totalt') AS whole
          FROM pub.befolkning_omrade WHERE fodelseregion = 'totalt' GROUP BY omrade_niva, omrade, ar) WHERE parts <> whole";
    assert!(
        keyed(&["sql", "--format", "json", apart]).good().json()[0]["n"]
            .as_u64()
            .unwrap()
            > 5
    );
    assert!(keyed(&["run"]).good().out.starts_with("nothing changed"));
    // neither the secret nor a key of a record is in the lake, or in what was said
    let mut read = 0;
    let mut folders = vec![folder.path("lake")];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            assert!(
                !bytes.windows(16).any(|part| part == &SECRET.as_bytes()[..16]),
                "{}",
                path.display()
            );
            read += 1;
        }
    }
    assert!(read > 10 && !ran.out.contains(SECRET) && !ran.err.contains(SECRET));
}

/// A policy of the project that rounds: tables that add up, without a count from 1 to 4.
#[test]
fn a_population_is_published_with_small_counts_rounded() {
    let folder = Folder::demo(400, (2024, 2024));
    folder.write(
        "schemas/policies/rund.yaml",
        "name: rund\ndescription: små tal avrundas\nthreshold: 0\nmethod:\n  round: { base: 5 }\n",
    );
    folder.edit("pipelines/demo.yaml", "policy: standard\n", "policy: rund\n");
    folder.samsyn(&["run"]).good();
    let sql = "WITH t AS (
          SELECT omrade_niva, omrade, sum(antal) FILTER (WHERE kon <> 'totalt') AS parts, sum(antal) FILTER (WHERE kon = 'totalt') AS whole,
            count(*) FILTER (WHERE antal IS NULL OR antal BETWEEN 1 AND 4) AS small
          FROM pub.befolkning_omrade WHERE fodelseregion = 'totalt' GROUP BY omrade_niva, omrade)
        SELECT count(*) > 20 AS many, count(*) FILTER (WHERE parts <> whole) AS apart, sum(small) AS small FROM t";
    assert_eq!(folder.sql(sql), json!([{ "many": true, "apart": 0, "small": 0 }]));
}

/// A population with `value` is one of amounts: its tables show sums, protected by rules of concentration.
#[test]
fn a_population_of_amounts_is_published_as_sums() {
    let folder = Folder::demo(400, (2024, 2024));
    folder.write(
        "sql/core/inkomster.sql",
        "/*\ngrain: [person, ar]\n*/\nSELECT * FROM core.fiktiv_person WHERE inkomst IS NOT NULL\n",
    );
    let contract = std::fs::read_to_string(folder.path("schemas/boende_omrade.odcs.yaml")).unwrap();
    let contract = contract
        .replace("boende_omrade", "inkomst_omrade")
        .replace("name: upplatelseform", "name: kon")
        .replace(
            "name: antal\n        logicalType: integer",
            "name: inkomst\n        logicalType: number",
        )
        .replace("personer", "kronor");
    folder.write("schemas/inkomst_omrade.odcs.yaml", contract);
    let population = "populations:
  - name: inkomster
    from: core.inkomster
    entity: person
    value: inkomst
    policy: p10
    independent_of: [invanare]
";
    folder.edit("pipelines/demo.yaml", "populations:\n", population);
    folder.edit(
        "pipelines/demo.yaml",
        "  - core.fiktiv_person\n",
        "  - core.fiktiv_person\n  - core.inkomster\n",
    );
    let table = "publish:
  - table: pub.inkomst_omrade
    contract: inkomst_omrade
    protect:
      counts:
        population: inkomster
        measure: inkomst
        dimensions:
          - name: omrade
            level_column: omrade_niva
            levels: [deso_2025, kommun]
          - name: ar
          - name: kon
            total: totalt
";
    folder.edit("pipelines/demo.yaml", "publish:\n", table);
    folder.samsyn(&["run"]).good();
    let cells = folder.sql(
        "SELECT count(*) AS alla, count(inkomst) AS visade, count(*) FILTER (WHERE conf_status = 'C') AS dolda FROM pub.inkomst_omrade",
    );
    let number = |name: &str| cells[0][name].as_u64().unwrap();
    assert_eq!(number("alla"), number("visade") + number("dolda"));
    assert!(number("visade") > 0 && number("dolda") > 0, "{cells}");
    // what is shown is the sum, and nothing shown has one or two contributors
    let wrong = folder.sql(
        "SELECT p.omrade FROM pub.inkomst_omrade AS p JOIN (
           SELECT deso_2025 AS omrade, ar, kon, sum(inkomst) AS summa, count(DISTINCT person) AS n
           FROM core.inkomster GROUP BY 1, 2, 3) AS s
         ON p.omrade = s.omrade AND p.ar = s.ar AND p.kon = s.kon
         WHERE p.inkomst IS NOT NULL AND (s.n < 3 OR abs(s.summa - p.inkomst) > 0.01)",
    );
    assert_eq!(wrong.as_array().map(Vec::len), Some(0), "{wrong}");

    folder.edit("pipelines/demo.yaml", "policy: p10", "policy: standard");
    folder.samsyn(&["check"]).good();
    folder.edit(
        "pipelines/demo.yaml",
        "policy: standard\n    independent_of",
        "policy: group\n    independent_of",
    );
    assert_eq!(mistakes(&folder)[0].0, "SAMSYN-5061");
    folder.edit("pipelines/demo.yaml", "policy: group", "policy: p10");
    folder.edit("pipelines/demo.yaml", "    entity: person\n    value", "    value");
    assert_eq!(mistakes(&folder)[0].0, "SAMSYN-5066");
    folder.edit(
        "pipelines/demo.yaml",
        "    value: inkomst\n",
        "    entity: person\n    value: inkomsten\n",
    );
    let found = mistakes(&folder);
    assert_eq!(found[0].0, "SAMSYN-2103", "{found:?}");
}
