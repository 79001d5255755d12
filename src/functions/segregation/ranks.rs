//! Segregation along an order: at every boundary between two ranks, those up to it against those above.

use super::super::exact;
use crate::{
    error::Error,
    functions::{def::Params, table::Table},
};

/// What two groups of an area, or of the whole, have of each other; every scale is as good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mixing {
    /// Entropy, of the information theory index.
    Entropy,
    /// Product, of the variance ratio.
    Product,
    /// Geometric mean, of the square root index.
    Root,
    /// The smaller of the two, of the absolute difference.
    Smaller,
}

impl Mixing {
    /// Reads the name of an index: H, R, S or A.
    pub(super) fn read(name: &str, function: &str, known: &str) -> Result<Self, Error> {
        let of = match name {
            "H" => Self::Entropy,
            "R" => Self::Product,
            "S" => Self::Root,
            "A" => Self::Smaller,
            _ => return Err(unknown(function, "index", known)),
        };
        if known.contains(name) {
            Ok(of)
        } else {
            Err(unknown(function, "index", known))
        }
    }

    /// Returns how mixed t people are of whom x are up to the boundary, times t.
    fn of(self, x: f64, t: f64) -> f64 {
        let y = t - x;
        if x <= 0.0 || y <= 0.0 {
            return 0.0;
        }
        match self {
            Self::Entropy => x * (t / x).ln() + y * (t / y).ln(),
            Self::Product => x * (y / t),
            Self::Root => (x * y).sqrt(),
            Self::Smaller => x.min(y),
        }
    }
}

/// The error of a text that is none of the known ones.
pub(super) fn unknown(function: &str, what: &str, known: &str) -> Error {
    Error::invalid(6005, format!("`{function}` does not know this `{what}`")).hint(format!("one of {known}"))
}

/// One boundary between two ranks that have anybody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Boundary {
    /// The rank below it, as a key.
    pub(super) rank: usize,
    /// Share of all up to it.
    pub(super) p: f64,
    /// How mixed the whole is.
    pub(super) whole: f64,
    /// How mixed the areas are, in all.
    pub(super) areas: f64,
}

impl Boundary {
    /// Returns the index of the two groups.
    pub(super) fn index(&self) -> f64 {
        (1.0 - self.areas / self.whole).clamp(0.0, 1.0)
    }
}

/// Returns all boundaries in order, from `(area, rank, n)`.
///
/// Going up one rank only the areas that have people of this rank change, so the time is that of a sort of the cells.
/// What an area had before is taken out of an exact sum, so that nothing drifts.
pub(super) fn boundaries(table: &Table<'_>, mixing: Mixing) -> Vec<Boundary> {
    let (areas, ranks, counts) = (table.key(0), table.key(1), table.count(0));
    let mut next = vec![0; table.distinct(1) + 1];
    for rank in ranks {
        next[*rank as usize + 1] += 1;
    }
    for at in 1..next.len() {
        next[at] += next[at - 1];
    }
    let starts = next.clone();
    let mut order = vec![0; counts.len()];
    for (cell, rank) in ranks.iter().enumerate() {
        let to = &mut next[*rank as usize];
        order[*to] = cell;
        *to += 1;
    }
    let mut totals = vec![0.0; table.distinct(0)];
    for cell in &order {
        totals[areas[*cell] as usize] += counts[*cell];
    }
    let all: f64 = totals.iter().sum();
    let mut up_to = vec![0.0; totals.len()];
    let mut parts = Vec::new();
    let mut x = 0.0;
    let mut found = Vec::new();
    for (rank, ends) in starts.windows(2).enumerate().take(table.distinct(1).saturating_sub(1)) {
        for cell in &order[ends[0]..ends[1]] {
            let area = areas[*cell] as usize;
            let before = mixing.of(up_to[area], totals[area]);
            up_to[area] += counts[*cell];
            x += counts[*cell];
            exact::add(&mut parts, -before);
            exact::add(&mut parts, mixing.of(up_to[area], totals[area]));
        }
        found.push(Boundary {
            rank,
            p: x / all,
            whole: mixing.of(x, all),
            areas: exact::round(&parts),
        });
    }
    // of counts that differ beyond what a number can hold, a rank may vanish in the sum
    found.retain(|of| of.whole > 0.0);
    found
}

/// Returns which index a call asks for.
pub(super) fn index(params: &Params, function: &str, known: &str) -> Result<Mixing, Error> {
    Mixing::read(params.text(0), function, known)
}
