//! Points, distances and neighbours: the geometry that statistics of areas need, without any SQL.
//!
//! Coordinates are planar, in metres or whatever unit the caller declares. Nothing here keeps an n × n matrix: pairs are
//! walked in blocks or found by a grid, and sums are taken in the order of the points, so a result does not depend on
//! threads.

mod distance;
mod grid;
mod kernel;
mod smooth;
mod weights;

pub use self::{
    distance::{Point, distance, square},
    grid::{Grid, Ring},
    kernel::Kernel,
    smooth::smooth,
    weights::Weights,
};
