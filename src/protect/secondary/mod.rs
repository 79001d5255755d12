//! Secondary suppression: which further cells must be hidden so that no unsafe one can be derived.

mod basis;
mod column;
mod gauss;
mod insiders;
mod number;
mod order;

pub use gauss::{HiddenZeros, Options, Problem, suppress, suppress_after};
pub use insiders::suppress_against_insiders;
pub use order::by_worth;
pub(super) use order::order;
