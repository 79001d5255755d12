//! A function as data: what a user reads about it and what the shells need to run it, in one constant.
//!
//! The documentation, `system.functions`, the registry and the tests of the examples all come from here, so a function
//! cannot be documented in one way and computed in another.

use std::fmt;

use super::units::{Table, Wide};
use crate::error::Error;

/// What a kernel returns: a number, or NULL where the index is undefined.
pub(super) type Index = Result<Option<f64>, Error>;

/// A group of functions that answer the same kind of question; the catalogue is ordered by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// How unevenly groups live, work or go to school.
    Segregation,
    /// Shares and rates with their uncertainty.
    Rates,
    /// Summaries and types of areas.
    Area,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Segregation => "segregation",
            Self::Rates => "rates",
            Self::Area => "area",
        })
    }
}

/// A query that runs as it stands, and what it prints: a test runs every one of them.
#[derive(Debug)]
pub struct Example {
    /// One SELECT without tables, giving one row with one column.
    pub sql: &'static str,
    /// The value as text, as the engine prints it.
    pub result: &'static str,
}

/// One function.
#[derive(Debug)]
pub struct Definition {
    /// Name in SQL.
    pub name: &'static str,
    /// Family, by which the catalogue is ordered.
    pub family: Family,
    /// Every form of call.
    pub signatures: &'static [&'static str],
    /// The formula, with x, y, t per area and X, Y, T in all.
    pub formula: &'static str,
    /// How to read a value.
    pub reading: &'static str,
    /// Smallest and largest value.
    pub range: &'static str,
    /// When the result is NULL.
    pub null_when: &'static str,
    /// Where the formula comes from.
    pub source: &'static str,
    /// A runnable example with its number.
    pub example: Example,
    pub(super) body: Body,
}

/// How a function is computed.
#[derive(Debug)]
pub(super) enum Body {
    /// Over rows that belong to areas; at most one form with counts and one with groups in the second argument.
    Areas(&'static [Form]),
    /// Row by row.
    Scalar(Scalar),
}

/// One way to call an area-keyed aggregate.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// `(area, count, …)`: one row holds the counts of one area, or of a part of it.
    Wide {
        /// How many counts follow the area: 2 or 3. The last is the total.
        counts: usize,
        /// The index.
        kernel: fn(&Wide) -> Index,
    },
    /// `(area, group, n, 'name', …)`: one row holds the count of one group.
    Long {
        /// How many literal group names follow.
        names: usize,
        /// The index.
        kernel: fn(&Table<'_>, &[String]) -> Index,
    },
}

/// A function of numbers: NULL in any argument gives NULL.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scalar {
    /// Fewest arguments.
    pub(super) least: usize,
    /// Most arguments.
    pub(super) most: usize,
    /// What comes out.
    pub(super) output: Output,
    /// The function; finite arguments only reach it.
    pub(super) kernel: fn(&[f64]) -> Result<Value, Error>,
}

/// Type of a scalar function's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    /// Float64.
    Number,
    /// Int32.
    Class,
    /// Struct of Float64 `lo` and `hi`.
    Interval,
}

/// One result of a scalar kernel.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value {
    Null,
    Number(f64),
    Class(i32),
    Interval(f64, f64),
}
