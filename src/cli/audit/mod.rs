//! `samsyn audit`: attacks what is published and writes a report for whoever answers for the protection of persons.

mod files;
mod html;
mod report;
mod sign;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::{Args as ClapArgs, ValueEnum};

use super::{Context, Format, evidence};
use crate::{
    error::{Error, Result},
    lake::{AsWritten, CertificatePin, Lake, Release, What},
    model::{Layer, ReleaseId, TableId},
    protect::{
        evidence::{Certificate, Verification},
        ledger::{Entry, attack},
    },
};
use report::{Denominators, HistoryReport, Named, PopulationReport, Report, TogetherReport, ratios, strays};
use sign::{Signer, sha256};

/// The language of the report for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Language {
    /// Swedish.
    Sv,
    /// English.
    En,
}

/// Arguments of `samsyn audit`.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Published tables; the whole population of each is attacked. Without a table, all are.
    tables: Vec<String>,
    /// Prove the certificates of all releases again, not only of this one.
    #[arg(long)]
    all: bool,
    /// The release; without it the newest.
    #[arg(long, value_name = "N")]
    release: Option<u64>,
    /// Compute the ends of all intervals by linear programs; takes minutes where many cells are hidden.
    #[arg(long)]
    intervals: bool,
    /// Folder that the report is written to: report.json, report.sv.html, report.en.html, certificates and signatures.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Language of the report for people; without it both.
    #[arg(long, value_enum)]
    lang: Option<Language>,
    /// How the summary is written: table or json.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    if !matches!(args.format, Format::Table | Format::Json) {
        return Err(
            Error::usage(5084, "the result of `audit` is no table of rows").hint("use `--format table` or `json`")
        );
    }
    let signer = match context.settings.get("report_key") {
        Some(file) => {
            let bytes = std::fs::read(file).map_err(|error| {
                Error::usage(1005, "the file of the setting `report_key` cannot be read")
                    .hint("check its path and rights; `openssl genpkey -algorithm ed25519` makes a key")
                    .with_source(error)
            })?;
            Some(Signer::read(&bytes)?)
        }
        None => None,
    };
    let lake = context.existing_lake().await?;
    let release = evidence::release(&lake, args.release).await?;
    let chosen = choose(&release, &args.tables, &context.command("run"))?;
    let moment = |time: chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%d %H:%M UTC").to_string();
    let mut report = Report::new(moment(lake.clock().now()), release.id, moment(release.created_at));
    let threads = context.settings.threads()?;
    let (mut certificates, mut known) = (Vec::new(), Vec::new());
    for (name, pin) in &chosen {
        context
            .printer
            .say(&format!("attacking {name}, release {}", release.id));
        let (certificate, bytes) = lake.certificate(name, pin).await?;
        let tables = evidence::read(&lake, &release, &certificate).await?;
        let verification = evidence::verify(&certificate, &tables).await?;
        known.extend(Denominators::of(&certificate, &verification));
        let programs = args.intervals.then_some(threads);
        let population = population(
            (*name).clone(),
            (*pin).clone(),
            certificate,
            tables,
            verification,
            programs,
        )
        .await?;
        report.populations.push(population);
        certificates.push(((*name).clone(), bytes));
    }
    derived(&lake, &release, &args.tables, &known, &mut report).await?;
    let releases = if args.all { releases(&lake).await? } else { Vec::new() };
    if args.all {
        history(context, &lake, &releases, &release, &mut report).await?;
        together(context, &lake, &mut report).await?;
        report.stray_files = stray_files(&lake, &releases).await?;
    }
    report.conclude();
    let json = serde_json::to_vec_pretty(&report)
        .map_err(|error| Error::bug(9010, "a report did not serialise").with_source(error))?;
    let mut written = Vec::new();
    if let Some(folder) = &args.out {
        written = write(folder, &report, &json, &certificates, args.lang, signer.as_ref())?;
    }
    let text = match args.format {
        Format::Json => String::from_utf8_lossy(&json).into_owned() + "\n",
        _ => summary(&report, &json, signer.as_ref(), &written),
    };
    context.printer.data(text.as_bytes())?;
    Ok(if report.passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// The certificates of a release that are of the named tables, or all.
fn choose<'a>(release: &'a Release, tables: &[String], run: &str) -> Result<Vec<(&'a String, &'a CertificatePin)>> {
    let all = evidence::chosen(release, None, run)?;
    let mut wanted: BTreeSet<TableId> = BTreeSet::new();
    for name in tables {
        let id: TableId = name.parse()?;
        if !release.tables.contains_key(&id) {
            return Err(
                Error::not_found(5087, format!("release {} has no table `{id}`", release.id))
                    .hint("`samsyn tables` lists those there are"),
            );
        }
        wanted.insert(id);
    }
    let chosen: Vec<_> = all
        .into_iter()
        .filter(|(_, pin)| wanted.is_empty() || pin.tables.iter().any(|table| wanted.contains(table)))
        .collect();
    if chosen.is_empty() {
        return Err(Error::not_found(5085, "none of these tables has a certificate").hint(
            "tables of counts that are protected by suppression have one; computed tables are audited with them",
        ));
    }
    Ok(chosen)
}

async fn population(
    name: String,
    pin: CertificatePin,
    certificate: Certificate,
    tables: BTreeMap<TableId, Arc<AsWritten>>,
    verification: Verification,
    programs: Option<usize>,
) -> Result<PopulationReport> {
    tokio::task::spawn_blocking(move || {
        let named = Named {
            name: &name,
            release: pin.release,
            sha256: &pin.sha256,
        };
        PopulationReport::new(&named, &certificate, &tables, verification, programs)
    })
    .await
    .map_err(|error| Error::bug(9032, "the audit stopped").with_source(error))?
}

/// Attacks the percentages of published tables that no certificate is of.
async fn derived(
    lake: &Lake,
    release: &Release,
    tables: &[String],
    known: &[Denominators],
    report: &mut Report,
) -> Result<()> {
    let certified: BTreeSet<&TableId> = release.certificates.values().flat_map(|pin| &pin.tables).collect();
    for (id, pin) in &release.tables {
        let named = tables.is_empty() || tables.iter().any(|name| *name == id.to_string());
        if id.layer != Layer::Pub || certified.contains(id) || !named {
            continue;
        }
        report.others.push(id.clone());
        let written = lake.as_written(&pin.files).await?;
        report.ratios.extend(ratios(id, &written, known)?);
    }
    Ok(())
}

async fn releases(lake: &Lake) -> Result<Vec<Release>> {
    let mut all = Vec::new();
    for id in lake.release_ids().await? {
        all.push(lake.release(id).await?);
    }
    Ok(all)
}

/// Proves every certificate of other releases again, each once.
async fn history(
    context: &Context,
    lake: &Lake,
    releases: &[Release],
    audited: &Release,
    report: &mut Report,
) -> Result<()> {
    let mut done: BTreeSet<(String, ReleaseId)> = audited
        .certificates
        .iter()
        .map(|(name, pin)| (name.clone(), pin.release))
        .collect();
    for release in releases {
        for (name, pin) in &release.certificates {
            if !done.insert((name.clone(), pin.release)) {
                continue;
            }
            context
                .printer
                .say(&format!("attacking {name}, release {}", release.id));
            let (certificate, _) = lake.certificate(name, pin).await?;
            let tables = evidence::read(lake, release, &certificate).await?;
            let proved = evidence::verify(&certificate, &tables).await?;
            report.history.push(HistoryReport {
                certificate: name.clone(),
                release: pin.release,
                cells: proved.cells,
                hidden: proved.hidden,
                derivable: proved.derivable,
                findings: proved.findings,
            });
        }
    }
    Ok(())
}

/// Attacks all publications of each population together, by the ledger.
async fn together(context: &Context, lake: &Lake, report: &mut Report) -> Result<()> {
    let mut groups: Vec<Vec<(String, TableId, Entry)>> = Vec::new();
    for record in lake.ledger().await? {
        let What::Sums { from, entry } = record.what else {
            continue;
        };
        let name = format!("{}.{}", record.pipeline, entry.population);
        // the same name, or the same persons under another one
        let mine = |(known, of, _): &(String, TableId, Entry)| *known == name || *of == from;
        match groups.iter().position(|group| group.iter().any(mine)) {
            Some(at) => groups[at].push((name, from, *entry)),
            None => groups.push(vec![(name, from, *entry)]),
        }
    }
    for group in groups {
        let name = group.last().map(|(name, ..)| name.clone()).unwrap_or_default();
        context.printer.say(&format!(
            "attacking all {} publications of {name} together",
            group.len()
        ));
        let entries: Vec<Entry> = group.into_iter().map(|(_, _, entry)| entry).collect();
        let found = tokio::task::spawn_blocking(move || attack(&entries))
            .await
            .map_err(|error| Error::bug(9032, "the audit stopped").with_source(error))??;
        report.together.push(TogetherReport {
            population: name,
            publications: found.publications,
            shown: found.shown,
            secrets: found.secrets,
            already_public: found.already_public,
            derivable: found.derivable,
            since: found.since,
        });
    }
    Ok(())
}

/// Files in the folders of published tables that no release names: nobody has said that they may be read.
async fn stray_files(lake: &Lake, releases: &[Release]) -> Result<Vec<String>> {
    let tables: BTreeSet<&TableId> = releases
        .iter()
        .flat_map(|release| release.tables.keys())
        .filter(|table| table.layer == Layer::Pub)
        .collect();
    let named: BTreeSet<String> = releases
        .iter()
        .flat_map(|release| release.tables.values())
        .flat_map(|pin| pin.files.files.iter().map(|file| file.path.clone()))
        .collect();
    let mut found = Vec::new();
    for table in tables {
        found.extend(strays(lake.files_of(table).await?, &named));
    }
    Ok(found)
}

/// Writes the report, the certificates and the signatures; returns the names of the files.
fn write(
    folder: &Path,
    report: &Report,
    json: &[u8],
    certificates: &[(String, bytes::Bytes)],
    language: Option<Language>,
    signer: Option<&Signer>,
) -> Result<Vec<String>> {
    let failed = |error: std::io::Error| {
        Error::unavailable(
            5088,
            format!("the report could not be written to `{}`", folder.display()),
        )
        .hint("check the path and the rights")
        .with_source(error)
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut contents: Vec<(String, Vec<u8>)> = vec![("report.json".to_owned(), json.to_vec())];
    for (of, name) in [(Language::Sv, "report.sv.html"), (Language::En, "report.en.html")] {
        if language.is_none_or(|wanted| wanted == of) {
            let page = html::page(report, of, &sha256(json), signer.map(Signer::fingerprint).as_deref());
            contents.push((name.to_owned(), page.into_bytes()));
        }
    }
    for (name, bytes) in certificates {
        contents.push((format!("certificate.{name}.json"), bytes.to_vec()));
    }
    let mut names = Vec::new();
    for (name, bytes) in &contents {
        std::fs::write(folder.join(name), bytes).map_err(failed)?;
        names.push(name.clone());
        let beside = folder.join(format!("{name}.sig"));
        match signer {
            Some(signer) => std::fs::write(beside, signer.sign(bytes)).map_err(failed)?,
            // an old signature would be taken for one of this report
            None if beside.exists() => std::fs::remove_file(beside).map_err(failed)?,
            None => {}
        }
    }
    if let Some(signer) = signer {
        std::fs::write(folder.join("report.pub.pem"), signer.public_pem()).map_err(failed)?;
        names.push("report.pub.pem".to_owned());
    }
    Ok(names)
}

fn summary(report: &Report, json: &[u8], signer: Option<&Signer>, written: &[String]) -> String {
    let mut text = String::new();
    for population in &report.populations {
        let _ = writeln!(
            text,
            "{}, release {}: {} of {} cells hidden in {} tables",
            population.certificate,
            report.release,
            population.hidden,
            population.cells,
            population.tables.len()
        );
        for attack in &population.attacks {
            let _ = writeln!(
                text,
                "  {:<64} {:>8} tried  {:>6} found",
                html::attack_words(attack.attack, Language::En).0,
                attack.tried,
                attack.found
            );
        }
        let labels = html::width_labels(Language::En);
        let list: Vec<String> = labels
            .iter()
            .zip(population.widths.all())
            .map(|(label, count)| format!("{label}: {count}"))
            .collect();
        let _ = writeln!(text, "  widths of intervals   {}", list.join("   "));
    }
    for ratio in &report.ratios {
        let _ = writeln!(
            text,
            "{}.{}: {} percentages held against published numbers, {} tell a small count",
            ratio.table, ratio.column, ratio.tried, ratio.found
        );
    }
    for old in &report.history {
        let _ = writeln!(
            text,
            "{}, release {}: {} hidden cells, {} derivable",
            old.certificate, old.release, old.hidden, old.derivable
        );
    }
    for of in &report.together {
        let _ = writeln!(
            text,
            "{}, all {} publications together: {} unsafe figures hidden, {} derivable, {} out before they were hidden",
            of.population, of.publications, of.secrets, of.derivable, of.already_public
        );
    }
    for finding in report.findings() {
        let _ = writeln!(text, "  {finding}");
    }
    for path in &report.stray_files {
        let _ = writeln!(text, "  a file that no release names: {path}");
    }
    let _ = writeln!(
        text,
        "\n{}",
        if report.passed {
            "passed: no attack succeeded"
        } else {
            "NOT PASSED"
        }
    );
    match signer {
        Some(signer) => {
            let _ = writeln!(text, "signed by the key {}", signer.fingerprint());
        }
        None => {
            let _ = writeln!(
                text,
                "not signed (no `report_key`); SHA-256 of report.json {}",
                sha256(json)
            );
        }
    }
    if !written.is_empty() {
        let _ = writeln!(text, "written: {}", written.join(", "));
    }
    text
}
