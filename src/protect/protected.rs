//! The proof that a table has passed disclosure control: only this module's siblings can make one, and only it can be
//! published.

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use serde::Serialize;

use crate::model::TableId;

/// What the auditor found about intervals, when the policy asks for them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct IntervalAudit {
    /// Unsafe cells and protected differences whose interval was attacked by an outsider.
    pub checked: u64,
    /// A width that the least of these intervals reaches at least; none when all are without an end.
    pub least_width: Option<u64>,
    /// Hidden cells that were attacked by somebody who knows the rule.
    pub rule_aware_checked: u64,
    /// A width that the least of these intervals reaches at least.
    pub rule_aware_least_width: Option<u64>,
    /// How often more was hidden for the sake of intervals.
    pub rounds: u32,
    /// Linear programs that the audit of the result solved.
    pub programs: u64,
    /// Ends of intervals for which it needed none.
    pub programs_avoided: u64,
}

/// What the independent auditor found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct AuditResult {
    /// Hidden cells and protected differences that were attacked.
    pub cells_checked: u64,
    /// How many of them published cells determine; 0, or nothing is published.
    pub derivable: u64,
    /// Intervals, when the policy asks for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intervals: Option<IntervalAudit>,
}

/// How much is hidden on one level of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LevelShare {
    /// The table.
    pub table: TableId,
    /// Levels of its dimensions, joined by ` × `.
    pub level: String,
    /// Cells.
    pub cells: u64,
    /// Hidden cells.
    pub hidden: u64,
    /// Hidden because they are unsafe themselves. For the restricted log, never for publication.
    #[serde(skip)]
    pub primary: u64,
    /// Hidden to protect others. For the restricted log, never for publication.
    #[serde(skip)]
    pub secondary: u64,
}

/// What was done and how well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// `counts`, `cell_key`, `rounding`, `open` or `derived`.
    pub method: &'static str,
    /// Per table and level.
    pub levels: Vec<LevelShare>,
    /// The auditor's finding.
    pub audit: AuditResult,
    /// Whether parts add up to their totals; perturbed ones do not.
    pub additive: bool,
}

impl Report {
    /// The report of one of the tables.
    pub(super) fn of(&self, table: &TableId) -> Self {
        let mine = self.levels.iter().filter(|share| share.table == *table);
        Self {
            levels: mine.cloned().collect(),
            ..self.clone()
        }
    }
}

/// A table that may be published. It has no public constructor.
#[derive(Debug, Clone)]
pub struct Protected {
    table: TableId,
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    report: Report,
}

impl Protected {
    pub(super) fn new(table: TableId, schema: SchemaRef, batches: Vec<RecordBatch>, report: Report) -> Self {
        Self {
            table,
            schema,
            batches,
            report,
        }
    }

    /// The published table.
    pub fn table(&self) -> &TableId {
        &self.table
    }

    /// Its columns.
    pub fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    /// Its rows.
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// What was done.
    pub fn report(&self) -> &Report {
        &self.report
    }
}
