//! The program as its users meet it: exit codes, what is said, what stays readable. Also the projects that other tests run.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

/// The time that every run of a test is told.
const CLOCK: &str = "2025-03-01T12:00:00Z";

/// A project in a folder of its own.
pub(crate) struct Folder {
    dir: tempfile::TempDir,
}

/// What a command did.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit code; None after a signal.
    pub(crate) code: Option<i32>,
    /// What it wrote to stdout.
    pub(crate) out: String,
    /// What it wrote to stderr.
    pub(crate) err: String,
}

impl Outcome {
    /// The outcome, if the command succeeded.
    #[track_caller]
    pub(crate) fn good(self) -> Self {
        assert_eq!(self.code, Some(0), "{}\n{}", self.out, self.err);
        self
    }

    /// Holds that the command failed as documented and said what, where and what next.
    #[track_caller]
    pub(crate) fn fails(&self, exit: i32, code: u16, words: &[&str]) {
        assert_eq!(self.code, Some(exit), "{}\n{}", self.out, self.err);
        assert!(self.err.contains(&format!("error[SAMSYN-{code:04}]")), "{}", self.err);
        assert!(self.err.contains("help: "), "no next step: {}", self.err);
        for word in words {
            assert!(self.err.contains(word), "`{word}` is not said: {}", self.err);
        }
    }

    /// What it wrote to stdout, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

impl Folder {
    /// An empty project.
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// The demo with fewer persons and years.
    pub(crate) fn demo(persons: u64, years: (u32, u32)) -> Self {
        let folder = Self::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for part in ["sql", "schemas"] {
            copy(&root.join(part), &folder.path(part));
        }
        folder.describe_demo(persons, years);
        folder
    }

    /// Writes the demo's definition again, for other made-up data.
    pub(crate) fn describe_demo(&self, persons: u64, (start, end): (u32, u32)) {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/demo.yaml")).unwrap();
        let spec = format!(
            "kind: synthetic\n    synthetic: {{ persons: {persons}, years: {{ start: {start}, end: {end} }} }}\n"
        );
        self.write("pipelines/demo.yaml", text.replace("kind: synthetic\n", &spec));
    }

    /// A project of one small file of figures per area: landed, modelled, checked, published.
    pub(crate) fn small() -> Self {
        let folder = Self::new();
        folder.write("pipelines/liten.yaml", PIPELINE);
        folder.write("schemas/folkmangd.odcs.yaml", contract("folkmangd", MARKERS));
        folder.write(
            "schemas/pub_folkmangd.odcs.yaml",
            contract("pub_folkmangd", "").replace("customProperties:\n", STATUSES),
        );
        folder.write("sql/core/folkmangd.sql", MODEL);
        folder.write("in/2023.csv", DATA);
        folder
    }

    /// The path of a file of the project.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    /// Writes a file of the project.
    pub(crate) fn write(&self, file: &str, text: impl AsRef<[u8]>) {
        let path = self.path(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Replaces a part of a file, which must be there.
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        self.write(file, text.replacen(from, to, 1));
    }

    /// The program on this project, with its lake inside and a clock that stands still.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_samsyn"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SAMSYN_") {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .arg("--project")
            .arg(self.dir.path())
            .env("SAMSYN_CLOCK", CLOCK)
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn samsyn(&self, arguments: &[&str]) -> Outcome {
        outcome(&mut self.command(arguments))
    }

    /// The rows of a query as JSON.
    #[track_caller]
    pub(crate) fn sql(&self, query: &str) -> Value {
        self.samsyn(&["sql", "--format", "json", query]).good().json()
    }
}

/// Runs a command to its end.
pub(crate) fn outcome(command: &mut Command) -> Outcome {
    let output = command.output().unwrap();
    Outcome {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

const PIPELINE: &str = "version: 1
pipeline: liten
default: true
sources:
  - name: folkmangd
    kind: csv
    path: in/*.csv
    dataset: raw.folkmangd
    contract: folkmangd
models:
  - core.folkmangd
checks:
  - name: every area is known
    on: core.folkmangd
    sql: >-
      SELECT omrade, ar
      FROM core.folkmangd
      WHERE omrade NOT IN ('0180', '1280', '1480')
publish:
  - table: pub.folkmangd
    from: core.folkmangd
    contract: pub_folkmangd
    protect:
      open: { values: [antal] }
";

const MODEL: &str = "/*
description: Folkmängd per område och år.
grain: [omrade, ar]
*/
SELECT omrade, ar, antal, obs_status, conf_status
FROM raw.folkmangd
";

pub(crate) const DATA: &str = "omrade;ar;antal\n0180;2023;984748\n1280;2023;362133\n1480;2023;604616\n";

const MARKERS: &str = "  - property: missingMarkers
    value: { \"..\": { obs_status: M } }
";

const STATUSES: &str = "      - name: obs_status
        logicalType: string
        required: true
      - name: conf_status
        logicalType: string
        required: true
customProperties:
";

fn contract(name: &str, more: &str) -> String {
    format!(
        "apiVersion: v3.1.0
kind: DataContract
id: {name}
name: Folkmängd
version: 1.0.0
status: active
description:
  purpose: Antal personer per område och år.
schema:
  - name: {name}
    properties:
      - name: omrade
        logicalType: string
        required: true
        primaryKey: true
        primaryKeyPosition: 1
      - name: ar
        logicalType: integer
        required: true
        primaryKey: true
        primaryKeyPosition: 2
      - name: antal
        logicalType: integer
customProperties:
  - {{ property: classification, value: public }}
{more}"
    )
}

/// What can be read of the published table.
fn published(folder: &Folder) -> Value {
    folder.sql("SELECT * FROM pub.folkmangd ORDER BY omrade, ar")
}

#[test]
fn a_run_publishes_and_a_second_one_says_that_nothing_changed() {
    let folder = Folder::small();
    let none = folder.samsyn(&["sql", "SELECT 1"]);
    none.fails(1, 4008, &["there is no lake", "run` makes one"]);
    let first = folder.samsyn(&["plan"]).good();
    assert!(first.out.contains("lands in/2023.csv"), "{}", first.out);
    assert!(!folder.path("lake").exists(), "a plan changes nothing");

    let run = folder.samsyn(&["run"]).good();
    assert!(run.out.contains("release 1"), "{}", run.out);
    assert_eq!(published(&folder).as_array().map(Vec::len), Some(3));
    let again = folder.samsyn(&["run"]).good();
    assert!(again.out.starts_with("nothing changed"), "{}", again.out);
    let plan = folder.samsyn(&["plan"]).good();
    assert!(plan.out.contains("the same bytes have landed"), "{}", plan.out);
    assert!(plan.out.contains("nothing changed"), "{}", plan.out);
    // a copy under another name holds no news, and must not be counted twice
    folder.write("in/2023 (1).csv", DATA);
    let again = folder.samsyn(&["run"]).good();
    assert!(again.out.starts_with("nothing changed"), "{}", again.out);
    assert_eq!(folder.sql("SELECT count(*) AS n FROM raw.folkmangd")[0]["n"], 3);
}

#[test]
fn the_next_commands_can_be_copied() {
    let folder = Folder::small();
    let lake = folder.path("a lake");
    let mut command = folder.command(&["run"]);
    let run = outcome(command.arg("--lake").arg(&lake).env_remove("CARGO")).good();
    let next: Vec<&str> = run.out.split("next\n").nth(1).unwrap().lines().collect();
    assert_eq!(next.len(), 3, "{}", run.out);
    for line in &next[..2] {
        // as a newcomer would: by a shell, from another folder
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(line.trim()).env_remove("SAMSYN_LAKE");
        let outcome = outcome(&mut shell).good();
        assert!(!outcome.out.is_empty(), "{line}");
    }
    assert!(next[2].contains(" serve "), "{}", next[2]);
}

#[test]
fn what_is_printed_as_json_is_json() {
    let folder = Folder::small();
    let run = folder.samsyn(&["run", "--format", "json"]).good().json();
    assert_eq!(
        (&run["changed"], &run["release"]),
        (&Value::from(true), &Value::from(1))
    );
    let steps = run["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["state"] == "done"), "{run}");
    let again = folder.samsyn(&["run", "--format", "json"]).good().json();
    assert_eq!(
        (&again["changed"], &again["release"]),
        (&Value::from(false), &Value::from(1))
    );
    let plan = folder.samsyn(&["plan", "--format", "json"]).good().json();
    assert!(
        plan.as_array().unwrap().iter().all(|step| step["action"] == "skip"),
        "{plan}"
    );
    assert_eq!(
        folder.samsyn(&["check", "--format", "json"]).good().json(),
        Value::Array(Vec::new())
    );
    for verb in ["tables", "functions"] {
        assert!(
            !folder
                .samsyn(&[verb, "--format", "json"])
                .good()
                .json()
                .as_array()
                .unwrap()
                .is_empty()
        );
    }
    let rows = folder.sql("SELECT * FROM pub.folkmangd WHERE ar = 1999");
    assert_eq!(rows, Value::Array(Vec::new()), "no rows are an empty list");
}

#[test]
fn the_library_describes_itself() {
    let folder = Folder::small();
    folder.samsyn(&["run"]).good();
    let list = folder.samsyn(&["functions"]).good().out;
    for family in [
        "segregation",
        "diversity",
        "inequality",
        "rates",
        "area",
        "gap",
        "spatial",
        "trend",
    ] {
        assert!(list.lines().any(|line| line == family), "{family}: {list}");
    }
    let one = folder.samsyn(&["functions", "seg_dissimilarity"]).good().out;
    for words in [
        "seg_dissimilarity (segregation, aggregate)",
        "seg_dissimilarity(area, group, n, 'group') → DOUBLE",
        "formula  ",
        "reading  ",
        "range    0 (even) to 1 (apart)",
        "NULL     ",
        "source   Duncan & Duncan 1955, doi:10.2307/2088328",
        "example  SELECT seg_dissimilarity(area, x, t) FROM",
        "→ 0.5\n",
        "laws     from 0 to 1\n",
        "         an exchange that makes two areas more alike does not raise it\n",
    ] {
        assert!(one.contains(words), "{words} in {one}");
    }
    // JSON of all, JSON of one, and the table say the same
    let all = folder.samsyn(&["functions", "--format", "json"]).good().json();
    let table = folder.sql("SELECT * FROM system.functions");
    let (all, table) = (all.as_array().unwrap(), table.as_array().unwrap());
    assert!(all.len() > 150 && all.len() == table.len(), "{}", all.len());
    for (card, row) in all.iter().zip(table) {
        let (card, row) = (card.as_object().unwrap(), row.as_object().unwrap());
        let names = |of: &serde_json::Map<String, Value>| of.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(card), names(row));
        for (name, value) in card {
            let text = match value {
                Value::Array(lines) => lines
                    .iter()
                    .map(|line| line.as_str().unwrap())
                    .collect::<Vec<_>>()
                    .join("\n"),
                text => text.as_str().unwrap().to_owned(),
            };
            assert_eq!(row[name], Value::from(text), "{name}");
        }
    }
    let one = folder.samsyn(&["functions", "Moran", "--format", "json"]).good().json();
    assert_eq!(Some(&one), all.iter().find(|card| card["name"] == "moran"));
    let gaps = folder.samsyn(&["functions", "gap", "--format", "json"]).good().json();
    let gaps = gaps.as_array().unwrap();
    assert!(gaps.len() > 10 && gaps.iter().all(|card| card["family"] == "gap"));
}

#[test]
fn an_unknown_function_has_near_ones() {
    let folder = Folder::new();
    for (name, near) in [
        ("seg_disimilarity", "`seg_dissimilarity`"),
        ("gini", "`seg_gini`"),
        ("gini", "`ineq_gini`"),
        ("location_quotients", "`seg_location_quotients`"),
        ("xyzzy", "`samsyn functions` lists them"),
    ] {
        folder.samsyn(&["functions", name]).fails(1, 2104, &[name, near]);
    }
}

#[test]
fn rows_come_in_every_format() {
    let folder = Folder::small();
    folder.samsyn(&["run"]).good();
    let query = "SELECT omrade, antal FROM pub.folkmangd ORDER BY omrade";
    let csv = folder.samsyn(&["sql", query, "--format", "csv"]).good();
    assert_eq!(csv.out, "omrade,antal\n0180,984748\n1280,362133\n1480,604616\n");
    let table = folder.samsyn(&["sql", query]).good();
    assert!(table.out.contains("| 0180   | 984748 |"), "{}", table.out);
    for (format, start) in [("parquet", &b"PAR1"[..]), ("arrow", &[0xff, 0xff, 0xff, 0xff][..])] {
        let output = folder.command(&["sql", query, "--format", format]).output().unwrap();
        assert!(output.status.success() && output.stdout.starts_with(start), "{format}");
    }
}

#[test]
fn a_new_project_works_and_nothing_is_written_over() {
    let folder = Folder::new();
    let new = folder.path("ny");
    let init = outcome(folder.command(&["init"]).arg(&new)).good();
    assert!(init.out.contains("next\n"), "{}", init.out);
    let there = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_samsyn"));
        outcome(command.args(arguments).current_dir(&new).env_remove("SAMSYN_LAKE"))
    };
    there(&["check"]).good();
    there(&["run"]).good();
    let rows = there(&[
        "sql",
        "--format",
        "csv",
        "SELECT kommun, antal, obs_status FROM pub.befolkning_kommun ORDER BY ar, kommun",
    ])
    .good();
    assert_eq!(
        rows.out,
        "kommun,antal,obs_status\n9901,10512,A\n9902,,M\n9901,10598,A\n9902,871,A\n"
    );
    assert!(new.join("lake").is_dir());
    outcome(folder.command(&["init"]).arg(&new)).fails(2, 1040, &["exists already"]);
}

/// Holds that a delivery is refused with one clear error, that nothing of it landed and that the release is as before.
#[track_caller]
fn refused(bytes: &[u8], exit: i32, code: u16, words: &[&str]) {
    refused_after(
        &Folder::small(),
        |folder| folder.write("in/2023.csv", bytes),
        exit,
        code,
        words,
    );
}

#[track_caller]
fn refused_after(folder: &Folder, change: impl FnOnce(&Folder), exit: i32, code: u16, words: &[&str]) {
    folder.samsyn(&["run"]).good();
    let before = published(folder);
    let landed = |folder: &Folder| folder.sql("SELECT * FROM raw.folkmangd ORDER BY _file, _row");
    let raw = landed(folder);
    change(folder);
    let failed = folder.samsyn(&["run"]);
    failed.fails(exit, code, words);
    assert_eq!(failed.err.matches("error[").count(), 1, "{}", failed.err);
    assert_eq!(published(folder), before, "the last release stays");
    assert_eq!(landed(folder), raw, "nothing of it landed");
    let releases = folder.samsyn(&["release", "list"]).good();
    assert_eq!(releases.out.lines().count(), 1, "{}", releases.out);
    // the same again: the failure left nothing behind that changes the answer
    folder.samsyn(&["run"]).fails(exit, code, words);
}

#[test]
fn a_missing_file() {
    let folder = Folder::small();
    let change = |folder: &Folder| std::fs::remove_file(folder.path("in/2023.csv")).unwrap();
    refused_after(
        &folder,
        change,
        1,
        3003,
        &["folkmangd", "pipelines/liten.yaml:7:5", "--extracts"],
    );
}

#[test]
fn a_wrong_encoding() {
    let folder = Folder::small();
    folder.edit(
        "pipelines/liten.yaml",
        "    contract: folkmangd\n",
        "    layout: { encoding: utf-8 }\n    contract: folkmangd\n",
    );
    let change = |folder: &Folder| folder.write("in/2023.csv", b"omrade;ar;antal\nG\xf6teborg;2023;1\n");
    refused_after(&folder, change, 1, 3104, &["in/2023.csv", "UTF-8", "encoding"]);
}

#[test]
fn a_renamed_header() {
    refused(
        b"omrade;ar;antalet\n0180;2023;1\n",
        1,
        3107,
        &["in/2023.csv", "`antal`", "antalet", "schemas/folkmangd.odcs.yaml"],
    );
}

#[test]
fn a_half_written_upload() {
    refused(
        b"omrade;ar;antal\n0180;2023;1\n\"1480;2023",
        1,
        3105,
        &["in/2023.csv", "half-written"],
    );
    refused(b"", 1, 3100, &["in/2023.csv", "empty"]);
}

#[test]
fn a_file_of_which_no_row_can_be_used() {
    refused(
        b"omrade;ar;antal\n0180;2023;many\n1480;2023;more\n",
        1,
        3113,
        &["in/2023.csv", "row 2", "`antal`", "text in a whole number"],
    );
}

#[test]
fn an_unknown_area() {
    let folder = Folder::small();
    folder.samsyn(&["run"]).good();
    let before = published(&folder);
    folder.write("in/2023.csv", format!("{DATA}9999;2023;5\n"));
    for _ in 0..2 {
        let failed = folder.samsyn(&["run"]);
        failed.fails(
            1,
            5030,
            &[
                "every area is known",
                "1 row",
                "9999",
                "pipelines/liten.yaml:13:11",
                "nothing was published",
            ],
        );
        assert_eq!(published(&folder), before);
    }
    folder.write("in/2023.csv", DATA);
    folder.samsyn(&["run"]).good();
    assert_eq!(published(&folder), before, "the corrected file makes it right");
}

#[test]
fn rows_that_break_the_contract_are_set_aside_with_their_place() {
    let folder = Folder::small();
    let text = format!("{DATA}0180;2022\n0180;2023;1\n1280;2022;mycket\n1480;2022;..\n");
    folder.write("in/2023.csv", text);
    let run = folder.samsyn(&["run"]).good();
    assert!(run.out.contains("3 rows were set aside"), "{}", run.out);
    assert!(!run.err.contains("mycket"), "an error never shows a value: {}", run.err);
    let set_aside = folder.sql("SELECT file, row, \"column\", rule FROM system.quarantine ORDER BY row");
    let rows: Vec<(i64, &str, Option<&str>)> = set_aside
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["row"].as_i64().unwrap(),
                row["rule"].as_str().unwrap(),
                row["column"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            (5, "ragged row", None),
            (6, "duplicate key", Some("omrade, ar")),
            (7, "type", Some("antal"))
        ]
    );
    let kept = folder.sql("SELECT antal, obs_status FROM pub.folkmangd WHERE ar = 2022");
    assert_eq!(kept, serde_json::json!([{ "antal": null, "obs_status": "M" }]));
    // every delivered row is somewhere
    let delivered = folder.sql("SELECT count(*) AS n FROM raw.folkmangd");
    assert_eq!(delivered[0]["n"], 4);
}

#[test]
fn a_port_in_use() {
    let folder = Folder::small();
    folder.samsyn(&["run"]).good();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let failed = folder.samsyn(&["serve", "--listen", &address]);
    assert_eq!(failed.code, Some(3), "{}", failed.err);
    assert!(
        failed.err.contains(&address) && failed.err.contains("help: "),
        "{}",
        failed.err
    );
}

#[test]
fn a_lake_of_a_newer_samsyn() {
    let folder = Folder::small();
    folder.samsyn(&["run"]).good();
    let before = published(&folder);
    let marker = folder.path("lake/_samsyn/lake.json");
    let text = std::fs::read_to_string(&marker).unwrap();
    std::fs::write(&marker, r#"{ "format": 99, "created_by": "samsyn 9.9.9" }"#).unwrap();
    for arguments in [
        &["run"][..],
        &["plan"],
        &["tables"],
        &["sql", "SELECT 1"],
        &["serve", "--listen", "127.0.0.1:0"],
    ] {
        folder
            .samsyn(arguments)
            .fails(1, 4010, &["format 99", "samsyn 9.9.9", "newer samsyn"]);
    }
    std::fs::write(&marker, text).unwrap();
    assert_eq!(published(&folder), before);
}

#[test]
fn a_wrong_command_line_or_setting() {
    let folder = Folder::small();
    assert_eq!(folder.samsyn(&["runn"]).code, Some(2));
    assert_eq!(folder.samsyn(&["--help"]).code, Some(0));
    folder
        .samsyn(&["run", "litn"])
        .fails(2, 1011, &["did you mean `liten`?"]);
    folder
        .samsyn(&["run", "--threads", "none"])
        .fails(2, 1004, &["threads"]);
    let misspelt = outcome(folder.command(&["run"]).env("SAMSYN_LAKES", "x"));
    misspelt.fails(2, 1001, &["lakes", "did you mean `lake`?"]);
    folder.write("samsyn.yaml", "lake: elsewhere\nmemry: 1G\n");
    folder
        .samsyn(&["run"])
        .fails(2, 1001, &["samsyn.yaml:2:1", "did you mean `memory`?"]);
    folder.write("samsyn.yaml", "lake: elsewhere\n");
    folder.samsyn(&["run"]).good();
    assert!(folder.path("elsewhere/_samsyn/lake.json").is_file() && !folder.path("lake").exists());
    let nowhere = Folder::new();
    nowhere.samsyn(&["run"]).fails(2, 1010, &["pipelines"]);
    folder
        .samsyn(&["run", "--lake", "ftp://x/y"])
        .fails(2, 4003, &["s3://"]);
}

/// The project of `samsyn init`, which takes every year.
fn example() -> Folder {
    let folder = Folder::new();
    folder.samsyn(&["init", folder.path("").to_str().unwrap()]).good();
    let pipeline = std::fs::read_to_string(folder.path("pipelines/exempel.yaml")).unwrap();
    folder.write(
        "pipelines/exempel.yaml",
        pipeline.replace("first_year: 2023", "first_year: 2000"),
    );
    std::fs::remove_file(folder.path("in/befolkning_2024.csv")).unwrap();
    folder
}

#[test]
fn a_name_that_goes_to_other_bytes_takes_no_rows_along() {
    let folder = example();
    folder.write("in/befolkning_a.csv", "kommun;år;antal\n9901;2024;5\n");
    folder.samsyn(&["run"]).good();
    std::fs::rename(folder.path("in/befolkning_a.csv"), folder.path("in/befolkning_b.csv")).unwrap();
    folder.write("in/befolkning_a.csv", "kommun;år;antal\n9902;2024;6\n");
    folder.samsyn(&["run"]).good();
    let rows = folder.sql("SELECT kommun, _file FROM raw.befolkning ORDER BY kommun");
    assert_eq!(
        rows,
        serde_json::json!([
            { "kommun": "9901", "_file": "in/befolkning_b.csv" },
            { "kommun": "9902", "_file": "in/befolkning_a.csv" },
        ])
    );
    assert!(folder.samsyn(&["run"]).good().out.contains("nothing changed"));
}

#[test]
fn a_row_at_the_end_is_no_footnote() {
    let folder = example();
    let rows = "kommun;år;antal\n9901;2024;5\n9902;2024;7\n9903;;\n9904\n\nKälla: påhittat\n";
    folder.write("in/befolkning_a.csv", rows);
    let said = folder.samsyn(&["run"]);
    assert!(
        said.err.contains("4 rows delivered, 2 landed, 1 notes, 2 set aside"),
        "{}",
        said.err
    );
}

#[test]
fn credentials_in_the_url_of_a_lake_are_refused_and_not_repeated() {
    let said = example().samsyn(&["run", "--lake", "s3://user:hemligt@bucket/x"]);
    said.fails(2, 4003, &[]);
    assert!(!said.err.contains("hemligt"), "{}", said.err);
}
