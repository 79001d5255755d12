//! The auditor: attacks a suppression pattern with what is published, by code of its own.

mod insiders;
pub mod interval;
mod rank;

pub use insiders::{Insiders, insiders};
pub use rank::derivable;
