//! The largest value of a function of one variable, from above, with proof: branch and bound.
//!
//! Each interval comes with a number that the function cannot exceed there, so the result holds wherever the search
//! stops; more steps only make it closer. Which intervals are halved depends on the numbers alone, never on time.

/// Where a function is known.
pub(super) struct Search<At, Value, Bound> {
    /// Steps that may be made.
    pub(super) limit: usize,
    /// Everything that is worked out at one number.
    pub(super) at: At,
    /// The function there.
    pub(super) value: Value,
    /// What it cannot exceed between two numbers.
    pub(super) bound: Bound,
}

impl<At, Value, Bound> Search<At, Value, Bound> {
    /// Returns what the function does not exceed between two numbers.
    pub(super) fn most<P: Clone>(&self, from: f64, to: f64) -> f64
    where
        At: Fn(f64) -> P,
        Value: Fn(&P) -> f64,
        Bound: Fn(&P, &P) -> f64,
    {
        /// How near is near enough.
        const NEAR: f64 = 1e-13;
        let left = (self.at)(from);
        let mut best = (self.value)(&left);
        if to <= from {
            return best.max((self.bound)(&left, &left));
        }
        let bound = |left: &P, right: &P, above: f64| {
            let bound = (self.bound)(left, right);
            // a bound that cannot be told is none; a part cannot exceed the whole
            if bound.is_nan() { above } else { bound.min(above) }
        };
        let right = (self.at)(to);
        best = best.max((self.value)(&right));
        let whole = bound(&left, &right, f64::INFINITY);
        let mut open = vec![(whole, from, to, left, right)];
        let mut done = f64::NEG_INFINITY;
        for _ in 0..self.limit {
            let Some(at) = (0..open.len()).max_by(|one, other| open[*one].0.total_cmp(&open[*other].0)) else {
                break;
            };
            if open[at].0 <= best.max(done) + NEAR {
                break;
            }
            let (above, from, to, left, right) = open.swap_remove(at);
            let middle = from + (to - from) / 2.0;
            if middle <= from || middle >= to {
                done = done.max(above);
                continue;
            }
            let here = (self.at)(middle);
            best = best.max((self.value)(&here));
            let (below, beyond) = (bound(&left, &here, above), bound(&here, &right, above));
            open.push((below, from, middle, left, here.clone()));
            open.push((beyond, middle, to, here, right));
        }
        open.iter().fold(best.max(done), |most, cell| most.max(cell.0))
    }
}

/// A function at one number, and how fast it grows there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub(super) value: f64,
    pub(super) slope: f64,
}

impl Line {
    /// Returns the line `by` further on.
    fn on(self, by: f64) -> f64 {
        if by == 0.0 {
            self.value
        } else {
            self.slope.mul_add(by, self.value)
        }
    }
}

/// A numerator and a denominator at one number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ratio {
    pub(super) x: f64,
    pub(super) over: Line,
    pub(super) under: Line,
}

impl Ratio {
    pub(super) fn value(&self) -> f64 {
        self.over.value / self.under.value
    }
}

/// Returns where two tangents meet, within the interval.
fn meet(left: f64, right: f64, first: Line, second: Line) -> f64 {
    let at = (second.value - first.value + first.slope * left - second.slope * right) / (first.slope - second.slope);
    if at.is_nan() { left } else { at.clamp(left, right) }
}

/// Returns what a ratio of a convex to a concave function is at least between two numbers: the numerator lies above its
/// tangents, the denominator below, and a ratio of lines is smallest at an end.
pub(super) fn least(left: &Ratio, right: &Ratio) -> f64 {
    if right.x <= left.x {
        return left.value().min(right.value());
    }
    let ratio = |x: f64| {
        let over = left.over.on(x - left.x).max(right.over.on(x - right.x));
        let under = left.under.on(x - left.x).min(right.under.on(x - right.x));
        if under > 0.0 {
            over.max(0.0) / under
        } else if over > 0.0 {
            f64::INFINITY
        } else {
            0.0
        }
    };
    let limit = |at: &Ratio, ratio: f64| {
        // nobody is in one of the groups there: what the ratio tends to
        if at.under.value <= 0.0 {
            let limit = at.over.slope / at.under.slope;
            if limit.is_finite() { limit.max(0.0) } else { 0.0 }
        } else {
            ratio
        }
    };
    let ends = limit(left, ratio(left.x)).min(limit(right, ratio(right.x)));
    [
        meet(left.x, right.x, left.over, right.over),
        meet(left.x, right.x, left.under, right.under),
    ]
    .into_iter()
    .filter(|x| *x > left.x && *x < right.x)
    .map(ratio)
    .fold(ends, f64::min)
}

/// Returns what a ratio of two concave functions is at most between two numbers: the numerator lies below its tangents,
/// the denominator above its chord.
pub(super) fn most(left: &Ratio, right: &Ratio) -> f64 {
    if right.x <= left.x {
        return left.value().max(right.value());
    }
    // a tangent that stands upright tells nothing
    let (from, to) = (left.over.slope.is_finite(), right.over.slope.is_finite());
    let (x, over) = match (from, to) {
        (true, true) => {
            let x = meet(left.x, right.x, left.over, right.over);
            (x, left.over.on(x - left.x).min(right.over.on(x - right.x)))
        }
        (false, true) => (left.x, right.over.on(left.x - right.x)),
        (true, false) => (right.x, left.over.on(right.x - left.x)),
        (false, false) => return f64::INFINITY,
    };
    let share = (x - left.x) / (right.x - left.x);
    let under = left.under.value + share * (right.under.value - left.under.value);
    let between = over / under;
    left.value().max(right.value()).max(between)
}
