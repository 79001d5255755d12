//! What an index is computed from: summed cells in the order of their keys, and two handier views of them.

use std::collections::BTreeMap;

use super::{call::order, def::Params, gather::Gather, keys::Keys};
use crate::error::{Error, Result};

/// Everything that is known of one group of rows. Cells without people are left out.
#[derive(Debug)]
pub(super) struct Table<'a> {
    pub(super) keys: &'a [Keys],
    pub(super) cells: &'a Gather,
    /// How many counts a cell has.
    pub(super) counts: usize,
    /// Areas (first keys) that are left out because nobody is in them.
    pub(super) empty: usize,
    /// NULL counts, for forms that see them.
    pub(super) unknown: &'a [Unknown],
}

/// How many keys and numbers a form may have.
pub(super) const KEYS: usize = 6;

/// A row with a NULL count, which stands as 0 in the cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unknown {
    /// Group of rows.
    pub(super) group: u32,
    /// Places of its keys.
    pub(super) keys: [u32; KEYS],
    /// A bit for each NULL: the lowest for the first argument, and so on.
    pub(super) nulls: u32,
    /// How many rows; windows take rows back.
    pub(super) times: i64,
}

impl<'a> Table<'a> {
    /// Returns the sums of one count, by cell.
    pub(super) fn count(&self, at: usize) -> &'a [f64] {
        &self.cells.counts[at]
    }

    /// Returns one key of every cell, as numbers from 0 in the order of the keys.
    pub(super) fn key(&self, at: usize) -> &'a [u32] {
        &self.cells.cells[at]
    }

    /// Returns how many different keys there are.
    pub(super) fn distinct(&self, key: usize) -> usize {
        self.cells.locals[key].len()
    }

    /// Returns whether a cell is left with the key of this place.
    pub(super) fn has(&self, key: usize, place: u32) -> bool {
        self.cells.locals[key].contains(&place)
    }

    /// Returns the text of a key.
    pub(super) fn text(&self, key: usize, at: usize) -> &'a str {
        self.keys[key].text(self.cells.locals[key][at])
    }

    /// Returns the number of a key.
    pub(super) fn number(&self, key: usize, at: usize) -> f64 {
        self.keys[key].number(self.cells.locals[key][at])
    }

    /// Returns the places of the areas (first keys) that have a NULL count, in order of place.
    pub(super) fn suppressed(&self) -> Vec<u32> {
        let mut times = BTreeMap::new();
        for row in self.unknown {
            *times.entry((row.keys[0], row.keys, row.nulls)).or_insert(0) += row.times;
        }
        let mut areas: Vec<u32> = times
            .into_iter()
            .filter(|(_, times)| *times > 0)
            .map(|((area, ..), _)| area)
            .collect();
        areas.dedup();
        areas
    }

    /// Returns which arguments have a NULL in some row: a bit for each, the lowest for the first.
    pub(super) fn nulls(&self) -> u32 {
        let mut times = BTreeMap::new();
        for row in self.unknown {
            *times.entry((row.keys, row.nulls)).or_insert(0) += row.times;
        }
        times
            .into_iter()
            .filter(|(_, times)| *times > 0)
            .fold(0, |all, ((_, nulls), _)| all | nulls)
    }

    /// Refuses a unit (first key) with two different values of `what` (second key).
    pub(super) fn one_a_unit(&self, function: &str, what: &str) -> Result<()> {
        if self.key(0).is_sorted_by(|left, right| left < right) {
            return Ok(());
        }
        Err(Error::invalid(
            6011,
            format!("`{function}` got a unit with two different values of `{what}`"),
        )
        .hint("each row must belong to one unit: name units apart (`area || '/' || part`), or average before with GROUP BY"))
    }

    /// Returns the areas with a group, its rest or other group, and the total, from the counts `x[, y], t`.
    pub(super) fn wide(&self, function: &str) -> Result<Wide> {
        let last = self.counts - 1;
        let (x, y, t) = (self.count(0), self.count(last - 1), self.count(last));
        let mut wide = Wide::default();
        wide.units.reserve(t.len());
        for ((x, y), t) in x.iter().zip(y).zip(t) {
            if x > t || y > t {
                return Err(Error::invalid(
                    6004,
                    format!("`{function}` got an area whose group is larger than its total"),
                )
                .hint(format!(
                    "the total is the last count, and every part of an area brings its own total; {}",
                    order(function)
                )));
            }
            wide.push(*x, if last == 1 { t - x } else { *y }, *t);
        }
        Ok(wide)
    }

    /// Returns the cells of areas and groups with their margins.
    pub(super) fn long(&self) -> Long<'_> {
        let mut areas = vec![0.0; self.distinct(0)];
        let mut groups = vec![0.0; self.distinct(1)];
        for ((area, group), n) in self.key(0).iter().zip(self.key(1)).zip(self.count(0)) {
            areas[*area as usize] += n;
            groups[*group as usize] += n;
        }
        Long::new(self, [self.key(0), self.key(1)], self.count(0), areas, groups)
    }
}

/// A group, another one or the rest, and all, in one area.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Unit {
    /// The group.
    pub(super) x: f64,
    /// The other group, or the rest.
    pub(super) y: f64,
    /// Everybody.
    pub(super) t: f64,
}

/// Areas in the order of their keys; nobody is in none of them.
#[derive(Debug, Default)]
pub(super) struct Wide {
    /// One entry an area.
    pub(super) units: Vec<Unit>,
    /// Sums over the areas.
    pub(super) all: Unit,
}

impl Wide {
    /// Returns areas with these counts; those without anybody are left out.
    pub(super) fn new(units: impl IntoIterator<Item = Unit>) -> Self {
        let mut wide = Self::default();
        for Unit { x, y, t } in units {
            if t > 0.0 {
                wide.push(x, y, t);
            }
        }
        wide
    }

    fn push(&mut self, x: f64, y: f64, t: f64) {
        self.units.push(Unit { x, y, t });
        self.all.x += x;
        self.all.y += y;
        self.all.t += t;
    }
}

/// Cells of areas and groups, with margins; areas, groups and cells without people are left out.
#[derive(Debug)]
pub(super) struct Long<'a> {
    /// The names of areas and groups; of cells that were drawn anew they have other places.
    pub(super) table: &'a Table<'a>,
    /// Area and group of every cell.
    keys: [&'a [u32]; 2],
    /// Everybody, by cell.
    counts: &'a [f64],
    /// Everybody, by area.
    pub(super) areas: Vec<f64>,
    /// Everybody, by group.
    pub(super) groups: Vec<f64>,
    /// Everybody.
    pub(super) total: f64,
}

impl<'a> Long<'a> {
    /// Returns cells with their margins, for kernels that need no names: those of a table, or drawn anew. Cells are
    /// ordered by area and group; every cell, area and group has somebody.
    pub(super) fn new(
        table: &'a Table<'a>,
        keys: [&'a [u32]; 2],
        counts: &'a [f64],
        areas: Vec<f64>,
        groups: Vec<f64>,
    ) -> Self {
        let total = groups.iter().sum();
        Self {
            table,
            keys,
            counts,
            areas,
            groups,
            total,
        }
    }

    /// Returns area, group and count of every cell, ordered by the keys of area and group.
    pub(super) fn cells(&self) -> impl Iterator<Item = (usize, usize, f64)> + '_ {
        self.keys[0]
            .iter()
            .zip(self.keys[1])
            .zip(self.counts)
            .map(|((area, group), n)| (*area as usize, *group as usize, *n))
    }

    /// Returns the group with this name against the rest, or two groups when two are named.
    pub(super) fn wide(&self, params: &Params) -> Wide {
        let find = |name: &str| (0..self.groups.len()).find(|at| self.table.text(1, *at) == name);
        let (x, y) = (find(params.text(0)), find(params.text(1)));
        let rest = params.texts.len() < 2;
        let mut units: Vec<Unit> = self.areas.iter().map(|t| Unit { x: 0.0, y: 0.0, t: *t }).collect();
        for (area, group, n) in self.cells() {
            if Some(group) == x {
                units[area].x = n;
            }
            if Some(group) == y {
                units[area].y = n;
            }
        }
        let mut wide = Wide::default();
        for Unit { x, y, t } in units {
            wide.push(x, if rest { t - x } else { y }, t);
        }
        wide
    }
}
