//! How near people of two areas are, for every index of clustering and of distance decay.
//!
//! Massey & Denton's proximity c_ij = exp(−β d_ij), with d_ii = √(α a_i) inside an area and distances in an explicit
//! unit; or whatever the caller writes on edges. Indices need only each area's sums Σ_j c_ij v_j, so no matrix is kept.

use super::{
    network::Network,
    places::{points, positive, sizes, wide},
};
use crate::{
    error::{Error, Result},
    functions::{
        def::{Argument, Params},
        table::{Table, Unit, Wide},
    },
    geo::smooth,
};

/// `(area, east, north, size, x, t[, beta, unit, alpha])`.
pub(super) const PLACES: &[Argument] = &[
    Argument::key("area"),
    Argument::number("east"),
    Argument::number("north"),
    Argument::number("size"),
    Argument::count("x"),
    Argument::total("t"),
    Argument::option("beta", 1.0),
    Argument::option("unit", 1000.0),
    Argument::option("alpha", 0.6),
];
/// The same of two groups.
pub(super) const TWO_PLACES: &[Argument] = &[
    Argument::key("area"),
    Argument::number("east"),
    Argument::number("north"),
    Argument::number("size"),
    Argument::count("x"),
    Argument::count("y"),
    Argument::total("t"),
    Argument::option("beta", 1.0),
    Argument::option("unit", 1000.0),
    Argument::option("alpha", 0.6),
];
/// `(area, neighbour, x, t, w)`: proximity as weights of edges.
pub(super) const EDGES: &[Argument] = &[
    Argument::key("area"),
    Argument::key("neighbour"),
    Argument::count("x"),
    Argument::total("t"),
    Argument::count("w"),
];

/// What an area is near to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Near {
    /// Σ c x.
    pub(super) x: f64,
    /// Σ c y.
    pub(super) y: f64,
    /// Σ c t.
    pub(super) t: f64,
    /// Σ c.
    pub(super) areas: f64,
}

/// Areas with what they are near to.
#[derive(Debug)]
pub(super) struct Proximity {
    /// The areas.
    pub(super) units: Vec<Unit>,
    /// What each is near to.
    pub(super) near: Vec<Near>,
    /// Everybody.
    pub(super) all: Unit,
}

impl Proximity {
    /// Reads either form; nothing when something is NULL.
    pub(super) fn new(table: &Table<'_>, params: &Params, function: &str) -> Result<Option<Self>> {
        let (units, near) = if params.numbers.is_empty() {
            let Some(network) = Network::new(table, function, 2)? else {
                return Ok(None);
            };
            let units = network.units(table, function)?;
            let near = (0..units.len()).map(|i| {
                let mut near = Near::from(units[i], network.own[i]);
                for (j, weight) in network.weights.of(i) {
                    near.add(Near::from(units[j], weight));
                }
                near
            });
            let near = near.collect();
            (units, near)
        } else {
            Self::places(table, params, function)?
        };
        let mut all = Unit::default();
        for of in &units {
            all.x += of.x;
            all.y += of.y;
            all.t += of.t;
        }
        Ok(Some(Self { units, near, all }))
    }

    fn places(table: &Table<'_>, params: &Params, function: &str) -> Result<(Vec<Unit>, Vec<Near>)> {
        let (beta, unit) = (
            positive(params, 0, function, "beta")?,
            positive(params, 1, function, "unit")?,
        );
        let alpha = params.number(2);
        if alpha < 0.0 {
            return Err(super::places::option(function, "alpha", "a number from 0 upwards"));
        }
        let Wide { units, .. } = wide(table, function, "east, north or size")?;
        let sizes = sizes(table, 3, function)?;
        let scale = beta / unit;
        let values: Vec<f64> = units.iter().flat_map(|of| [of.x, of.y, of.t, 1.0]).collect();
        let sums = smooth(
            &points(table, 1),
            &values,
            4,
            // beyond this, exp is 0
            (scale.is_finite() && scale > 0.0).then_some(746.0 / scale),
            |square| (-scale * square.sqrt()).exp(),
            |at| (-scale * (alpha * sizes[at]).sqrt()).exp(),
        );
        let near: Vec<Near> = sums
            .as_chunks::<4>()
            .0
            .iter()
            .map(|[x, y, t, areas]| Near {
                x: *x,
                y: *y,
                t: *t,
                areas: *areas,
            })
            .collect();
        if units.iter().zip(&near).any(|(of, near)| of.t > 0.0 && near.t <= 0.0) {
            return Err(
                Error::invalid(6030, format!("`{function}` got an area that is near to nobody, not even itself"))
                    .hint(
                        "exp(−beta · distance / unit) is 0: distances are in the unit of the coordinates; for metres write `unit` as 1000, \
                         and sizes in square metres",
                    ),
            );
        }
        Ok((units, near))
    }

    /// Returns Σ (x/X) f over the areas.
    pub(super) fn mean(&self, pick: impl Fn(&Unit) -> f64, f: impl Fn(&Near) -> f64) -> f64 {
        let all: f64 = self.units.iter().map(&pick).sum();
        let sum: f64 = self
            .units
            .iter()
            .zip(&self.near)
            .filter(|(of, _)| pick(of) > 0.0)
            .map(|(of, near)| pick(of) * f(near))
            .sum();
        sum / all
    }
}

impl Near {
    fn from(of: Unit, weight: f64) -> Self {
        Self {
            x: of.x * weight,
            y: of.y * weight,
            t: of.t * weight,
            areas: weight,
        }
    }

    fn add(&mut self, other: Self) {
        self.x += other.x;
        self.y += other.y;
        self.t += other.t;
        self.areas += other.areas;
    }
}
