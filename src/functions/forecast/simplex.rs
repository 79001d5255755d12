//! The smallest value of a function in the unit cube, by a grid and Nelder & Mead's simplex (1965,
//! doi:10.1093/comjnl/7.4.308). No chance in it: the same function gives the same bits.

use std::array;

/// Most steps of one descent.
const STEPS: usize = 2_000;

/// Returns where a function is smallest, at least near the best point of a grid with so many points a side.
pub(super) fn minimum<const N: usize>(points: [u32; N], of: impl Fn([f64; N]) -> f64) -> [f64; N] {
    let mut best = ([0.5; N], f64::INFINITY);
    let all: u32 = points.iter().product();
    for number in 0..all {
        let mut rest = number;
        let at = points.map(|points| {
            let here = rest % points;
            rest /= points;
            (f64::from(here) + 0.5) / f64::from(points)
        });
        let value = of(at);
        if value < best.1 {
            best = (at, value);
        }
    }
    // a second, smaller simplex takes the first one out of a corner where it may have got stuck
    let first = descend(best.0, 0.1, &of);
    descend(first, 0.01, &of)
}

fn descend<const N: usize>(from: [f64; N], size: f64, of: &impl Fn([f64; N]) -> f64) -> [f64; N] {
    let valued = |at: [f64; N]| {
        let at = at.map(|x| x.clamp(0.0, 1.0));
        let value = of(at);
        (if value.is_nan() { f64::INFINITY } else { value }, at)
    };
    let mut corners = vec![valued(from)];
    for axis in 0..N {
        let mut at = from;
        at[axis] += if at[axis] > 0.5 { -size } else { size };
        corners.push(valued(at));
    }
    for _ in 0..STEPS {
        corners.sort_by(|left, right| left.0.total_cmp(&right.0));
        let (best, second, worst) = (corners[0], corners[N - usize::from(N > 0)], corners[N]);
        let width = (0..N).fold(0.0_f64, |width, axis| width.max((worst.1[axis] - best.1[axis]).abs()));
        if width < 1e-12 {
            break;
        }
        let centre: [f64; N] =
            array::from_fn(|axis| corners[..N].iter().map(|(_, at)| at[axis]).sum::<f64>() / N as f64);
        let towards = |by: f64| {
            valued(array::from_fn(|axis| {
                centre[axis] + by * (worst.1[axis] - centre[axis])
            }))
        };
        let reflected = towards(-1.0);
        let next = if reflected.0 < best.0 {
            let expanded = towards(-2.0);
            if expanded.0 < reflected.0 { expanded } else { reflected }
        } else if reflected.0 < second.0 {
            reflected
        } else {
            let contracted = if reflected.0 < worst.0 {
                towards(-0.5)
            } else {
                towards(0.5)
            };
            if contracted.0 < worst.0.min(reflected.0) {
                contracted
            } else {
                for corner in &mut corners[1..] {
                    *corner = valued(array::from_fn(|axis| f64::midpoint(best.1[axis], corner.1[axis])));
                }
                continue;
            }
        };
        corners[N] = next;
    }
    corners.sort_by(|left, right| left.0.total_cmp(&right.0));
    corners[0].1
}

#[cfg(test)]
mod tests {
    use super::minimum;

    #[test]
    fn a_bent_valley_and_a_corner() {
        let valley = |[x, y]: [f64; 2]| (1.0 - 2.0 * x).powi(2) + 100.0 * (y - x * x).powi(2);
        let [x, y] = minimum([5, 5], valley);
        assert!((x - 0.5).abs() < 1e-6 && (y - 0.25).abs() < 1e-6, "{x} {y}");
        let [x] = minimum([7], |[x]: [f64; 1]| -x);
        assert!((x - 1.0).abs() < 1e-9, "{x}");
    }
}
