//! What an audit says: attacks on everything that a release publishes, what they found, and what was lost.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::{
    array::{Array, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Field, Float64Type},
};
use serde::Serialize;

use super::files;
use crate::{
    error::Result,
    lake::AsWritten,
    model::{ReleaseId, TableId},
    protect::{
        Zeros,
        evidence::{CellName, Certificate, Ends, Finding, LevelEvidence, PublicPolicy, Verification, Widths, Wrong},
    },
};

/// The layout of the report.
const FORMAT: u32 = 1;
/// A count below this is small where the policy does not tell its threshold.
const SMALL: u64 = 5;
/// Most findings of one column that are listed.
const MOST_LISTED: usize = 20;

/// The report.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) format: u32,
    pub(super) samsyn: &'static str,
    pub(super) made_at: String,
    pub(super) release: ReleaseId,
    pub(super) released_at: String,
    /// Whether no attack succeeded.
    pub(super) passed: bool,
    pub(super) populations: Vec<PopulationReport>,
    /// Percentages that were held against published numbers of persons.
    pub(super) ratios: Vec<RatioReport>,
    /// Published tables that no certificate is of: computed from others, or public before.
    pub(super) others: Vec<TableId>,
    /// Certificates of other releases that were proved again.
    pub(super) history: Vec<HistoryReport>,
    /// Everything that was ever published of a population, attacked together.
    pub(super) together: Vec<TogetherReport>,
    /// Files in the folders of published tables that no release names.
    pub(super) stray_files: Vec<String>,
}

impl Report {
    pub(super) fn new(made_at: String, release: ReleaseId, released_at: String) -> Self {
        Self {
            format: FORMAT,
            samsyn: env!("CARGO_PKG_VERSION"),
            made_at,
            release,
            released_at,
            passed: true,
            populations: Vec::new(),
            ratios: Vec::new(),
            others: Vec::new(),
            history: Vec::new(),
            together: Vec::new(),
            stray_files: Vec::new(),
        }
    }

    /// All findings.
    pub(super) fn findings(&self) -> impl Iterator<Item = &Finding> {
        let populations = self.populations.iter().flat_map(|of| &of.findings);
        let ratios = self.ratios.iter().flat_map(|of| &of.findings);
        populations
            .chain(ratios)
            .chain(self.history.iter().flat_map(|of| &of.findings))
    }

    /// Decides whether it passed.
    pub(super) fn conclude(&mut self) {
        let found = self.findings().next().is_some();
        self.passed = !found && self.together.iter().all(|of| of.derivable == 0);
    }
}

/// An attack and how it went.
#[derive(Debug, Clone, Serialize)]
pub(super) struct AttackReport {
    pub(super) attack: Attack,
    /// How many cells, figures or files were attacked.
    pub(super) tried: u64,
    /// How many of them gave something away.
    pub(super) found: u64,
}

/// An attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Attack {
    /// Rows, definitions and hashes agree, with one marker for all that is hidden.
    Markers,
    /// Published figures add up.
    Additivity,
    /// A0: exact combinations of published figures.
    Combinations,
    /// A1: an outsider who knows that counts are whole and not negative.
    Intervals,
    /// A2: who also knows that no hidden cell is empty.
    RuleAware,
    /// Statistics, dictionaries, names and order of files.
    Files,
    /// The certificate's own intervals.
    Certificate,
}

/// A published count table.
#[derive(Debug, Serialize)]
pub(super) struct TableReport {
    pub(super) table: TableId,
    pub(super) rows: u64,
    pub(super) hidden: u64,
    pub(super) content_hash: String,
}

/// A hidden cell as an example.
#[derive(Debug, Serialize)]
pub(super) struct Example {
    pub(super) cell: CellName,
    pub(super) low: u64,
    pub(super) high: Option<u64>,
}

/// All count tables of a population.
#[derive(Debug, Serialize)]
pub(super) struct PopulationReport {
    pub(super) certificate: String,
    pub(super) certificate_sha256: String,
    /// The release that the certificate was made for.
    pub(super) certified_for: ReleaseId,
    pub(super) population: String,
    pub(super) policy: PublicPolicy,
    pub(super) tables: Vec<TableReport>,
    pub(super) cells: u64,
    pub(super) hidden: u64,
    /// Combinations of codes that somebody may have as far as published tables tell.
    pub(super) combinations: u64,
    pub(super) attacks: Vec<AttackReport>,
    /// `bounds` or `programs`.
    pub(super) interval_method: &'static str,
    /// Linear programs that were solved, and ends that needed none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) programs: Option<(u64, u64)>,
    pub(super) widths: Widths,
    /// For a reader who knows that no hidden cell is empty, where that is so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) widths_rule_aware: Option<Widths>,
    pub(super) levels: Vec<LevelEvidence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) example: Option<Example>,
    pub(super) findings: Vec<Finding>,
}

/// What a certificate is called, for which release it was made, and its hash.
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    pub(super) release: ReleaseId,
    pub(super) sha256: &'a str,
}

impl PopulationReport {
    /// Reports on a population whose certificate was proved again. With `programs`, ends of intervals are computed by linear
    /// programs on so many threads.
    pub(super) fn new(
        named: &Named<'_>,
        certificate: &Certificate,
        tables: &BTreeMap<TableId, std::sync::Arc<AsWritten>>,
        verification: Verification,
        programs: Option<usize>,
    ) -> Result<Self> {
        let Verification {
            mut findings,
            cells,
            hidden,
            derivable,
            mut ends,
            world,
        } = verification;
        let of = |findings: &[Finding], kinds: &[Wrong]| {
            findings.iter().filter(|finding| kinds.contains(&finding.wrong)).count() as u64
        };
        let mut files_tried = 0;
        for table in &certificate.tables {
            if let Some(written) = tables.get(&table.definition.table) {
                files_tried += written.files.len() as u64;
                findings.extend(files::attack(&table.definition, written)?);
            }
        }
        let mut work = None;
        let (mut rule_aware, mut levels, mut example, mut combinations) = (None, Vec::new(), None, 0);
        let mut aware_found = 0;
        if let Some(world) = &world {
            combinations = world.atoms() as u64;
            if let Some(threads) = programs
                && !ends.is_empty()
            {
                let (exact, done) = world.exact(threads)?;
                work = Some((done.programs, done.avoided()));
                ends = exact;
                let known: Vec<Finding> = world
                    .hidden()
                    .iter()
                    .zip(&ends)
                    .filter(|(_, (low, high))| *high == Some(*low))
                    .map(|(place, _)| world.name(*place))
                    .map(|name| Finding::of_cell(Wrong::OneValue, &name.table, name.key))
                    .filter(|finding| !findings.iter().any(|other| other.cell == finding.cell))
                    .take(MOST_LISTED)
                    .collect();
                findings.extend(known);
            }
            if certificate.policy.zeros == Zeros::Published && !ends.is_empty() {
                match world.bounds(1) {
                    Ok(aware) => {
                        let told = world
                            .hidden()
                            .iter()
                            .zip(&aware)
                            .zip(&ends)
                            .filter(|((_, aware), ends)| {
                                let one = |(low, high): &Ends| *high == Some(*low);
                                one(aware) && !one(ends)
                            });
                        for ((place, _), _) in told {
                            aware_found += 1;
                            if aware_found <= MOST_LISTED as u64 {
                                let name = world.name(*place);
                                let text = "for a reader who knows that no hidden cell is empty";
                                findings.push(Finding::of_cell(Wrong::OneValue, &name.table, name.key).detail(text));
                            }
                        }
                        rule_aware = Some(Widths::of(&aware));
                    }
                    Err(finding) => findings.push(*finding),
                }
            }
            levels = world.levels(&ends);
            // the narrowest of all, to show what is the least that a hidden figure is protected by; never one that is told
            let narrowest = world
                .hidden()
                .iter()
                .zip(&ends)
                .filter(|(_, (low, high))| *high != Some(*low))
                .min_by_key(|(place, (low, high))| (high.map_or(u64::MAX, |high| high - low), **place));
            example = narrowest.map(|(place, (low, high))| Example {
                cell: world.name(*place),
                low: *low,
                high: *high,
            });
        }
        let one_value = ends.iter().filter(|(low, high)| *high == Some(*low)).count() as u64;
        let report = |attack, tried, found| AttackReport { attack, tried, found };
        let mut attacks = vec![
            report(
                Attack::Markers,
                cells,
                of(
                    &findings,
                    &[
                        Wrong::Content,
                        Wrong::Column,
                        Wrong::ExtraColumn,
                        Wrong::NoCell,
                        Wrong::Twice,
                        Wrong::Figure,
                        Wrong::Marker,
                    ],
                ),
            ),
            report(
                Attack::Additivity,
                cells - hidden.min(cells),
                of(&findings, &[Wrong::NotAdditive, Wrong::NoParts]),
            ),
            report(Attack::Combinations, hidden, derivable),
            report(Attack::Intervals, ends.len() as u64, one_value),
        ];
        if rule_aware.is_some() {
            attacks.push(report(Attack::RuleAware, ends.len() as u64, aware_found));
        }
        attacks.push(report(Attack::Files, files_tried, of(&findings, &[Wrong::File])));
        attacks.push(report(
            Attack::Certificate,
            hidden,
            of(&findings, &[Wrong::Interval, Wrong::Certificate]),
        ));
        Ok(Self {
            certificate: named.name.to_owned(),
            certificate_sha256: named.sha256.to_owned(),
            certified_for: named.release,
            population: certificate.population.clone(),
            policy: certificate.policy.clone(),
            tables: certificate
                .tables
                .iter()
                .map(|table| TableReport {
                    table: table.definition.table.clone(),
                    rows: table.rows,
                    hidden: table.hidden,
                    content_hash: table.content_hash.clone(),
                })
                .collect(),
            cells,
            hidden,
            combinations,
            attacks,
            interval_method: if work.is_some() { "programs" } else { "bounds" },
            programs: work,
            widths: Widths::of(&ends),
            widths_rule_aware: rule_aware,
            levels,
            example,
            findings,
        })
    }
}

/// All publications of a population, for somebody who kept everything.
#[derive(Debug, Serialize)]
pub(super) struct TogetherReport {
    pub(super) population: String,
    /// How many publications there were; a run that changed nothing is none.
    pub(super) publications: u64,
    pub(super) shown: u64,
    /// Unsafe figures that were hidden.
    pub(super) secrets: u64,
    /// Those that were out before they were hidden.
    pub(super) already_public: u64,
    /// Those that came out later.
    pub(super) derivable: u64,
    /// The publication after which the first of them could be derived.
    pub(super) since: Option<u64>,
}

/// A certificate of another release.
#[derive(Debug, Serialize)]
pub(super) struct HistoryReport {
    pub(super) certificate: String,
    pub(super) release: ReleaseId,
    pub(super) cells: u64,
    pub(super) hidden: u64,
    pub(super) derivable: u64,
    pub(super) findings: Vec<Finding>,
}

/// A column of percentages.
#[derive(Debug, Serialize)]
pub(super) struct RatioReport {
    pub(super) table: TableId,
    pub(super) column: String,
    /// Percentages for which a number of persons is published.
    pub(super) tried: u64,
    /// Those that can only be of a small count, or of all but a small one.
    pub(super) found: u64,
    pub(super) findings: Vec<Finding>,
}

/// Published numbers of persons by the codes of the dimensions that are broken down by.
pub(super) struct Denominators {
    /// The dimensions without «all».
    columns: Vec<String>,
    persons: HashMap<Vec<String>, Vec<u64>>,
    small: u64,
}

impl Denominators {
    /// The shown figures of a certificate's tables in which all other dimensions are «all».
    pub(super) fn of(certificate: &Certificate, verification: &Verification) -> Vec<Self> {
        let Some(world) = &verification.world else {
            return Vec::new();
        };
        world
            .definitions
            .iter()
            .zip(&world.tables)
            .map(|(definition, table)| {
                let kept: Vec<usize> = (0..definition.dimensions.len())
                    .filter(|at| definition.dimensions[*at].total.is_none())
                    .collect();
                let mut persons: HashMap<Vec<String>, Vec<u64>> = HashMap::new();
                for cell in &table.cells {
                    let place = |at: usize| &table.coordinates[at][cell.key[at] as usize];
                    let all = (0..definition.dimensions.len())
                        .filter(|at| !kept.contains(at))
                        .all(|at| place(at).level.is_none());
                    if let (Some(figure), true) = (cell.figure, all) {
                        let key = kept.iter().map(|at| place(*at).code.clone()).collect();
                        persons.entry(key).or_default().push(figure);
                    }
                }
                Self {
                    columns: kept.iter().map(|at| definition.dimensions[*at].name.clone()).collect(),
                    persons,
                    small: certificate.policy.threshold.unwrap_or(SMALL),
                }
            })
            .collect()
    }
}

/// Holds the percentages of a table against published numbers of persons: a small percentage of few is a small count,
/// whatever part of them it is a percentage of.
pub(super) fn ratios(table: &TableId, written: &AsWritten, known: &[Denominators]) -> Result<Vec<RatioReport>> {
    let Some(first) = written.batches.first() else {
        return Ok(Vec::new());
    };
    let schema = first.schema();
    let percentages: Vec<&String> = schema
        .fields()
        .iter()
        .filter(|field| {
            field
                .metadata()
                .get("unit")
                .is_some_and(|unit| unit == "procent" || unit == "%")
        })
        .filter(|field| field.data_type().is_floating())
        .map(|field| Field::name(field))
        .collect();
    let mut reports = Vec::new();
    for name in percentages {
        let mut report = RatioReport {
            table: table.clone(),
            column: name.clone(),
            tried: 0,
            found: 0,
            findings: Vec::new(),
        };
        for of in known
            .iter()
            .filter(|of| of.columns.iter().all(|name| schema.field_with_name(name).is_ok()))
        {
            for batch in &written.batches {
                attack_percentages(batch, name, of, &mut report)?;
            }
        }
        if report.tried > 0 {
            reports.push(report);
        }
    }
    Ok(reports)
}

fn attack_percentages(batch: &RecordBatch, name: &str, of: &Denominators, report: &mut RatioReport) -> Result<()> {
    let Some(column) = batch.column_by_name(name) else {
        return Ok(());
    };
    let values = cast(column, &DataType::Float64)?;
    let values = values.as_primitive::<Float64Type>();
    let keys = of
        .columns
        .iter()
        .filter_map(|name| batch.column_by_name(name))
        .map(|column| Ok(cast(column, &DataType::Utf8)?))
        .collect::<Result<Vec<_>>>()?;
    let decimals = (0..=3)
        .find(|decimals| {
            values.iter().flatten().all(|value| {
                let scaled = value * 10_f64.powi(*decimals);
                (scaled - scaled.round()).abs() < 1e-6
            })
        })
        .unwrap_or(3);
    for row in 0..batch.num_rows() {
        let key: Vec<String> = keys
            .iter()
            .map(AsArray::as_string::<i32>)
            .map(|column| if column.is_valid(row) { column.value(row) } else { "" }.to_owned())
            .collect();
        let Some(persons) = of.persons.get(&key).filter(|_| values.is_valid(row)) else {
            continue;
        };
        report.tried += 1;
        if persons
            .iter()
            .any(|persons| is_small(values.value(row), decimals, *persons, of.small))
        {
            report.found += 1;
            if report.findings.len() < MOST_LISTED {
                let finding = Finding::of_cell(Wrong::Ratio, &report.table, key);
                report.findings.push(finding.detail(format!("the column `{name}`")));
            }
        }
    }
    Ok(())
}

/// Whether a percentage of at most so many persons can only be a count below `small`, or all but so few.
fn is_small(percent: f64, decimals: i32, persons: u64, small: u64) -> bool {
    let half = 0.5 * 10_f64.powi(-decimals);
    let most = (percent + half) / 100.0 * persons as f64;
    let rest = (100.0 - percent + half) / 100.0 * persons as f64;
    let is_none = percent < half;
    let is_all = percent > 100.0 - half;
    (!is_none && most < small as f64) || (!is_all && percent <= 100.0 && rest < small as f64)
}

/// Files of a table's folder that none of the releases names.
pub(super) fn strays(there: Vec<String>, named: &BTreeSet<String>) -> Vec<String> {
    there.into_iter().filter(|path| !named.contains(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_of_few_is_a_small_count() {
        // 4 of 160 and 5 of 200 are both 2.5 %
        assert!(is_small(2.5, 1, 160, 5));
        assert!(!is_small(2.5, 1, 210, 5));
        assert!(is_small(97.5, 1, 160, 5));
        assert!(!is_small(50.0, 1, 160, 5));
        // nobody and everybody are no small groups
        assert!(!is_small(0.0, 1, 160, 5) && !is_small(100.0, 1, 160, 5));
    }
}
