//! The linear attacker on one published table that tells nothing of how it was made: codes, totals, figures, gaps.

use std::collections::HashMap;

use super::derivable;
use crate::error::{Error, Result};

/// How many entries the sets of all cells may have together.
const MOST_ENTRIES: usize = 20_000_000;

/// A cell of a published table.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Its code in every dimension.
    pub codes: Vec<String>,
    /// Its figure; nothing when it is hidden.
    pub figure: Option<f64>,
}

/// What the auditor says of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// It is shown.
    Open,
    /// It is hidden, and no exact combination of shown cells gives it.
    Protected,
    /// It is hidden, and shown cells give it.
    Derivable,
    /// It is shown and differs from the sum of its parts, by no more than the tolerance.
    NotAdditive,
}

/// Attacks one table, in which `total` is the code of «all» in every dimension.
///
/// A cell with totals is the sum of the cells under it. Combinations without a row are empty when the table has rows
/// without any total, and unknown when it has margins only. Figures are not negative, so that a shown zero tells that
/// all its parts are zero. A total that differs from the sum of its shown parts by more than `tolerance` is refused:
/// what is derived from figures that do not add up would be wrong.
///
/// # Errors
/// SAMSYN-5067 for a table too large to attack, or with a cell twice, 5068 for one that is not additive, with the
/// cell's codes.
pub fn audit_table(cells: &[Shown], total: &str, tolerance: f64) -> Result<Vec<Finding>> {
    let table = Table::new(cells, total)?;
    let mut findings: Vec<Finding> = cells
        .iter()
        .map(|cell| {
            if cell.figure.is_some() {
                Finding::Open
            } else {
                Finding::Protected
            }
        })
        .collect();
    for (cell, finding) in cells.iter().zip(&mut findings) {
        let (Some(figure), true) = (cell.figure, cell.codes.iter().any(|code| code == total)) else {
            continue;
        };
        if let Some(sum) = table.sum_of_parts(cell, total)
            && (sum - figure).abs() > 1e-9 * (1.0 + figure.abs())
        {
            if (sum - figure).abs() > tolerance {
                return Err(Error::invalid(
                    5068,
                    format!("a total is not the sum of its parts: {}", cell.codes.join(", ")),
                )
                .hint("correct the table, or give a tolerance if its producer has perturbed it"));
            }
            *finding = Finding::NotAdditive;
        }
    }
    let mut empty = vec![false; table.atoms];
    for (cell, set) in cells.iter().zip(&table.sets) {
        if cell.figure.is_some_and(|figure| figure <= 0.0) {
            for atom in set {
                empty[*atom as usize] = true;
            }
        }
    }
    let empty: Vec<[u32; 1]> = (0_u32..)
        .zip(&empty)
        .filter(|(_, empty)| **empty)
        .map(|(atom, _)| [atom])
        .collect();
    let of = |hidden: bool| {
        let all = cells.iter().zip(&table.sets);
        all.filter(move |(cell, _)| cell.figure.is_none() == hidden)
            .map(|(_, set)| set.as_slice())
    };
    let mut published: Vec<&[u32]> = of(false).collect();
    published.extend(empty.iter().map(<[u32; 1]>::as_slice));
    let attacked: Vec<&[u32]> = of(true).collect();
    let hidden = findings.iter_mut().filter(|finding| **finding == Finding::Protected);
    for (finding, known) in hidden.zip(derivable(&published, &attacked)) {
        if known {
            *finding = Finding::Derivable;
        }
    }
    Ok(findings)
}

/// The cells as sets of combinations of codes.
struct Table<'a> {
    atoms: usize,
    sets: Vec<Vec<u32>>,
    /// Cells without a total.
    finest: HashMap<Vec<&'a str>, Option<f64>>,
    codes: Vec<Vec<&'a str>>,
}

impl<'a> Table<'a> {
    fn new(cells: &'a [Shown], total: &str) -> Result<Self> {
        let too_large = || {
            Error::exhausted(5067, "the table has too many combinations of codes to be attacked")
                .hint("attack a part of it: one area, or fewer dimensions")
        };
        let dimensions = cells.first().map_or(0, |cell| cell.codes.len());
        let codes: Vec<Vec<&str>> = (0..dimensions)
            .map(|at| {
                let mut codes: Vec<&str> = cells.iter().map(|cell| cell.codes[at].as_str()).collect();
                codes.sort_unstable();
                codes.dedup();
                codes.retain(|code| *code != total);
                codes
            })
            .collect();
        let mut finest = HashMap::new();
        for cell in cells.iter().filter(|cell| cell.codes.iter().all(|code| code != total)) {
            let key: Vec<&str> = cell.codes.iter().map(String::as_str).collect();
            if finest.insert(key, cell.figure).is_some() {
                return Err(Error::invalid(5067, "the table has a cell twice").hint("one row a cell: sum them before"));
            }
        }
        // combinations get numbers as they are met
        let mut numbers: HashMap<Vec<&str>, u32> = HashMap::new();
        let mut entries = 0_usize;
        let mut sets = Vec::with_capacity(cells.len());
        for cell in cells {
            let mut set = Vec::new();
            for key in Self::parts(&codes, cell, total, MOST_ENTRIES.saturating_sub(entries)).ok_or_else(too_large)? {
                if finest.is_empty() || finest.contains_key(&key) {
                    let next = u32::try_from(numbers.len()).map_err(|_| too_large())?;
                    set.push(*numbers.entry(key).or_insert(next));
                }
                entries += 1;
            }
            set.sort_unstable();
            sets.push(set);
        }
        Ok(Self {
            atoms: numbers.len(),
            sets,
            finest,
            codes,
        })
    }

    /// The combinations without totals that a cell stands for; None when there are more than `most`.
    fn parts<'b>(codes: &[Vec<&'b str>], cell: &'b Shown, total: &str, most: usize) -> Option<Vec<Vec<&'b str>>> {
        let mut keys: Vec<Vec<&str>> = vec![Vec::with_capacity(codes.len())];
        for (code, all) in cell.codes.iter().zip(codes) {
            if code != total {
                for key in &mut keys {
                    key.push(code);
                }
                continue;
            }
            if keys.len().checked_mul(all.len())? > most {
                return None;
            }
            keys = keys
                .iter()
                .flat_map(|key| {
                    all.iter().map(|code| {
                        let mut key = key.clone();
                        key.push(code);
                        key
                    })
                })
                .collect();
        }
        Some(keys)
    }

    /// The sum of the parts of a total, when the table shows all of them.
    fn sum_of_parts(&self, cell: &'a Shown, total: &str) -> Option<f64> {
        if self.finest.is_empty() {
            return None;
        }
        let parts = Self::parts(&self.codes, cell, total, MOST_ENTRIES)?;
        let shown = parts.iter().filter_map(|key| self.finest.get(key));
        shown.copied().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(codes: &[&str], figure: impl Into<Option<f64>>) -> Shown {
        Shown {
            codes: codes.iter().map(ToString::to_string).collect(),
            figure: figure.into(),
        }
    }

    #[test]
    fn a_single_gap_is_derivable_and_two_are_not() {
        let table = |second: Option<f64>| {
            [
                cell(&["a"], None),
                cell(&["b"], second),
                cell(&["c"], 5.0),
                cell(&["Total"], 12.0),
            ]
        };
        let one = audit_table(&table(Some(4.0)), "Total", 0.0).unwrap();
        assert_eq!(one, [Finding::Derivable, Finding::Open, Finding::Open, Finding::Open]);
        let two = audit_table(&table(None), "Total", 0.0).unwrap();
        assert_eq!(two[..2], [Finding::Protected, Finding::Protected]);
    }

    #[test]
    fn a_shown_zero_tells_its_parts() {
        let cells = [cell(&["a"], None), cell(&["b"], None), cell(&["Total"], 0.0)];
        assert_eq!(audit_table(&cells, "Total", 0.0).unwrap()[..2], [Finding::Derivable; 2]);
    }

    #[test]
    fn what_does_not_add_up_is_refused_or_flagged() {
        let cells = [cell(&["a"], 3.0), cell(&["b"], 4.0), cell(&["Total"], 8.0)];
        let error = audit_table(&cells, "Total", 0.0).unwrap_err();
        assert_eq!(error.code(), 5068);
        assert!(!error.to_string().contains('8'), "an error tells no figure: {error}");
        let found = audit_table(&cells, "Total", 1.0).unwrap();
        assert_eq!(found[2], Finding::NotAdditive);
    }

    #[test]
    fn margins_alone_tell_nothing_of_each_other_but_their_total() {
        let cells = [
            cell(&["a", "Total"], None),
            cell(&["b", "Total"], 4.0),
            cell(&["Total", "x"], None),
            cell(&["Total", "y"], None),
            cell(&["Total", "Total"], 9.0),
        ];
        let found = audit_table(&cells, "Total", 0.0).unwrap();
        assert_eq!((found[0], found[2]), (Finding::Derivable, Finding::Protected));
    }
}
