//! Evidence: what a publisher shows to others so that they need not take his word.
//!
//! A [`Certificate`] goes with the count tables of a population; [`verify`] proves it again from the published tables
//! alone, by the attacks of an outsider. Nothing here sees a row of the population: cells are sets of combinations that
//! somebody may have as far as published tables tell. What can go wrong: tables with very many combinations are not
//! attacked at all, and are then not proved either, which is a finding.

mod atoms;
mod bounds;
mod certificate;
mod finding;
mod published;
mod verify;
mod world;

pub use atoms::columns_together;
pub use certificate::{
    Certificate, CertifiedTable, Correspondence, FORMAT, IntervalMethod, Intervals, PublicPolicy, TableIntervals,
};
pub use finding::{CellName, Equation, Finding, Wrong};
pub use published::{PublishedCell, PublishedTable, key_columns};
pub use verify::{Rows, Verification, certify, verify};
pub use world::{Ends, LevelEvidence, Place, Widths, World};
