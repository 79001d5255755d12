//! Areas with two states: two times, two groups or two cities, from `(area, x1, t1, x2, t2)`.

use crate::{
    error::Error,
    functions::{
        def::Argument,
        rates::random::of_sorted,
        table::{Table, Unit, Wide},
    },
};

pub(super) const AREA: Argument = Argument::key("area");
pub(super) const X1: Argument = Argument::count("x1");
pub(super) const T1: Argument = Argument::total("t1");
pub(super) const X2: Argument = Argument::count("x2");
pub(super) const T2: Argument = Argument::total("t2");

/// Returns both states of every area; in an area that is only in one of them nobody is in the other.
pub(super) fn states(table: &Table<'_>, function: &str) -> Result<Vec<[Unit; 2]>, Error> {
    (0..table.count(0).len())
        .map(|at| {
            let unit = |x: usize, t: usize| {
                let (x, t) = (table.count(x)[at], table.count(t)[at]);
                if x > t {
                    return Err(Error::invalid(
                        6004,
                        format!("`{function}` got an area whose group is larger than its total"),
                    )
                    .hint("the order is group, total, group, total; every part of an area brings its own totals"));
                }
                Ok(Unit { x, y: t - x, t })
            };
            Ok([unit(0, 1)?, unit(2, 3)?])
        })
        .collect()
}

/// Returns the areas of one state that have somebody.
pub(super) fn side(states: &[[Unit; 2]], at: usize) -> Vec<Unit> {
    states.iter().map(|of| of[at]).filter(|of| of.t > 0.0).collect()
}

/// Returns areas as an index wants them.
pub(super) fn wide(units: &[Unit]) -> Wide {
    Wide::new(units.iter().copied())
}

/// What areas of one side take over from the other.
#[derive(Debug, Clone, Copy)]
pub(super) enum Take {
    /// The share of the group in the area.
    Composition,
    /// The areas' shares of the group and of the rest.
    Share,
    /// The share of the group and that of the rest in the area, one by one.
    Dual,
}

impl Take {
    /// Their names, in order.
    pub(super) const NAMES: [&str; 3] = ["composition", "share", "dual_composition"];
    /// All, in the order of their names.
    pub(super) const ALL: [Self; 3] = [Self::Composition, Self::Share, Self::Dual];
}

/// Returns the value that each one's rank has among the others: the quantile, at its mean rank by the number of ranks.
fn matched(own: &[f64], others: &[f64]) -> Vec<f64> {
    let mut sorted = others.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut order: Vec<usize> = (0..own.len()).collect();
    order.sort_by(|left, right| own[*left].total_cmp(&own[*right]));
    let mut taken = vec![0.0; own.len()];
    let mut before = 0;
    for same in order.chunk_by(|left, right| own[*left].total_cmp(&own[*right]).is_eq()) {
        let rank = before as f64 + f64::midpoint(same.len() as f64, 1.0);
        let value = of_sorted(&sorted, rank / own.len() as f64).unwrap_or(0.0);
        for at in same {
            taken[*at] = value;
        }
        before += same.len();
    }
    taken
}

/// Returns areas as they would be with what the others have at their ranks.
pub(super) fn counterfactual(own: &[Unit], others: &[Unit], take: Take) -> Vec<Unit> {
    let of = |units: &[Unit], what: &dyn Fn(&Unit) -> f64| -> Vec<f64> { units.iter().map(what).collect() };
    let unit = |(x, y): (f64, f64)| Unit { x, y, t: x + y };
    match take {
        Take::Composition => {
            let share = |unit: &Unit| unit.x / unit.t;
            let taken = matched(&of(own, &share), &of(others, &share));
            let areas = own.iter().zip(taken);
            areas
                .map(|(unit, share)| {
                    let x = share * unit.t;
                    Unit {
                        x,
                        y: unit.t - x,
                        t: unit.t,
                    }
                })
                .collect()
        }
        Take::Dual => {
            let part = |what: &dyn Fn(&Unit) -> f64| -> Vec<f64> {
                let taken = matched(&of(own, what), &of(others, what));
                own.iter().zip(taken).map(|(unit, share)| share * unit.t).collect()
            };
            let (x, y) = (part(&|unit| unit.x / unit.t), part(&|unit| unit.y / unit.t));
            x.into_iter().zip(y).map(unit).collect()
        }
        Take::Share => {
            let part = |what: &dyn Fn(&Unit) -> f64| -> Vec<f64> {
                let (mine, theirs) = (of(own, what), of(others, what));
                let (all, theirs_all): (f64, f64) = (mine.iter().sum(), theirs.iter().sum());
                let shares = |of: Vec<f64>, all: f64| -> Vec<f64> { of.into_iter().map(|n| n / all).collect() };
                let taken = matched(&shares(mine, all), &shares(theirs, theirs_all));
                let sum: f64 = taken.iter().sum();
                taken
                    .into_iter()
                    .map(|share| if sum > 0.0 { share / sum * all } else { 0.0 })
                    .collect()
            };
            let (x, y) = (part(&|unit| unit.x), part(&|unit| unit.y));
            x.into_iter().zip(y).map(unit).collect()
        }
    }
}
