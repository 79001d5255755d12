//! The attack on everything that was ever published of a population.

use std::collections::BTreeMap;

use super::{
    super::{audit, system::union},
    Earlier, Entry, History,
};
use crate::error::Result;

/// What somebody finds who kept everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Publications.
    pub publications: u64,
    /// Sums that were shown, each once.
    pub shown: u64,
    /// Unsafe figures that were hidden, each once.
    pub secrets: u64,
    /// Those of them that were out before they were first hidden: an earlier policy showed what gives them.
    pub already_public: u64,
    /// Those that came out after they were hidden.
    pub derivable: u64,
    /// The number of the publication (from 1) after which the first of them could be derived.
    pub since: Option<u64>,
}

/// Attacks all publications of a population together, the oldest first: no unsafe figure that was hidden may follow from
/// everything that was shown, before or after.
///
/// # Errors
/// SAMSYN-5071 for an entry that is not what samsyn wrote.
pub fn attack(entries: &[Entry]) -> Result<Found> {
    let Some(newest) = entries.last() else {
        return Ok(Found::default());
    };
    let (mut system, _, base) = newest.system()?;
    let earlier = Earlier { entries, external: &[] };
    let publications = History::publications(&earlier, &base, &newest.amounts, &mut system)?;
    let empty: Vec<Vec<u32>> = (0_u32..)
        .zip(&system.known)
        .filter(|(_, known)| **known)
        .map(|(row, _)| vec![row])
        .collect();
    // every secret with the publication that hid it first
    let mut secrets: BTreeMap<&[u32], usize> = BTreeMap::new();
    for (number, publication) in publications.iter().enumerate().rev() {
        for set in &publication.secret {
            secrets.insert(set, number);
        }
    }
    let mut found = Found {
        publications: publications.len() as u64,
        secrets: secrets.len() as u64,
        ..Found::default()
    };
    let mut shown: Vec<&[u32]> = empty.iter().map(Vec::as_slice).collect();
    let mut left: Vec<(&[u32], usize)> = secrets.into_iter().collect();
    for (number, publication) in publications.iter().enumerate() {
        if number > 0 {
            let before = audit::derivable(&shown, &sets(&left));
            let mut out = before.iter();
            left.retain(|(_, first)| {
                let out = out.next().copied().unwrap_or_default();
                found.already_public += u64::from(out && *first >= number);
                !(out && *first >= number)
            });
        }
        shown.extend(publication.shown.iter().map(Vec::as_slice));
        let after = audit::derivable(&shown, &sets(&left));
        let mut out = after.iter();
        left.retain(|(_, first)| {
            let leaked = out.next().copied().unwrap_or_default() && *first <= number;
            found.derivable += u64::from(leaked);
            if leaked {
                found.since.get_or_insert(number as u64 + 1);
            }
            !leaked
        });
    }
    shown.sort_unstable();
    shown.dedup();
    found.shown = (shown.len() - empty.len().min(shown.len())) as u64;
    Ok(found)
}

fn sets<'a>(left: &[(&'a [u32], usize)]) -> Vec<&'a [u32]> {
    left.iter().map(|(set, _)| *set).collect()
}

/// One publication as sets of rows of one system.
#[derive(Debug, Default)]
pub(super) struct Publication {
    shown: Vec<Vec<u32>>,
    secret: Vec<Vec<u32>>,
}

impl Publication {
    /// Adds a cell by the sets of its base rows.
    pub(super) fn add<'a>(&mut self, sets: impl Iterator<Item = &'a [u32]>, hidden: bool, primary: bool) {
        match (hidden, primary) {
            (false, _) => self.shown.push(union(sets)),
            (true, true) => self.secret.push(union(sets)),
            (true, false) => {}
        }
    }
}
