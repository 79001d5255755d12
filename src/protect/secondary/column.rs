//! Sparse columns of whole numbers and the one operation on them.

use std::cmp::Ordering;

use super::number::Number;

/// Entries `(row, coefficient)`, rows rising, no zeros, coefficients without a common divisor.
pub(super) type Column<N> = Vec<(u32, N)>;

/// The coefficient in `row`, or zero.
pub(super) fn at<N: Number>(column: &[(u32, N)], row: u32) -> N {
    column
        .binary_search_by_key(&row, |(r, _)| *r)
        .map_or(N::ZERO, |found| column[found].1)
}

/// Divides a column by the greatest common divisor of its coefficients.
fn reduce<N: Number>(column: &mut Column<N>) -> Option<()> {
    let mut divisor = N::ZERO;
    for (_, value) in column.iter() {
        divisor = value.gcd(divisor)?;
        if divisor == N::ONE {
            return Some(());
        }
    }
    for (_, value) in column.iter_mut() {
        *value = value.over(divisor);
    }
    Some(())
}

/// What changed in a column.
pub(super) enum Change {
    /// It has an entry in this row now.
    Filled(u32),
    /// It has none any more.
    Cleared(u32),
}

/// Writes into `result` what `column` is when freed of `row` by a multiple of `pivot`, and tells the rows that come and
/// go. None when a number does not fit.
pub(super) fn eliminate<N: Number>(
    column: &[(u32, N)],
    pivot: &[(u32, N)],
    row: u32,
    result: &mut Column<N>,
    mut tell: impl FnMut(Change),
) -> Option<()> {
    result.clear();
    let (a, b) = (at(column, row), at(pivot, row));
    let divisor = a.gcd(b)?;
    let (mut scale, mut factor) = (b.over(divisor), a.over(divisor));
    if scale < N::ZERO {
        (scale, factor) = (scale.negated()?, factor.negated()?);
    }
    let (mut i, mut j) = (0, 0);
    while i < column.len() && j < pivot.len() {
        let ((mine, value), (other, with)) = (column[i], pivot[j]);
        match mine.cmp(&other) {
            Ordering::Less => {
                result.push((mine, value.combine(scale, N::ZERO, factor)?));
                i += 1;
            }
            Ordering::Greater => {
                result.push((other, N::ZERO.combine(scale, with, factor)?));
                tell(Change::Filled(other));
                j += 1;
            }
            Ordering::Equal => {
                let left = value.combine(scale, with, factor)?;
                if left == N::ZERO {
                    tell(Change::Cleared(mine));
                } else {
                    result.push((mine, left));
                }
                i += 1;
                j += 1;
            }
        }
    }
    for (mine, value) in &column[i..] {
        result.push((*mine, value.combine(scale, N::ZERO, factor)?));
    }
    for (other, with) in &pivot[j..] {
        result.push((*other, N::ZERO.combine(scale, *with, factor)?));
        tell(Change::Filled(*other));
    }
    reduce(result)
}

/// A hash that proportional columns share.
pub(super) fn direction<N: Number>(column: &[(u32, N)]) -> u64 {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let negative = column.first().is_some_and(|(_, value)| *value < N::ZERO);
    let mut hash = 0_u64;
    for (row, value) in column {
        let bits = if negative {
            value.bits().wrapping_neg()
        } else {
            value.bits()
        };
        hash = (hash.rotate_left(23) ^ u64::from(*row) ^ bits.rotate_left(32)).wrapping_mul(MIX);
    }
    hash
}

/// Whether two columns are proportional: without common divisors that is equal or opposite.
pub(super) fn proportional<N: Number>(a: &[(u32, N)], b: &[(u32, N)]) -> bool {
    a == b
        || (a.len() == b.len()
            && a.iter()
                .zip(b)
                .all(|((r, x), (s, y))| r == s && x.negated() == Some(*y)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_elimination_tells_what_comes_and_goes() {
        let (column, pivot) = (vec![(1, 2_i64), (3, 4)], vec![(1, -3_i64), (3, -6), (5, 6)]);
        let (mut result, mut filled, mut cleared) = (Vec::new(), Vec::new(), Vec::new());
        eliminate(&column, &pivot, 1, &mut result, |change| match change {
            Change::Filled(row) => filled.push(row),
            Change::Cleared(row) => cleared.push(row),
        })
        .unwrap();
        assert_eq!((result, filled, cleared), (vec![(5, 1)], vec![5], vec![1, 3]));
    }

    #[test]
    fn opposite_columns_share_a_direction() {
        let (a, b) = (vec![(0, 1_i64), (4, -2)], vec![(0, -1_i64), (4, 2)]);
        assert!(proportional(&a, &b));
        assert_eq!(direction(&a), direction(&b));
        assert!(!proportional(&a, &[(0, 1), (4, 2)]));
        assert_ne!(direction(&a), direction(&[(0, 1_i64), (4, 2)]));
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let big = i64::MAX - 1;
        let mut result = Vec::new();
        let done = eliminate(&[(0, 3), (1, big)], &[(0, 2), (1, -big)], 0, &mut result, |_| ());
        assert_eq!(done, None);
    }
}
