//! Shares and rates with their uncertainty. A share of few people is a guess: these functions say how wide.

mod normal;
mod wilson;

pub(super) use wilson::{CI_WILSON, CI_WILSON_HI, CI_WILSON_LO};
