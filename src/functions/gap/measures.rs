//! The summary measures that WHO uses for monitoring inequality in health, as one function of the values each.

use super::subgroups::{ESTIMATE, Subgroups, fields};
use crate::functions::{
    def::{Argument, Body, Definition, Example, Family, Form, Outcome, Params},
    rates::{
        limits::{self, Limits, unknown},
        random::{of_sorted, times},
    },
    table::Table,
    value::Value,
};

/// A measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    D,
    R,
    Aci,
    Rci,
    Sii,
    Rii,
    Bgv,
    Bgsd,
    Cov,
    Mdmu,
    Mdmw,
    Mdbu,
    Mdbw,
    Mdru,
    Mdrw,
    Idisu,
    Idisw,
    Ti,
    Mld,
    Par,
    Paf,
}

impl Measure {
    /// All, in WHO's order, with their names.
    pub(super) const ALL: [(Self, &'static str); 21] = [
        (Self::D, "d"),
        (Self::R, "r"),
        (Self::Aci, "aci"),
        (Self::Rci, "rci"),
        (Self::Sii, "sii"),
        (Self::Rii, "rii"),
        (Self::Bgv, "bgv"),
        (Self::Bgsd, "bgsd"),
        (Self::Cov, "cov"),
        (Self::Mdmu, "mdmu"),
        (Self::Mdmw, "mdmw"),
        (Self::Mdbu, "mdbu"),
        (Self::Mdbw, "mdbw"),
        (Self::Mdru, "mdru"),
        (Self::Mdrw, "mdrw"),
        (Self::Idisu, "idisu"),
        (Self::Idisw, "idisw"),
        (Self::Ti, "ti"),
        (Self::Mld, "mld"),
        (Self::Par, "par"),
        (Self::Paf, "paf"),
    ];

    /// How its interval is found.
    pub(super) fn method(self) -> &'static str {
        match self {
            Self::R | Self::Rii => "log",
            Self::Bgsd
            | Self::Cov
            | Self::Mdmu
            | Self::Mdmw
            | Self::Mdbu
            | Self::Mdbw
            | Self::Mdru
            | Self::Mdrw
            | Self::Idisu
            | Self::Idisw => "simulation",
            _ => "normal",
        }
    }
}

/// Subgroups and what makes a value good.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) of: Subgroups,
    /// Whether high values are good.
    pub(super) high: bool,
    /// Place of the reference group.
    pub(super) reference: Option<usize>,
}

impl Case {
    /// Value of the most and of the least advantaged of ordered groups.
    fn ends(&self, y: &[f64]) -> Option<(f64, f64)> {
        let x = self.of.x.as_ref()?;
        let mean_at = |place: f64| {
            let (mut sum, mut people) = (0.0, 0.0);
            for ((x, p), y) in x.iter().zip(&self.of.p).zip(y) {
                if x.total_cmp(&place).is_eq() {
                    sum += p * y;
                    people += p;
                }
            }
            sum / people
        };
        let top = x.iter().copied().fold(0.0, f64::max);
        let bottom = x.iter().copied().fold(1.0, f64::min);
        Some((mean_at(top), mean_at(bottom)))
    }

    fn highest(y: &[f64]) -> f64 {
        y.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    fn lowest(y: &[f64]) -> f64 {
        y.iter().copied().fold(f64::INFINITY, f64::min)
    }

    fn best(&self, y: &[f64]) -> f64 {
        if self.high { Self::highest(y) } else { Self::lowest(y) }
    }

    /// The better and the worse end, by order or by value.
    fn pair(&self, y: &[f64]) -> (f64, f64) {
        match (self.ends(y), self.high) {
            (Some((top, bottom)), true) => (top, bottom),
            (Some((top, bottom)), false) => (bottom, top),
            (None, _) => (Self::highest(y), Self::lowest(y)),
        }
    }

    fn apart(&self, y: &[f64], from: f64, weighted: bool) -> f64 {
        if weighted {
            self.of.p.iter().zip(y).map(|(p, y)| p * (y - from).abs()).sum()
        } else {
            y.iter().map(|y| (y - from).abs()).sum::<f64>() / y.len() as f64
        }
    }

    fn variance(&self, y: &[f64], mean: f64) -> f64 {
        self.of.p.iter().zip(y).map(|(p, y)| p * (y - mean) * (y - mean)).sum()
    }

    /// What the mean would gain if everybody were as the best off.
    fn attributable(&self, y: &[f64], mean: f64) -> f64 {
        let aim = self.ends(y).map_or_else(|| self.best(y), |(top, _)| top);
        if self.high {
            (aim - mean).max(0.0)
        } else {
            (aim - mean).min(0.0)
        }
    }

    /// The measure of values.
    pub(super) fn value(&self, measure: Measure, y: &[f64]) -> Option<f64> {
        let mean = self.of.mean(y);
        let share = |of: f64| (mean > 0.0).then(|| 100.0 * of / mean);
        match measure {
            Measure::D => {
                let (better, worse) = self.pair(y);
                Some(better - worse)
            }
            Measure::R => {
                let (better, worse) = self.pair(y);
                (worse > 0.0).then(|| better / worse)
            }
            Measure::Aci => self.of.x.as_ref().map(|_| self.of.concentration(y)),
            Measure::Rci => share(1.0)
                .and(self.of.x.as_ref())
                .map(|_| self.of.concentration(y) / mean),
            Measure::Sii => super::slope::absolute(&self.of, y),
            Measure::Rii => super::slope::relative(&self.of, y),
            Measure::Bgv => Some(self.variance(y, mean)),
            Measure::Bgsd => Some(self.variance(y, mean).sqrt()),
            Measure::Cov => share(self.variance(y, mean).sqrt()),
            Measure::Mdmu => Some(self.apart(y, mean, false)),
            Measure::Mdmw => Some(self.apart(y, mean, true)),
            Measure::Mdbu => Some(self.apart(y, self.best(y), false)),
            Measure::Mdbw => Some(self.apart(y, self.best(y), true)),
            Measure::Mdru => self.reference.map(|at| self.apart(y, y[at], false)),
            Measure::Mdrw => self.reference.map(|at| self.apart(y, y[at], true)),
            Measure::Idisu => share(self.apart(y, mean, false)),
            Measure::Idisw => share(self.apart(y, mean, true)),
            Measure::Ti => {
                share(1.0)?;
                let parts = self.of.p.iter().zip(y).map(|(p, y)| {
                    let times = y / mean;
                    if times > 0.0 {
                        Some(p * times * times.ln())
                    } else {
                        (times >= 0.0).then_some(0.0)
                    }
                });
                parts.sum::<Option<f64>>().map(|sum| 1000.0 * sum)
            }
            Measure::Mld => {
                share(1.0)?;
                let parts = self
                    .of
                    .p
                    .iter()
                    .zip(y)
                    .map(|(p, y)| (*y > 0.0).then(|| -p * (y / mean).ln()));
                parts.sum::<Option<f64>>().map(|sum| 1000.0 * sum)
            }
            Measure::Par => Some(self.attributable(y, mean)),
            Measure::Paf => share(self.attributable(y, mean)),
        }
    }

    /// The measure with its interval; `sets` are simulated values.
    pub(super) fn estimate(
        &self,
        measure: Measure,
        z: f64,
        conf: f64,
        sets: Option<&[Vec<f64>]>,
    ) -> (Option<f64>, Option<Limits>) {
        let of = |y: &[f64]| self.value(measure, y);
        match (measure, measure.method()) {
            (Measure::Bgv, _) => {
                let value = of(&self.of.y);
                (
                    value,
                    value.zip(self.error_of_variance()).map(|(value, error)| Limits {
                        lo: (value - z * error).max(0.0),
                        hi: value + z * error,
                    }),
                )
            }
            // nothing to gain: the reference is not better than the mean
            (Measure::Par | Measure::Paf, _) if of(&self.of.y).is_none_or(|value| value.abs() <= 0.0) => {
                (of(&self.of.y), None)
            }
            (_, "log") => self.of.ratio(z, of),
            (_, "simulation") => {
                let mut values: Vec<f64> = sets.into_iter().flatten().filter_map(|y| of(y)).collect();
                values.sort_unstable_by(f64::total_cmp);
                let tail = (1.0 - conf) / 2.0;
                let limits = of_sorted(&values, tail)
                    .zip(of_sorted(&values, 1.0 - tail))
                    .map(|(lo, hi)| Limits { lo, hi });
                let value = of(&self.of.y);
                (value, value.and(limits))
            }
            _ => self.of.plain(z, of),
        }
    }

    /// The standard error of the between-group variance (Ahn et al. 2018).
    fn error_of_variance(&self) -> Option<f64> {
        let se = self.of.se.as_ref()?;
        let mean = self.of.mean(&self.of.y);
        let (mut linear, mut two, mut four, mut rest) = (0.0, 0.0, 0.0, 0.0);
        for ((p, y), se) in self.of.p.iter().zip(&self.of.y).zip(se) {
            let part = p * p * se * se;
            linear += part * (y - mean) * (y - mean);
            two += part;
            four += part * part;
            rest += part * (1.0 - p) * (1.0 - p) * se * se;
        }
        Some((4.0 * linear + 2.0 * (two * two - four + rest)).max(0.0).sqrt())
    }
}

/// Whether high values are good, by the argument `favourable`.
pub(super) fn high(function: &str, text: &str) -> Result<bool, crate::error::Error> {
    match text {
        "high" => Ok(true),
        "low" => Ok(false),
        _ => Err(unknown(function, "favourable", "'high', 'low'")),
    }
}

const PLAIN: &[Argument] = &[
    Argument::key("group"),
    Argument::number("value"),
    Argument::count("pop"),
];
const PLAIN_SE: &[Argument] = &[
    Argument::key("group"),
    Argument::number("value"),
    Argument::count("pop"),
    Argument::number("se"),
    Argument::option("conf", 0.95),
    Argument::option("seed", 1.0),
    Argument::option("draws", 1000.0),
];
const GOOD: &[Argument] = &[
    Argument::key("group"),
    Argument::number("value"),
    Argument::count("pop"),
    Argument::choice("favourable", "high"),
];
const GOOD_SE: &[Argument] = &[
    Argument::key("group"),
    Argument::number("value"),
    Argument::count("pop"),
    Argument::number("se"),
    Argument::choice("favourable", "high"),
    Argument::option("conf", 0.95),
    Argument::option("seed", 1.0),
    Argument::option("draws", 1000.0),
];
const NAMED: &[Argument] = &[
    Argument::key("group"),
    Argument::number("value"),
    Argument::count("pop"),
    Argument::name("reference"),
];
const NAMED_SE: &[Argument] = &[
    Argument::key("group"),
    Argument::number("value"),
    Argument::count("pop"),
    Argument::number("se"),
    Argument::name("reference"),
    Argument::option("conf", 0.95),
    Argument::option("seed", 1.0),
    Argument::option("draws", 1000.0),
];

/// What the text argument of a measure of its own is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Nothing,
    Favourable,
    Reference,
}

fn single(function: &str, table: &Table<'_>, params: &Params, measure: Measure, text: Text, se: bool) -> Outcome {
    table.one_a_unit(function, "value")?;
    let Some(of) = Subgroups::new(function, table, None, 1, se.then_some(2))? else {
        return Ok(Value::Null);
    };
    let mut case = Case {
        of,
        high: true,
        reference: None,
    };
    match text {
        Text::Nothing => {}
        Text::Favourable => case.high = high(function, params.text(0))?,
        Text::Reference => case.reference = (0..table.distinct(0)).find(|at| table.text(0, *at) == params.text(0)),
    }
    let (mut z, mut conf, mut sets) = (0.0, 0.95, None);
    if se {
        conf = params.number(0);
        z = limits::z(function, conf)?;
        let draws = times(function, params.number(2))?;
        if measure.method() == "simulation" {
            sets = case.of.simulate(params.number(1), draws);
        }
    }
    let estimate = case.estimate(measure, z, conf, sets.as_deref());
    if estimate.0.is_none() {
        return Ok(Value::Null);
    }
    Ok(Value::Struct(fields(estimate)))
}

macro_rules! measure {
    ($(#[$doc:meta])* $id:ident, $name:literal, $measure:ident, $text:ident, $plain:ident, $se:ident,
     $formula:literal, $reading:literal, $range:literal, $args:literal, $result:literal) => {
        $(#[$doc])*
        pub(super) static $id: Definition = Definition {
            name: $name,
            family: Family::Gap,
            formula: $formula,
            reading: $reading,
            range: $range,
            null_when: "an argument is NULL, nobody is there; of relative measures when the mean is not above 0; with a reference when it is absent",
            source: "Schlotheuber & Hosseinpoor 2022, doi:10.3390/ijerph19063697; intervals: Ahn et al. 2019, doi:10.1371/journal.pone.0219542",
            example: Example {
                sql: concat!("SELECT round(", $name, "(area, v, n", $args, ")['value'], 4) FROM (VALUES ('A', 10, 100), ('B', 20, 100), ('C', 60, 200)) AS v(area, v, n)"),
                result: $result,
            },
            laws: &[],
            twins: &[],
            body: Body::Aggregate(&[
                Form::table($plain, |table, params| single($name, table, params, Measure::$measure, Text::$text, false)).gives(ESTIMATE),
                Form::table($se, |table, params| single($name, table, params, Measure::$measure, Text::$text, true)).gives(ESTIMATE),
            ]),
        };
    };
}

measure!(
    /// The variance between groups.
    GAP_BGV, "gap_bgv", Bgv, Nothing, PLAIN, PLAIN_SE,
    "Σ p(y − μ)²",
    "struct with value, lo and hi: variance of the groups' values over people, in the square of the unit; lo and hi need se",
    "0 (equal) upwards", "", "518.75"
);
measure!(
    /// The standard deviation between groups.
    GAP_BGSD, "gap_bgsd", Bgsd, Nothing, PLAIN, PLAIN_SE,
    "√(Σ p(y − μ)²)",
    "struct with value, lo and hi: standard deviation of the groups' values over people; lo and hi need se",
    "0 (equal) upwards", "", "22.7761"
);
measure!(
    /// The coefficient of variation between groups.
    GAP_COV, "gap_cov", Cov, Nothing, PLAIN, PLAIN_SE,
    "100·√(Σ p(y − μ)²)/μ",
    "struct with value, lo and hi: standard deviation between groups in per cent of the mean; lo and hi need se",
    "0 (equal) upwards", "", "60.7362"
);
measure!(
    /// Mean difference from the mean, groups counting alike.
    GAP_MDMU, "gap_mdmu", Mdmu, Nothing, PLAIN, PLAIN_SE,
    "Σ|y − μ|/k",
    "struct with value, lo and hi: how far a group's value is from the mean, every group counting alike; lo and hi need se",
    "0 (equal) upwards", "", "22.5"
);
measure!(
    /// Mean difference from the mean, people counting alike.
    GAP_MDMW, "gap_mdmw", Mdmw, Nothing, PLAIN, PLAIN_SE,
    "Σ p|y − μ|",
    "struct with value, lo and hi: how far a person's group is from the mean; lo and hi need se",
    "0 (equal) upwards", "", "22.5"
);
measure!(
    /// Mean difference from the best group, groups counting alike.
    GAP_MDBU, "gap_mdbu", Mdbu, Favourable, GOOD, GOOD_SE,
    "Σ|y − best|/k, best the highest value, or the lowest with 'low'",
    "struct with value, lo and hi: how far a group's value is from the best one's; lo and hi need se",
    "0 (equal) upwards", ", 'low'", "20.0"
);
measure!(
    /// Mean difference from the best group, people counting alike.
    GAP_MDBW, "gap_mdbw", Mdbw, Favourable, GOOD, GOOD_SE,
    "Σ p|y − best|, best the highest value, or the lowest with 'low'",
    "struct with value, lo and hi: how far a person's group is from the best one; lo and hi need se",
    "0 (equal) upwards", ", 'low'", "27.5"
);
measure!(
    /// Mean difference from a named group, groups counting alike.
    GAP_MDRU, "gap_mdru", Mdru, Reference, NAMED, NAMED_SE,
    "Σ|y − y_ref|/k",
    "struct with value, lo and hi: how far a group's value is from a named one's; lo and hi need se",
    "0 (equal) upwards", ", 'B'", "16.6667"
);
measure!(
    /// Mean difference from a named group, people counting alike.
    GAP_MDRW, "gap_mdrw", Mdrw, Reference, NAMED, NAMED_SE,
    "Σ p|y − y_ref|",
    "struct with value, lo and hi: how far a person's group is from a named one; lo and hi need se",
    "0 (equal) upwards", ", 'B'", "22.5"
);
measure!(
    /// The index of disparity, groups counting alike.
    GAP_IDISU, "gap_idisu", Idisu, Nothing, PLAIN, PLAIN_SE,
    "100·Σ|y − μ|/(k·μ)",
    "struct with value, lo and hi: mean distance of the groups from the mean in per cent of it; lo and hi need se",
    "0 (equal) upwards", "", "60.0"
);
measure!(
    /// The index of disparity, people counting alike.
    GAP_IDISW, "gap_idisw", Idisw, Nothing, PLAIN, PLAIN_SE,
    "100·Σ p|y − μ|/μ",
    "struct with value, lo and hi: mean distance of people's groups from the mean in per cent of it; lo and hi need se",
    "0 (equal) upwards", "", "60.0"
);
measure!(
    /// What the mean would gain if all were as the best group.
    GAP_PAR, "gap_par", Par, Favourable, GOOD, GOOD_SE,
    "best − μ, best the highest value, or the lowest with 'low'; population attributable risk",
    "struct with value, lo and hi: what the mean would gain (lose with 'low') if every group were as the best; lo and hi need se",
    "0 upwards, 0 downwards with 'low'", ", 'low'", "-27.5"
);
measure!(
    /// The same as a share of the mean.
    GAP_PAF, "gap_paf", Paf, Favourable, GOOD, GOOD_SE,
    "100·(best − μ)/μ, best the highest value, or the lowest with 'low'; population attributable fraction",
    "struct with value, lo and hi: what the mean would gain (lose with 'low') if every group were as the best, in per cent; lo and hi need se",
    "0 upwards, 0 to −100 with 'low'", ", 'low'", "-73.3333"
);
