//! Sums of floats without rounding on the way, so that the order of the addends cannot matter.
//!
//! Shewchuk 1997, doi:10.1007/PL00009321: a sum is kept as parts that do not overlap and add up to it exactly. The
//! parts may differ with the order of the addends, the number that they round to does not.

/// Returns the rounded sum of two numbers and what rounding lost.
#[inline]
pub(super) fn two_sum(left: f64, right: f64) -> (f64, f64) {
    let sum = left + right;
    let back = sum - left;
    (sum, (left - (sum - back)) + (right - back))
}

/// Adds a finite number to the parts of a sum.
pub(super) fn add(parts: &mut Vec<f64>, mut value: f64) {
    let mut kept = 0;
    for at in 0..parts.len() {
        let (sum, lost) = two_sum(value, parts[at]);
        if lost != 0.0 {
            parts[kept] = lost;
            kept += 1;
        }
        value = sum;
    }
    parts.truncate(kept);
    parts.push(value);
}

/// Returns the number nearest to the sum of the parts, of two equally near ones the even one.
pub(super) fn round(parts: &[f64]) -> f64 {
    let mut rest = parts.iter().rev();
    let Some(mut sum) = rest.next().copied() else {
        return 0.0;
    };
    while let Some(part) = rest.next() {
        let (next, lost) = two_sum(sum, *part);
        sum = next;
        if lost != 0.0 {
            // exactly between two numbers: what is left decides
            if let Some(below) = rest.next()
                && (lost < 0.0) == (*below < 0.0)
                && *below != 0.0
            {
                let twice = lost * 2.0;
                let up = sum + twice;
                if (up - sum).to_bits() == twice.to_bits() {
                    sum = up;
                }
            }
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{add, round};

    fn sum(values: &[f64]) -> f64 {
        let mut parts = Vec::new();
        for value in values {
            add(&mut parts, *value);
        }
        round(&parts)
    }

    #[test]
    fn nothing_is_lost_on_the_way() {
        for (values, expected) in [
            (&[][..], 0.0),
            (&[0.1; 10], 1.0),
            (&[1e16, 1.0, -1e16], 1.0),
            (&[1e100, 1.0, -1e100, 1e-30], 1.0),
            // 2^53 + 1 + 2^-60: above half way, so up
            (
                &[9_007_199_254_740_992.0, 1.0, 8.673_617_379_884_035e-19],
                9_007_199_254_740_994.0,
            ),
            // and exactly half way: to even
            (&[9_007_199_254_740_992.0, 1.0], 9_007_199_254_740_992.0),
        ] {
            assert_eq!(sum(values).to_bits(), f64::to_bits(expected), "{values:?}");
        }
    }

    proptest! {
        #[test]
        fn order_and_taking_back_do_not_matter(
            mut values in prop::collection::vec(-1e12..1e12_f64, 1..40),
            tiny in prop::collection::vec(-1e-12..1e-12_f64, 1..40),
            by in 0_usize..40,
        ) {
            values.extend(&tiny);
            let expected = sum(&values);
            let len = values.len();
            values.rotate_left(by % len);
            prop_assert_eq!(sum(&values).to_bits(), expected.to_bits());
            values.reverse();
            values.push(1e15);
            values.insert(0, -1e15);
            prop_assert_eq!(sum(&values).to_bits(), expected.to_bits());
        }
    }
}
