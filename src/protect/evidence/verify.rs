//! Making a certificate, and proving it again from what is published.

use std::collections::{BTreeMap, HashMap};

use arrow::array::RecordBatch;

use super::{
    super::{CountTable, Zeros},
    certificate::{
        Certificate, CertifiedTable, Correspondence, FORMAT, IntervalMethod, Intervals, PublicPolicy, TableIntervals,
    },
    finding::{CellName, Finding, Wrong},
    published::{PublishedTable, key_columns},
    world::{Ends, World},
};
use crate::{
    error::{Error, Result},
    model::TableId,
};

/// The rows of a published table.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Hash of the rows in order.
    pub content_hash: String,
    /// The rows.
    pub batches: Vec<RecordBatch>,
}

/// What the proof of a certificate found.
#[derive(Debug)]
pub struct Verification {
    /// What is wrong; nothing when the certificate is proved.
    pub findings: Vec<Finding>,
    /// Cells.
    pub cells: u64,
    /// Hidden cells, each of which was attacked.
    pub hidden: u64,
    /// How many of them follow from published ones.
    pub derivable: u64,
    /// Ends of the hidden cells in their order, sum by sum; empty when figures do not add up.
    pub ends: Vec<Ends>,
    /// The outsider's view, for further attacks; none when it could not be had.
    pub world: Option<World>,
}

/// Makes the certificate of a population's tables. Fails closed: what an outsider can derive is not certified.
///
/// # Errors
/// SAMSYN-5080 with the first finding when the tables do not hold what a certificate says.
pub fn certify(
    population: &str,
    policy: PublicPolicy,
    tables: &[CountTable],
    rows: &BTreeMap<TableId, Rows>,
    correspondences: Vec<Correspondence>,
) -> Result<Certificate> {
    let mut findings = Vec::new();
    let published = read(tables, rows, &mut findings)?;
    let certified = tables
        .iter()
        .zip(&published)
        .map(|(definition, table)| CertifiedTable {
            definition: definition.clone(),
            content_hash: rows
                .get(&definition.table)
                .map(|rows| rows.content_hash.clone())
                .unwrap_or_default(),
            rows: table.cells.len() as u64,
            hidden: table.cells.iter().filter(|cell| cell.figure.is_none()).count() as u64,
        })
        .collect();
    let mut intervals = Intervals {
        method: IntervalMethod::None,
        reading: IntervalMethod::None.reading().into(),
        tables: Vec::new(),
    };
    match World::new(tables.to_vec(), published, &correspondences, &policy.impossible) {
        Err(finding) if correspondences.is_empty() => findings.push(*finding),
        // too large to be attacked here: said in the certificate, and by everybody who tries to prove it
        Err(_) => {}
        Ok(world) => {
            findings.extend(world.adds_up());
            findings.extend(world.derivable().1);
            match world.bounds(0) {
                Ok(ends) => {
                    findings.extend(one_value(&world, &ends, policy.zeros));
                    intervals = Intervals {
                        method: IntervalMethod::Bounds,
                        reading: IntervalMethod::Bounds.reading().into(),
                        tables: claims(&world, &ends),
                    };
                }
                Err(finding) => findings.push(*finding),
            }
        }
    }
    if let Some(first) = findings.first() {
        return Err(Error::refused(
            5080,
            format!("the tables of the population `{population}` cannot be certified: {first}"),
        )
        .hint("nothing was published; use coarser levels, or give the policy an `interval`, which hides more"));
    }
    Ok(Certificate {
        format: FORMAT,
        population: population.to_owned(),
        policy,
        tables: certified,
        correspondences,
        intervals,
    })
}

fn claims(world: &World, ends: &[Ends]) -> Vec<TableIntervals> {
    let mut tables: Vec<TableIntervals> = world
        .definitions
        .iter()
        .map(|definition| TableIntervals {
            table: definition.table.clone(),
            columns: key_columns(definition),
            cells: Vec::new(),
        })
        .collect();
    for (place, (low, high)) in world.hidden().iter().zip(ends) {
        tables[place.0].cells.push((world.name(*place).key, *low, *high));
    }
    for table in &mut tables {
        table.cells.sort_unstable();
    }
    tables
}

fn read(
    tables: &[CountTable],
    rows: &BTreeMap<TableId, Rows>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<PublishedTable>> {
    tables
        .iter()
        .map(|definition| match rows.get(&definition.table) {
            Some(rows) => PublishedTable::read(definition, &rows.batches, findings),
            None => {
                findings
                    .push(Finding::of_cell(Wrong::Content, &definition.table, Vec::new()).detail("it is not there"));
                Ok(PublishedTable::read(definition, &[], findings)?)
            }
        })
        .collect()
}

/// Proves a certificate again from the published tables alone.
///
/// # Errors
/// When rows cannot be read; what is wrong with them is a finding.
pub fn verify(certificate: &Certificate, rows: &BTreeMap<TableId, Rows>) -> Result<Verification> {
    let mut verification = Verification {
        findings: Vec::new(),
        cells: 0,
        hidden: 0,
        derivable: 0,
        ends: Vec::new(),
        world: None,
    };
    let findings = &mut verification.findings;
    if certificate.format > FORMAT {
        findings.push(Finding::of_all(Wrong::Certificate, "a newer samsyn made it"));
        return Ok(verification);
    }
    let malformed = certificate
        .correspondences
        .iter()
        .any(|of| of.codes.iter().any(|codes| codes.len() != of.columns.len()));
    let nameless = certificate.tables.is_empty()
        || certificate
            .tables
            .iter()
            .flat_map(|table| &table.definition.dimensions)
            .any(|dimension| {
                dimension.levels.is_empty() || dimension.levels.len() > 1 && dimension.level_column.is_none()
            });
    if malformed || nameless {
        findings.push(Finding::of_all(
            Wrong::Certificate,
            "its definitions or correspondences are no such",
        ));
        return Ok(verification);
    }
    let definitions: Vec<CountTable> = certificate
        .tables
        .iter()
        .map(|table| table.definition.clone())
        .collect();
    let published = read(&definitions, rows, findings)?;
    for (certified, table) in certificate.tables.iter().zip(&published) {
        let id = &certified.definition.table;
        let hidden = table.cells.iter().filter(|cell| cell.figure.is_none()).count() as u64;
        verification.cells += table.cells.len() as u64;
        verification.hidden += hidden;
        let Some(rows) = rows.get(id) else { continue };
        if rows.content_hash != certified.content_hash {
            let text = "the hash of its rows is another";
            findings.push(Finding::of_cell(Wrong::Content, id, Vec::new()).detail(text));
        } else if (certified.rows, certified.hidden) != (table.cells.len() as u64, hidden) {
            let text = "it has another number of rows, or of hidden ones";
            findings.push(Finding::of_cell(Wrong::Content, id, Vec::new()).detail(text));
        }
    }
    let world = match World::new(
        definitions,
        published,
        &certificate.correspondences,
        &certificate.policy.impossible,
    ) {
        Ok(world) => world,
        Err(finding) => {
            findings.push(*finding);
            return Ok(verification);
        }
    };
    findings.extend(world.adds_up());
    let (derivable, told) = world.derivable();
    verification.derivable = derivable as u64;
    findings.extend(told);
    match world.bounds(0) {
        Ok(ends) => {
            let told = |finding: &Finding| {
                let same = |other: &Finding| other.wrong == Wrong::Derivable && other.cell == finding.cell;
                findings.iter().any(same)
            };
            let mut more = one_value(&world, &ends, certificate.policy.zeros);
            more.retain(|finding| !told(finding));
            // of other rows it claims nothing
            if findings.iter().all(|finding| finding.wrong != Wrong::Content) {
                more.extend(compare(certificate, &world, &ends));
            }
            findings.extend(more);
            verification.ends = ends;
        }
        Err(finding) => findings.push(*finding),
    }
    verification.world = Some(world);
    Ok(verification)
}

/// Most findings about intervals that are listed.
const MOST_LISTED: usize = 20;

/// Hidden cells that can have one value only, though no sum gives it: counts are whole and not negative. Where zeros may
/// be hidden, one that is told is no harm.
fn one_value(world: &World, ends: &[Ends], zeros: Zeros) -> Vec<Finding> {
    let harmless = |low: u64| low == 0 && zeros == Zeros::Hideable;
    world
        .hidden()
        .iter()
        .zip(ends)
        .filter(|(_, (low, high))| *high == Some(*low) && !harmless(*low))
        .map(|(place, _)| {
            let name = world.name(*place);
            Finding::of_cell(Wrong::OneValue, &name.table, name.key)
        })
        .take(MOST_LISTED)
        .collect()
}

/// Holds the certificate's intervals against those that published figures leave: of every hidden cell one, and none
/// wider.
fn compare(certificate: &Certificate, world: &World, ends: &[Ends]) -> Vec<Finding> {
    if certificate.intervals.method == IntervalMethod::None {
        return vec![Finding::of_all(Wrong::Certificate, "it has no intervals")];
    }
    let mut claimed: HashMap<CellName, Ends> = HashMap::new();
    for table in &certificate.intervals.tables {
        for (key, low, high) in &table.cells {
            let name = CellName {
                table: table.table.clone(),
                key: key.clone(),
            };
            claimed.insert(name, (*low, *high));
        }
    }
    let mut found = Vec::new();
    for (place, (low, high)) in world.hidden().iter().zip(ends) {
        let name = world.name(*place);
        let told = |detail: &str| Finding::of_cell(Wrong::Interval, &name.table, name.key.clone()).detail(detail);
        match claimed.remove(&name) {
            None => found.push(told("it has none")),
            Some((from, to)) => {
                let within = from >= *low
                    && match (to, high) {
                        (Some(to), Some(high)) => to <= *high && from <= to,
                        (None, Some(_)) => false,
                        (_, None) => true,
                    };
                if !within {
                    found.push(told(""));
                }
            }
        }
    }
    let mut others: Vec<CellName> = claimed.into_keys().collect();
    others.sort_unstable_by(|a, b| (&a.table, &a.key).cmp(&(&b.table, &b.key)));
    found.extend(
        others
            .into_iter()
            .map(|name| Finding::of_cell(Wrong::Interval, &name.table, name.key).detail("the cell is not hidden")),
    );
    found.truncate(MOST_LISTED);
    found
}
