//! Areas with what belongs to them besides people: coordinates, land, a distance.
//!
//! Such numbers are keys of the aggregate, so that every row of an area says the same; an area with two places is
//! refused.

use crate::{
    error::{Error, Result},
    functions::{
        call::order,
        def::Params,
        table::{Table, Unit, Wide},
    },
    geo::{Kernel, Point},
};

/// Returns the areas with their people, one entry a cell; refuses an area whose numbers differ between rows.
pub(super) fn wide(table: &Table<'_>, function: &str, what: &str) -> Result<Wide> {
    table.one_a_unit(function, what)?;
    table.wide(function)
}

/// Returns the number that each area has, by its place among the keys.
pub(super) fn numbers(table: &Table<'_>, key: usize) -> Vec<f64> {
    table
        .key(key)
        .iter()
        .map(|at| table.number(key, *at as usize))
        .collect()
}

/// Returns the land of each area; refuses a negative one.
pub(super) fn sizes(table: &Table<'_>, key: usize, function: &str) -> Result<Vec<f64>> {
    let sizes = numbers(table, key);
    land(&sizes, function)?;
    Ok(sizes)
}

/// Returns the land of areas if none is negative.
pub(super) fn land<'a>(sizes: &'a [f64], function: &str) -> Result<&'a [f64]> {
    if sizes.iter().any(|size| *size < 0.0) {
        return Err(Error::invalid(6003, format!("`{function}` got a negative `size`"))
            .hint("the size of an area is its land, in the square of the unit of the coordinates"));
    }
    Ok(sizes)
}

/// Returns the coordinates of each area from two numbers that follow each other.
pub(super) fn points(table: &Table<'_>, east: usize) -> Vec<Point> {
    numbers(table, east)
        .into_iter()
        .zip(numbers(table, east + 1))
        .map(|(east, north)| [east, north])
        .collect()
}

/// Areas with the counts of several groups.
#[derive(Debug)]
pub(super) struct Groups {
    /// Number of each area among the first keys.
    pub(super) areas: Vec<usize>,
    /// Numbers of each area: coordinates, and more.
    pub(super) numbers: Vec<Vec<f64>>,
    /// Counts, a row an area.
    pub(super) counts: Vec<f64>,
    /// Everybody, by area.
    pub(super) people: Vec<f64>,
    /// Everybody, by group; nobody is in none.
    pub(super) all: Vec<f64>,
    /// Everybody.
    pub(super) total: f64,
}

impl Groups {
    /// Reads cells of `area, group, numbers…, n`, or of `area, numbers…, x, t` with the rest as the other group.
    pub(super) fn new(table: &Table<'_>, function: &str, numbers: usize) -> Result<Self> {
        let keys = table.keys.len();
        if keys == numbers + 1 {
            let units = wide(table, function, "a number of its place")?.units;
            let mut groups = Self {
                areas: (0..units.len()).collect(),
                numbers: (1..keys).map(|key| self::numbers(table, key)).collect(),
                counts: Vec::with_capacity(2 * units.len()),
                people: units.iter().map(|of| of.t).collect(),
                all: vec![0.0; 2],
                total: 0.0,
            };
            for Unit { x, y, t } in units {
                groups.counts.extend([x, y]);
                groups.all[0] += x;
                groups.all[1] += y;
                groups.total += t;
            }
            return Ok(groups);
        }
        let width = table.distinct(1);
        let mut groups = Self {
            areas: Vec::new(),
            numbers: vec![Vec::new(); numbers],
            counts: Vec::new(),
            people: Vec::new(),
            all: vec![0.0; width],
            total: 0.0,
        };
        for cell in 0..table.key(0).len() {
            let (area, group, n) = (
                table.key(0)[cell] as usize,
                table.key(1)[cell] as usize,
                table.count(0)[cell],
            );
            let here = (0..numbers).map(|at| table.number(2 + at, table.key(2 + at)[cell] as usize));
            if groups.areas.last() == Some(&area) {
                if here
                    .zip(&groups.numbers)
                    .any(|(here, there)| there.last().map(|of| of.to_bits()) != Some(here.to_bits()))
                {
                    return Err(Error::invalid(6011, format!("`{function}` got an area in two places"))
                        .hint("all rows of an area must have the same coordinates: average them before"));
                }
            } else {
                groups.areas.push(area);
                groups.people.push(0.0);
                groups.counts.resize(groups.counts.len() + width, 0.0);
                for (to, of) in groups.numbers.iter_mut().zip(here) {
                    to.push(of);
                }
            }
            let row = groups.areas.len() - 1;
            groups.counts[row * width + group] += n;
            groups.people[row] += n;
            groups.all[group] += n;
            groups.total += n;
        }
        Ok(groups)
    }

    /// Returns how many groups there are.
    pub(super) fn width(&self) -> usize {
        self.all.len()
    }

    /// Returns how many groups have anybody.
    pub(super) fn present(&self) -> usize {
        self.all.iter().filter(|n| **n > 0.0).count()
    }

    /// Returns the coordinates, which are the first two numbers.
    pub(super) fn points(&self) -> Vec<Point> {
        self.numbers[0]
            .iter()
            .zip(&self.numbers[1])
            .map(|(east, north)| [*east, *north])
            .collect()
    }
}

/// The error of an option that is out of bounds.
pub(super) fn option(function: &str, name: &str, wanted: &str) -> Error {
    Error::invalid(6005, format!("`{function}` wants `{name}` to be {wanted}")).hint(order(function))
}

/// Returns a number of the call that must be above 0.
pub(super) fn positive(params: &Params, at: usize, function: &str, name: &str) -> Result<f64> {
    let number = params.number(at);
    if number > 0.0 {
        Ok(number)
    } else {
        Err(option(function, name, "a number above 0"))
    }
}

/// Returns a number of the call that must be whole, from 0 up to a bound.
pub(super) fn whole(params: &Params, at: usize, function: &str, name: &str, most: u32) -> Result<usize> {
    let number = params.number(at);
    if !(0.0..=f64::from(most)).contains(&number) || number.fract() > 0.0 {
        return Err(option(function, name, &format!("a whole number from 0 to {most}")));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and within bounds"
    )]
    Ok(number as usize)
}

/// Returns one of several words.
pub(super) fn choice(params: &Params, at: usize, function: &str, name: &str, of: &[&str]) -> Result<usize> {
    let word = params.text(at).to_lowercase();
    of.iter()
        .position(|one| *one == word)
        .ok_or_else(|| option(function, name, &format!("one of '{}'", of.join("', '"))))
}

/// Returns the kernel that a call names.
pub(super) fn kernel(params: &Params, at: usize, function: &str) -> Result<Kernel> {
    Kernel::parse(&params.text(at).to_lowercase())
        .ok_or_else(|| option(function, "kernel", &format!("one of '{}'", Kernel::NAMES.join("', '"))))
}
