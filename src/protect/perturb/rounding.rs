//! Rounding: of one count by chance, and of a whole system of counts so that tables still add up.
//!
//! Random rounding takes a count to one of the two multiples beside it, so that it is right on average, with the cell's
//! key as the coin: asked again, the coin falls the same. Small count rounding (Langsrud & Heldal 2018, the R package
//! SmallCountRounding) changes few inner counts to 0 or the base, until no published count lies between 0 and the base;
//! everything else follows by adding up, so all tables are consistent and additive.

use super::{keys::mixed, noise::scaled};
use crate::error::{Error, Result};

/// Returns `count` rounded to a multiple of `base`, up with the probability that makes it right on average.
pub fn round_random(count: u64, base: u32, key: u64) -> Option<u64> {
    let rest = count % u64::from(base.max(1));
    let down = count - rest;
    if rest > 0 && u64::from(scaled(mixed(key, 1), base)) < rest {
        down.checked_add(u64::from(base))
    } else {
        Some(down)
    }
}

/// Checks a base of rounding.
///
/// # Errors
/// SAMSYN-5055 for one that is not from 2 to 1,000,000.
pub fn check_base(base: u64) -> Result<()> {
    if (2..=1_000_000).contains(&base) {
        return Ok(());
    }
    Err(Error::invalid(5055, "the base of rounding is not from 2 to 1000000").hint("3 and 5 are usual"))
}

/// Rounds inner counts so that no published one lies from 1 to `base` − 1. `cells` are the published counts, as numbers
/// of the inner counts that they are sums of. Returns the inner counts as they are after.
///
/// Where counts have to change, as many become `base` as keeps the total near what it was, and each next one is the one
/// that brings the published counts nearest to what they were; ties go to the first.
///
/// # Errors
/// SAMSYN-5055 for a base below 2 or a cell that holds an inner count that is not there.
pub fn round_small(counts: &[u64], cells: &[&[u32]], base: u64) -> Result<Vec<u64>> {
    check_base(base)?;
    let mut of: Vec<Vec<u32>> = vec![Vec::new(); counts.len()];
    for (cell, rows) in (0_u32..).zip(cells) {
        for row in *rows {
            of.get_mut(*row as usize)
                .ok_or_else(|| Error::invalid(5055, "a published count holds an inner count that is not there"))?
                .push(cell);
        }
    }
    let small = |count: u64| count > 0 && count < base;
    let sum = |rounded: &[u64], cell: &[u32]| -> u64 {
        cell.iter()
            .fold(0, |sum: u64, row| sum.saturating_add(rounded[*row as usize]))
    };
    let mut rounded = counts.to_vec();
    loop {
        let mut chosen = vec![false; counts.len()];
        for cell in cells.iter().filter(|cell| small(sum(&rounded, cell))) {
            for row in *cell {
                chosen[*row as usize] |= small(rounded[*row as usize]);
            }
        }
        let rows: Vec<usize> = (0..counts.len()).filter(|row| chosen[*row]).collect();
        if rows.is_empty() {
            return Ok(rounded);
        }
        for row in &rows {
            rounded[*row] = 0;
        }
        round_rows(counts, cells, &of, base, &rows, &mut rounded);
    }
}

/// Sets some of `rows`, which are 0 in `rounded`, to the base.
fn round_rows(counts: &[u64], cells: &[&[u32]], of: &[Vec<u32>], base: u64, rows: &[usize], rounded: &mut [u64]) {
    let signed = |count: u64| i128::from(count);
    // what each published count lacks, and what the total does
    let mut lacks: Vec<i128> = cells
        .iter()
        .map(|cell| {
            cell.iter()
                .map(|row| signed(counts[*row as usize]) - signed(rounded[*row as usize]))
                .sum()
        })
        .collect();
    let total: i128 = counts
        .iter()
        .zip(rounded.iter())
        .map(|(was, is)| signed(*was) - signed(*is))
        .sum();
    let base_wide = signed(base);
    let times = ((2 * total + base_wide).div_euclid(2 * base_wide)).clamp(0, rows.len() as i128);
    let mut place = vec![None; counts.len()];
    for (at, row) in rows.iter().enumerate() {
        place[*row] = Some(at);
    }
    // how much nearer the published counts come, in sum of squares, by setting a row to the base
    let mut gain: Vec<i128> = rows
        .iter()
        .map(|row| of[*row].iter().map(|cell| 2 * lacks[*cell as usize] - base_wide).sum())
        .collect();
    let mut left: Vec<usize> = (0..rows.len()).collect();
    for _ in 0..times {
        let Some((best, at)) = left
            .iter()
            .enumerate()
            .map(|(best, at)| (best, *at))
            .max_by_key(|(_, at)| (gain[*at], std::cmp::Reverse(*at)))
        else {
            break;
        };
        left.swap_remove(best);
        rounded[rows[at]] = base;
        for cell in &of[rows[at]] {
            lacks[*cell as usize] -= base_wide;
            for row in cells[*cell as usize] {
                if let Some(other) = place[*row as usize] {
                    gain[other] -= 2 * base_wide;
                }
            }
        }
    }
}
