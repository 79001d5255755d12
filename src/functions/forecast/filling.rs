//! A whole number divided by weight between floors and caps, like water that fills vessels, and rounded by largest
//! remainder, so that nothing is lost.

/// What one unit weighs and may get, in steps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vessel {
    pub(super) weight: f64,
    /// A whole number.
    pub(super) floor: f64,
    /// A whole number, at least the floor.
    pub(super) cap: f64,
}

/// Returns whole numbers that sum to `total`, or nothing when floors and caps do not allow it.
pub(super) fn divide(vessels: &[Vessel], total: f64) -> Option<Vec<f64>> {
    let least: f64 = vessels.iter().map(|of| of.floor).sum();
    let most: f64 = vessels
        .iter()
        .map(|of| if of.weight > 0.0 { of.cap } else { of.floor })
        .sum();
    if total < least || total > most {
        return None;
    }
    let exact = level(vessels, total);
    // a number that is whole but for its last digits is whole
    let mut amounts: Vec<f64> = exact.iter().map(|of| (of + 1e-9).floor()).collect();
    let mut left = total - amounts.iter().sum::<f64>();
    let mut order: Vec<usize> = (0..vessels.len()).collect();
    // ties in the order of the units
    order.sort_by(|a, b| (exact[*b] - amounts[*b]).total_cmp(&(exact[*a] - amounts[*a])));
    // once round is enough, but for the rounding of very large numbers
    while left.abs() >= 0.5 {
        let before = left;
        for at in &order {
            if left >= 0.5 && vessels[*at].weight > 0.0 && amounts[*at] < vessels[*at].cap {
                amounts[*at] += 1.0;
                left -= 1.0;
            }
        }
        for at in order.iter().rev() {
            if left <= -0.5 && amounts[*at] > vessels[*at].floor {
                amounts[*at] -= 1.0;
                left += 1.0;
            }
        }
        if (before - left).abs() < 0.5 {
            return None;
        }
    }
    Some(amounts)
}

/// Returns amounts min(cap, max(floor, λ·weight)) that sum to `total`.
fn level(vessels: &[Vessel], total: f64) -> Vec<f64> {
    let amount = |of: &Vessel, level: f64| (level * of.weight).max(of.floor).min(of.cap);
    // between the levels at which a vessel leaves its floor or reaches its cap, the sum is a line
    let mut turns: Vec<(f64, f64)> = Vec::with_capacity(2 * vessels.len());
    for of in vessels.iter().filter(|of| of.weight > 0.0 && of.cap > of.floor) {
        turns.push((of.floor / of.weight, of.weight));
        turns.push((of.cap / of.weight, -of.weight));
    }
    turns.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.total_cmp(&right.1)));
    let mut sum: f64 = vessels.iter().map(|of| of.floor).sum();
    let (mut at, mut slope, mut found) = (0.0, 0.0, None);
    for (turn, change) in &turns {
        let next = sum + slope * (turn - at);
        if next >= total && slope > 0.0 {
            found = Some(at + (total - sum) / slope);
            break;
        }
        (sum, at) = (next, *turn);
        slope += change;
    }
    let level = found.unwrap_or(at);
    vessels
        .iter()
        .map(|of| if of.weight > 0.0 { amount(of, level) } else { of.floor })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Vessel, divide};

    fn vessels(of: &[(f64, f64, f64)]) -> Vec<Vessel> {
        of.iter()
            .map(|(weight, floor, cap)| Vessel {
                weight: *weight,
                floor: *floor,
                cap: *cap,
            })
            .collect()
    }

    #[test]
    fn remainders_floors_and_caps() {
        let free = vessels(&[(1.0, 0.0, 100.0), (1.0, 0.0, 100.0), (1.0, 0.0, 100.0)]);
        assert_eq!(divide(&free, 100.0), Some(vec![34.0, 33.0, 33.0]));
        let bound = vessels(&[(1.0, 20.0, 100.0), (4.0, 0.0, 50.0), (5.0, 0.0, 30.0)]);
        assert_eq!(divide(&bound, 100.0), Some(vec![20.0, 50.0, 30.0]));
        assert_eq!(divide(&bound, 80.0), Some(vec![20.0, 30.0, 30.0]));
        assert_eq!(divide(&bound, 19.0), None);
        assert_eq!(divide(&bound, 181.0), None);
        assert_eq!(divide(&vessels(&[(0.0, 5.0, 9.0)]), 5.0), Some(vec![5.0]));
    }
}
