//! Sparse integer columns and the one operation on them.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Entries `(row, coefficient)`, rows rising, no zeros.
pub(super) type Column = Vec<(u32, i128)>;

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Divides a column by the greatest common divisor of its coefficients.
fn reduce(column: &mut Column) {
    let mut divisor = 0;
    for (_, value) in column.iter() {
        divisor = gcd(value.unsigned_abs(), divisor);
        if divisor == 1 {
            return;
        }
    }
    if let Ok(divisor) = i128::try_from(divisor)
        && divisor > 1
    {
        for (_, value) in column.iter_mut() {
            *value /= divisor;
        }
    }
}

/// The coefficient in `row`, or 0.
pub(super) fn at(column: &Column, row: u32) -> i128 {
    column
        .binary_search_by_key(&row, |(r, _)| *r)
        .map_or(0, |found| column[found].1)
}

/// `column` freed of `row` by a multiple of `pivot`; None when a number grows beyond 128 bits.
pub(super) fn eliminate(column: &Column, pivot: &Column, row: u32) -> Option<Column> {
    let (a, b) = (at(column, row), at(pivot, row));
    let divisor = i128::try_from(gcd(a.unsigned_abs(), b.unsigned_abs())).ok()?;
    let (scale, factor) = (b / divisor, a / divisor);
    let mut result = Vec::with_capacity(column.len() + pivot.len());
    let (mut i, mut j) = (0, 0);
    loop {
        let (row, value) = match (column.get(i), pivot.get(j)) {
            (None, None) => break,
            (Some((row, value)), Some((other, with))) if row == other => {
                i += 1;
                j += 1;
                (*row, value.checked_mul(scale)?.checked_sub(with.checked_mul(factor)?)?)
            }
            (Some((row, value)), Some((other, _))) if row < other => {
                i += 1;
                (*row, value.checked_mul(scale)?)
            }
            (Some((row, value)), None) => {
                i += 1;
                (*row, value.checked_mul(scale)?)
            }
            (_, Some((row, value))) => {
                j += 1;
                (*row, value.checked_mul(factor)?.checked_neg()?)
            }
        };
        if value != 0 {
            result.push((row, value));
        }
    }
    reduce(&mut result);
    Some(result)
}

/// A hash that proportional columns share.
pub(super) fn direction(column: &Column) -> u64 {
    let sign = column.first().map_or(1, |(_, value)| value.signum());
    let mut hasher = DefaultHasher::new();
    for (row, value) in column {
        row.hash(&mut hasher);
        (value * sign).hash(&mut hasher);
    }
    hasher.finish()
}

/// Whether two reduced columns are proportional.
pub(super) fn proportional(a: &Column, b: &Column) -> bool {
    let sign = match (a.first(), b.first()) {
        (Some((_, x)), Some((_, y))) => x.signum() * y.signum(),
        _ => return a.is_empty() && b.is_empty(),
    };
    a.len() == b.len() && a.iter().zip(b).all(|((r, x), (s, y))| r == s && *x == y * sign)
}
