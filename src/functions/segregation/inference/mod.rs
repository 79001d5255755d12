//! How sure an index is, whether it differs from chance or from another one, and what would change it.
//!
//! An index is a literal: the name of any function of the family that gives one number for `(area, x, t)` or
//! `(area, group, n)`. Its own kernel runs on people drawn anew, moved or built for, so every index has all of this.

mod bootstrap;
mod contribution;
mod counterfactual;
mod difference;
mod draw;
mod index;
mod people;
mod replicate;
mod scenario;
mod test;
mod two;

pub(super) use self::{
    bootstrap::SEG_BOOTSTRAP,
    contribution::SEG_CONTRIBUTION,
    counterfactual::SEG_COUNTERFACTUAL,
    difference::SEG_DIFFERENCE_TEST,
    scenario::{SEG_SCENARIO, SEG_SCENARIO_AREAS},
    test::SEG_TEST,
};
