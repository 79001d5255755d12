//! What an index can be at all where counts are hidden or known within limits only: guaranteed bounds.
//!
//! A call says what is known ([`problem`]); each file is a family of indices with one idea for the least and one for the
//! most. Nothing is sampled: a bound that is not reached is proved by duality or by intervals ([`search`]), so it holds
//! whatever the counts are, and is widened by what rounding can do.

mod classic;
mod dissimilarity;
mod gini;
mod isolation;
mod jensen;
mod path;
mod problem;
mod profile;
mod search;
mod several;
mod vertices;

pub(super) use self::{
    dissimilarity::{SEG_DISSIMILARITY_BOUNDS, SEG_GORARD_BOUNDS, SEG_KARMEL_MACLACHLAN_BOUNDS, SEG_MIN_MAX_BOUNDS},
    gini::SEG_GINI_BOUNDS,
    isolation::{SEG_EXPOSURE_BOUNDS, SEG_ISOLATION_BOUNDS},
    jensen::{
        SEG_ATKINSON_BOUNDS, SEG_GENERALISED_ENTROPY_BOUNDS, SEG_HUTCHENS_BOUNDS, SEG_INFORMATION_THEORY_BOUNDS,
        SEG_VARIANCE_RATIO_BOUNDS,
    },
    profile::SEG_CONCENTRATION_PROFILE_BOUNDS,
    several::{
        SEG_MUTUAL_INFORMATION_BOUNDS, SEG_NORMALISED_EXPOSURE_BOUNDS, SEG_RELATIVE_DIVERSITY_BOUNDS,
        SEG_SQUARED_VARIATION_BOUNDS,
    },
};
