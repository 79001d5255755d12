//! `samsyn verify` and `samsyn audit` as a data protection officer runs them: a small register, a published table, and
//! somebody who changes what was published.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::Value;

use crate::cli::{Folder, copy};

const PIPELINE: &str = "version: 1
pipeline: register
default: true
sources:
  - name: personer
    kind: csv
    path: in/*.csv
    dataset: raw.personer
    contract: personer
models:
  - core.person
populations:
  - name: invånare
    from: core.person
    policy: standard
publish:
  - table: pub.folk
    contract: pub_folk
    protect:
      counts:
        population: invånare
        measure: antal
        dimensions:
          - name: plats
            level_column: niva
            levels: [omrade, region]
            total: alla
          - name: kon
            total: alla
";

const MODEL: &str = "/*
description: Personer.
*/
SELECT person, omrade, region, kon FROM raw.personer
";

fn contract(id: &str, class: &str, columns: &[(&str, &str)], keys: usize) -> String {
    let mut text = format!(
        "apiVersion: v3.1.0
kind: DataContract
id: {id}
name: {id}
version: 1.0.0
status: active
description:
  purpose: Ett påhittat register.
schema:
  - name: {id}
    properties:
"
    );
    for (at, (name, kind)) in columns.iter().enumerate() {
        let _ = writeln!(text, "      - name: {name}\n        logicalType: {kind}");
        if at < keys {
            let _ = writeln!(
                text,
                "        required: true\n        primaryKey: true\n        primaryKeyPosition: {}",
                at + 1
            );
        }
    }
    let _ = writeln!(
        text,
        "customProperties:\n  - {{ property: classification, value: {class} }}"
    );
    text
}

/// Persons of four areas in two regions: one small count.
fn persons() -> String {
    let mut text = String::from("person;omrade;region;kon\n");
    let mut number = 0;
    for (area, region, kon, count) in [
        ("a", "x", "K", 2),
        ("a", "x", "M", 40),
        ("b", "x", "K", 31),
        ("b", "x", "M", 17),
        ("c", "y", "K", 23),
        ("c", "y", "M", 50),
        ("d", "y", "K", 19),
        ("d", "y", "M", 60),
    ] {
        for _ in 0..count {
            number += 1;
            let _ = writeln!(text, "p{number};{area};{region};{kon}");
        }
    }
    text
}

fn project() -> Folder {
    let folder = Folder::new();
    folder.write("pipelines/register.yaml", PIPELINE);
    folder.write("sql/core/person.sql", MODEL);
    folder.write("in/personer.csv", persons());
    let text = |name| (name, "string");
    folder.write(
        "schemas/personer.odcs.yaml",
        contract(
            "personer",
            "protected",
            &["person", "omrade", "region", "kon"].map(text),
            1,
        ),
    );
    let mut columns = ["niva", "plats", "kon"].map(text).to_vec();
    columns.push(("antal", "integer"));
    columns.extend(["obs_status", "conf_status"].map(text));
    folder.write(
        "schemas/pub_folk.odcs.yaml",
        contract("pub_folk", "public", &columns, 3),
    );
    folder
}

fn only_file(folder: &Path, ending: &str) -> PathBuf {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn a_release_is_proved_and_what_is_changed_is_found() {
    let folder = project();
    folder.samsyn(&["run"]).good();
    let proved = folder.samsyn(&["verify", "--format", "json"]).good().json();
    let first = &proved[0];
    assert_eq!(
        (&first["proved"], &first["cells"], &first["hidden"]),
        (&true.into(), &21.into(), &4.into())
    );
    assert_eq!(first["population"], "invånare");
    let named = folder.samsyn(&["verify", "--population", "invånare", "--format", "json"]);
    assert_eq!(named.good().json(), proved);
    folder
        .samsyn(&["verify", "--population", "boende"])
        .fails(1, 5085, &["boende", "register.inv"]);
    // a population that a run leaves as it is keeps its certificate
    folder.write("in/mer.csv", "person;omrade;region;kon\np0;a;x;M\n");
    folder.samsyn(&["run"]).good();
    let next = folder.samsyn(&["verify", "--format", "json"]).good().json();
    assert_eq!((&next[0]["release"], &next[0]["proved"]), (&2.into(), &true.into()));
    assert_ne!(next[0]["sha256"], first["sha256"]);
    let old = folder
        .samsyn(&["verify", "--release", "1", "--format", "json"])
        .good()
        .json();
    assert_eq!(old, proved);
    let both = folder.samsyn(&["audit", "--all", "--format", "json"]).good().json();
    assert_eq!(
        (both["history"].as_array().unwrap().len(), &both["passed"]),
        (1, &true.into())
    );

    // somebody puts another table in the place of the published one
    let copied = tempfile::tempdir().unwrap();
    copy(&folder.path("lake"), copied.path());
    let release: Value = serde_json::from_slice(
        &std::fs::read(copied.path().join("_samsyn/releases/00000000000000000002.json")).unwrap(),
    )
    .unwrap();
    let files = |number: &str| -> String {
        let release: Value = serde_json::from_slice(
            &std::fs::read(copied.path().join(format!("_samsyn/releases/{number:0>20}.json"))).unwrap(),
        )
        .unwrap();
        release["tables"]["pub.folk"]["files"]["files"][0]["path"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let (from, to) = (copied.path().join(files("1")), copied.path().join(files("2")));
    assert!(from.exists() && to.exists(), "{from:?} {to:?}");
    std::fs::copy(from, to).unwrap();
    let lake = copied.path().to_string_lossy().into_owned();
    let swapped = folder.samsyn(&["verify", "--lake", &lake]);
    assert_eq!(swapped.code, Some(1), "{}", swapped.err);
    assert!(
        swapped.out.contains("NOT PROVED") && swapped.out.contains("the hash of its rows is another"),
        "{}",
        swapped.out
    );
    assert_eq!(folder.samsyn(&["audit", "--lake", &lake]).code, Some(1));

    // and a certificate that says more than the one that was pinned
    let pin = &release["certificates"];
    let name = pin.as_object().unwrap().keys().next().unwrap();
    let object = copied
        .path()
        .join(format!("_samsyn/certificates/00000000000000000002/{name}.json"));
    let text = std::fs::read_to_string(&object).unwrap();
    std::fs::write(&object, text.replace("\"threshold\":5", "\"threshold\":50")).unwrap();
    folder
        .samsyn(&["verify", "--lake", &lake])
        .fails(1, 5082, &["not the one that the release pins"]);
    std::fs::remove_file(&object).unwrap();
    folder
        .samsyn(&["verify", "--lake", &lake])
        .fails(1, 5082, &["is missing"]);
}

#[test]
fn the_report_is_signed_and_reads_in_two_languages() {
    let folder = project();
    folder.samsyn(&["run"]).good();
    // a private key as `openssl genpkey -algorithm ed25519` writes it
    let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIMWqjfQ/n4N77bdELzHct7Fm04U1B28JS4XOOi4LRFj3\n-----END PRIVATE KEY-----\n";
    folder.write("key.pem", key);
    let out = folder.path("out");
    let audit = |key: Option<&str>, more: &[&str]| {
        let mut command = folder.command(&["audit", "--all", "--intervals"]);
        command.arg("--out").arg(&out).args(more);
        if let Some(key) = key {
            command.env("SAMSYN_REPORT_KEY", folder.path(key));
        }
        crate::cli::outcome(&mut command)
    };
    let said = audit(Some("key.pem"), &[]).good();
    assert!(
        said.out.contains("passed: no attack succeeded") && said.out.contains("signed by the key"),
        "{}",
        said.out
    );
    let read = |name: &str| std::fs::read(out.join(name)).unwrap();
    // RFC 8032, section 7.1, test 3: the public key of that private one
    let public: Vec<u8> = (0..32)
        .map(|at| {
            let hex = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
            u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()
        })
        .collect();
    let public = UnparsedPublicKey::new(&ED25519, public);
    let certificate = only_file(&out, "nare.json").is_file();
    assert!(certificate);
    for name in ["report.json", "report.sv.html", "report.en.html"] {
        public.verify(&read(name), &read(&format!("{name}.sig"))).unwrap();
        let mut changed = read(name);
        changed[100] ^= 1;
        assert!(public.verify(&changed, &read(&format!("{name}.sig"))).is_err());
    }
    let report: Value = serde_json::from_slice(&read("report.json")).unwrap();
    let population = &report["populations"][0];
    assert_eq!(
        (&population["hidden"], &population["interval_method"]),
        (&4.into(), &"programs".into())
    );
    let levels = population["levels"].as_array().unwrap();
    let finest = levels.iter().find(|level| level["level"] == "omrade × kon").unwrap();
    // 2 + 40 and 31 + 17 or 19 + 60 or … are hidden of 242, and each can be one of at least three
    assert_eq!((&finest["hidden"], &finest["counted_in_all"]), (&4.into(), &242.into()));
    assert!(finest["least_width"].as_u64().unwrap() >= 2);
    for (name, language, words) in [
        ("report.sv.html", "sv", "Vad skyddet kostar"),
        ("report.en.html", "en", "What the protection costs"),
    ] {
        let page = String::from_utf8(read(name)).unwrap();
        assert!(
            page.contains(&format!("<html lang=\"{language}\">")) && page.contains(words),
            "{name}"
        );
        // one file that fetches nothing and runs nothing
        for foreign in ["<script", "http:", "https:", "src=", "@import", "url("] {
            assert!(!page.contains(foreign), "{name} has {foreign}");
        }
        for tag in ["table", "tr", "ul", "li", "p", "h2", "div", "main"] {
            let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{name}: {tag}");
        }
        assert_eq!(page.matches("<h1>").count(), 1);
    }
    // without a key it says so, and no old signature is taken for a new one
    let unsigned = audit(None, &["--lang", "sv"]).good();
    assert!(
        unsigned.out.contains("not signed") && !out.join("report.json.sig").exists(),
        "{}",
        unsigned.out
    );
    assert!(
        String::from_utf8(read("report.sv.html"))
            .unwrap()
            .contains("inte underskriven")
    );
    folder.write("no.pem", "nothing");
    audit(Some("no.pem"), &[]).fails(2, 5086, &["openssl genpkey"]);
    folder
        .samsyn(&["audit", "pub.finns_inte"])
        .fails(1, 5087, &["pub.finns_inte"]);
    folder.samsyn(&["audit", "--format", "csv"]).fails(2, 5084, &["json"]);
}
