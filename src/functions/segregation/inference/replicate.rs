//! Many draws of one thing, on as many threads as there are, and what they say together.
//!
//! A draw knows its number and nothing of the others, and results are collected by number: they are the same bits on
//! any number of threads.

use super::super::super::rates::{limits, random::of_sorted};
use crate::{
    error::Error,
    functions::{
        def::{Argument, Params},
        value::Value,
    },
};

/// Steps of work from which threads are worth it.
const SMALL: usize = 1 << 20;
/// Steps of work that a call may take.
const MOST: usize = 20_000_000_000;
/// What rounding may make of two equal values.
const TIE: f64 = 1e-12;

pub(super) const INDEX: Argument = Argument::choice("index", "seg_dissimilarity");
pub(super) const SEED: Argument = Argument::option("seed", 1.0);
pub(super) const CONF: Argument = Argument::option("conf", 0.95);

/// Runs every number below `times`; each takes so many steps.
pub(super) fn run<T: Send>(
    function: &str,
    times: usize,
    steps: usize,
    one: impl Fn(usize) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    let work = times.saturating_mul(steps);
    if work > MOST {
        return Err(Error::exhausted(
            6051,
            format!("`{function}` would take more than {MOST} steps for one result"),
        )
        .hint("sum areas up, or ask by part of the map with GROUP BY; fewer draws where it makes draws"));
    }
    let threads = if work < SMALL {
        1
    } else {
        std::thread::available_parallelism().map_or(1, usize::from).min(times)
    };
    if threads < 2 {
        return (0..times).map(one).collect();
    }
    let one = &one;
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|thread| {
                let numbers = times * thread / threads..times * (thread + 1) / threads;
                scope.spawn(move || numbers.map(one).collect::<Result<Vec<T>, Error>>())
            })
            .collect();
        let mut all = Vec::with_capacity(times);
        for thread in running {
            let part = thread
                .join()
                .map_err(|_| Error::bug(9606, "a thread of draws stopped"))?;
            all.extend(part?);
        }
        Ok(all)
    })
}

/// Returns how many draws a call asks for.
pub(super) fn times(function: &str, reps: f64) -> Result<usize, Error> {
    if !(10.0..=1_000_000.0).contains(&reps) {
        return Err(
            Error::invalid(6005, format!("`{function}` makes from 10 to 1000000 `reps`"))
                .hint("999 are enough for a p value of 0.001, 500 for an interval"),
        );
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
    Ok(reps as usize)
}

/// Returns which of the known texts a parameter is.
pub(super) fn choice(function: &str, params: &Params, at: usize, what: &str, known: &[&str]) -> Result<usize, Error> {
    known.iter().position(|of| *of == params.text(at)).ok_or_else(|| {
        Error::invalid(6005, format!("`{function}` does not know this `{what}`"))
            .hint(format!("one of '{}'", known.join("', '")))
    })
}

/// Values of draws that have one.
#[derive(Debug)]
pub(super) struct Drawn {
    sorted: Vec<f64>,
    mean: f64,
    conf: f64,
}

impl Drawn {
    /// Keeps what draws gave; draws in which the index says nothing are left out.
    pub(super) fn new(function: &str, values: Vec<Option<f64>>, conf: f64) -> Result<Self, Error> {
        limits::z(function, conf)?;
        let mut sorted: Vec<f64> = values.into_iter().flatten().collect();
        sorted.sort_by(f64::total_cmp);
        Ok(Self {
            mean: sorted.iter().sum::<f64>() / sorted.len() as f64,
            sorted,
            conf,
        })
    }

    /// How many draws have a value.
    pub(super) fn count(&self) -> usize {
        self.sorted.len()
    }

    /// Their mean.
    pub(super) fn mean(&self) -> Option<f64> {
        (!self.sorted.is_empty()).then_some(self.mean)
    }

    /// Their standard deviation.
    pub(super) fn sd(&self) -> Option<f64> {
        let freedom = self.sorted.len().checked_sub(1).filter(|of| *of > 0)? as f64;
        let squares: f64 = self.sorted.iter().map(|of| (of - self.mean) * (of - self.mean)).sum();
        Some((squares / freedom).sqrt())
    }

    /// The quantiles that have the middle of them between.
    pub(super) fn middle(&self) -> (Option<f64>, Option<f64>) {
        let outside = (1.0 - self.conf) / 2.0;
        (of_sorted(&self.sorted, outside), of_sorted(&self.sorted, 1.0 - outside))
    }

    /// How far a value is above the mean, in standard deviations; nothing where there is none.
    pub(super) fn z(&self, value: f64) -> Option<f64> {
        self.sd().filter(|sd| *sd > TIE).map(|sd| (value - self.mean) / sd)
    }

    /// How many are at least, and at most, so large.
    pub(super) fn beyond(&self, value: f64) -> (usize, usize) {
        let room = TIE * value.abs().max(1.0);
        let below = self.sorted.partition_point(|of| *of < value - room);
        let up_to = self.sorted.partition_point(|of| *of <= value + room);
        (self.sorted.len() - below, up_to)
    }
}

/// Which values count as far out.
#[derive(Debug, Clone, Copy)]
pub(super) enum Tail {
    Greater,
    Less,
    Two,
}

impl Tail {
    /// Reads a parameter.
    pub(super) fn read(function: &str, params: &Params, at: usize) -> Result<Self, Error> {
        Ok([Self::Greater, Self::Less, Self::Two][choice(function, params, at, "tail", &["greater", "less", "two"])?])
    }

    /// Returns (r + 1)/(n + 1), r of n draws as far out; twice the smaller of both sides for two.
    pub(super) fn p(self, (above, below): (usize, usize), of: usize) -> Value {
        if of == 0 {
            return Value::Null;
        }
        let share = |r: usize| (r as f64 + 1.0) / (of as f64 + 1.0);
        Value::Number(match self {
            Self::Greater => share(above),
            Self::Less => share(below),
            Self::Two => (2.0 * share(above.min(below))).min(1.0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{SMALL, Tail, run};
    use crate::functions::{spatial::random::Stream, value::Value};

    #[test]
    fn threads_change_nothing() {
        let one = |number| Ok(Stream::seeded(3.0, number).next());
        let alone = run("f", 101, 1, one).unwrap();
        assert_eq!(run("f", 101, SMALL, one).unwrap(), alone);
        assert_eq!(alone.len(), 101);
        assert_eq!(run("f", 101, usize::MAX, one).unwrap_err().code(), 6051);
    }

    #[test]
    fn no_p_is_zero_or_above_one() {
        assert_eq!(Tail::Greater.p((0, 99), 99), Value::Number(0.01));
        assert_eq!(Tail::Two.p((0, 99), 99), Value::Number(0.02));
        assert_eq!(Tail::Two.p((99, 99), 99), Value::Number(1.0));
        assert_eq!(Tail::Less.p((0, 0), 0), Value::Null);
    }
}
