//! The linear attacker: which hidden sets are exact combinations of published ones.
//!
//! Works modulo the prime 2^61 − 1. A hidden set that is a rational combination of published ones is one modulo the
//! prime too, unless the prime divides a denominator; one that is not can be taken for one with a chance near 2^−61,
//! which stops a publication and never lets one pass.

pub(super) const PRIME: u64 = (1 << 61) - 1;

pub(super) fn multiply(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    // both halves are below 2^61
    let low = u64::try_from(product & u128::from(PRIME)).unwrap_or_default();
    let high = u64::try_from(product >> 61).unwrap_or_default();
    let sum = low + high;
    if sum >= PRIME { sum - PRIME } else { sum }
}

pub(super) fn subtract(a: u64, b: u64) -> u64 {
    if a >= b { a - b } else { a + PRIME - b }
}

pub(super) fn inverse(value: u64) -> u64 {
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

/// Base rows that may have a value, found again in rising order without looking at all others.
struct Marks {
    rows: Vec<u64>,
    /// A bit for every word of `rows` that has one.
    words: Vec<u64>,
}

impl Marks {
    fn new(rows: usize) -> Self {
        let words = rows / 64 + 1;
        Self {
            rows: vec![0; words],
            words: vec![0; words / 64 + 1],
        }
    }

    fn set(&mut self, row: usize) {
        self.rows[row / 64] |= 1 << (row % 64);
        self.words[row / 4096] |= 1 << (row / 64 % 64);
    }

    /// Takes the smallest mark away.
    fn pop(&mut self, from: usize) -> Option<usize> {
        let (at, summary) = self
            .words
            .iter()
            .enumerate()
            .skip(from / 4096)
            .find(|(_, word)| **word != 0)?;
        let word = at * 64 + summary.trailing_zeros() as usize;
        let row = word * 64 + self.rows[word].trailing_zeros() as usize;
        self.rows[word] &= self.rows[word] - 1;
        if self.rows[word] == 0 {
            self.words[at] &= self.words[at] - 1;
        }
        Some(row)
    }
}

/// What the attacker has solved: vectors in echelon form, each known by its first row.
pub(super) struct Attacker {
    /// The vector with 1 in this row as its first: its other entries.
    solved: Vec<Option<Vec<(u32, u64)>>>,
    /// The vector at work, over all rows.
    values: Vec<u64>,
    marks: Marks,
}

impl Attacker {
    pub(super) fn new(rows: usize) -> Self {
        Self {
            solved: vec![None; rows],
            values: vec![0; rows],
            marks: Marks::new(rows),
        }
    }

    /// Learns the sum of a set with its value as one row more, the last one: 1 when that is new, 0 when it follows, none
    /// when it contradicts what is solved.
    pub(super) fn learn_value(&mut self, set: &[u32], value: i128) -> Option<bool> {
        let last = self.solved.len() - 1;
        self.values[last] = u64::try_from(value.rem_euclid(i128::from(PRIME))).unwrap_or_default();
        self.marks.set(last);
        let new = self.learn(set);
        self.solved[last].is_none().then_some(new)
    }

    fn load(&mut self, set: &[u32]) {
        for row in set {
            self.values[*row as usize] = 1;
            self.marks.set(*row as usize);
        }
    }

    /// Subtracts what is solved from the vector at work up to the first row that is left, and takes that row out.
    fn step(&mut self, from: usize) -> Option<(usize, u64)> {
        while let Some(row) = self.marks.pop(from) {
            let value = std::mem::take(&mut self.values[row]);
            if value == 0 {
                continue;
            }
            let Some(vector) = &self.solved[row] else {
                return Some((row, value));
            };
            for (at, with) in vector {
                let at = *at as usize;
                self.values[at] = subtract(self.values[at], multiply(value, *with));
                self.marks.set(at);
            }
        }
        None
    }

    /// Learns the sum of a set, unless it follows from what is solved.
    pub(super) fn learn(&mut self, set: &[u32]) -> bool {
        self.load(set);
        let Some((first, lead)) = self.step(0) else {
            return false;
        };
        let scale = inverse(lead);
        let mut rest = Vec::new();
        let mut from = first;
        while let Some((row, value)) = self.step(from) {
            rest.push((u32::try_from(row).unwrap_or(u32::MAX), multiply(value, scale)));
            from = row;
        }
        self.solved[first] = Some(rest);
        true
    }

    /// What is left of the sum of a set when everything solved is subtracted, up to a factor: the first entry is 1.
    /// Two sets leave the same exactly when each sum follows from the other. With it, the factor: 1 or −1 when the
    /// sums differ by, or add up to, something that is known.
    pub(super) fn rest(&mut self, set: &[u32]) -> (Vec<(u32, u64)>, u64) {
        self.load(set);
        let (mut rest, mut factor, mut scale, mut from) = (Vec::new(), 0, 0, 0);
        while let Some((row, value)) = self.step(from) {
            if rest.is_empty() {
                (factor, scale) = (value, inverse(value));
            }
            rest.push((u32::try_from(row).unwrap_or(u32::MAX), multiply(value, scale)));
            from = row;
        }
        (rest, factor)
    }

    /// Learns the sums of sets, small ones first: they are solved at once and leave less of the large ones.
    pub(super) fn learn_all(&mut self, published: &[&[u32]]) {
        let mut sets: Vec<&[u32]> = published.to_vec();
        sets.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        sets.dedup();
        for set in sets {
            self.learn(set);
        }
    }

    /// Whether the sum of a set follows from what is solved.
    fn knows(&mut self, set: &[u32]) -> bool {
        self.load(set);
        let left = self.step(0).is_some();
        if left {
            while let Some(row) = self.marks.pop(0) {
                self.values[row] = 0;
            }
        }
        !left
    }
}

/// For each of `attacked` whether published sets determine its sum. Sets are base rows, each row once.
pub fn derivable(published: &[&[u32]], attacked: &[&[u32]]) -> Vec<bool> {
    let rows = published.iter().chain(attacked).flat_map(|set| *set).max();
    let mut attacker = Attacker::new(rows.map_or(0, |row| *row as usize + 1));
    attacker.learn_all(published);
    attacked.iter().map(|set| attacker.knows(set)).collect()
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
    }

    #[test]
    fn an_attack_leaves_nothing_behind_for_the_next() {
        let far: Vec<u32> = (0..9000).step_by(37).collect();
        let (a, b): (&[u32], &[u32]) = (&far[..200], &far[200..]);
        assert_eq!(
            derivable(&[&far, a], &[&far[1..], b, &far[..1], b, a]),
            [false, true, false, true, true]
        );
    }

    #[test]
    fn the_field_is_one() {
        assert_eq!(multiply(PRIME - 1, PRIME - 1), 1);
        assert_eq!(multiply(inverse(12345), 12345), 1);
        assert_eq!(subtract(3, 5), PRIME - 2);
    }
}
