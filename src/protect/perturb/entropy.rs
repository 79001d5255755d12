//! The most random noise with given moments: probabilities of largest entropy, by Newton's method on the dual.
//!
//! Of all distributions on the allowed values with mean 0, variance at most V, a smallest probability of no noise and
//! probabilities that do not fall towards 0 from below, the one with the largest entropy assumes least. Its
//! probabilities are an exponential of the constraints' functions (Giessing 2016, doi:10.1007/978-3-319-45381-1_18),
//! so only one number a constraint is unknown, and the dual is smooth and convex; inequalities are bounds there. What
//! can go wrong: demands that no distribution meets, where the dual falls for ever; the caller rules them out first.

use nalgebra::{DMatrix, DVector};

/// How far the moments may be from what is asked.
const PRECISION: f64 = 1e-11;

/// A constraint: the mean of a function of the noise is `target`, or at least that.
struct Constraint {
    of: Vec<f64>,
    target: f64,
    at_least: bool,
}

/// Returns the probability of every noise of `values` (rising), or nothing when the demands cannot be met.
pub(super) fn most_random(values: &[f64], variance: f64, stay: f64) -> Option<Vec<f64>> {
    let constraints = constraints(values, variance, stay);
    let count = constraints.len();
    let mut at = DVector::zeros(count);
    let mut now = Dual::at(&constraints, values.len(), &at);
    for _ in 0..500 {
        // a bound holds where the multiplier is 0 and would fall below
        let bound = |j: usize| constraints[j].at_least && at[j] <= 1e-13 && now.gradient[j] > 0.0;
        let free: Vec<usize> = (0..count).filter(|j| !bound(*j)).collect();
        let worst = free
            .iter()
            .map(|j| {
                let slack = constraints[*j].at_least && now.gradient[*j] > 0.0;
                if slack {
                    now.gradient[*j].min(at[*j])
                } else {
                    now.gradient[*j].abs()
                }
            })
            .fold(0.0, f64::max);
        if worst < PRECISION {
            return Some(now.probabilities);
        }
        let step = newton(&constraints, &now, &free)?;
        let next = search(&constraints, &now, &at, &free, &step).or_else(|| {
            // a multiplier that the bound stops may spoil Newton's direction; the diagonal alone cannot
            let plain = DVector::from_iterator(
                free.len(),
                free.iter()
                    .map(|j| -now.gradient[*j] / (now.spread(&constraints[*j], *j) + 1e-9)),
            );
            search(&constraints, &now, &at, &free, &plain)
        });
        match next {
            Some((next, dual)) => (at, now) = (next, dual),
            // no more digits to win
            None => return (worst < 1e-8).then_some(now.probabilities),
        }
    }
    None
}

fn constraints(values: &[f64], variance: f64, stay: f64) -> Vec<Constraint> {
    let widest = values.iter().fold(1.0_f64, |widest, value| widest.max(value.abs()));
    let mut constraints = vec![
        Constraint {
            of: values.iter().map(|value| value / widest).collect(),
            target: 0.0,
            at_least: false,
        },
        Constraint {
            of: values.iter().map(|value| -(value / widest).powi(2)).collect(),
            target: -variance / widest.powi(2),
            at_least: true,
        },
    ];
    let below = values.iter().take_while(|value| **value <= 0.0).count();
    let zero = below > 0 && values[below - 1] >= 0.0;
    let one = |at: usize| (0..values.len()).map(move |value| if value == at { 1.0 } else { 0.0 });
    if zero && stay > 0.0 {
        constraints.push(Constraint {
            of: one(below - 1).collect(),
            target: stay,
            at_least: true,
        });
    }
    for lower in 1..below {
        constraints.push(Constraint {
            of: one(lower).zip(one(lower - 1)).map(|(more, less)| more - less).collect(),
            target: 0.0,
            at_least: true,
        });
    }
    constraints
}

/// The dual at one point.
struct Dual {
    value: f64,
    /// How much each mean exceeds its target.
    gradient: Vec<f64>,
    means: Vec<f64>,
    probabilities: Vec<f64>,
}

impl Dual {
    /// Variance of a constraint's function.
    fn spread(&self, constraint: &Constraint, j: usize) -> f64 {
        let square: f64 = constraint
            .of
            .iter()
            .zip(&self.probabilities)
            .map(|(f, p)| f * f * p)
            .sum();
        square - self.means[j].powi(2)
    }

    fn at(constraints: &[Constraint], values: usize, at: &DVector<f64>) -> Self {
        let exponents: Vec<f64> = (0..values)
            .map(|value| {
                constraints
                    .iter()
                    .zip(at.iter())
                    .map(|(constraint, x)| x * constraint.of[value])
                    .sum()
            })
            .collect();
        let largest = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = exponents.iter().map(|exponent| (exponent - largest).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let probabilities: Vec<f64> = weights.iter().map(|weight| weight / sum).collect();
        let means: Vec<f64> = constraints
            .iter()
            .map(|constraint| constraint.of.iter().zip(&probabilities).map(|(f, p)| f * p).sum())
            .collect();
        let gradient = constraints
            .iter()
            .zip(&means)
            .map(|(constraint, mean)| mean - constraint.target)
            .collect();
        let bought: f64 = constraints.iter().zip(at.iter()).map(|(of, x)| of.target * x).sum();
        Self {
            value: largest + sum.ln() - bought,
            gradient,
            means,
            probabilities,
        }
    }
}

/// Goes in a direction, within the bounds, as far as the dual falls; nothing when it does not.
fn search(
    constraints: &[Constraint],
    now: &Dual,
    at: &DVector<f64>,
    free: &[usize],
    step: &DVector<f64>,
) -> Option<(DVector<f64>, Dual)> {
    let mut length = 1.0;
    while length > 1e-12 {
        let mut next = at.clone();
        for (place, j) in free.iter().enumerate() {
            next[*j] += length * step[place];
            if constraints[*j].at_least {
                next[*j] = next[*j].max(0.0);
            }
        }
        let dual = Dual::at(constraints, now.probabilities.len(), &next);
        let fall: f64 = (0..at.len()).map(|j| now.gradient[j] * (next[j] - at[j])).sum();
        if dual.value.is_finite() && fall < 0.0 && dual.value <= now.value + 1e-4 * fall + 1e-15 {
            return Some((next, dual));
        }
        length /= 2.0;
    }
    None
}

/// The step that solves the dual's second-order model over the free multipliers.
fn newton(constraints: &[Constraint], now: &Dual, free: &[usize]) -> Option<DVector<f64>> {
    let covariance = |j: usize, k: usize| -> f64 {
        let product: f64 = constraints[j]
            .of
            .iter()
            .zip(&constraints[k].of)
            .zip(&now.probabilities)
            .map(|((f, g), p)| f * g * p)
            .sum();
        product - now.means[j] * now.means[k]
    };
    let mut curvature = DMatrix::from_fn(free.len(), free.len(), |j, k| covariance(free[j], free[k]));
    // constraints may depend on each other where there are few values
    let ridge = 1e-12 * (1.0 + curvature.trace());
    for j in 0..free.len() {
        curvature[(j, j)] += ridge;
    }
    let against = DVector::from_iterator(free.len(), free.iter().map(|j| -now.gradient[*j]));
    curvature.lu().solve(&against)
}
