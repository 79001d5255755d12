//! The auditor: attacks a suppression pattern with what is published, by code of its own.

mod rank;

pub use rank::derivable;
