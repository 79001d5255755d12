//! What an attack or a check found: where, and the sum of published cells that shows it.

use std::fmt;

use serde::Serialize;

use crate::model::TableId;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// A table of the certificate is not published, or not with these rows.
    Content,
    /// A column is missing.
    Column,
    /// A column that the definition does not have.
    ExtraColumn,
    /// A row is no cell of the definition.
    NoCell,
    /// A cell is there twice.
    Twice,
    /// A figure is no count.
    Figure,
    /// Figure and status columns do not agree, or tell more than that a figure is hidden.
    Marker,
    /// A cell that holds somebody has no parts that may hold anybody.
    NoParts,
    /// Published figures do not add up.
    NotAdditive,
    /// A hidden cell follows from published ones.
    Derivable,
    /// Only one value is left for a hidden cell.
    OneValue,
    /// The certificate claims more of a hidden cell than is so.
    Interval,
    /// The certificate cannot be used.
    Certificate,
    /// A file tells what the table hides.
    File,
    /// A derived figure gives a hidden one away.
    Ratio,
}

/// A cell by its table and key columns.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct CellName {
    /// The table.
    pub table: TableId,
    /// Its key columns.
    pub key: Vec<String>,
}

impl fmt::Display for CellName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.table)?;
        if self.key.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", self.key.join(", "))
    }
}

/// `times` the hidden cell is the sum of the terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Equation {
    /// How many times the hidden cell.
    pub times: i64,
    /// The hidden cell.
    pub cell: CellName,
    /// Published cells with their factors.
    pub terms: Vec<(i64, CellName)>,
}

impl fmt::Display for Equation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.times != 1 {
            write!(f, "{} · ", self.times)?;
        }
        write!(f, "{} =", self.cell)?;
        for (number, (factor, cell)) in self.terms.iter().enumerate() {
            let sign = match (*factor < 0, number) {
                (true, _) => " −",
                (false, 0) => "",
                (false, _) => " +",
            };
            write!(f, "{sign} ")?;
            if factor.unsigned_abs() != 1 {
                write!(f, "{} · ", factor.unsigned_abs())?;
            }
            write!(f, "{cell}")?;
        }
        Ok(())
    }
}

/// What was found. It names cells by their keys and never tells a count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub wrong: Wrong,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cell: Option<CellName>,
    /// What else there is to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// The sum that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equation: Option<Equation>,
}

impl Finding {
    /// About a cell, a column or a file of a table.
    pub fn of_cell(wrong: Wrong, table: &TableId, key: Vec<String>) -> Self {
        Self {
            wrong,
            cell: Some(CellName {
                table: table.clone(),
                key,
            }),
            detail: String::new(),
            equation: None,
        }
    }

    /// About the whole.
    pub fn of_all(wrong: Wrong, detail: impl Into<String>) -> Self {
        Self {
            wrong,
            cell: None,
            detail: detail.into(),
            equation: None,
        }
    }

    /// The same with more to say.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

impl Wrong {
    /// In words, about a cell that is named after them.
    pub fn words(self) -> &'static str {
        match self {
            Self::Content => "the table is not published with the rows that the certificate is of",
            Self::Column => "a column is missing",
            Self::ExtraColumn => "a column is not in the definition",
            Self::NoCell => "a row is no cell of the definition",
            Self::Twice => "a cell is there twice",
            Self::Figure => "a figure is no count",
            Self::Marker => "figure and status columns do not agree",
            Self::NoParts => "a cell has no parts that may hold anybody",
            Self::NotAdditive => "published figures do not add up",
            Self::Derivable => "a hidden cell follows from published ones",
            Self::OneValue => "a hidden cell can have one value only",
            Self::Interval => "the certificate claims an interval that is wider than what published figures leave",
            Self::Certificate => "the certificate cannot be used",
            Self::File => "a file tells what the table hides",
            Self::Ratio => "a published ratio gives a hidden count away",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wrong.words())?;
        if let Some(cell) = &self.cell {
            write!(f, ": {cell}")?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        if let Some(equation) = &self.equation {
            write!(f, "\n    {equation}")?;
        }
        Ok(())
    }
}
