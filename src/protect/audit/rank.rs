//! The linear attacker: which hidden sets are exact combinations of published ones.
//!
//! Works modulo the prime 2^61 − 1, children before parents. A hidden set that is a rational combination is one modulo the prime unless the
//! prime divides a denominator; the reverse can only raise a false alarm, with a chance near 2^−61 a test, which stops a publication and never lets one pass.

use std::collections::BTreeMap;

const PRIME: u64 = (1 << 61) - 1;

fn multiply(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    let folded = (product & u128::from(PRIME)) + (product >> 61);
    let folded = (folded & u128::from(PRIME)) + (folded >> 61);
    u64::try_from(folded % u128::from(PRIME)).unwrap_or_default()
}

fn subtract(a: u64, b: u64) -> u64 {
    if a >= b { a - b } else { a + PRIME - b }
}

fn inverse(value: u64) -> u64 {
    let (mut result, mut base, mut exponent) = (1, value, PRIME - 2);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = multiply(result, base);
        }
        base = multiply(base, base);
        exponent >>= 1;
    }
    result
}

type Vector = BTreeMap<u32, u64>;

/// Rows in echelon form: every vector has 1 in its pivot row.
#[derive(Default)]
struct Basis {
    vectors: BTreeMap<u32, Vec<(u32, u64)>>,
}

impl Basis {
    /// What is left of a set of rows modulo the basis; None when nothing is.
    fn residual(&self, rows: &[u32]) -> Option<Vector> {
        let mut vector: Vector = rows.iter().map(|row| (*row, 1)).collect();
        let mut from = 0;
        loop {
            let next = vector
                .range(from..)
                .find(|(row, _)| self.vectors.contains_key(row))
                .map(|(row, value)| (*row, *value));
            let Some((row, value)) = next else { break };
            for (at, with) in &self.vectors[&row] {
                let entry = vector.entry(*at).or_insert(0);
                *entry = subtract(*entry, multiply(value, *with));
                if *entry == 0 {
                    vector.remove(at);
                }
            }
            // a basis vector has entries only from its pivot on
            from = row;
        }
        (!vector.is_empty()).then_some(vector)
    }

    fn add(&mut self, rows: &[u32]) {
        let Some(vector) = self.residual(rows) else { return };
        let Some((pivot, lead)) = vector.first_key_value().map(|(row, value)| (*row, *value)) else {
            return;
        };
        let scale = inverse(lead);
        self.vectors.insert(
            pivot,
            vector
                .into_iter()
                .map(|(row, value)| (row, multiply(value, scale)))
                .collect(),
        );
    }
}

/// For each of `attacked` whether published sets determine its sum. Sets are base rows, rising.
pub fn derivable(published: &[&[u32]], attacked: &[&[u32]]) -> Vec<bool> {
    let mut sets: Vec<&[u32]> = published.to_vec();
    sets.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    sets.dedup();
    let mut basis = Basis::default();
    for set in sets {
        basis.add(set);
    }
    attacked.iter().map(|set| basis.residual(set).is_none()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_with_one_hidden_cell_is_derivable_and_with_two_is_not() {
        let total: &[u32] = &[0, 1, 2];
        let (a, b, c): (&[u32], &[u32], &[u32]) = (&[0], &[1], &[2]);
        assert_eq!(derivable(&[total, b, c], &[a]), [true]);
        assert_eq!(derivable(&[total, c], &[a, b]), [false, false]);
    }

    #[test]
    fn overlapping_regions_reveal_by_difference() {
        let (small, county): (&[u32], &[u32]) = (&[0, 1, 2], &[1, 2, 3]);
        let both: &[u32] = &[0];
        assert_eq!(derivable(&[small, county, &[3]], &[both]), [true]);
        assert_eq!(multiply(PRIME - 1, PRIME - 1), 1);
        assert_eq!(multiply(inverse(12345), 12345), 1);
    }
}
