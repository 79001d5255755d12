//! Who lives where, as cells that can be drawn anew, and an index of such cells.

use super::index::Index;
use crate::{
    error::Error,
    functions::{
        table::{Long, Table, Unit, Wide},
        value::Value,
    },
};

/// Cells of all areas and groups that are kept at a time.
const MOST_CELLS: usize = 50_000_000;

/// Cells with somebody, ordered by area and group. Of `(area, x, t)` the group is 0 and the rest 1.
#[derive(Debug)]
pub(super) struct People<'a> {
    table: &'a Table<'a>,
    /// The areas of `(area, x, t)`.
    areas_of_one: Option<Wide>,
    /// Area of every cell.
    pub(super) area: Vec<u32>,
    /// Group of every cell.
    pub(super) group: Vec<u32>,
    /// People of every cell.
    pub(super) n: Vec<f64>,
    /// How many areas there are.
    pub(super) areas: usize,
    /// How many groups there are.
    pub(super) groups: usize,
}

impl<'a> People<'a> {
    /// Reads `(area, x, t)` or `(area, group, n)`.
    pub(super) fn new(table: &'a Table<'a>, function: &str) -> Result<Self, Error> {
        let areas = table.distinct(0);
        if table.keys.len() > 1 {
            return Ok(Self {
                table,
                areas_of_one: None,
                area: table.key(0).to_vec(),
                group: table.key(1).to_vec(),
                n: table.count(0).to_vec(),
                areas,
                groups: table.distinct(1),
            });
        }
        let wide = table.wide(function)?;
        let mut of = Self {
            table,
            areas_of_one: None,
            area: Vec::new(),
            group: Vec::new(),
            n: Vec::new(),
            areas,
            groups: 2,
        };
        for (area, unit) in (0..).zip(&wide.units) {
            for (group, n) in [(0, unit.x), (1, unit.y)] {
                if n > 0.0 {
                    of.area.push(area);
                    of.group.push(group);
                    of.n.push(n);
                }
            }
        }
        of.areas_of_one = Some(wide);
        Ok(of)
    }

    /// Returns the index of a name, for the groups that there are.
    pub(super) fn index(&self, function: &str, name: &str) -> Result<Index, Error> {
        Index::find(function, name, self.areas_of_one.is_none())
    }

    /// Returns the index of the people as they live.
    pub(super) fn now(&self, index: &Index) -> Result<Option<f64>, Error> {
        match &self.areas_of_one {
            Some(areas) => index.wide(areas),
            None => index.long(&self.table.long()),
        }
    }

    /// Refuses parts of people.
    pub(super) fn whole(&self, function: &str) -> Result<(), Error> {
        whole(function, &self.n)
    }

    /// Returns everybody, by area and by group.
    pub(super) fn margins(&self) -> (Vec<f64>, Vec<f64>) {
        margins([&self.area, &self.group], &self.n, self.areas, self.groups)
    }

    /// Returns the keys of all areas and groups together, by area.
    pub(super) fn all(&self, function: &str) -> Result<[Vec<u32>; 2], Error> {
        let count = self.areas.saturating_mul(self.groups);
        if count > MOST_CELLS {
            return Err(Error::exhausted(
                6051,
                format!("`{function}` got more areas times groups than {MOST_CELLS}"),
            )
            .hint("sum small groups up"));
        }
        let number = |of: usize| u32::try_from(of).unwrap_or(u32::MAX);
        Ok([
            (0..count).map(|at| number(at / self.groups)).collect(),
            (0..count).map(|at| number(at % self.groups)).collect(),
        ])
    }

    /// Returns the index of cells that were drawn anew, some of them perhaps with nobody.
    pub(super) fn value(
        &self,
        index: &Index,
        keys: [&[u32]; 2],
        n: &[f64],
        areas: usize,
    ) -> Result<Option<f64>, Error> {
        if self.areas_of_one.is_some() {
            let mut units = vec![Unit::default(); areas];
            for ((area, group), n) in keys[0].iter().zip(keys[1]).zip(n) {
                let unit = &mut units[*area as usize];
                *(if *group == 0 { &mut unit.x } else { &mut unit.y }) += n;
            }
            return index.wide(&Wide::new(units.into_iter().map(|of| Unit { t: of.x + of.y, ..of })));
        }
        let (by_area, by_group) = margins(keys, n, areas, self.groups);
        // places without those that nobody is in any more
        let places = |of: &[f64]| -> Vec<u32> {
            let mut next = 0;
            of.iter()
                .map(|n| {
                    let place = next;
                    next += u32::from(*n > 0.0);
                    place
                })
                .collect()
        };
        let (area_at, group_at) = (places(&by_area), places(&by_group));
        let mut kept = (
            Vec::with_capacity(n.len()),
            Vec::with_capacity(n.len()),
            Vec::with_capacity(n.len()),
        );
        for ((area, group), n) in keys[0].iter().zip(keys[1]).zip(n) {
            if *n > 0.0 {
                kept.0.push(area_at[*area as usize]);
                kept.1.push(group_at[*group as usize]);
                kept.2.push(*n);
            }
        }
        let there = |of: Vec<f64>| of.into_iter().filter(|n| *n > 0.0).collect();
        index.long(&Long::new(
            self.table,
            [&kept.0, &kept.1],
            &kept.2,
            there(by_area),
            there(by_group),
        ))
    }

    /// Returns the name of an area.
    pub(super) fn name(&self, area: usize) -> Value {
        Value::Text(self.table.text(0, area).to_owned())
    }
}

/// Returns everybody, by area and by group.
fn margins(keys: [&[u32]; 2], n: &[f64], areas: usize, groups: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut by_area, mut by_group) = (vec![0.0; areas], vec![0.0; groups]);
    for ((area, group), n) in keys[0].iter().zip(keys[1]).zip(n) {
        by_area[*area as usize] += n;
        by_group[*group as usize] += n;
    }
    (by_area, by_group)
}

/// Refuses parts of people, and more of them than are counted exactly.
pub(super) fn whole(function: &str, n: &[f64]) -> Result<(), Error> {
    let all: f64 = n.iter().sum();
    if all < 9_007_199_254_740_992.0 && n.iter().all(|n| n.fract() <= 0.0) {
        return Ok(());
    }
    Err(
        Error::invalid(6050, format!("`{function}` draws people one by one and got counts that are not whole"))
            .hint("weighted counts say nothing about how many were asked; give numbers of people, rounded on purpose by `round(n)`"),
    )
}

/// A number, or NULL.
pub(super) fn or_null(of: Option<f64>) -> Value {
    of.map_or(Value::Null, Value::from)
}
