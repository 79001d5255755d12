//! The cell key method with small whole keys, as the Office for National Statistics runs it.
//!
//! Records have a key from 0 to 255, a cell's key is their sum modulo 256, and a table tells the noise by count and
//! key. Counts beyond the table go round in its last rows, so that large counts do not share one row (ABS TableBuilder;
//! ONS cell-key-perturbation). A perturbed count below the threshold is not shown, whatever it was before.

use crate::error::{Error, Result};

/// A table of noise by count and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegerNoise {
    keys: usize,
    /// The count from which counts go round.
    around: u64,
    /// Noise, the keys of one count after each other, from count 1.
    noise: Vec<i32>,
}

impl IntegerNoise {
    /// Takes a table: the noise of all keys for count 1, then for count 2, and so on. Counts beyond go round in the last
    /// `around` rows.
    ///
    /// # Errors
    /// SAMSYN-5053 for a table that has holes, makes negative counts, or is shorter than `around`.
    pub fn new(keys: usize, around: usize, noise: Vec<i32>) -> Result<Self> {
        let wrong = |what: &str| {
            Err(Error::invalid(5053, format!("a table of noise by whole keys {what}"))
                .hint("it has the noise of every key for every count from 1"))
        };
        if keys == 0 || noise.is_empty() || !noise.len().is_multiple_of(keys) {
            return wrong("has holes");
        }
        let counts = noise.len() / keys;
        if around == 0 || around > counts {
            return wrong("is shorter than the rows that large counts go round in");
        }
        for (count, row) in (1_i64..).zip(noise.chunks(keys)) {
            if row.iter().any(|noise| count + i64::from(*noise) < 0) {
                return wrong("makes a negative count");
            }
        }
        Ok(Self {
            keys,
            around: around as u64,
            noise,
        })
    }

    /// Returns the row that a count has; 0 for nobody.
    pub fn row(&self, count: u64) -> u64 {
        let last = (self.noise.len() / self.keys) as u64;
        if count <= last {
            count
        } else {
            // the count after the last one stands where the first of the rounds stands
            (count - last - 1) % self.around + last - self.around + 1
        }
    }

    /// Returns the key of a cell from the keys of its records.
    pub fn cell_key(&self, records: impl IntoIterator<Item = u64>) -> u64 {
        let keys = self.keys as u64;
        records.into_iter().fold(0, |sum, record| (sum + record % keys) % keys)
    }

    /// Returns the noise of a count.
    pub fn of(&self, count: u64, key: u64) -> i32 {
        let Ok(row) = usize::try_from(self.row(count)) else {
            return 0;
        };
        let key = usize::try_from(key % self.keys as u64).unwrap_or_default();
        row.checked_sub(1).map_or(0, |row| self.noise[row * self.keys + key])
    }

    /// Returns the count as it may be shown, or nothing when it is below the threshold after noise.
    pub fn shown(&self, count: u64, key: u64, threshold: u64) -> Option<u64> {
        let count = count.saturating_add_signed(i64::from(self.of(count, key)));
        (count >= threshold).then_some(count)
    }
}
