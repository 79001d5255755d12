//! Tables of noise for the cell key method: by count, which noise a cell key means.
//!
//! For each count the probabilities are the most random ones with mean 0, at most a given variance and no noise beyond
//! ±D, that make no negative count and none from 1 to js (Giessing 2016, doi:10.1007/978-3-319-45381-1_18; Enderle,
//! Giessing & Tent 2020, doi:10.1007/978-3-030-57521-2_18). Where a variance of V would need rarer values to be likelier
//! than commoner ones, small counts get a smaller one. The unit interval of keys is cut in pieces in proportion, and a
//! key from the lower bound of a piece, inclusive, to its upper bound, exclusive, means the noise of that piece. Bounds
//! are whole hundred-millionths, and a key is compared as a whole number, so no rounding decides. In [`Noise::shuffled`]
//! the pieces are small and mixed: otherwise small keys would mean smaller counts, and whoever learns one key, a sign.

use sha2::{Digest, Sha256};

use super::entropy::most_random;
use crate::error::{Error, Result};

/// Parts of the unit interval.
const UNIT: u32 = 100_000_000;
/// The widest noise that a table may have.
pub const WIDEST: u32 = 100;
/// The widest piece of [`Noise::shuffled`], in hundred-millionths.
const PIECE: u32 = 5_000_000;

/// What noise should be like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoiseRule {
    /// D: no count changes by more.
    pub widest: u32,
    /// V: the noise's variance, at most.
    pub variance: f64,
    /// js: no count from 1 to this comes out.
    pub blocked: u32,
    /// The smallest probability that a count stays as it is, where it may; 0 for none.
    pub stay: f64,
}

impl NoiseRule {
    /// Checks the numbers.
    ///
    /// # Errors
    /// SAMSYN-5050 for one that is out of its bounds, or demands that contradict each other.
    pub fn check(&self) -> Result<()> {
        let wrong = |what: String, hint: &str| Err(Error::invalid(5050, what).hint(hint));
        if !(1..=WIDEST).contains(&self.widest) {
            return wrong(
                format!("the widest noise D is not from 1 to {WIDEST}"),
                "D = 5 is usual",
            );
        }
        if !(self.variance.is_finite() && self.variance > 0.0) {
            return wrong(
                "the variance V of noise is not above 0".to_owned(),
                "V = 2 to 3 is usual with D = 5",
            );
        }
        if !(0.0..1.0).contains(&self.stay) {
            return wrong(
                "the probability of no noise is not from 0 to below 1".to_owned(),
                "0.5 changes every second count",
            );
        }
        if self.blocked >= self.widest {
            return wrong(
                "the counts that may not come out, 1 to js, are as wide as the noise".to_owned(),
                "js must be smaller than D",
            );
        }
        // with mean 0, a count of i that can only become 0 or something above js has a variance of i · (js + 1 − i)
        let least = (1..=self.blocked)
            .map(|i| i * (self.blocked + 1 - i))
            .max()
            .unwrap_or(0);
        if self.variance < f64::from(least) - 1e-9 {
            return wrong(
                format!("no noise has mean 0, variance V, and no count from 1 to js: the variance is at least {least}"),
                "raise V or lower js",
            );
        }
        Ok(())
    }

    /// The noise that a count may get.
    fn values(&self, count: u32) -> Vec<i32> {
        let (count, widest) = (i64::from(count), i64::from(self.widest));
        ((count - widest).max(0)..=count + widest)
            .filter(|to| *to == 0 || *to > i64::from(self.blocked))
            .filter_map(|to| i32::try_from(to - count).ok())
            .collect()
    }

    fn probabilities(&self, count: u32, values: &[i32]) -> Result<Vec<f64>> {
        if count <= self.blocked {
            let up = self.blocked + 1 - count;
            if (f64::from(count * up) - self.variance).abs() <= 1e-9 {
                // nothing is left to choose: the count goes to 0 or to js + 1
                let down = f64::from(up) / f64::from(count + up);
                let mut only = vec![0.0; values.len()];
                only[0] = down;
                only[1] = 1.0 - down;
                return Ok(only);
            }
        }
        let wide: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
        most_random(&wide, self.variance, self.stay).ok_or_else(|| {
            Error::invalid(5050, format!("no noise for a count of {count} meets the demands"))
                .hint("change V, js or the probability of no noise a little")
        })
    }
}

/// A piece of the unit interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    /// Upper bound, exclusive, in hundred-millionths.
    end: u32,
    noise: i32,
}

/// A table of noise; the last row holds for all larger counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noise {
    rows: Vec<Vec<Piece>>,
}

impl Noise {
    /// Makes the table, with pieces in the order of their noise.
    ///
    /// # Errors
    /// SAMSYN-5050 for a rule that cannot be kept.
    pub fn new(rule: &NoiseRule) -> Result<Self> {
        rule.check()?;
        let last = if rule.blocked == 0 {
            rule.widest
        } else {
            rule.widest + rule.blocked + 1
        };
        let mut rows = vec![vec![Piece { end: UNIT, noise: 0 }]];
        for count in 1..=last {
            let values = rule.values(count);
            let probabilities = rule.probabilities(count, &values)?;
            rows.push(pieces(&values, &probabilities));
        }
        Ok(Self { rows })
    }

    /// Makes the table for amounts: one row, with noise from −D to D in steps, as whole numbers of steps.
    ///
    /// # Errors
    /// SAMSYN-5050 for a rule that cannot be kept.
    pub fn of_amounts(rule: &NoiseRule, steps: u32) -> Result<Self> {
        rule.check()?;
        let last = i32::try_from(rule.widest.saturating_mul(steps.clamp(1, 100))).unwrap_or(i32::MAX);
        let values: Vec<i32> = (-last..=last).collect();
        let wide: Vec<f64> = values
            .iter()
            .map(|value| f64::from(*value) / f64::from(steps.clamp(1, 100)))
            .collect();
        let probabilities = most_random(&wide, rule.variance, rule.stay).ok_or_else(|| {
            Error::invalid(5050, "no noise for amounts meets the demands")
                .hint("change V or the probability of no noise")
        })?;
        let none = vec![Piece { end: UNIT, noise: 0 }];
        Ok(Self {
            rows: vec![none, pieces(&values, &probabilities)],
        })
    }

    /// The same probabilities with small pieces in an order that depends on the table alone.
    #[must_use]
    pub fn shuffled(&self) -> Self {
        let rows = (0_u64..)
            .zip(&self.rows)
            .map(|(count, row)| shuffle(count, row))
            .collect();
        Self { rows }
    }

    /// Reads a table as τ-Argus and ptable write it: columns `i`, `v` and the upper bound `p_int_ub`, `p_ij_ub` or
    /// `ub`, rows in order, separated by `;` or `,`.
    ///
    /// # Errors
    /// SAMSYN-5051 for a text that is none.
    pub fn parse(text: &str) -> Result<Self> {
        let wrong = |what: &str| {
            Error::invalid(5051, format!("a table of noise {what}"))
                .hint("it has a line of names with i, v and p_int_ub, then lines in order of i and of the bounds")
        };
        let split = |line: &str| -> Vec<String> {
            let fields = line.trim().split([';', ',']);
            fields.map(|field| field.trim_matches('"').to_owned()).collect()
        };
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let names = split(lines.next().ok_or_else(|| wrong("is empty"))?);
        let column = |known: &[&str]| {
            let found = names.iter().position(|name| known.contains(&name.as_str()));
            found.ok_or_else(|| wrong("lacks a column"))
        };
        let (count, noise, bound) = (
            column(&["i"])?,
            column(&["v"])?,
            column(&["p_int_ub", "p_ij_ub", "ub"])?,
        );
        let mut rows: Vec<Vec<Piece>> = Vec::new();
        for line in lines {
            let fields = split(line);
            let field = |at: usize| {
                fields
                    .get(at)
                    .map(String::as_str)
                    .ok_or_else(|| wrong("has a short line"))
            };
            let count: usize = field(count)?
                .parse()
                .map_err(|_| wrong("has a count that is no whole number"))?;
            let noise: i32 = field(noise)?
                .parse()
                .map_err(|_| wrong("has noise that is no whole number"))?;
            let bound: f64 = field(bound)?
                .parse()
                .map_err(|_| wrong("has a bound that is no number"))?;
            let end = whole(bound).ok_or_else(|| wrong("has a bound that is not from 0 to 1"))?;
            if count == rows.len() {
                rows.push(Vec::new());
            } else if count + 1 != rows.len() {
                return Err(wrong("has counts that do not follow each other"));
            }
            let row = rows.last_mut().ok_or_else(|| wrong("has no rows"))?;
            if row.last().is_some_and(|piece| piece.end > end) {
                return Err(wrong("has bounds that fall"));
            }
            let below = i64::try_from(count).unwrap_or(i64::MAX) + i64::from(noise) < 0;
            if below || (count == 0 && noise != 0) {
                return Err(wrong("makes a negative count, or something of nothing"));
            }
            row.push(Piece { end, noise });
        }
        if rows.len() < 2 || rows.iter().any(|row| row.last().is_none_or(|piece| piece.end != UNIT)) {
            return Err(wrong("has a count whose bounds do not end at 1, or no counts"));
        }
        Ok(Self { rows })
    }

    /// Returns the noise of a count whose records have this key. Nobody gets no noise.
    pub fn of(&self, count: u64, key: u64) -> i32 {
        let row = usize::try_from(count).unwrap_or(usize::MAX).min(self.rows.len() - 1);
        let row = &self.rows[row];
        let at = scaled(key, UNIT);
        row[row.partition_point(|piece| piece.end <= at).min(row.len() - 1)].noise
    }

    /// Returns the noise with its probability for a count, in the order of the pieces.
    pub fn pieces(&self, count: u64) -> Vec<(i32, f64)> {
        let row = usize::try_from(count).unwrap_or(usize::MAX).min(self.rows.len() - 1);
        let mut start = 0;
        self.rows[row]
            .iter()
            .map(|piece| {
                let width = piece.end - start;
                start = piece.end;
                (piece.noise, f64::from(width) / f64::from(UNIT))
            })
            .collect()
    }

    /// Returns mean and variance of the noise of a count.
    pub fn moments(&self, count: u64) -> (f64, f64) {
        let pieces = self.pieces(count);
        let mean: f64 = pieces.iter().map(|(noise, p)| f64::from(*noise) * p).sum();
        let square: f64 = pieces.iter().map(|(noise, p)| f64::from(*noise).powi(2) * p).sum();
        (mean, square - mean * mean)
    }

    /// Returns how many counts have a row; the last holds for all larger ones too.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }
}

/// Returns the part of `unit` that a key is of 2^64, rounded down.
pub(super) fn scaled(key: u64, unit: u32) -> u32 {
    u32::try_from((u128::from(key) * u128::from(unit)) >> 64).unwrap_or(unit)
}

/// Returns a bound in hundred-millionths.
fn whole(bound: f64) -> Option<u32> {
    let scaled = (bound * f64::from(UNIT)).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be from 0 to UNIT"
    )]
    (0.0..=f64::from(UNIT)).contains(&scaled).then_some(scaled as u32)
}

/// Cuts the unit interval in proportion; bounds are rounded, not probabilities, so that they end at 1.
fn pieces(values: &[i32], probabilities: &[f64]) -> Vec<Piece> {
    let mut sum = 0.0;
    let mut row: Vec<Piece> = Vec::with_capacity(values.len());
    for (noise, probability) in values.iter().zip(probabilities) {
        sum += probability;
        let end = whole(f64::min(sum, 1.0)).unwrap_or(UNIT);
        row.push(Piece { end, noise: *noise });
    }
    if let Some(last) = row.last_mut() {
        last.end = UNIT;
    }
    row
}

fn shuffle(count: u64, row: &[Piece]) -> Vec<Piece> {
    let mut start = 0;
    let mut parts: Vec<([u8; 32], u32, i32)> = Vec::new();
    for piece in row {
        let mut left = piece.end - start;
        start = piece.end;
        let mut number = 0_u64;
        while left > 0 {
            let width = left.min(PIECE);
            left -= width;
            let mut hash = Sha256::new_with_prefix(b"samsyn pieces of noise");
            hash.update(count.to_le_bytes());
            hash.update(piece.noise.to_le_bytes());
            hash.update(number.to_le_bytes());
            parts.push((hash.finalize().into(), width, piece.noise));
            number += 1;
        }
    }
    parts.sort_unstable();
    let mut end = 0;
    parts
        .into_iter()
        .map(|(_, width, noise)| {
            end += width;
            Piece { end, noise }
        })
        .collect()
}
