//! The most even ways to fill what is hidden.
//!
//! Among all fillings with the same number of members in all, the one where each area has its people times one share p,
//! cut off at its limits, is more even than every other in the sense of Lorenz (Hardy, Littlewood & Pólya 1934): any
//! other is made of it by moves of members towards areas where they are more of the people. So every index that never
//! falls by such a move, which is all indices of evenness, is smallest somewhere on this path.

use super::problem::{Area, Problem};

/// The path, by the share p.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) from: f64,
    pub(super) to: f64,
    /// Where the group can vanish: part of the people that live in areas that may have members. From nobody up to the
    /// start the town is two blocks, one of share p and one without the group.
    pub(super) without: Option<f64>,
    /// Where the rest can vanish: part of the people that live in areas that may have others.
    pub(super) full: Option<f64>,
}

impl Path {
    pub(super) fn new(of: &Problem) -> Self {
        // all is known: one point
        if of.suppressed == 0 {
            return Self {
                from: 0.0,
                to: 0.0,
                without: None,
                full: None,
            };
        }
        let shares = |pick: fn(&Area) -> bool, share: fn(&Area) -> f64| {
            let of = of.areas.iter().filter(move |area| pick(area));
            of.map(move |area| share(area) / area.t)
        };
        let part = |pick: fn(&Area) -> bool| {
            let people = of.areas.iter().filter(|area| pick(area)).map(|area| area.t);
            people.sum::<f64>() / of.t
        };
        let without = (of.least <= 0.0).then(|| part(|area| area.most > 0.0));
        let full = (of.most >= of.t).then(|| part(|area| area.least < area.t));
        Self {
            from: if without.is_some() {
                shares(|area| area.most > 0.0, |area| area.most).fold(1.0, f64::min)
            } else {
                shares(Area::hidden, |area| area.least).fold(1.0, f64::min)
            },
            to: if full.is_some() {
                shares(|area| area.least < area.t, |area| area.least).fold(0.0, f64::max)
            } else {
                shares(Area::hidden, |area| area.most).fold(0.0, f64::max)
            },
            without,
            full,
        }
    }

    /// Whether there is anything between the ends where a group vanishes.
    pub(super) fn is_open(&self) -> bool {
        self.from <= self.to
    }
}

/// Returns the members of an area at a share, and whether they grow with it.
pub(super) fn at(area: &Area, p: f64) -> (f64, bool) {
    let x = area.t * p;
    if x <= area.least {
        (area.least, false)
    } else if x >= area.most {
        (area.most, false)
    } else {
        (x, true)
    }
}
