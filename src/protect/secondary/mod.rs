//! Secondary suppression: which further cells must be hidden so that no unsafe one can be derived.

mod basis;
mod column;
mod gauss;
mod number;
mod order;

pub use gauss::{Options, Problem, suppress};
pub(super) use order::order;
