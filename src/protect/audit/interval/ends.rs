//! The ends of the intervals of one component.

use super::{
    Contradiction,
    component::{Class, Component, Want},
    polytope::{Answer, Solver, UNIT},
    search::search,
};

/// Weights of rows that decide between tables that are equally good, so that the solver ends in a corner, which mostly
/// is a table of whole numbers. With what their sum can be.
#[derive(Debug)]
struct Tilt {
    weights: Vec<i64>,
    low: i128,
    high: i128,
}

/// Most tilts of a component; the sums take turns.
const TILTS: usize = 4;

/// Most tilts that are tried only for the tables that they lead to.
const WALKS: usize = 40;

/// Programs for one end.
const TRIES: usize = 3;

/// Largest tilt of a row.
const STEEPEST: u64 = 64;

/// Largest factor of a sum over the tilts, lest the solver lose digits.
const LARGEST: i128 = 1 << 24;

/// Work on a component.
struct Attempt<'a> {
    component: &'a mut Component,
    solver: Solver,
    tilts: Vec<Tilt>,
}

impl Component {
    /// Finds out what is asked of the classes.
    pub(super) fn solve(&mut self) -> Result<(), Contradiction> {
        if self.table.is_some() && self.classes.iter().all(Class::is_done) {
            return Ok(());
        }
        let solver = Solver::new(&self.polytope);
        let mut attempt = Attempt {
            component: self,
            solver,
            tilts: Vec::new(),
        };
        attempt.first()?;
        attempt.walk();
        for class in 0..attempt.component.classes.len() {
            for up in [true, false] {
                if !attempt.component.classes[class].is_done() {
                    attempt.end(class, up);
                }
            }
        }
        Ok(())
    }
}

impl Attempt<'_> {
    /// A table that fits, when there is none yet.
    fn first(&mut self) -> Result<(), Contradiction> {
        let source = self.component.source;
        let empty = self.tilt();
        if self.component.table.is_some() {
            return Ok(());
        }
        if empty {
            return Err(Contradiction::Together(source));
        }
        let nothing = vec![0; self.component.polytope.low.len()];
        let found = search(&self.component.polytope, &nothing, None, 0);
        self.component.work.programs += found.programs;
        match found.tables.first() {
            Some(table) => {
                let table: Vec<i128> = table.iter().map(|value| value * UNIT).collect();
                self.component.record(&table);
            }
            None if found.bound.is_none() => return Err(Contradiction::Together(source)),
            None => return Err(Contradiction::Unsolved(source)),
        }
        Ok(())
    }

    /// Goes in directions of chance as long as that decides about sums.
    fn walk(&mut self) {
        let open = |component: &Component| component.classes.iter().filter(|class| !class.is_done()).count();
        let ends = self.component.classes.iter().any(|class| class.want == Want::Ends);
        let mut left = open(self.component);
        for walk in 1..WALKS {
            if left == 0 || (ends && walk >= TILTS) {
                break;
            }
            self.tilt();
            let now = open(self.component);
            if !ends && left - now < 3 {
                break;
            }
            left = now;
        }
    }

    /// Goes as far as it can in a direction of chance, and back. Whether nothing fits.
    fn tilt(&mut self) -> bool {
        let rows = self.component.polytope.low.len();
        let seed = self.component.work.programs << 32;
        let weights: Vec<i64> = (0_u64..)
            .take(rows)
            .map(|row| {
                let drawn = mix(seed + row) % (2 * STEEPEST + 1);
                i64::try_from(drawn).unwrap_or_default() - i64::try_from(STEEPEST).unwrap_or_default()
            })
            .collect();
        let back: Vec<i64> = weights.iter().map(|weight| -weight).collect();
        let mut ends = [None, None];
        for (end, weights) in ends.iter_mut().zip([&weights, &back]) {
            match self.program(weights) {
                Answer::Solved(bound, values) => {
                    *end = Some(bound);
                    self.take(&values);
                }
                Answer::Empty => return true,
                Answer::Failed => {}
            }
        }
        if let [Some(high), Some(low)] = ends {
            self.tilts.push(Tilt {
                weights,
                low: -low,
                high,
            });
        }
        false
    }

    fn program(&mut self, weights: &[i64]) -> Answer {
        self.component.work.programs += 1;
        self.solver.largest(&self.component.polytope, weights)
    }

    /// Takes values for a table if they are near one.
    fn take(&mut self, values: &[f64]) {
        let polytope = &self.component.polytope;
        let table = if self.component.whole {
            let table = polytope.round(values, 1);
            table.map(|table| table.into_iter().map(|value| value * UNIT).collect())
        } else {
            polytope.corner(values)
        };
        if let Some(table) = table {
            self.component.record(&table);
        }
    }

    /// Finds one end of a class.
    fn end(&mut self, class: usize, up: bool) {
        let sign = if up { 1 } else { -1 };
        let mut plain = vec![0_i64; self.component.polytope.low.len()];
        for row in &self.component.classes[class].rows {
            plain[*row as usize] = sign;
        }
        // another tilt when the first one leads to no corner
        for attempt in 0..TRIES {
            if self.is_found(class, up) || self.component.classes[class].is_done() {
                return;
            }
            self.component.classes[class].solved[usize::from(up)] = true;
            let (weights, factor, low) = self.tilted(&plain, class + attempt);
            if let Answer::Solved(most, values) = self.program(&weights) {
                self.tighten(class, up, (most - low).div_euclid(factor));
                self.take(&values);
            }
            if self.component.whole {
                self.search(class, up, &plain);
            }
        }
    }

    /// Finds an end in whole numbers.
    fn search(&mut self, class: usize, up: bool, plain: &[i64]) {
        let Class { bounds, .. } = self.component.classes[class];
        let whole = self.component.classes[class].whole();
        let (best, bound) = match (whole, up) {
            (Some((_, high)), true) => (Some(high), bounds.1),
            (Some((low, _)), false) => (Some(-low), -bounds.0),
            (None, true) => (None, bounds.1),
            (None, false) => (None, -bounds.0),
        };
        if best == Some(bound) {
            return;
        }
        let found = search(&self.component.polytope, plain, best, bound);
        self.component.work.programs += found.programs;
        for table in &found.tables {
            let table: Vec<i128> = table.iter().map(|value| value * UNIT).collect();
            self.component.record(&table);
        }
        if let Some(bound) = found.bound {
            self.tighten(class, up, bound);
        }
    }

    /// Whether an end of a class is proved.
    fn is_found(&self, class: usize, up: bool) -> bool {
        let class = &self.component.classes[class];
        class.whole().is_some_and(|(low, high)| {
            if up {
                high == class.bounds.1
            } else {
                low == class.bounds.0
            }
        })
    }

    /// A sum with a tilt, the factor that the sum has in it, and the least value that the tilt can have.
    fn tilted(&self, plain: &[i64], turn: usize) -> (Vec<i64>, i128, i128) {
        let tilt = self.tilts.get(turn % self.tilts.len().max(1)).and_then(|tilt| {
            let factor = 2 * (tilt.high - tilt.low) + 1;
            (factor < LARGEST).then_some((tilt, i64::try_from(factor).ok()?))
        });
        match tilt {
            Some((tilt, factor)) => {
                let weights = plain
                    .iter()
                    .zip(&tilt.weights)
                    .map(|(plain, tilt)| plain * factor + tilt)
                    .collect();
                (weights, i128::from(factor), tilt.low)
            }
            None => (plain.to_vec(), 1, 0),
        }
    }

    fn tighten(&mut self, class: usize, up: bool, bound: i128) {
        let bounds = &mut self.component.classes[class].bounds;
        if up {
            bounds.1 = bounds.1.min(bound);
        } else {
            bounds.0 = bounds.0.max(-bound);
        }
    }
}

/// A number that looks drawn by chance: SplitMix64.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
