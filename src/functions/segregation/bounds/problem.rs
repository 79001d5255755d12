//! What is known of one group in every area: a smallest and a largest number of its members.
//!
//! Three ways to say it: a group with NULL where it is hidden, a group with limits, and several groups of which the
//! hidden ones of an area share the people that are left. What can go wrong: limits that are the wrong way round, and
//! groups that have more people than their area, which are errors and never repaired.

use std::collections::BTreeMap;

use crate::{
    error::{Error, Result},
    functions::{
        def::{Argument, Params},
        table::{Table, Unit, Wide},
        value::{Output, Value},
    },
};

/// Bounds, and what they stand on.
pub(super) const BOUNDS: Output = Output::Struct(&[
    ("value", Output::Number),
    ("lo", Output::Number),
    ("hi", Output::Number),
    ("n_units", Output::Count),
    ("n_suppressed", Output::Count),
    ("share_hidden", Output::Number),
]);

/// `(area, x_lo, x_hi, t)`.
pub(super) const LIMITS: &[Argument] = &[
    Argument::key("area"),
    Argument::count("x_lo"),
    Argument::count("x_hi"),
    Argument::total("t"),
];
/// `(area, group, n, t)`: all groups, with the area's total on each of its rows.
pub(super) const SHARED: &[Argument] = &[
    Argument::key("area"),
    Argument::key("group"),
    Argument::count("n"),
    Argument::number("t"),
];
/// `(area, group, n, t, 'group')`: one of them against the rest.
pub(super) const SHARED_OF: &[Argument] = &[
    Argument::key("area"),
    Argument::key("group"),
    Argument::count("n"),
    Argument::number("t"),
    Argument::name("group"),
];

/// One area.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    /// The fewest members that it can have.
    pub(super) least: f64,
    /// The most.
    pub(super) most: f64,
    /// Everybody.
    pub(super) t: f64,
}

impl Area {
    /// Whether the number of members is not known.
    pub(super) fn hidden(&self) -> bool {
        self.least < self.most
    }
}

/// Areas with people, and sums over them.
#[derive(Debug, Default)]
pub(super) struct Problem {
    pub(super) areas: Vec<Area>,
    /// The fewest members in all, and the most.
    pub(super) least: f64,
    pub(super) most: f64,
    /// Everybody.
    pub(super) t: f64,
    /// How many areas hide something, and how many people that leaves open.
    pub(super) suppressed: usize,
    pub(super) open: f64,
}

impl Problem {
    /// Returns a problem of areas; those without people are left out.
    pub(super) fn new(areas: impl IntoIterator<Item = Area>) -> Self {
        let mut of = Self::default();
        for area in areas.into_iter().filter(|area| area.t > 0.0) {
            of.least += area.least;
            of.most += area.most;
            of.t += area.t;
            if area.hidden() {
                of.suppressed += 1;
                of.open += area.most - area.least;
            }
            of.areas.push(area);
        }
        of
    }

    /// Reads the arguments of a call: `(area, x, t)`, [`LIMITS`] or [`SHARED_OF`]. Nothing when a total is not known.
    pub(super) fn read(table: &Table<'_>, params: &Params, function: &str) -> Result<Option<Self>> {
        if table.keys.len() == 3 {
            let name = params.text(0);
            return Ok(Groups::read(table, function)?.map(|groups| {
                let at = groups.names.iter().position(|at| table.text(1, *at) == name);
                groups.one(at)
            }));
        }
        let last = table.counts - 1;
        if table.nulls() & (1 << (last + 1)) != 0 {
            return Ok(None);
        }
        let suppressed = table.suppressed();
        let (least, most, t) = (table.count(0), table.count(last - 1), table.count(last));
        let mut areas = Vec::with_capacity(t.len());
        for (at, area) in table.key(0).iter().enumerate() {
            let mut of = Area {
                least: least[at],
                most: most[at],
                t: t[at],
            };
            if suppressed.binary_search(&table.cells.locals[0][*area as usize]).is_ok() {
                (of.least, of.most) = (0.0, of.t);
            }
            if of.most > of.t {
                return Err(Error::invalid(
                    6004,
                    format!("`{function}` got an area whose group is larger than its total"),
                )
                .hint("the total is the last count; cut an upper limit off there: `least(x + 3, t)`"));
            }
            if of.least > of.most {
                return Err(Error::invalid(
                    6060,
                    format!("`{function}` got an area whose `x_lo` is larger than its `x_hi`"),
                )
                .hint("the smallest possible number comes first, then the largest: `(area, x_lo, x_hi, t)`"));
            }
            areas.push(of);
        }
        Ok(Some(Self::new(areas)))
    }

    /// Returns the areas as they are when nothing is hidden.
    pub(super) fn known(&self) -> Wide {
        self.at(self.areas.iter().map(|area| area.least))
    }

    /// Returns the areas with given numbers of members.
    pub(super) fn at(&self, members: impl IntoIterator<Item = f64>) -> Wide {
        let mut wide = Wide::default();
        for (area, x) in self.areas.iter().zip(members) {
            let unit = Unit {
                x,
                y: area.t - x,
                t: area.t,
            };
            wide.all.x += unit.x;
            wide.all.y += unit.y;
            wide.all.t += unit.t;
            wide.units.push(unit);
        }
        wide
    }

    /// Whether bounds can be told: somebody is there, and both groups when nothing is hidden.
    pub(super) fn told(&self) -> bool {
        self.t > 0.0 && (self.suppressed > 0 || self.least > 0.0 && self.least < self.t)
    }

    /// What rounding can do to an index of so many areas: bounds are that much wider.
    pub(super) fn slack(&self) -> f64 {
        slack(self.areas.len())
    }

    /// Returns the struct of bounds, widened by the slack and cut off at the range.
    pub(super) fn between(&self, lo: f64, hi: f64, range: (f64, f64)) -> Value {
        // one unit is 0, which nothing rounds
        let alone = self.areas.len() < 2 && hi <= 0.0;
        let by = if alone { 0.0 } else { self.slack() * range.1.max(1.0) };
        // a bound that is not finite must reach the shell
        let (lo, hi) = ((lo - by).clamp(range.0, range.1), (hi + by).clamp(range.0, range.1));
        self.told_of(Value::Null, if lo > hi { hi } else { lo }, hi)
    }

    /// Returns the struct of an index of which nothing is hidden.
    pub(super) fn exactly(&self, value: Value) -> Value {
        match value {
            Value::Number(of) => self.told_of(value, of, of),
            _ => Value::Null,
        }
    }

    fn told_of(&self, value: Value, lo: f64, hi: f64) -> Value {
        told(value, lo, hi, self.areas.len(), self.suppressed, self.open / self.t)
    }
}

/// What rounding can do to a sum over so many areas, relative to it.
pub(super) fn slack(areas: usize) -> f64 {
    (64.0 + 8.0 * areas as f64) * (f64::EPSILON / 2.0)
}

/// Returns the struct of bounds.
pub(super) fn told(value: Value, lo: f64, hi: f64, units: usize, suppressed: usize, share: f64) -> Value {
    Value::Struct(vec![
        value,
        lo.into(),
        hi.into(),
        Value::count(units),
        Value::count(suppressed),
        share.clamp(0.0, 1.0).into(),
    ])
}

/// Several groups, some of them hidden in some areas.
#[derive(Debug)]
pub(super) struct Groups {
    /// Places of the groups among the second keys.
    pub(super) names: Vec<usize>,
    pub(super) areas: Vec<Shares>,
    /// Everybody.
    pub(super) t: f64,
}

/// The groups of one area.
#[derive(Debug)]
pub(super) struct Shares {
    pub(super) t: f64,
    /// What is known, by group.
    pub(super) known: Vec<f64>,
    /// Whether the group is among those that share the rest.
    pub(super) free: Vec<bool>,
    /// People of groups that are not known.
    pub(super) rest: f64,
}

impl Groups {
    /// Reads `(area, group, n, t)`. Nothing when a total is not known.
    pub(super) fn read(table: &Table<'_>, function: &str) -> Result<Option<Self>> {
        /// Bits of NULL in `n` and `t`.
        const HIDDEN: u32 = 1 << 2;
        const TOTAL: u32 = 1 << 3;
        if table.nulls() & TOTAL != 0 {
            return Ok(None);
        }
        let groups = table.distinct(1);
        let mut areas: Vec<Shares> = (0..table.distinct(0))
            .map(|_| Shares {
                t: f64::NAN,
                known: vec![0.0; groups],
                free: vec![false; groups],
                rest: 0.0,
            })
            .collect();
        let keys = table.key(0).iter().zip(table.key(1)).zip(table.key(2));
        for (((area, group), total), n) in keys.zip(table.count(0)) {
            let area = &mut areas[*area as usize];
            let t = table.number(2, *total as usize);
            if t < 0.0 {
                return Err(Error::invalid(6003, format!("`{function}` got a negative `t`"))
                    .hint("counts are numbers from 0 upwards; find the rows with a WHERE"));
            }
            if area.t.is_finite() && area.t.to_bits() != t.to_bits() {
                return Err(Error::invalid(
                    6011,
                    format!("`{function}` got an area with two different values of `t`"),
                )
                .hint("each row carries everybody in its area: `sum(n) OVER (PARTITION BY area)` before hiding"));
            }
            area.t = t;
            area.known[*group as usize] += n;
        }
        let place = |key: usize| -> BTreeMap<u32, usize> {
            table.cells.locals[key]
                .iter()
                .enumerate()
                .map(|(at, place)| (*place, at))
                .collect()
        };
        let (area_of, group_of) = (place(0), place(1));
        let mut times = BTreeMap::new();
        for row in table.unknown.iter().filter(|row| row.nulls & HIDDEN != 0) {
            *times.entry((row.keys[0], row.keys[1])).or_insert(0) += row.times;
        }
        for ((area, group), times) in times {
            if times > 0
                && let (Some(area), Some(group)) = (area_of.get(&area), group_of.get(&group))
            {
                areas[*area].free[*group] = true;
            }
        }
        for area in &mut areas {
            let known: f64 = area.known.iter().sum();
            area.rest = area.t - known;
            let rounding = 1e-9 * area.t;
            if area.rest < -rounding {
                return Err(Error::invalid(
                    6061,
                    format!("`{function}` got an area whose groups are more than its `t`"),
                )
                .hint("`t` is everybody in the area, hidden groups too, and the same on each of its rows"));
            }
            if area.rest <= rounding {
                area.rest = 0.0;
                // what the counts say is everybody
                area.t = known;
            }
            settle(area);
        }
        areas.retain(|area| area.t > 0.0);
        let t = areas.iter().map(|area| area.t).sum();
        Ok(Some(Self {
            names: (0..groups).collect(),
            areas,
            t,
        }))
    }

    /// Returns one group against the rest; one that is nowhere has nobody.
    pub(super) fn one(&self, group: Option<usize>) -> Problem {
        Problem::new(self.areas.iter().map(|area| {
            let (least, free) = group.map_or((0.0, false), |at| (area.known[at], area.free[at]));
            let most = if free { (least + area.rest).min(area.t) } else { least };
            Area { least, most, t: area.t }
        }))
    }
}

/// Settles who shares the rest of an area: groups that are NULL, or all when none is, as where rows were left out. One
/// alone has them all.
fn settle(area: &mut Shares) {
    if area.rest <= 0.0 {
        area.free.fill(false);
        return;
    }
    if area.free.iter().all(|free| !free) {
        area.free.fill(true);
    }
    let mut free = (0..area.free.len()).filter(|at| area.free[*at]);
    if let (Some(one), None) = (free.next(), free.next()) {
        area.known[one] = area.t
            - (0..area.known.len())
                .filter(|at| *at != one)
                .map(|at| area.known[at])
                .sum::<f64>();
        area.free[one] = false;
        area.rest = 0.0;
    }
}
