//! All tables of a population as one system: cells as sets of base rows.

use std::collections::{BTreeMap, HashMap};

use super::{
    CountTable, Population, Zeros,
    base::{Base, too_many},
    table::{TOTAL, validate},
};
use crate::error::{Error, Result};

/// A cell: where it stands, which base rows it holds, how many persons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Number of its table.
    pub table: usize,
    /// Its coordinate in every dimension, as a number in [`System::coordinates`].
    pub key: Vec<u32>,
    /// Base rows, rising.
    pub rows: Vec<u32>,
    /// Sum of their counts.
    pub count: u64,
}

/// The level (or «all») and the code in one dimension.
pub type Coordinate = (String, String);

/// All cells of all tables of a population over one set of base rows.
#[derive(Debug, Clone, Default)]
pub struct System {
    /// Counts of the base rows.
    pub counts: Vec<u64>,
    /// Base rows that everybody knows to be empty: those with nobody, when zeros are published. Who sees that a cell is
    /// empty knows that all its parts are.
    pub known: Vec<bool>,
    /// Of every table and dimension the coordinates, rising.
    pub coordinates: Vec<Vec<Vec<Coordinate>>>,
    /// The cells; of one table in the order of their keys.
    pub cells: Vec<Cell>,
}

impl System {
    /// Builds the cells that hold at least one base row.
    ///
    /// # Errors
    /// SAMSYN-5001 to 5004 for a population that cannot be used, 5005 for a table, 5022 when one would have no rows.
    pub fn build(population: &Population<'_>, tables: &[CountTable], zeros: Zeros) -> Result<Self> {
        Ok(Self::based(population, tables, zeros)?.0)
    }

    /// The same with the base that it is over.
    pub(super) fn based(population: &Population<'_>, tables: &[CountTable], zeros: Zeros) -> Result<(Self, Base)> {
        let base = Base::read(population, None, tables, zeros)?;
        let system = Self::over(&base, tables, zeros)?;
        Ok((system, base))
    }

    /// The same with the sums of record keys of the base rows, from the column `key`, modulo 2^64. Zeros are published.
    ///
    /// # Errors
    /// As [`System::build`]; SAMSYN-5056 when the column holds no whole numbers.
    pub fn keyed(population: &Population<'_>, key: &str, tables: &[CountTable]) -> Result<(Self, Vec<u64>)> {
        let base = Base::read(population, Some(key), tables, Zeros::Published)?;
        let system = Self::over(&base, tables, Zeros::Published)?;
        Ok((system, base.sums))
    }

    fn over(base: &Base, tables: &[CountTable], zeros: Zeros) -> Result<Self> {
        let mut system = Self {
            counts: base.counts.clone(),
            known: base
                .counts
                .iter()
                .map(|count| *count == 0 && zeros == Zeros::Published)
                .collect(),
            ..Self::default()
        };
        for (number, table) in tables.iter().enumerate() {
            if tables[..number].iter().any(|other| other.table == table.table) {
                return Err(Error::invalid(5005, format!("`{}` is published twice", table.table)).hint("leave one out"));
            }
            validate(table, base)?;
            system.add(number, table, base)?;
        }
        Ok(system)
    }

    /// Marks what cannot be as known to be empty.
    ///
    /// # Errors
    /// SAMSYN-5065 for a column or a code that no table uses, and for a combination that somebody has.
    pub(super) fn rule_out(
        &mut self,
        base: &Base,
        impossible: &[BTreeMap<String, Vec<String>>],
        population: &str,
    ) -> Result<()> {
        for codes in impossible {
            for row in base.matching(codes)? {
                if self.counts[row] > 0 {
                    let names: Vec<&str> = codes.keys().map(String::as_str).collect();
                    return Err(Error::invalid(
                        5065,
                        format!(
                            "the population `{population}` has somebody in a combination of {} that the policy calls \
                             impossible",
                            names.join(", ")
                        ),
                    )
                    .hint("correct the data or the policy"));
                }
                self.known[row] = true;
            }
        }
        Ok(())
    }

    /// The coordinates of a cell.
    pub fn key<'a>(&'a self, cell: &'a Cell) -> impl Iterator<Item = &'a Coordinate> {
        self.coordinates[cell.table]
            .iter()
            .zip(&cell.key)
            .map(|(coordinates, at)| &coordinates[*at as usize])
    }

    fn add(&mut self, number: usize, table: &CountTable, base: &Base) -> Result<()> {
        let axes: Vec<Axis> = table
            .dimensions
            .iter()
            .map(|dimension| Axis::new(dimension, base))
            .collect();
        let too_large = || {
            Error::exhausted(5004, format!("`{}` has more than 2^128 combinations", table.table))
                .hint("break it down by less")
        };
        let mut strides = Vec::with_capacity(axes.len());
        let mut size = 1_u128;
        for axis in axes.iter().rev() {
            strides.push(size);
            size = size.checked_mul(axis.coordinates.len() as u128).ok_or_else(too_large)?;
        }
        strides.reverse();
        let filters: Vec<(usize, Vec<bool>)> = table
            .filters
            .iter()
            .map(|(column, codes)| {
                let column = base.column(column);
                (
                    column,
                    base.codes(column).iter().map(|code| codes.contains(code)).collect(),
                )
            })
            .collect();
        let mut at: HashMap<u128, usize> = HashMap::new();
        let mut cells: Vec<(u128, Vec<u32>)> = Vec::new();
        let mut places: Vec<u128> = Vec::new();
        let mut more: Vec<u128> = Vec::new();
        for row in (0_u32..).take(base.counts.len()) {
            let key = base.key(row as usize);
            if !filters.iter().all(|(column, fits)| fits[key[*column] as usize]) {
                continue;
            }
            places.clear();
            places.push(0);
            for (axis, stride) in axes.iter().zip(&strides) {
                more.clear();
                for coordinate in axis.of(key) {
                    let step = u128::from(coordinate) * stride;
                    more.extend(places.iter().map(|place| place + step));
                }
                std::mem::swap(&mut places, &mut more);
            }
            for place in &places {
                let cell = *at.entry(*place).or_insert_with(|| {
                    cells.push((*place, Vec::new()));
                    cells.len() - 1
                });
                cells[cell].1.push(row);
            }
        }
        if cells.is_empty() {
            return Err(Error::refused(5022, format!("`{}` would be empty", table.table))
                .hint("no row of the population fits its filters; check their codes"));
        }
        cells.sort_unstable_by_key(|(place, _)| *place);
        for (place, rows) in cells {
            let count = rows
                .iter()
                .try_fold(0_u64, |sum, row| sum.checked_add(self.counts[*row as usize]))
                .filter(|count| i64::try_from(*count).is_ok())
                .ok_or_else(too_many)?;
            let key = axes
                .iter()
                .zip(&strides)
                .map(|(axis, stride)| place / stride % axis.coordinates.len() as u128)
                .map(|at| u32::try_from(at).unwrap_or(u32::MAX))
                .collect();
            self.cells.push(Cell {
                table: number,
                key,
                rows,
                count,
            });
        }
        self.coordinates
            .push(axes.into_iter().map(|axis| axis.coordinates).collect());
        Ok(())
    }
}

/// One dimension of a table over the base.
struct Axis {
    /// Its coordinates, rising.
    coordinates: Vec<Coordinate>,
    /// For every level its column and the coordinates of that column's codes.
    levels: Vec<(usize, Vec<u32>)>,
    total: Option<u32>,
}

impl Axis {
    fn new(dimension: &super::Dimension, base: &Base) -> Self {
        let mut coordinates: Vec<Coordinate> = Vec::new();
        for level in &dimension.levels {
            let codes = base.codes(base.column(&level.column));
            coordinates.extend(codes.iter().map(|code| (level.name.clone(), code.clone())));
        }
        let total = dimension.total.as_ref().map(|code| (TOTAL.to_owned(), code.clone()));
        coordinates.extend(total.clone());
        coordinates.sort_unstable();
        let find = |level: &str, code: &str| {
            let found = coordinates.binary_search_by(|(l, c)| (l.as_str(), c.as_str()).cmp(&(level, code)));
            found.ok().and_then(|at| u32::try_from(at).ok()).unwrap_or(u32::MAX)
        };
        let levels = dimension
            .levels
            .iter()
            .map(|level| {
                let column = base.column(&level.column);
                let places = base.codes(column).iter().map(|code| find(&level.name, code)).collect();
                (column, places)
            })
            .collect();
        let total = total.map(|(level, code)| find(&level, &code));
        Self {
            coordinates,
            levels,
            total,
        }
    }

    /// The coordinates of a base row: one on every level, and «all».
    fn of<'a>(&'a self, key: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
        let levels = self.levels.iter().map(|(column, places)| places[key[*column] as usize]);
        levels.chain(self.total)
    }
}
