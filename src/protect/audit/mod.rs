//! The auditor: attacks a suppression pattern with what is published, by code of its own.

mod additive;
mod equation;
mod insiders;
pub mod interval;
mod rank;
mod table;

pub use additive::contradiction;
pub use equation::{equation, equation_of_multiple};
pub use insiders::derivable_by_insiders;
pub use rank::derivable;
pub use table::{Finding, Shown, audit_table};
