//! Minimum frequency: few persons in a cell can be recognised.

use crate::protect::Zeros;

/// Whether a count is unsafe: `0 < n < threshold`, and zero too when zeros are protected.
///
/// With threshold 5: 4 is unsafe, 5 is safe, 0 is safe unless zeros are protected.
///
/// Source: Hundepool et al. (2012), Statistical Disclosure Control, Wiley, doi:10.1002/9781118348239, §5.2.
pub fn min_frequency(count: u64, threshold: u64, zeros: Zeros) -> bool {
    match count {
        0 => zeros == Zeros::Protected,
        n => n < threshold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries() {
        let unsafe_counts: Vec<u64> = (0..8).filter(|n| min_frequency(*n, 5, Zeros::Published)).collect();
        assert_eq!(unsafe_counts, [1, 2, 3, 4]);
        assert!(min_frequency(0, 5, Zeros::Protected));
    }
}
