//! Figures computed from counts: a percentage, a mean or a median is no safer than what it is computed from.

use super::min_frequency;
use crate::protect::Zeros;

/// Whether a denominator is too small: `d < least`, none included, for nothing can be divided by nobody.
///
/// With least 20: a share of 19 is unsafe, a share of 20 is safe.
pub fn small_denominator(denominator: u64, least: u64) -> bool {
    denominator < least
}

/// Whether a percentage n of N is unsafe: when n, N − n or N is an unsafe count, or n is more than N.
///
/// Who knows N, and N stands in most tables, knows n from the percentage. With threshold 5: 4 of 100 and 96 of 100 are
/// unsafe, 5 of 100 and 95 of 100 are safe; 0 and 100 per cent are safe unless zeros are protected.
pub fn unsafe_share(part: u64, whole: u64, threshold: u64, zeros: Zeros) -> bool {
    whole.checked_sub(part).is_none_or(|rest| {
        [part, rest, whole]
            .into_iter()
            .any(|count| min_frequency(count, threshold, zeros))
    })
}

/// Whether a mean, a median, a percentile, a smallest or a largest value of so many is unsafe: `n < least`, none
/// included.
///
/// These are the values of single persons or close to them, so the least should be more than a count's threshold: 10
/// is usual, and for smallest and largest values no number is enough unless they are rounded.
pub fn unsafe_statistic(n: u64, least: u64) -> bool {
    n < least
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_as_unsafe_as_its_parts() {
        let shown = |part| !unsafe_share(part, 100, 5, Zeros::Published);
        assert_eq!(
            [0, 4, 5, 95, 96, 99, 100, 101].map(shown),
            [true, false, true, true, false, false, true, false]
        );
        assert!(unsafe_share(0, 100, 5, Zeros::Protected) && unsafe_share(100, 100, 5, Zeros::Protected));
        assert!(unsafe_share(2, 4, 5, Zeros::Published), "the whole is small");
        assert_eq!([9, 10].map(|n| unsafe_statistic(n, 10)), [true, false]);
        assert_eq!([0, 19, 20].map(|n| small_denominator(n, 20)), [true, true, false]);
    }
}
