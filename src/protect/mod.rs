//! Disclosure control: from tables of a population to tables that may be published.
//!
//! Pure and deterministic: no clock, no I/O, no randomness. Every published cell is a set of base rows, and all tables
//! of a population are one system, so that hierarchies (nested or not), totals, and tables that share margins need no
//! special case. What can go wrong: a pattern that hides cells which published ones still determine; so an auditor that
//! shares no code with the suppressor checks every result, and without its word there is no [`Protected`].

pub mod audit;
mod base;
mod complements;
mod counts;
mod derived;
mod intervals;
mod open;
pub mod perturb;
mod plan;
mod policy;
pub mod primary;
mod protected;
pub mod secondary;
mod select;
mod sums;
mod system;
mod table;

pub use counts::{CountsOutcome, Population, protect_counts};
pub use derived::{DerivedRule, ShareRule, protect_derived};
pub use open::{OpenEvidence, protect_open};
pub use policy::{CellKeyRule, Entity, IntervalRule, Method, Policy, RoundRule, Singletons, Worth, Zeros};
pub use protected::{AuditResult, IntervalAudit, LevelShare, Protected, Report};
pub use select::Selector;
pub use sums::{Amounts, protect_sums};
pub use system::{Cell, Coordinate, System};
pub use table::{CountTable, Dimension, Level};
