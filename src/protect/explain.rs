//! Equations in words: from which published figures a hidden one follows. Names of tables and codes, never a figure.

use std::fmt::Write as _;

use super::{
    CountTable, System,
    audit::{derivable, equation_of_multiple},
    ledger::{Earlier, History},
    select,
};
use crate::error::Result;

/// Most terms that are written out.
const MOST_TERMS: usize = 12;

/// Sets of rows that a reader can sum up, with their names.
pub(super) struct Readable<'a> {
    sets: Vec<&'a [u32]>,
    names: Vec<String>,
}

impl<'a> Readable<'a> {
    /// What was published before, and the cells of today that are shown.
    ///
    /// # Errors
    /// SAMSYN-5071 for an earlier publication that is not what samsyn wrote.
    pub(super) fn of(
        system: &'a System,
        tables: &[CountTable],
        history: &'a History,
        earlier: &Earlier<'_>,
        shown: &dyn Fn(usize) -> bool,
    ) -> Result<Self> {
        let mut sets = history.shown();
        let mut names = history.names(earlier)?;
        for (at, cell) in system.cells.iter().enumerate().filter(|(at, _)| shown(*at)) {
            sets.push(&cell.rows);
            names.push(select::place(system, &system.cells[at], tables));
        }
        Ok(Self { sets, names })
    }

    /// The first of the targets that follows, as an equation.
    pub(super) fn first(&self, system: &System, targets: &[(&[u32], String)]) -> Option<String> {
        let empty: Vec<[u32; 1]> = (0_u32..)
            .zip(&system.known)
            .filter(|(_, known)| **known)
            .map(|(row, _)| [row])
            .collect();
        let mut all = self.sets.clone();
        all.extend(empty.iter().map(<[u32; 1]>::as_slice));
        let attacked: Vec<&[u32]> = targets.iter().map(|(rows, _)| *rows).collect();
        let found = derivable(&all, &attacked).into_iter().position(|found| found)?;
        let (rows, name) = &targets[found];
        let (times, terms) = equation_of_multiple(&all, rows)?;
        let mut text = String::new();
        let named = terms.iter().filter(|(at, _)| *at < self.names.len());
        let count = named.clone().count();
        for (number, (at, factor)) in named.take(MOST_TERMS).enumerate() {
            text.push_str(match (number, *factor < 0) {
                (0, false) => "",
                (0, true) => "− ",
                (_, false) => " + ",
                (_, true) => " − ",
            });
            if factor.unsigned_abs() != 1 {
                let _ = write!(text, "{} × ", factor.unsigned_abs());
            }
            text.push_str(&self.names[*at]);
        }
        if count > MOST_TERMS {
            let _ = write!(text, " and {} terms more", count - MOST_TERMS);
        }
        let times = if times == 1 {
            String::new()
        } else {
            format!("{times} × ")
        };
        Some(format!("{times}{name} = {text}"))
    }
}
