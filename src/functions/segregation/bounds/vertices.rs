//! The largest value of an index that is largest where every area is at one of its limits, by trying all of them.
//!
//! A convex function over a concave one takes values up to c on a convex set, so over a box it is largest in a corner
//! (Bauer's maximum principle). D, Gorard's and Karmel and MacLachlan's index, Gini, H and the variance ratio are such.

use super::problem::Problem;
use crate::{
    error::Result,
    functions::{table::Wide, value::Value},
};

/// Hidden areas that may be tried: twice as many ways for each.
const HIDDEN: usize = 10;
/// Areas that may be looked at in all.
const WORK: usize = 1 << 17;

/// Returns the largest value over all corners; nothing when they are too many. Where a group vanishes, the index is not
/// told there, and what it tends to is not larger than in a corner beside it.
pub(super) fn largest(problem: &Problem, index: impl Fn(&Wide) -> Result<Value>) -> Result<Option<f64>> {
    let hidden: Vec<usize> = (0..problem.areas.len())
        .filter(|at| problem.areas[*at].hidden())
        .collect();
    if hidden.len() > HIDDEN || problem.areas.len() << hidden.len() > WORK {
        return Ok(None);
    }
    let mut members: Vec<f64> = problem.areas.iter().map(|area| area.least).collect();
    let mut most = None;
    for corner in 0..1_u32 << hidden.len() {
        for (bit, at) in hidden.iter().enumerate() {
            let area = &problem.areas[*at];
            members[*at] = if corner >> bit & 1 == 1 { area.most } else { area.least };
        }
        if let Value::Number(value) = index(&problem.at(members.iter().copied()))? {
            most = Some(most.map_or(value, |most: f64| most.max(value)));
        }
    }
    Ok(most)
}
