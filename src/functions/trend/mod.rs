//! Trends and goals: which way a series goes beyond chance, and whether a goal will be met.
//!
//! A series is a row a period. Periods are years (2019), school years ('2019/20') or spans ('2019-2021') as text or whole
//! numbers; their middles are the times, so that slopes are per year. Spans that overlap are refused: the same events in
//! two points look like a trend. Where no answer can be given the marker is NULL and a reason stands beside it.

mod armitage;
mod benchmark;
mod gap_trend;
mod goal;
mod line;
mod mann_kendall;
mod recent;
pub(super) mod series;
mod series_break;

use super::def::Definition;

/// The family.
pub(super) static ALL: &[&Definition] = &[
    &benchmark::COMPARE_BENCHMARK,
    &gap_trend::GAP_TREND,
    &goal::GOAL_STATUS,
    &series_break::SERIES_BREAK,
    &armitage::TREND_COCHRAN_ARMITAGE,
    &mann_kendall::TREND_MK,
    &recent::TREND_RECENT,
];
