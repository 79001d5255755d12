//! The largest D when hidden areas can have anybody: as large as it gets, not only where they are few.
//!
//! With S any set of areas, D is the largest x(S)/X − y(S)/Y. Of a given S that grows when somebody of S joins the
//! group and when somebody outside leaves it, so the largest D has every hidden area on one side alone, and depends
//! only on how many people are on the group's: for a given S it is concave in that number, with its top in closed
//! form, and the nearest sums of hidden areas on both sides of the top are the candidates.

use super::problem::Problem;
use crate::functions::table::Unit;

/// Returns the largest D; nothing when an area is hidden in part only.
pub(super) fn largest(problem: &Problem) -> Option<f64> {
    let (mut known, mut hidden, mut all, mut people) = (Vec::new(), Vec::new(), Unit::default(), 0.0);
    for area in &problem.areas {
        if !area.hidden() {
            let unit = Unit {
                x: area.least,
                y: area.t - area.least,
                t: area.t,
            };
            all.x += unit.x;
            all.y += unit.y;
            known.push(unit);
        } else if area.least <= 0.0 && area.most >= area.t {
            hidden.push(area.t);
            people += area.t;
        } else {
            return None;
        }
    }
    // S takes known areas in order of their share of the group
    known.sort_by(|left, right| (right.x / right.t).total_cmp(&(left.x / left.t)));
    let sums = Sums::new(&hidden);
    let mut inside = Unit::default();
    let mut hi = 0.0_f64;
    for at in 0..=known.len() {
        let apart = |joined: f64| {
            let (x, y) = (all.x + joined, all.y + (people - joined));
            // at the ends: what it comes as near to as one likes
            let inside_x = if x > 0.0 { (inside.x + joined) / x } else { 1.0 };
            inside_x - if y > 0.0 { inside.y / y } else { 0.0 }
        };
        // rounding must not leave less than nobody outside
        let (b, c) = ((all.x - inside.x).max(0.0).sqrt(), inside.y.sqrt());
        let top = if b + c > 0.0 {
            ((b * (people + all.y) - c * all.x) / (b + c)).clamp(0.0, people)
        } else {
            // nobody is on the wrong side: any number will do that leaves both groups somebody
            people / 2.0
        };
        for joined in sums.around(top, all) {
            let apart = apart(joined);
            if apart > hi {
                hi = apart;
            }
        }
        if let Some(unit) = known.get(at) {
            inside.x += unit.x;
            inside.y += unit.y;
        }
    }
    Some(hi)
}

/// The numbers of people that hidden areas can have together, in order; none when they are too many to list.
struct Sums(Vec<f64>);

impl Sums {
    /// Steps of work that a list may take.
    const STEPS: usize = 20_000_000;
    /// Numbers that it may have.
    const NUMBERS: usize = 1 << 20;

    fn new(hidden: &[f64]) -> Self {
        let mut sums = vec![0.0];
        let mut steps = 0;
        for t in hidden {
            steps += sums.len();
            if sums.len() > Self::NUMBERS || steps > Self::STEPS {
                return Self(Vec::new());
            }
            sums.extend_from_within(..);
            let half = sums.len() / 2;
            sums[half..].iter_mut().for_each(|sum| *sum += t);
            // two runs in order, which the sort merges
            sums.sort_by(f64::total_cmp);
            sums.dedup_by(|left, right| *left <= *right);
        }
        Self(sums)
    }

    /// Returns the possible numbers nearest to `top` on both sides that leave both groups somebody.
    fn around(&self, top: f64, known: Unit) -> impl Iterator<Item = f64> {
        let from = usize::from(known.x <= 0.0);
        let to = self.0.len().saturating_sub(usize::from(known.y <= 0.0));
        let sums = self.0.get(from..to).unwrap_or_default();
        let at = sums.partition_point(|sum| *sum <= top);
        let below = at.checked_sub(1).and_then(|at| sums.get(at)).copied();
        let any = self.0.is_empty().then_some(top);
        any.into_iter().chain(below).chain(sums.get(at).copied())
    }
}
