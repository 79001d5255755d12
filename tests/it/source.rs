//! Landing: files as Swedish producers write them, and files that are broken; every delivered row is accounted for.

use std::{collections::BTreeMap, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, BinaryArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray},
    compute::concat_batches,
    datatypes::{Float64Type, Int64Type},
};
use bytes::Bytes;
use parquet::{arrow::ArrowWriter, file::metadata::KeyValue, file::properties::WriterProperties};
use proptest::prelude::*;
use samsyn::{
    contract::Contract,
    error::{Error, Result},
    source::{Delivered, Layout, NoteKind, Parcel, SourceKind, Unpivot, read},
};

use crate::shared::shared;

/// A contract of these columns, with the markers of Swedish statistics on its numbers.
fn contract(columns: &[&str]) -> Contract {
    let columns: String = columns
        .iter()
        .map(|column| format!("      - {{ {column} }}\n"))
        .collect();
    let text = format!(
        "apiVersion: v3.1.0\nkind: DataContract\nid: prov\nversion: 1.0.0\nstatus: active\n\
         schema:\n  - name: prov\n    properties:\n{columns}customProperties:\n  \
         - property: missingMarkers\n    value:\n      \"..\": {{ obs_status: Q, conf_status: C }}\n      \
         \"-\": {{ value: 0 }}\n      \".\": {{ obs_status: L }}\n      \"…\": {{ obs_status: M }}\n      \
         \"~\": {{ obs_status: E }}\n"
    );
    Contract::parse(&text, "schemas/prov.odcs.yaml").unwrap()
}

const KOMMUN: &str =
    r#"name: kommun, logicalType: string, primaryKey: true, logicalTypeOptions: { pattern: "\\d{4}" }"#;
const NAMN: &str = "name: namn, logicalType: string";
const ANTAL: &str = "name: antal, logicalType: integer, logicalTypeOptions: { minimum: 0 }";
const ANDEL: &str = "name: andel, logicalType: number";

/// kommun, namn, antal, andel.
fn plain() -> Contract {
    contract(&[KOMMUN, NAMN, ANTAL, ANDEL])
}

fn deliver(bytes: impl Into<Vec<u8>>) -> Delivered {
    Delivered {
        name: "fil".to_owned(),
        bytes: Bytes::from(bytes.into()),
    }
}

fn csv(contract: &Contract, bytes: impl Into<Vec<u8>>) -> Result<Parcel> {
    read(SourceKind::Csv, &Layout::default(), Some(contract), &deliver(bytes))
}

fn code(result: Result<Parcel>) -> u16 {
    match result {
        Ok(parcel) => panic!("{} rows landed", parcel.rows()),
        Err(error) => {
            assert!(error.hint_text().is_some(), "{error}: says nothing of what to do next");
            error.code()
        }
    }
}

fn failure(result: Result<Parcel>) -> Error {
    result.map(|parcel| parcel.rows()).unwrap_err()
}

/// All rows as one batch.
fn rows(parcel: &Parcel) -> RecordBatch {
    concat_batches(&parcel.schema, &parcel.batches).unwrap()
}

fn texts(parcel: &Parcel, column: &str) -> Vec<Option<String>> {
    let batch = rows(parcel);
    let column = batch.column_by_name(column).unwrap();
    column
        .as_string::<i32>()
        .iter()
        .map(|text| text.map(str::to_owned))
        .collect()
}

fn words(parcel: &Parcel, column: &str) -> Vec<String> {
    texts(parcel, column).into_iter().map(Option::unwrap).collect()
}

fn integers(parcel: &Parcel, column: &str) -> Vec<Option<i64>> {
    let batch = rows(parcel);
    batch
        .column_by_name(column)
        .unwrap()
        .as_primitive::<Int64Type>()
        .iter()
        .collect()
}

fn numbers(parcel: &Parcel, column: &str) -> Vec<Option<f64>> {
    let batch = rows(parcel);
    batch
        .column_by_name(column)
        .unwrap()
        .as_primitive::<Float64Type>()
        .iter()
        .collect()
}

fn notes(parcel: &Parcel) -> Vec<(&'static str, u64, &str)> {
    parcel
        .notes
        .iter()
        .map(|note| (note.kind.name(), note.line, note.text.as_str()))
        .collect()
}

/// Row, column, rule of what was set aside.
fn aside(parcel: &Parcel) -> Vec<(u64, Option<&str>, &'static str)> {
    parcel
        .quarantined
        .iter()
        .map(|row| (row.row, row.column.as_deref(), row.rule))
        .collect()
}

/// The rows delivered are those landed and those set aside.
fn adds_up(parcel: &Parcel, rows_each: usize) {
    let landed = parcel.rows() / rows_each;
    assert_eq!(parcel.rows() % rows_each, 0);
    assert_eq!(parcel.rows_delivered, (landed + parcel.quarantined.len()) as u64);
    assert!(
        parcel
            .quarantined
            .iter()
            .all(|row| !row.file.is_empty() && !row.reason.is_empty() && row.row > 0)
    );
}

#[test]
fn one_text_in_every_encoding_gives_one_table() {
    let text = "kommun;namn;antal;andel\r\n0114;Väsby – Åäö;12;3,5\r\n0115;Räksmörgås;5;0,1\r\n";
    let latin = encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    let utf16 = |unit: fn(u16) -> [u8; 2], mark: [u8; 2]| {
        let units = text.encode_utf16().flat_map(unit);
        mark.into_iter().chain(units).collect::<Vec<u8>>()
    };
    let files = [
        ("UTF-8", text.as_bytes().to_vec()),
        ("UTF-8 with mark", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
        ("windows-1252", latin),
        ("UTF-16 LE", utf16(u16::to_le_bytes, [0xff, 0xfe])),
        ("UTF-16 BE", utf16(u16::to_be_bytes, [0xfe, 0xff])),
    ];
    for (name, bytes) in files {
        let parcel = csv(&plain(), bytes).unwrap();
        assert_eq!(words(&parcel, "namn"), ["Väsby – Åäö", "Räksmörgås"], "{name}");
        assert_eq!(numbers(&parcel, "andel"), [Some(3.5), Some(0.1)], "{name}");
    }
    // with the label given, a code page that cannot be found from the bytes
    let (mac, _, _) = encoding_rs::MACINTOSH.encode(text);
    let layout = Layout {
        encoding: Some("macintosh".to_owned()),
        ..Layout::default()
    };
    let parcel = read(SourceKind::Csv, &layout, Some(&plain()), &deliver(mac.into_owned())).unwrap();
    assert_eq!(words(&parcel, "namn")[1], "Räksmörgås");
}

#[test]
fn bytes_that_would_read_as_other_letters_are_refused() {
    let text = "kommun;namn;antal;andel\n0114;Väsby Åkerö;12;3\n0115;Öster\u{e5}ker;5;1\n";
    // cut inside the last å
    let cut = text.rfind('å').unwrap() + 1;
    let error = failure(csv(&plain(), &text.as_bytes()[..cut]));
    assert_eq!(error.code(), 3104);
    assert!(
        error.message().contains("half-written") && error.message().contains("line 3"),
        "{error}"
    );
    // one byte of Latin-1 in a file of UTF-8
    let mut mixed = text.as_bytes().to_vec();
    mixed.extend(b"0116;Sk\xe5ne;1;1\n");
    let error = failure(csv(&plain(), mixed));
    assert!(error.code() == 3104 && error.message().contains("line 4"), "{error}");
    // code page 850: å ä ö are 86 84 94
    assert_eq!(
        code(csv(&plain(), &b"kommun;namn;antal;andel\n0114;V\x84sby;1;1\n"[..])),
        3104
    );
    // NUL: UTF-16 without mark, a padded upload
    let units: Vec<u8> = "kommun;namn".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(code(csv(&plain(), units)), 3104);
    let padded = [text.as_bytes(), &[0; 512]].concat();
    assert!(failure(csv(&plain(), padded)).message().contains("NUL"));
    // a spreadsheet
    assert_eq!(
        code(csv(&plain(), &b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00"[..])),
        3104
    );
}

#[test]
fn every_delimiter_is_found() {
    for delimiter in [',', ';', '\t', '|'] {
        let line = |fields: &[&str]| fields.join(&delimiter.to_string());
        let text = [
            line(&["kommun", "namn", "antal", "andel", "övrigt"]),
            line(&["0114", "\"Väsby, norra; södra | östra\"", "12", "3.5", "x"]),
        ];
        let parcel = csv(&plain(), text.join("\n")).unwrap();
        assert_eq!(words(&parcel, "namn"), ["Väsby, norra; södra | östra"]);
        assert_eq!(notes(&parcel), [("unread column", 1, "övrigt")]);
        adds_up(&parcel, 1);
    }
}

#[test]
fn preamble_and_footnotes_are_notes() {
    let text = "\u{feff}Statistik från Skolverket, https://www.skolverket.se\r\n\r\nValt läsår: 2009/10\r\n\r\n\
        kommun;namn;antal;andel;\r\n0114;Väsby;1;2,5;\r\n0115;\"Valle\r\ntuna\";-;..;\r\n;;;;\r\n\
        \"Fotnot i\r\nflera rader; med semikolon\";;;;\r\n2023-03-29: Tabellen är rättad.;;;;\r\n\r\n\
        Källa: SCB, 2024; egen bearbetning\r\n";
    let parcel = csv(&plain(), text).unwrap();
    assert_eq!(
        notes(&parcel),
        [
            ("preamble", 1, "Statistik från Skolverket, https://www.skolverket.se"),
            ("preamble", 3, "Valt läsår: 2009/10"),
            ("footnote", 10, "Fotnot i\r\nflera rader; med semikolon"),
            ("footnote", 12, "2023-03-29: Tabellen är rättad."),
            ("footnote", 14, "Källa: SCB, 2024; egen bearbetning"),
        ]
    );
    assert_eq!(integers(&parcel, "_row"), [Some(6), Some(7)]);
    assert_eq!(words(&parcel, "namn"), ["Väsby", "Valle\r\ntuna"]);
    assert_eq!((parcel.rows_delivered, parcel.quarantined.len()), (2, 0));
}

#[test]
fn numbers_of_producers() {
    let text = "kommun;namn;antal;andel\n0001;a;1 234;1 234,5\n0002;b;1\u{a0}234\u{a0}567;0,1\n\
        0003;c;1\u{202f}234;-5\n0004;d;0;\u{2212}5,25\n0005;e;1 2;1\n0006;f;12 x;1\n0007;g;1,5;1\n0008;h;1;1.5\n";
    let parcel = csv(&plain(), text).unwrap();
    assert_eq!(
        integers(&parcel, "antal"),
        [Some(1234), Some(1_234_567), Some(1234), Some(0)]
    );
    assert_eq!(
        numbers(&parcel, "andel"),
        [Some(1234.5), Some(0.1), Some(-5.0), Some(-5.25)]
    );
    assert_eq!(
        aside(&parcel),
        [
            (6, Some("antal"), "type"),
            (7, Some("antal"), "type"),
            (8, Some("antal"), "type"),
            // a point where the column has commas may as well stand between thousands
            (9, Some("andel"), "decimal"),
        ]
    );
    adds_up(&parcel, 1);
}

#[test]
fn markers_keep_their_meaning() {
    let text = "kommun;namn;antal;andel\n0001;-;..;.\n0002;..;-;…\n0003;x;~100;~ 7,5\n0004;y;;3\n";
    let parcel = csv(&plain(), text).unwrap();
    // in a text a dash is a word
    assert_eq!(words(&parcel, "namn"), ["-", "..", "x", "y"]);
    assert_eq!(integers(&parcel, "antal"), [None, Some(0), Some(100), None]);
    assert_eq!(numbers(&parcel, "andel"), [None, None, Some(7.5), Some(3.0)]);
    assert_eq!(words(&parcel, "antal_obs_status"), ["Q", "A", "E", "M"]);
    assert_eq!(words(&parcel, "antal_conf_status"), ["C", "F", "F", "F"]);
    assert_eq!(words(&parcel, "andel_obs_status"), ["L", "M", "E", "A"]);
    // a marker that the contract does not know is no number
    let parcel = csv(
        &plain(),
        "kommun;namn;antal;andel\n0001;a;1;1\n0002;b;x;1\n0003;c;......;1\n",
    )
    .unwrap();
    assert_eq!(aside(&parcel), [(3, Some("antal"), "type"), (4, Some("antal"), "type")]);
    // and one column alone has plain names
    let parcel = csv(&contract(&[KOMMUN, ANTAL]), "kommun;antal\n0001;..\n").unwrap();
    assert_eq!(
        (words(&parcel, "obs_status"), words(&parcel, "conf_status")),
        (vec!["Q".into()], vec!["C".into()])
    );
}

#[test]
fn markers_that_cannot_be_are_refused_in_the_contract() {
    let parse = |column: &str| {
        Contract::parse(
            &format!(
                "apiVersion: v3.1.0\nkind: DataContract\nid: prov\nversion: 1.0.0\nstatus: active\n\
                 schema:\n  - name: prov\n    properties:\n      - {{ {column} }}\n"
            ),
            "schemas/prov.odcs.yaml",
        )
        .map(|contract| contract.id)
    };
    let marked = |kind: &str, marker: &str| {
        parse(&format!(
            "name: a, logicalType: {kind}, customProperties: [{{ property: missingMarkers, value: {{ \"-\": {marker} }} }}]"
        ))
    };
    assert!(marked("integer", "{ value: 0 }").is_ok());
    assert!(marked("number", "{ value: 0.5 }").is_ok());
    for (kind, marker) in [
        ("string", "{ value: 0 }"),
        ("date", "{ value: 0 }"),
        ("integer", "{ value: 0.5 }"),
        // a bare NULL
        ("integer", "{ obs_status: A }"),
        ("integer", "{ obs_status: Ö }"),
    ] {
        assert_eq!(marked(kind, marker).unwrap_err().code(), 2011, "{kind} {marker}");
    }
    // YAML reads 0114 as a number, without its zero
    let codes = |list: &str| {
        parse(&format!(
            "name: a, logicalType: string, quality: [{{ metric: invalidValues, arguments: {{ validValues: [{list}] }} }}]"
        ))
    };
    assert!(codes("\"0114\"").is_ok());
    assert_eq!(codes("0114").unwrap_err().code(), 2011);
}

#[test]
fn years_in_headers_become_rows() {
    let contract = contract(&[
        "name: region, logicalType: string, primaryKey: true, primaryKeyPosition: 1",
        "name: ar, logicalType: integer, primaryKey: true, primaryKeyPosition: 2",
        "name: antal, logicalType: integer",
        "name: yta, logicalType: number",
    ]);
    let layout = Layout {
        unpivot: Some(Unpivot {
            pattern: r"Antal (\d{4})".to_owned(),
            into: ["ar".to_owned(), "antal".to_owned()],
        }),
        ..Layout::default()
    };
    let land = |text: &str| read(SourceKind::Csv, &layout, Some(&contract), &deliver(text));
    let parcel = land("region;yta;Antal 2020;Antal 2021\nA;..;1;2\nB;3;-;..\nC;1;1;x\n").unwrap();
    assert_eq!(words(&parcel, "region"), ["A", "A", "B", "B"]);
    assert_eq!(
        integers(&parcel, "ar"),
        [Some(2020), Some(2021), Some(2020), Some(2021)]
    );
    assert_eq!(integers(&parcel, "antal"), [Some(1), Some(2), Some(0), None]);
    assert_eq!(words(&parcel, "obs_status"), ["A", "A", "A", "Q"]);
    assert_eq!(words(&parcel, "yta_obs_status"), ["Q", "Q", "A", "A"]);
    assert_eq!(integers(&parcel, "_row"), [Some(2), Some(2), Some(3), Some(3)]);
    // the whole row is set aside, and the reason says which year it was
    assert_eq!(aside(&parcel), [(4, Some("antal"), "type")]);
    assert!(parcel.quarantined[0].reason.contains("Antal 2021"));
    adds_up(&parcel, 2);
    // a year that stands there twice, and none at all
    assert_eq!(code(land("region;yta;Antal 2020;Antal 2020\nA;1;1;2\n")), 3109);
    assert_eq!(code(land("region;yta;Folk 2020\nA;1;1\n")), 3107);
}

#[test]
fn codes_are_text() {
    let parcel = csv(&plain(), "kommun;namn;antal;andel\n0114;007;1;1\n 0115;1e3;1;1\n").unwrap();
    assert_eq!(words(&parcel, "kommun"), ["0114"]);
    assert_eq!(words(&parcel, "namn"), ["007"]);
    // blanks around a code are not taken away unasked
    assert_eq!(aside(&parcel), [(3, Some("kommun"), "pattern")]);
    let layout = Layout {
        trim: true,
        ..Layout::default()
    };
    let text = deliver("kommun;namn;antal;andel\n 0115 ;1e3;1;1\n");
    let parcel = read(SourceKind::Csv, &layout, Some(&plain()), &text).unwrap();
    assert_eq!(
        (words(&parcel, "kommun"), words(&parcel, "namn")),
        (vec!["0115".into()], vec!["1e3".into()])
    );
}

#[test]
fn rows_that_break_the_contract_are_set_aside_without_their_values() {
    let contract = contract(&[
        KOMMUN,
        "name: typ, logicalType: string, quality: [{ metric: invalidValues, arguments: { validValues: [a, b] } }]",
        ANTAL,
        "name: nummer, logicalType: integer, unique: true",
        "name: dag, logicalType: date",
        "name: hemligt, logicalType: string, required: true",
    ]);
    let text = "kommun,typ,antal,nummer,dag,hemligt\n\
        0001,a,1,1,2024-02-29,persson\n\
        0002,c,1,2,2024-01-01,persson\n\
        000,a,1,3,2024-01-01,persson\n\
        0004,a,-1,4,2024-01-01,persson\n\
        0005,a,persson,5,2024-01-01,persson\n\
        0001,a,1,6,2024-01-01,persson\n\
        0007,a,1,1,2024-01-01,persson\n\
        0008,a,1,8,2023-02-29,persson\n\
        0009,a,1,9,2024-01-01,\n\
        0010,a,1,10,2024-01-01\n\
        0011,a,1,11,2024-01-01,persson,persson\n\
        0012,a,1,12,2024-01-01,persson,\n\
        ,a,1,13,2024-01-01,persson\n\
        persson,,,,,\n\
        0002,b,,,,persson\n\
        0016,b,,,,persson\n";
    let parcel = csv(&contract, text).unwrap();
    assert_eq!(
        aside(&parcel),
        [
            (3, Some("typ"), "codes"),
            (4, Some("kommun"), "pattern"),
            (5, Some("antal"), "range"),
            (6, Some("antal"), "type"),
            (7, Some("kommun"), "duplicate key"),
            (8, Some("nummer"), "unique"),
            (9, Some("dag"), "type"),
            (10, Some("hemligt"), "required"),
            (11, None, "ragged row"),
            (12, None, "ragged row"),
            (14, Some("kommun"), "required"),
            (15, Some("kommun"), "pattern"),
        ]
    );
    // a blank field too many is none; a row that was set aside holds no key; NULL equals nothing
    assert_eq!(words(&parcel, "kommun"), ["0001", "0012", "0002", "0016"]);
    for row in &parcel.quarantined {
        assert!(!format!("{row:?}").contains("persson"), "{row:?}");
    }
    adds_up(&parcel, 1);
}

#[test]
fn keys_that_only_look_alike_are_different() {
    let contract = contract(&[
        "name: a, logicalType: string, primaryKey: true, primaryKeyPosition: 1",
        "name: b, logicalType: string, primaryKey: true, primaryKeyPosition: 2",
    ]);
    let parcel = csv(&contract, "a;b\nx\u{1f}y;z\nx;y\u{1f}z\nxy;z\nx;yz\n").unwrap();
    assert_eq!((parcel.rows(), parcel.quarantined.len()), (4, 0));
}

#[test]
fn a_header_that_changed_says_what_it_may_be_now() {
    let error = failure(csv(&plain(), "# 2024\nkommun;namn;antall;andel\n0114;a;1;1\n"));
    assert_eq!(error.code(), 3107);
    assert!(
        error.message().contains("`antal` (is it `antall` now?)") && error.message().contains("line 2"),
        "{error}"
    );
    assert!(error.hint_text().unwrap().contains("schemas/prov.odcs.yaml"));
    // a column that the contract wants too is no suggestion
    let error = failure(csv(&plain(), "kommun;namn;antal\n0114;a;1\n"));
    assert!(
        error.message().contains("`andel`") && !error.message().contains("now?"),
        "{error}"
    );
    // one column twice: which one is meant?
    assert_eq!(
        code(csv(&plain(), "kommun;namn;antal;andel;antal\n0114;a;1;1;2\n")),
        3109
    );
    // no header at all, an error page
    assert_eq!(code(csv(&plain(), "0114;a;1;1\n0115;b;1;1\n")), 3107);
    assert_eq!(
        code(csv(&plain(), "<!DOCTYPE html>\n<html><body>503</body></html>\n")),
        3107
    );
    // the line of the header can be given
    let at = |line| {
        let layout = Layout {
            header: Some(line),
            ..Layout::default()
        };
        let text = "kommun;namn;antal;andel\r\n\r\nkommun;namn;antal;andel\r\n0114;a;1;1\r\n";
        read(SourceKind::Csv, &layout, Some(&plain()), &deliver(text))
    };
    assert_eq!((at(3).unwrap().rows(), at(3).unwrap().notes.len()), (1, 1));
    assert_eq!(aside(&at(1).unwrap()), [(3, Some("kommun"), "pattern")]);
    assert_eq!(code(at(2)), 3107);
}

#[test]
fn nothing_and_next_to_nothing() {
    for nothing in [&b""[..], b"\n\n", b" \r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"] {
        assert_eq!(code(csv(&plain(), nothing)), 3100, "{nothing:?}");
    }
    for kind in [SourceKind::Parquet, SourceKind::Geodata] {
        assert_eq!(code(read(kind, &Layout::default(), Some(&plain()), &deliver(""))), 3100);
    }
    // landing no rows would take the delivery before this one away
    assert_eq!(code(csv(&plain(), "kommun;namn;antal;andel")), 3108);
    assert_eq!(code(csv(&plain(), "kommun;namn;antal;andel\n\nKälla: SCB\n")), 3108);
    let error = failure(csv(
        &plain(),
        "kommun;namn;antal;andel\n0114;a;hemligt;1\n0115;b;hemligt;1\n",
    ));
    assert_eq!(error.code(), 3113);
    assert!(
        error.message().contains("row 2, column `antal`") && !error.message().contains("hemligt"),
        "{error}"
    );
}

#[test]
fn one_column_is_a_table_too() {
    let contract = contract(&[KOMMUN]);
    let parcel = csv(&contract, "kommun\n0114\n0115\n").unwrap();
    assert_eq!(words(&parcel, "kommun"), ["0114", "0115"]);
}

#[test]
fn half_written_files_are_told() {
    let whole = "kommun;namn;antal;andel\n0114;\"Väsby\";1;1\n0115;\"Vallen\";2;2\n";
    // inside quotation marks
    let error = failure(csv(&plain(), &whole.as_bytes()[..whole.find("llen").unwrap()]));
    assert!(error.code() == 3105 && error.message().contains("line 3"), "{error}");
    // inside a row
    let error = failure(csv(&plain(), &whole.as_bytes()[..whole.find(";2").unwrap()]));
    assert!(error.code() == 3105 && error.message().contains("line 3"), "{error}");
    // a last row that is short but ended is a ragged row, and prose is a footnote
    let parcel = csv(
        &plain(),
        "kommun;namn;antal;andel\n0114;a;1;1\n0115;b\nKälla: SCB; Kolada\n",
    )
    .unwrap();
    assert_eq!(aside(&parcel), [(3, None, "ragged row")]);
    assert_eq!(notes(&parcel), [("footnote", 4, "Källa: SCB; Kolada")]);
    // an inch is no quotation mark
    let parcel = csv(&plain(), "kommun;namn;antal;andel\n0114;rör 5\";1;1\n").unwrap();
    assert_eq!(words(&parcel, "namn"), ["rör 5\""]);
    // a mark that is missing hides a row in a field; that is told
    let text = "kommun;namn;antal;andel\n0114;\"a;1;1\n0115;\"b\";1;1\n0116;c;1;1\n";
    let parcel = csv(&plain(), text).unwrap();
    assert_eq!(words(&parcel, "kommun"), ["0116"]);
    assert_eq!(aside(&parcel), [(2, None, "quotation mark")]);
    // a whole file without its last line break is whole
    assert_eq!(csv(&plain(), whole.trim_end()).unwrap().rows(), 2);
}

#[test]
fn lines_of_any_length() {
    let long = "x".repeat(20 << 20);
    assert_eq!(code(csv(&plain(), long.clone())), 3107);
    let text = format!("kommun;namn;antal;andel\n0114;{long};1;1\n0115;\"{long}\n{long}\";1;1\n0116;b;1;1\n");
    let parcel = csv(&plain(), text).unwrap();
    assert_eq!(integers(&parcel, "_row"), [Some(2), Some(3), Some(5)]);
    // more columns than anybody needs
    let wide: String = (0..20_000).map(|at| format!(";k{at}")).collect();
    let text = format!("kommun;namn;antal;andel{wide}\n0114;a;1;1{}\n", ";".repeat(20_000));
    let parcel = csv(&plain(), text).unwrap();
    assert_eq!((parcel.rows(), parcel.notes.len()), (1, 20_000));
}

fn column(name: &'static str, values: impl Array + 'static) -> (&'static str, ArrayRef) {
    (name, Arc::new(values))
}

fn parquet(columns: Vec<(&str, ArrayRef)>, geo: Option<&str>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let metadata = geo.map(|text| vec![KeyValue::new("geo".to_owned(), text.to_owned())]);
    let settings = WriterProperties::builder().set_key_value_metadata(metadata).build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(settings)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn sample_parquet() -> Vec<u8> {
    let names = vec![Some("a"), None, None, Some("d"), Some("e"), Some("f")];
    let counts = vec![Some(1.0), None, Some(2.0), Some(3.0), Some(1.5), Some(4.0)];
    parquet(
        vec![
            column(
                "kommun",
                StringArray::from(vec!["0114", "0115", "0115", "11", "0116", "0117"]),
            ),
            column("namn", StringArray::from(names)),
            column("antal", Float64Array::from(counts)),
            column("andel", Float64Array::from(vec![0.5, 1.0, 1.0, 1.0, 1.0, f64::NAN])),
            column("municipality_type", Int32Array::from(vec![1; 6])),
        ],
        None,
    )
}

#[test]
fn parquet_by_the_contract() {
    let land = |bytes: Vec<u8>| read(SourceKind::Parquet, &Layout::default(), Some(&plain()), &deliver(bytes));
    let parcel = land(sample_parquet()).unwrap();
    assert_eq!(words(&parcel, "kommun"), ["0114", "0115"]);
    assert_eq!(integers(&parcel, "antal"), [Some(1), None]);
    assert_eq!(integers(&parcel, "_row"), [Some(1), Some(2)]);
    assert_eq!(
        aside(&parcel),
        [
            (3, Some("kommun"), "duplicate key"),
            (4, Some("kommun"), "pattern"),
            // 1.5 is not 1, and NaN no figure
            (5, Some("antal"), "type"),
            (6, Some("andel"), "type"),
        ]
    );
    assert_eq!(notes(&parcel), [("unread column", 1, "municipality_type")]);
    adds_up(&parcel, 1);
    let one = |name: &'static str, values: Vec<&str>| column(name, StringArray::from(values));
    // text that is a number is one, text that is none is not
    let parcel = land(parquet(
        vec![
            one("kommun", vec!["0114", "0115"]),
            one("namn", vec!["a", "b"]),
            one("antal", vec!["7", "hemligt"]),
            one("andel", vec!["0.5", "1"]),
        ],
        None,
    ))
    .unwrap();
    assert_eq!(
        (integers(&parcel, "antal"), aside(&parcel)),
        (vec![Some(7)], vec![(2, Some("antal"), "type")])
    );
    assert!(!format!("{:?}", parcel.quarantined).contains("hemligt"));
    // a column that is not there, with the name it may have now
    let error = failure(land(parquet(
        vec![one("kommun", vec!["0114"]), one("nam", vec!["a"])],
        None,
    )));
    assert!(
        error.code() == 3107 && error.hint_text().unwrap().contains("`nam`"),
        "{error}"
    );
    let empty: Vec<&str> = Vec::new();
    let names = ["kommun", "namn", "antal", "andel"];
    assert_eq!(
        code(land(parquet(names.map(|name| one(name, empty.clone())).to_vec(), None))),
        3108
    );
    let bad = names.map(|name| one(name, vec!["x"])).to_vec();
    assert_eq!(code(land(parquet(bad, None))), 3113);
}

#[test]
fn a_cut_parquet_file_never_lands() {
    let whole = sample_parquet();
    for cut in 1..whole.len() {
        let result = read(
            SourceKind::Parquet,
            &Layout::default(),
            Some(&plain()),
            &deliver(&whole[..cut]),
        );
        assert_eq!(code(result), 3110, "{cut}");
    }
    assert_eq!(
        code(read(
            SourceKind::Parquet,
            &Layout::default(),
            Some(&plain()),
            &deliver("kommun;namn")
        )),
        3110
    );
}

fn shapes() -> Contract {
    contract(&[
        "name: omrade, logicalType: string, primaryKey: true",
        "name: antal, logicalType: integer",
        "name: geometry, logicalType: object",
    ])
}

fn geodata(bytes: impl Into<Vec<u8>>) -> Result<Parcel> {
    read(
        SourceKind::Geodata,
        &Layout::default(),
        Some(&shapes()),
        &deliver(bytes),
    )
}

#[test]
fn geojson_with_broken_shapes() {
    let feature = |name: &str, antal: &str, geometry: &str| {
        format!(
            r#"{{"type": "Feature", "properties": {{"omrade": "{name}", "antal": {antal}, "x": 1}}, "geometry": {geometry}}}"#
        )
    };
    let square = r#"{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}"#;
    let features = [
        feature("a", "1", square),
        feature("b", "2.0", square),
        feature("c", "2.5", square),
        feature("d", "\"hemligt\"", square),
        feature("e", "null", "null"),
        feature(
            "f",
            "1",
            r#"{"type": "Polygon", "coordinates": [[[0, 0], [1, 0], ["hemligt", 1]]]}"#,
        ),
        feature("g", "1", r#"{"type": "Polygon", "coordinates": []}"#),
        feature("h", "1", r#"{"type": "Polgyon", "coordinates": [[[0, 0]]]}"#),
        feature("a", "1", square),
        feature(
            "k",
            "null",
            r#"{"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 0], [1, 1], [0, 0]]]]}"#,
        ),
    ];
    let text = |features: &[String]| {
        format!(
            "\u{feff}{{\"type\": \"FeatureCollection\", \"crs\": {{\"type\": \"name\", \"properties\": {{\"name\": \
             \"urn:ogc:def:crs:EPSG::3006\"}}}}, \"features\": [{}]}}",
            features.join(",\n")
        )
    };
    let parcel = geodata(text(&features)).unwrap();
    assert_eq!(words(&parcel, "omrade"), ["a", "b", "k"]);
    assert_eq!(integers(&parcel, "antal"), [Some(1), Some(2), None]);
    assert_eq!(
        aside(&parcel),
        [
            (3, Some("antal"), "type"),
            (4, Some("antal"), "type"),
            (5, Some("geometry"), "geometry"),
            (6, Some("geometry"), "geometry"),
            (7, Some("geometry"), "geometry"),
            (8, Some("geometry"), "geometry"),
            (9, Some("omrade"), "duplicate key"),
        ]
    );
    assert_eq!(notes(&parcel), [("unread column", 1, "x")]);
    assert!(!format!("{:?}", parcel.quarantined).contains("hemligt"));
    adds_up(&parcel, 1);
    let field = parcel.schema.field_with_name("geometry").unwrap().clone();
    assert!(field.metadata()["ARROW:extension:metadata"].contains("3006"));
    // half-written, no collection, no features, a property with another name
    let whole = text(&features[..2]);
    for cut in [1, 20, whole.len() / 2, whole.len() - 1] {
        let cut = (cut..=whole.len()).find(|at| whole.is_char_boundary(*at)).unwrap();
        assert!(
            failure(geodata(&whole.as_bytes()[..cut]))
                .message()
                .contains("half-written"),
            "{cut}"
        );
    }
    assert_eq!(code(geodata(square)), 3122);
    assert_eq!(code(geodata(r#"{"type": "FeatureCollection"}"#)), 3122);
    assert_eq!(code(geodata(r#"{"type": "FeatureCollection", "features": []}"#)), 3108);
    let error = failure(geodata(whole.replace("\"omrade\"", "\"område\"")));
    assert!(
        error.code() == 3107 && error.hint_text().unwrap().contains("`område`"),
        "{error}"
    );
    assert_eq!(code(geodata(text(&features[4..6]))), 3113);
}

fn polygon(ring: &[[f64; 2]]) -> Vec<u8> {
    let mut bytes = vec![1, 3, 0, 0, 0, 1, 0, 0, 0];
    bytes.extend(u32::try_from(ring.len()).unwrap().to_le_bytes());
    bytes.extend(ring.iter().flatten().flat_map(|axis| axis.to_le_bytes()));
    bytes
}

#[test]
fn geoparquet_with_broken_shapes() {
    let whole = polygon(&[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]);
    let open = polygon(&[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.5]]);
    let nowhere = polygon(&[[f64::INFINITY, 0.0], [1.0, 0.0], [1.0, 1.0], [f64::INFINITY, 0.0]]);
    let columns = || -> Vec<(&'static str, ArrayRef)> {
        let geometries: Vec<Option<&[u8]>> = vec![
            Some(&whole),
            None,
            Some(&whole[..whole.len() - 3]),
            Some(&open),
            Some(&nowhere),
            Some(b"no shape"),
            Some(b""),
        ];
        vec![
            column("omrade", StringArray::from(vec!["a", "b", "c", "d", "e", "f", "g"])),
            column("antal", Int64Array::from(vec![1; 7])),
            column("geometry", BinaryArray::from(geometries)),
        ]
    };
    let meta = |encoding: &str| {
        format!(
            r#"{{"version": "1.1.0", "primary_column": "geometry", "columns": {{"geometry": {{"encoding": "{encoding}"}}}}}}"#
        )
    };
    let parcel = geodata(parquet(columns(), Some(&meta("WKB")))).unwrap();
    assert_eq!(words(&parcel, "omrade"), ["a"]);
    let rows: Vec<u64> = parcel.quarantined.iter().map(|row| row.row).collect();
    assert_eq!(rows, [2, 3, 4, 5, 6, 7]);
    assert!(parcel.quarantined.iter().all(|row| row.rule == "geometry"));
    adds_up(&parcel, 1);
    // Parquet that is not GeoParquet, or not with WKB
    assert_eq!(code(geodata(parquet(columns(), None))), 3121);
    assert_eq!(code(geodata(parquet(columns(), Some("{")))), 3121);
    assert_eq!(code(geodata(parquet(columns(), Some(&meta("multipolygon"))))), 3121);
}

fn real(file: &str, layout: &Layout, contract: &Contract) -> Option<Parcel> {
    let path = shared(&format!("data/sweden/{file}"))?;
    let delivered = Delivered {
        name: file.to_owned(),
        bytes: Bytes::from(std::fs::read(path).unwrap()),
    };
    Some(read(SourceKind::Csv, layout, Some(contract), &delivered).unwrap())
}

fn years(pattern: &str) -> Layout {
    Layout {
        unpivot: Some(Unpivot {
            pattern: pattern.to_owned(),
            into: ["ar".to_owned(), "varde".to_owned()],
        }),
        ..Layout::default()
    }
}

/// Lines of a file that have something, as an editor counts them.
fn lines_with_text(file: &str) -> Option<Vec<(u64, String)>> {
    let bytes = std::fs::read(shared(&format!("data/sweden/{file}"))?).unwrap();
    let text = String::from_utf8(bytes).unwrap_or_else(|error| {
        let latin = error.into_bytes();
        encoding_rs::WINDOWS_1252.decode(&latin).0.into_owned()
    });
    Some(
        (1..)
            .zip(text.trim_start_matches('\u{feff}').lines().map(str::to_owned))
            .filter(|(_, line)| line.contains(|c: char| !c.is_whitespace() && c != ',' && c != ';'))
            .collect(),
    )
}

#[test]
fn pupils_of_every_school() {
    let from = |name: &str, header: &str, kind: &str| {
        format!("name: {name}, logicalType: {kind}, customProperties: [{{ property: header, value: \"{header}\" }}]")
    };
    let columns = [
        format!("{}, primaryKey: true", from("enhet", "Skol-enhetskod", "string")),
        from("skola", "Skola", "string"),
        from("kommun", "Kommun-kod", "string"),
        from("elever", "Elever, årskurs 1-9", "integer"),
        from("flickor", "Andel (%) flickor, årskurs 1-9", "number"),
        from(
            "eftergymnasial",
            "Andel (%) elever med föräldrar med eftergymnasial utb., åk 1-9",
            "number",
        ),
    ];
    let contract = contract(&columns.each_ref().map(String::as_str));
    for year in ["2009", "2022"] {
        let file = format!("skolverket/Grundskolan - Antal elever per årskurs {year} Skolenhet.csv");
        let Some(parcel) = real(&file, &Layout::default(), &contract) else {
            return;
        };
        let lines = lines_with_text(&file).unwrap();
        // a school's line is one with a code in its second field, of eight digits or, from before, nine with a zero first
        let schools: Vec<&(u64, String)> = lines
            .iter()
            .filter(|(_, line)| {
                let code = line.split(';').nth(1).unwrap_or_default();
                (8..=9).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit())
            })
            .collect();
        assert!(parcel.quarantined.is_empty(), "{:?}", &parcel.quarantined[..5]);
        assert_eq!(parcel.rows(), schools.len(), "{year}");
        let landed: Vec<i64> = integers(&parcel, "_row").into_iter().flatten().collect();
        assert!(
            schools
                .iter()
                .zip(&landed)
                .all(|((line, _), row)| *line == u64::try_from(*row).unwrap())
        );
        // nothing between rows and notes is lost
        let texts = parcel.notes.iter().filter(|note| note.kind != NoteKind::Unread);
        let noted: usize = texts
            .map(|note| note.text.lines().filter(|line| !line.trim().is_empty()).count())
            .sum();
        assert_eq!(noted + schools.len() + 1, lines.len(), "{year}");
        // «..» and «.» and «~100»
        let statuses = words(&parcel, "eftergymnasial_obs_status");
        let values = numbers(&parcel, "eftergymnasial");
        for ((_, line), (status, value)) in schools.iter().zip(statuses.iter().zip(&values)) {
            let field = line.split(';').nth(12).unwrap();
            let meant = match field {
                ".." => ("Q", None),
                "." => ("L", None),
                rounded if rounded.starts_with('~') => ("E", rounded[1..].parse().ok()),
                number => ("A", Some(number.replace(',', ".").parse::<f64>().unwrap())),
            };
            assert_eq!((status.as_str(), *value), meant, "{line}");
        }
    }
}

#[test]
fn footnotes_of_the_area_types_are_kept() {
    let file = "regso/omradestyp_regso_2022.csv";
    let contract = contract(&[
        "name: region, logicalType: string, primaryKey: true, primaryKeyPosition: 1, \
         customProperties: [{ property: header, value: \"\" }]",
        "name: ar, logicalType: integer, primaryKey: true, primaryKeyPosition: 2",
        "name: varde, logicalType: integer, logicalTypeOptions: { minimum: 1, maximum: 5 }",
    ]);
    let Some(parcel) = real(file, &years(r"(\d{4})"), &contract) else {
        return;
    };
    assert_eq!(
        (parcel.rows(), parcel.quarantined.len(), parcel.rows_delivered),
        (3363, 0, 3363)
    );
    let all = notes(&parcel);
    assert!(all.iter().all(|(kind, ..)| *kind == "footnote"));
    for words in ["2023-03-29: Tabellen är korrigerad.", "Källa:", "SCB", "000005QX"] {
        assert!(all.iter().any(|(_, _, text)| *text == words), "{words}");
    }
    assert!(
        all.iter()
            .any(|(_, _, text)| text.contains("mycket goda") && text.contains('\n'))
    );
    let lines = lines_with_text(file).unwrap();
    let noted: usize = all
        .iter()
        .map(|(_, _, text)| text.lines().filter(|line| !line.trim().is_empty()).count())
        .sum();
    assert_eq!(noted + 3363 + 1, lines.len());
}

#[test]
fn latin1_without_a_word() {
    let contract = contract(&[
        "name: region, logicalType: string, primaryKey: true, primaryKeyPosition: 1, logicalTypeOptions: { pattern: \"\\\\d{4} .+\" }",
        "name: ar, logicalType: integer, primaryKey: true, primaryKeyPosition: 2",
        "name: varde, logicalType: number",
    ]);
    let Some(parcel) = real("scb-csv/Income_median_2014_2021.csv", &years(r"(\d{4})"), &contract) else {
        return;
    };
    assert_eq!(parcel.rows(), 290 * 8);
    assert!(words(&parcel, "region").contains(&"0180 Stockholm".to_owned()));
    assert!(words(&parcel, "region").contains(&"0114 Upplands Väsby".to_owned()));
    let unread: Vec<&str> = notes(&parcel).iter().map(|(_, _, text)| *text).collect();
    assert_eq!(unread, ["kön", "ålder", "inkomstklass"]);
}

#[test]
fn every_polygon_of_the_cities_is_whole() {
    let by = |key: &str| {
        let header = format!("customProperties: [{{ property: header, value: {key} }}]");
        contract(&[
            format!("name: kod, logicalType: string, primaryKey: true, {header}").as_str(),
            "name: geometry, logicalType: object",
        ])
    };
    for (file, key, count) in [
        ("deso2025_goteborg.parquet", "desokod", 320),
        ("regso2025_goteborg.parquet", "regsokod", 147),
        ("regso2025_goteborg_wgs84.geojson", "regsokod", 147),
        ("kommuner2025.parquet", "kommun_kod", 290),
        ("kommuner2025_wgs84.geojson", "kommun_kod", 290),
        ("lan2025.parquet", "lan_kod", 21),
        ("gbg_primaromraden.parquet", "omrade_kod", 96),
    ] {
        let Some(path) = shared(&format!("data/sweden/geo/{file}")) else {
            return;
        };
        let delivered = deliver(std::fs::read(path).unwrap());
        let parcel = read(SourceKind::Geodata, &Layout::default(), Some(&by(key)), &delivered).unwrap();
        assert_eq!((parcel.rows(), parcel.quarantined.len()), (count, 0), "{file}");
    }
}

/// One line of a made-up file.
#[derive(Debug, Clone)]
enum Line {
    Row {
        name: String,
        antal: u32,
        andel: Option<u32>,
        tail: bool,
    },
    Short,
    Wrong,
    Again,
    Blank,
    Delimiters,
}

fn line() -> impl Strategy<Value = Line> {
    let name = "[a-zåäö \"',;\n]{0,12}";
    prop_oneof![
        6 => (name, any::<u32>(), proptest::option::of(0..100_000_u32), any::<bool>())
            .prop_map(|(name, antal, andel, tail)| Line::Row { name, antal, andel, tail }),
        1 => Just(Line::Short),
        1 => Just(Line::Wrong),
        1 => Just(Line::Again),
        1 => Just(Line::Blank),
        1 => Just(Line::Delimiters),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever the file: each of its lines is a row, a note, set aside, or blank, and the numbers add up.
    #[test]
    fn every_line_is_accounted_for(
        lines in proptest::collection::vec(line(), 0..40),
        preamble in proptest::collection::vec("[A-ZÅÄÖ][a-zåäö ]{0,20}[a-z]", 0..4),
        footnotes in proptest::collection::vec("[A-ZÅÄÖ][a-zåäö: ]{0,20}[a-z]", 0..4),
        delimiter in proptest::sample::select(vec![',', ';', '\t', '|']),
        crlf in any::<bool>(),
        latin in any::<bool>(),
        last_break in any::<bool>(),
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut text = String::new();
        let mut at = 1_u64;
        let mut expected: BTreeMap<u64, &str> = BTreeMap::new();
        let mut put = |text: &mut String, content: &str, what: Option<&'static str>| {
            if let Some(what) = what {
                expected.insert(at, what);
            }
            text.push_str(content);
            text.push_str(end);
            at += content.matches('\n').count() as u64 + 1;
        };
        for words in &preamble {
            put(&mut text, words, Some("preamble"));
        }
        let join = |fields: &[&str]| fields.join(&delimiter.to_string());
        put(&mut text, &join(&["kommun", "namn", "antal", "andel"]), None);
        let mut values = Vec::new();
        for (number, line) in lines.iter().enumerate() {
            let kommun = format!("{number:04}");
            match line {
                Line::Row { name, antal, andel, tail } => {
                    let quoted = format!("\"{}\"", name.replace('"', "\"\""));
                    // an even decimal comma would be the delimiter
                    let share = andel.map_or("..".to_owned(), |share| format!("\"{},{}\"", share / 10, share % 10));
                    let mut row = join(&[&kommun, &quoted, &antal.to_string(), &share]);
                    if *tail {
                        row.push(delimiter);
                    }
                    put(&mut text, &row, Some("row"));
                    values.push((kommun, name.clone(), i64::from(*antal), andel.map(|share| f64::from(share) / 10.0)));
                }
                Line::Short => put(&mut text, &join(&[&kommun, "kort"]), Some("aside")),
                Line::Wrong => put(&mut text, &join(&[&kommun, "fel", "många", "1"]), Some("aside")),
                Line::Again => match values.first() {
                    Some((first, ..)) => put(&mut text, &join(&[first, "igen", "1", "1"]), Some("aside")),
                    None => put(&mut text, "", None),
                },
                Line::Blank => put(&mut text, "", None),
                Line::Delimiters => put(&mut text, &join(&["", "", "", ""]), None),
            }
        }
        // so that every short row has a row behind it, and what follows is no row
        put(&mut text, &join(&["9999", "sist", "1", "1"]), Some("row"));
        values.push(("9999".to_owned(), "sist".to_owned(), 1, Some(1.0)));
        put(&mut text, "", None);
        for words in &footnotes {
            put(&mut text, words, Some("footnote"));
        }
        if !last_break {
            text.truncate(text.trim_end().len());
        }
        let bytes = if latin { encoding_rs::WINDOWS_1252.encode(&text).0.into_owned() } else { text.clone().into_bytes() };
        let parcel = csv(&plain(), bytes).unwrap();

        let mut found: BTreeMap<u64, &str> = parcel.notes.iter().map(|note| (note.line, note.kind.name())).collect();
        found.extend(parcel.quarantined.iter().map(|row| (row.row, "aside")));
        let landed = integers(&parcel, "_row").into_iter().map(|row| (u64::try_from(row.unwrap()).unwrap(), "row"));
        found.extend(landed);
        prop_assert_eq!(&found, &expected, "{}", text);
        let count = |what: &str| expected.values().filter(|found| **found == what).count();
        prop_assert_eq!(parcel.rows_delivered, (count("row") + count("aside")) as u64);
        prop_assert_eq!(parcel.rows(), count("row"));
        prop_assert_eq!(parcel.quarantined.len(), count("aside"));
        prop_assert_eq!(parcel.notes.len(), count("preamble") + count("footnote"));
        let names: Vec<&str> = parcel.notes.iter().map(|note| note.text.as_str()).collect();
        prop_assert!(preamble.iter().chain(&footnotes).map(|words| words.trim()).eq(names.iter().copied()));
        let (kommun, namn, antal, andel) =
            (words(&parcel, "kommun"), texts(&parcel, "namn"), integers(&parcel, "antal"), numbers(&parcel, "andel"));
        for (at, (code, name, number, share)) in values.iter().enumerate() {
            prop_assert_eq!(&kommun[at], code);
            // a name of blanks alone is none
            prop_assert_eq!(namn[at].as_deref(), Some(name.as_str()).filter(|name| !name.trim().is_empty()));
            prop_assert_eq!((antal[at], andel[at]), (Some(*number), *share));
        }
    }

    /// Bytes that are nothing give an error or rows, never a panic, and never more rows than lines.
    #[test]
    fn any_bytes_are_survived(
        bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 1..300),
            "(kommun;namn;antal;andel\n)?[0-9;\",\r\n\u{e5}\u{0}. -]{0,200}".prop_map(String::into_bytes),
            "[\\[\\]{}\":,a-z0-9. ]{0,100}".prop_map(|tail| {
                format!("{{\"type\":\"FeatureCollection\",\"features\":[{tail}]}}").into_bytes()
            }),
        ],
    ) {
        for kind in [SourceKind::Csv, SourceKind::Parquet, SourceKind::Geodata] {
            let contract = if kind == SourceKind::Geodata { shapes() } else { plain() };
            if let Ok(parcel) = read(kind, &Layout::default(), Some(&contract), &deliver(bytes.clone())) {
                prop_assert_eq!(parcel.rows_delivered, (parcel.rows() + parcel.quarantined.len()) as u64);
            }
        }
    }

    /// A Parquet file with a flipped byte is refused or read; it does not stop the process.
    #[test]
    fn a_flipped_byte_is_survived(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut bytes = sample_parquet();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let _ = read(SourceKind::Parquet, &Layout::default(), Some(&plain()), &deliver(bytes));
    }
}

/// Says how fast a CSV file lands, at two sizes; run with `--ignored --nocapture`.
#[test]
#[ignore = "measures speed"]
fn speed_of_landing() {
    use std::{fmt::Write as _, io::Write as _};
    for rows in [500_000_usize, 2_000_000] {
        let mut text = String::from("kommun;namn;antal;andel\n");
        for number in 0..rows {
            let _ = writeln!(
                text,
                "{:04};Område {number};{};{},{}",
                number % 10_000,
                number * 7,
                number % 100,
                number % 10
            );
        }
        let contract = contract(&[
            "name: kommun, logicalType: string",
            "name: namn, logicalType: string, primaryKey: true",
            ANTAL,
            ANDEL,
        ]);
        let size = text.len();
        let start = std::time::Instant::now();
        let parcel = csv(&contract, text).unwrap();
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(parcel.rows(), rows);
        let speed = size as f64 / 1e6 / seconds;
        writeln!(
            std::io::stderr(),
            "{rows} rows, {size} bytes in {seconds:.2} s: {speed:.0} MB/s"
        )
        .unwrap();
    }
}
