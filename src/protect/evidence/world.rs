//! An outsider's view of all published tables of a population, and his attacks on it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    super::{
        CountTable,
        audit::{
            contradiction, derivable, equation_of_multiple,
            interval::{Attack, Demand, Sum, Work, attack},
        },
    },
    atoms::{Atoms, NoAtoms},
    bounds::Bounds,
    certificate::Correspondence,
    finding::{CellName, Equation, Finding, Wrong},
    published::PublishedTable,
};
use crate::{error::Result, model::TableId};

/// Most cells that a finding is given for.
const MOST_LISTED: usize = 20;

/// A table and a cell in it, by number.
pub type Place = (usize, usize);

/// Least and largest value; no largest when there is no end.
pub type Ends = (u64, Option<u64>);

/// All published tables of a population and the sets of atoms that their cells are.
#[derive(Debug)]
pub struct World {
    /// The definitions.
    pub definitions: Vec<CountTable>,
    /// The tables, as many.
    pub tables: Vec<PublishedTable>,
    atoms: Atoms,
    /// Places of shown cells, with their figures.
    shown: Vec<(Place, u64)>,
    /// Places of hidden cells.
    hidden: Vec<Place>,
}

impl World {
    /// Builds the view.
    ///
    /// # Errors
    /// When there are too many combinations, or the certificate does not say which codes belong together.
    pub fn new(
        definitions: Vec<CountTable>,
        tables: Vec<PublishedTable>,
        correspondences: &[Correspondence],
        impossible: &[BTreeMap<String, Vec<String>>],
    ) -> Result<Self, Box<Finding>> {
        let atoms = Atoms::new(&definitions, &tables, correspondences, impossible).map_err(|no| {
            Box::new(match no {
                NoAtoms::TooMany => Finding::of_all(
                    Wrong::Certificate,
                    "the tables have more combinations of codes than can be attacked",
                ),
                NoAtoms::NoCorrespondence(columns) => Finding::of_all(
                    Wrong::Certificate,
                    format!("it does not say which codes of {} belong together", columns.join(", ")),
                ),
            })
        })?;
        let (mut shown, mut hidden) = (Vec::new(), Vec::new());
        for (at, table) in tables.iter().enumerate() {
            for (number, cell) in table.cells.iter().enumerate() {
                match cell.figure {
                    Some(figure) => shown.push(((at, number), figure)),
                    None => hidden.push((at, number)),
                }
            }
        }
        Ok(Self {
            definitions,
            tables,
            atoms,
            shown,
            hidden,
        })
    }

    /// How many atoms there are.
    pub fn atoms(&self) -> usize {
        self.atoms.count()
    }

    /// Places of the hidden cells.
    pub fn hidden(&self) -> &[Place] {
        &self.hidden
    }

    /// Table and key columns of a cell.
    pub fn name(&self, (table, cell): Place) -> CellName {
        CellName {
            table: self.definitions[table].table.clone(),
            key: self.tables[table].key(&self.definitions[table], cell),
        }
    }

    fn set(&self, (table, cell): Place) -> &[u32] {
        &self.atoms.sets[table][cell]
    }

    fn finding(&self, wrong: Wrong, place: Place) -> Finding {
        let name = self.name(place);
        Finding::of_cell(wrong, &name.table, name.key)
    }

    fn equation(&self, known: &[Place], place: Place) -> Option<Equation> {
        let sets: Vec<&[u32]> = known.iter().map(|place| self.set(*place)).collect();
        let (times, terms) = equation_of_multiple(&sets, self.set(place))?;
        let mut terms: Vec<(i64, CellName)> = terms
            .into_iter()
            .map(|(number, factor)| (factor, self.name(known[number])))
            .collect();
        // a whole less its parts reads better than the other way round
        terms.sort_by_key(|(factor, _)| *factor < 0);
        Some(Equation {
            times,
            cell: self.name(place),
            terms,
        })
    }

    /// Whether the published figures can hold together, and every cell can hold what it shows.
    pub fn adds_up(&self) -> Vec<Finding> {
        let mut found: Vec<Finding> = self
            .shown
            .iter()
            .filter(|(_, figure)| *figure > 0)
            .map(|(place, _)| *place)
            .chain(self.hidden.iter().copied())
            .filter(|place| self.set(*place).is_empty())
            .map(|place| self.finding(Wrong::NoParts, place))
            .take(MOST_LISTED)
            .collect();
        let sums: Vec<(&[u32], u64)> = self
            .shown
            .iter()
            .map(|(place, figure)| (self.set(*place), *figure))
            .filter(|(set, _)| !set.is_empty())
            .collect();
        if let Some(at) = contradiction(&sums) {
            let places: Vec<Place> = self
                .shown
                .iter()
                .map(|(place, _)| *place)
                .filter(|place| !self.set(*place).is_empty())
                .collect();
            let mut others = places.clone();
            others.remove(at);
            let mut finding = self.finding(Wrong::NotAdditive, places[at]);
            finding.equation = self.equation(&others, places[at]);
            found.push(finding);
        }
        found
    }

    /// A0: hidden cells that are exact combinations of published ones, with how many there are.
    pub fn derivable(&self) -> (usize, Vec<Finding>) {
        let known: Vec<Place> = self.shown.iter().map(|(place, _)| *place).collect();
        let published: Vec<&[u32]> = known.iter().map(|place| self.set(*place)).collect();
        let attacked: Vec<&[u32]> = self.hidden.iter().map(|place| self.set(*place)).collect();
        let told: Vec<Place> = self
            .hidden
            .iter()
            .zip(derivable(&published, &attacked))
            .filter(|(_, known)| *known)
            .map(|(place, _)| *place)
            .collect();
        let findings = told
            .iter()
            .take(MOST_LISTED)
            .map(|place| {
                let mut finding = self.finding(Wrong::Derivable, *place);
                finding.equation = self.equation(&known, *place);
                finding
            })
            .collect();
        (told.len(), findings)
    }

    /// A1: the ends of every hidden cell, sum by sum. Hidden cells hold at least `least`.
    ///
    /// # Errors
    /// When the published figures do not add up.
    pub fn bounds(&self, least: u64) -> Result<Vec<Ends>, Box<Finding>> {
        let bounds = Bounds::new(&self.definitions, &self.tables, &self.atoms, least).map_err(|broken| {
            Box::new(match broken.whole {
                Some(place) => self.finding(Wrong::NotAdditive, place),
                None => Finding::of_all(Wrong::NotAdditive, ""),
            })
        })?;
        Ok(self
            .hidden
            .iter()
            .map(|(table, cell)| bounds.of(*table, *cell))
            .collect())
    }

    /// A1 with all sums taken together: the ends of every hidden cell by linear programs, and how much work that was.
    ///
    /// # Errors
    /// SAMSYN-504x when no counts fit the published figures.
    pub fn exact(&self, threads: usize) -> Result<(Vec<Ends>, Work)> {
        let known: Vec<Sum<'_>> = self
            .shown
            .iter()
            .map(|(place, figure)| Sum::published(self.set(*place), *figure))
            .collect();
        let attacked: Vec<&[u32]> = self.hidden.iter().map(|place| self.set(*place)).collect();
        let (intervals, work) = attack(
            &Attack {
                rows: self.atoms.count(),
                known: &known,
                attacked: &attacked,
                truth: None,
                threads,
            },
            Demand::Ends,
        )
        .map_err(|contradiction| contradiction.error(|at| self.name(self.shown[at].0).to_string()))?;
        let ends = intervals.iter().map(|interval| (interval.low, interval.high)).collect();
        Ok((ends, work))
    }

    /// What is hidden on every level of every table, and how wide the intervals are.
    pub fn levels(&self, ends: &[Ends]) -> Vec<LevelEvidence> {
        let mut levels: BTreeMap<(usize, String), LevelEvidence> = BTreeMap::new();
        let level = |place: Place| self.tables[place.0].level(&self.definitions[place.0], place.1);
        let new = |place: Place| LevelEvidence {
            table: self.definitions[place.0].table.clone(),
            level: level(place),
            cells: 0,
            hidden: 0,
            counted: 0,
            counted_in_all: None,
            least_width: None,
            widths: Widths::default(),
        };
        for (place, figure) in &self.shown {
            let of = levels.entry((place.0, level(*place))).or_insert_with(|| new(*place));
            of.cells += 1;
            of.counted = of.counted.saturating_add(*figure);
        }
        for (place, (low, high)) in self.hidden.iter().zip(ends) {
            let of = levels.entry((place.0, level(*place))).or_insert_with(|| new(*place));
            of.cells += 1;
            of.hidden += 1;
            let width = high.map(|high| high - low);
            of.widths.add(width);
            of.least_width = match (of.least_width, width) {
                (Some(least), Some(width)) => Some(least.min(width)),
                (least, width) => least.or(width),
            };
        }
        // on a level with nothing hidden everybody of the table is counted
        let mut all: BTreeMap<usize, u64> = BTreeMap::new();
        for ((table, _), of) in levels.iter().filter(|(_, of)| of.hidden == 0) {
            let most = all.entry(*table).or_default();
            *most = (*most).max(of.counted);
        }
        levels
            .into_iter()
            .map(|((table, _), mut of)| {
                of.counted_in_all = all.get(&table).copied();
                of
            })
            .collect()
    }
}

/// What is hidden on one level of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelEvidence {
    /// The table.
    pub table: TableId,
    /// Levels of its dimensions, joined by ` × `.
    pub level: String,
    /// Cells.
    pub cells: u64,
    /// Hidden cells.
    pub hidden: u64,
    /// Sum of the figures that are shown.
    pub counted: u64,
    /// Sum of the figures of a level on which nothing is hidden; none when there is no such level.
    pub counted_in_all: Option<u64>,
    /// The narrowest interval of a hidden cell; none when all are without an end, or nothing is hidden.
    pub least_width: Option<u64>,
    /// How many hidden cells have intervals so wide.
    pub widths: Widths,
}

impl LevelEvidence {
    /// How much of what is counted is not shown on this level, from 0 to 1.
    pub fn lost(&self) -> Option<f64> {
        let all = self.counted_in_all.filter(|all| *all > 0)?;
        Some(all.saturating_sub(self.counted) as f64 / all as f64)
    }
}

/// Numbers of intervals by their width: the largest value less the least.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Widths {
    /// The figure is known.
    pub w0: u64,
    /// Width 1: one of two values.
    pub w1: u64,
    /// Width 2.
    pub w2: u64,
    /// Width 3 or 4.
    pub w3_4: u64,
    /// Width 5 to 9.
    pub w5_9: u64,
    /// Width 10 or more.
    pub w10: u64,
    /// Without an upper end.
    pub endless: u64,
}

impl Widths {
    fn add(&mut self, width: Option<u64>) {
        let of = match width {
            None => &mut self.endless,
            Some(0) => &mut self.w0,
            Some(1) => &mut self.w1,
            Some(2) => &mut self.w2,
            Some(3..=4) => &mut self.w3_4,
            Some(5..=9) => &mut self.w5_9,
            Some(_) => &mut self.w10,
        };
        *of += 1;
    }

    /// Counts ends.
    pub fn of(ends: &[Ends]) -> Self {
        let mut widths = Self::default();
        for (low, high) in ends {
            widths.add(high.map(|high| high - low));
        }
        widths
    }

    /// The numbers in the order of the widths.
    pub fn all(&self) -> [u64; 7] {
        [self.w0, self.w1, self.w2, self.w3_4, self.w5_9, self.w10, self.endless]
    }
}
