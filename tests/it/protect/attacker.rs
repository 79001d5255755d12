//! An attacker that shares no code with the program: dense elimination modulo the prime 4,294,967,291.

const PRIME: u64 = 4_294_967_291;

fn inverse(value: u64) -> u64 {
    let (mut result, mut base, mut exponent) = (1, value, PRIME - 2);
    while exponent > 0 {
        if exponent % 2 == 1 {
            result = result * base % PRIME;
        }
        base = base * base % PRIME;
        exponent /= 2;
    }
    result
}

/// What follows from sums that are known.
pub(super) struct Attacker {
    unknowns: usize,
    /// Rows of a reduced echelon form: the pivot's place and the row.
    solved: Vec<(usize, Vec<u64>)>,
}

impl Attacker {
    /// Knows the sum of each of `sets` over so many unknowns.
    pub(super) fn new<S: AsRef<[u32]>>(unknowns: usize, sets: impl IntoIterator<Item = S>) -> Self {
        let mut attacker = Self {
            unknowns,
            solved: Vec::new(),
        };
        for set in sets {
            let mut row = attacker.rest(set.as_ref());
            let Some(pivot) = row.iter().position(|value| *value != 0) else {
                continue;
            };
            let scale = inverse(row[pivot]);
            for value in &mut row {
                *value = *value * scale % PRIME;
            }
            for (_, other) in &mut attacker.solved {
                let factor = other[pivot];
                if factor != 0 {
                    for (value, with) in other.iter_mut().zip(&row) {
                        *value = (*value + (PRIME - factor) * with) % PRIME;
                    }
                }
            }
            attacker.solved.push((pivot, row));
        }
        attacker
    }

    /// What is left of a set's sum when everything known is subtracted.
    fn rest(&self, set: &[u32]) -> Vec<u64> {
        let mut row = vec![0; self.unknowns];
        for at in set {
            row[*at as usize] = 1;
        }
        for (pivot, with) in &self.solved {
            let factor = row[*pivot];
            if factor != 0 {
                for (value, with) in row.iter_mut().zip(with) {
                    *value = (*value + (PRIME - factor) * with) % PRIME;
                }
            }
        }
        row
    }

    /// Whether the set's sum follows.
    pub(super) fn knows(&self, set: &[u32]) -> bool {
        self.rest(set).iter().all(|value| *value == 0)
    }
}

#[test]
fn the_attacker_solves_what_can_be_solved() {
    // a square of four with its margins and one inner number
    let known: [&[u32]; 5] = [&[0, 1], &[2, 3], &[0, 2], &[1, 3], &[0]];
    let attacker = Attacker::new(4, known);
    assert!((0..4).all(|cell| attacker.knows(&[cell])));
    let attacker = Attacker::new(4, &known[..4]);
    assert!((0..4).all(|cell| !attacker.knows(&[cell])));
    assert!(attacker.knows(&[0, 1, 2, 3]));
    // three pairs determine their members only with a division by two
    let attacker = Attacker::new(3, [[0, 1], [1, 2], [0, 2]]);
    assert!((0..3).all(|cell| attacker.knows(&[cell])));
}
