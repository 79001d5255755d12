//! Secondary suppression: which further cells must be hidden so that no unsafe one can be derived.

mod column;
mod gauss;

pub use gauss::{Options, Problem, suppress};
