//! The base of a population: distinct combinations of codes with their counts, whatever order the rows came in.

use std::collections::{BTreeMap, HashMap};

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Int64Type},
};

use super::{CountTable, Population, Zeros};
use crate::error::{Error, Result, did_you_mean};

/// How many combinations the zeros of a population may fill up to, when they may be hidden.
const MOST_COMBINATIONS: usize = 1_000_000;

/// Columns of codes as numbers: the rank of a code among the codes of its column.
pub(super) struct Base {
    names: Vec<String>,
    codes: Vec<Vec<String>>,
    /// Rows after each other, a number for each column; each row once.
    keys: Vec<u32>,
    /// Counts of the rows.
    pub(super) counts: Vec<u64>,
    /// Sums of the rows' record keys modulo 2^64; zeros when none were asked for.
    pub(super) sums: Vec<u64>,
}

impl Base {
    /// Reads the columns that `tables` use and sums equal combinations. When zeros may be hidden, combinations that
    /// nobody has are there too: their absence would tell that they are empty. `key` is the column with sums of record
    /// keys, where the method needs them.
    ///
    /// # Errors
    /// SAMSYN-5001 for a column that the population does not have, 5002 for a NULL in it, 5003 for a count that is
    /// none, 5004 when there is too much, 5022 for a population of nobody.
    pub(super) fn read(
        population: &Population<'_>,
        key: Option<&str>,
        tables: &[CountTable],
        zeros: Zeros,
    ) -> Result<Self> {
        let mut names: Vec<String> = Vec::new();
        for name in tables.iter().flat_map(CountTable::columns) {
            if names.iter().all(|known| known != name) {
                names.push(name.to_owned());
            }
        }
        let mut codes = Vec::with_capacity(names.len());
        let mut columns = Vec::with_capacity(names.len());
        for name in &names {
            let (ranks, list) = ranked(population, name)?;
            columns.push(ranks);
            codes.push(list);
        }
        let mut counts = Vec::new();
        for batch in population.base {
            counts.extend(read_counts(population, batch)?);
        }
        let mut sums = Vec::new();
        for batch in population.base {
            match key {
                Some(key) => sums.extend(read_keys(population, key, batch)?),
                None => sums.resize(counts.len(), 0),
            }
        }
        if counts.is_empty() {
            return Err(
                Error::refused(5022, format!("the population `{}` has no rows", population.name))
                    .hint("check the table that it is read from"),
            );
        }
        let mut keys = Vec::with_capacity(counts.len() * names.len());
        for row in 0..counts.len() {
            keys.extend(columns.iter().map(|column| column[row]));
        }
        let mut base = Self {
            names,
            codes,
            keys,
            counts,
            sums,
        };
        base.merge()?;
        if zeros != Zeros::Published {
            base.fill(tables, population.name)?;
            base.merge()?;
        }
        base.arrange();
        u32::try_from(base.counts.len())
            .map_err(|_| Error::exhausted(5004, "the population has more than 2^32 combinations"))?;
        Ok(base)
    }

    /// For every row of the population, in the order of its batches, the base row that it is part of.
    pub(super) fn rows_of(&self, population: &Population<'_>) -> Result<Vec<u32>> {
        let columns = self
            .names
            .iter()
            .map(|name| Ok(ranked(population, name)?.0))
            .collect::<Result<Vec<_>>>()?;
        let at: HashMap<&[u32], u32> = (0_u32..)
            .take(self.counts.len())
            .map(|row| (self.key(row as usize), row))
            .collect();
        let rows = population.base.iter().map(RecordBatch::num_rows).sum();
        let mut key = Vec::with_capacity(columns.len());
        Ok((0..rows)
            .map(|row| {
                key.clear();
                key.extend(columns.iter().map(|column| column[row]));
                at.get(key.as_slice()).copied().unwrap_or(u32::MAX)
            })
            .collect())
    }

    /// The rows whose codes these are, by column.
    ///
    /// # Errors
    /// SAMSYN-5065 for a column or a code that no table uses.
    pub(super) fn matching(&self, codes: &BTreeMap<String, Vec<String>>) -> Result<Vec<usize>> {
        let mut wanted = Vec::with_capacity(codes.len());
        for (name, list) in codes {
            let missing = |what: &str, word: &str, there: &[String]| {
                let error = Error::invalid(
                    5065,
                    format!("no table has the {what} `{word}` of an impossible combination"),
                );
                match did_you_mean(word, there.iter().map(String::as_str)) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint("name columns of the population that tables use, and their codes"),
                }
            };
            let column = self.names.iter().position(|known| known == name);
            let column = column.ok_or_else(|| missing("column", name, &self.names))?;
            let there = &self.codes[column];
            if let Some(code) = list.iter().find(|code| there.binary_search(code).is_err()) {
                return Err(missing("code", code, there));
            }
            wanted.push((
                column,
                there.iter().map(|code| list.contains(code)).collect::<Vec<bool>>(),
            ));
        }
        let fits = |row: &usize| {
            wanted
                .iter()
                .all(|(column, fits)| fits[self.key(*row)[*column] as usize])
        };
        Ok((0..self.counts.len()).filter(fits).collect())
    }

    /// Number of a column; every column of the tables is there.
    pub(super) fn column(&self, name: &str) -> usize {
        self.names.iter().position(|known| known == name).unwrap_or_default()
    }

    /// Codes of a column, rising.
    pub(super) fn codes(&self, column: usize) -> &[String] {
        &self.codes[column]
    }

    /// Whether a column has a code.
    pub(super) fn has(&self, column: &str, code: &str) -> bool {
        self.codes[self.column(column)]
            .binary_search_by(|known| known.as_str().cmp(code))
            .is_ok()
    }

    /// The numbers of a row.
    pub(super) fn key(&self, row: usize) -> &[u32] {
        &self.keys[row * self.names.len()..(row + 1) * self.names.len()]
    }

    /// Sorts the rows and sums equal ones.
    fn merge(&mut self) -> Result<()> {
        let mut order: Vec<usize> = (0..self.counts.len()).collect();
        order.sort_unstable_by(|a, b| self.key(*a).cmp(self.key(*b)));
        let mut keys: Vec<u32> = Vec::with_capacity(self.keys.len());
        let mut counts: Vec<u64> = Vec::with_capacity(self.counts.len());
        let mut sums: Vec<u64> = Vec::with_capacity(self.counts.len());
        let width = self.names.len();
        for row in order {
            let count = self.counts[row];
            match (counts.last_mut(), sums.last_mut()) {
                (Some(sum), Some(key)) if keys[keys.len() - width..] == *self.key(row) => {
                    *sum = sum.checked_add(count).ok_or_else(too_many)?;
                    *key = key.wrapping_add(self.sums[row]);
                }
                _ => {
                    keys.extend_from_slice(self.key(row));
                    counts.push(count);
                    sums.push(self.sums[row]);
                }
            }
        }
        (self.keys, self.counts, self.sums) = (keys, counts, sums);
        Ok(())
    }

    /// Puts the rows in the order of their codes, frequent codes first: the first row of a cell is then seldom a small
    /// one, and stands for the same category in most cells, which makes for short sums in the elimination.
    fn arrange(&mut self) {
        let width = self.names.len();
        let mut places: Vec<Vec<u32>> = Vec::with_capacity(width);
        for (column, codes) in self.codes.iter().enumerate() {
            let mut persons = vec![0_u64; codes.len()];
            for (row, count) in self.counts.iter().enumerate() {
                let sum = &mut persons[self.key(row)[column] as usize];
                *sum = sum.saturating_add(*count);
            }
            let mut order: Vec<usize> = (0..codes.len()).collect();
            order.sort_by_key(|code| std::cmp::Reverse(persons[*code]));
            let mut place = vec![0; codes.len()];
            for (at, code) in (0_u32..).zip(order) {
                place[code] = at;
            }
            places.push(place);
        }
        let placed = |row: usize| {
            self.key(row)
                .iter()
                .zip(&places)
                .map(|(code, place)| place[*code as usize])
        };
        let mut order: Vec<usize> = (0..self.counts.len()).collect();
        order.sort_unstable_by(|a, b| placed(*a).cmp(placed(*b)));
        self.keys = order.iter().flat_map(|row| self.key(*row).iter().copied()).collect();
        self.counts = order.iter().map(|row| self.counts[*row]).collect();
        self.sums = order.iter().map(|row| self.sums[*row]).collect();
    }

    /// Adds a zero for every combination of the codes that occur. Columns of one dimension belong together: only their
    /// combinations that occur are taken, so that an area keeps to its parents.
    fn fill(&mut self, tables: &[CountTable], population: &str) -> Result<()> {
        let groups = self.groups(tables);
        let mut tuples: Vec<Vec<Vec<u32>>> = Vec::with_capacity(groups.len());
        for group in &groups {
            let mut all: Vec<Vec<u32>> = (0..self.counts.len())
                .map(|row| group.iter().map(|column| self.key(row)[*column]).collect())
                .collect();
            all.sort_unstable();
            all.dedup();
            tuples.push(all);
        }
        let size = tuples
            .iter()
            .try_fold(1_usize, |size, all| size.checked_mul(all.len()))
            .filter(|size| *size <= MOST_COMBINATIONS);
        let Some(size) = size else {
            return Err(Error::exhausted(
                5004,
                format!("the population `{population}` has more than {MOST_COMBINATIONS} combinations, empty ones too"),
            )
            .hint("publish zeros, or break down by less"));
        };
        let width = self.names.len();
        for number in 0..size {
            let mut rest = number;
            let mut key = vec![0; width];
            for (group, all) in groups.iter().zip(&tuples) {
                for (column, code) in group.iter().zip(&all[rest % all.len()]) {
                    key[*column] = *code;
                }
                rest /= all.len();
            }
            self.keys.extend_from_slice(&key);
            self.counts.push(0);
            self.sums.push(0);
        }
        Ok(())
    }

    /// Columns that are levels of one dimension, in groups. A dimension is known by its name in all tables.
    fn groups(&self, tables: &[CountTable]) -> Vec<Vec<usize>> {
        let mut group: Vec<usize> = (0..self.names.len()).collect();
        let mut first_of: HashMap<&str, usize> = HashMap::new();
        for dimension in tables.iter().flat_map(|table| &table.dimensions) {
            for level in &dimension.levels {
                let column = self.column(&level.column);
                let first = *first_of.entry(&dimension.name).or_insert(column);
                let (from, to) = (group[column], group[first]);
                for other in &mut group {
                    if *other == from {
                        *other = to;
                    }
                }
            }
        }
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); self.names.len()];
        for (column, group) in group.into_iter().enumerate() {
            groups[group].push(column);
        }
        groups.retain(|columns| !columns.is_empty());
        groups
    }
}

/// The column's codes, rising, and for every row the rank of its code.
fn ranked(population: &Population<'_>, name: &str) -> Result<(Vec<u32>, Vec<String>)> {
    let mut known: HashMap<String, u32> = HashMap::new();
    let mut codes: Vec<String> = Vec::new();
    let mut ids: Vec<u32> = Vec::new();
    for batch in population.base {
        let array = text_column(population, batch, name)?;
        for code in array.as_string::<i32>().iter().flatten() {
            let id = match known.get(code) {
                Some(id) => *id,
                None => {
                    let id = u32::try_from(codes.len())
                        .map_err(|_| Error::exhausted(5004, "a column has more than 2^32 codes"))?;
                    known.insert(code.to_owned(), id);
                    codes.push(code.to_owned());
                    id
                }
            };
            ids.push(id);
        }
    }
    let mut sorted: Vec<u32> = (0..codes.len()).filter_map(|id| u32::try_from(id).ok()).collect();
    sorted.sort_unstable_by(|a, b| codes[*a as usize].cmp(&codes[*b as usize]));
    let mut rank = vec![0; codes.len()];
    for (at, id) in (0_u32..).zip(&sorted) {
        rank[*id as usize] = at;
    }
    let ranks = ids.into_iter().map(|id| rank[id as usize]).collect();
    let list = sorted
        .into_iter()
        .map(|id| std::mem::take(&mut codes[id as usize]))
        .collect();
    Ok((ranks, list))
}

/// The error when counts do not fit.
pub(super) fn too_many() -> Error {
    Error::exhausted(5004, "a count is larger than 2^63 − 1, which no table can show")
        .hint("check the column that counts: it holds no persons")
}

pub(super) fn column<'a>(population: &Population<'_>, batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    batch.column_by_name(name).ok_or_else(|| {
        let schema = batch.schema();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let error = Error::invalid(
            5001,
            format!("the population `{}` has no column `{name}`", population.name),
        );
        match did_you_mean(name, names.iter().copied()) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint(format!("it has {}", names.join(", "))),
        }
    })
}

pub(super) fn text_column(population: &Population<'_>, batch: &RecordBatch, name: &str) -> Result<ArrayRef> {
    let array = cast(column(population, batch, name)?, &DataType::Utf8)?;
    if array.null_count() > 0 {
        return Err(Error::invalid(
            5002,
            format!(
                "column `{name}` of the population `{}` has {} NULLs",
                population.name,
                array.null_count()
            ),
        )
        .hint(format!(
            "give them a code of their own, for example coalesce({name}, 'okänt')"
        )));
    }
    Ok(array)
}

fn read_counts(population: &Population<'_>, batch: &RecordBatch) -> Result<Vec<u64>> {
    let array = column(population, batch, population.count)?;
    let wrong = |why: &str| {
        Error::invalid(
            5003,
            format!("the counts of the population `{}` have {why}", population.name),
        )
        .hint("counts are whole numbers from 0")
    };
    if !array.data_type().is_integer() {
        return Err(wrong("a type that is no whole number"));
    }
    let numbers = cast(array, &DataType::Int64)?;
    numbers
        .as_primitive::<Int64Type>()
        .iter()
        .map(|count| match count {
            None => Err(wrong("NULLs")),
            Some(count) => u64::try_from(count).map_err(|_| wrong("negative values")),
        })
        .collect()
}

/// The sums of record keys: whole numbers of 64 bits, whose sign is a bit like any other.
fn read_keys(population: &Population<'_>, key: &str, batch: &RecordBatch) -> Result<Vec<u64>> {
    let array = column(population, batch, key)?;
    match array.as_primitive_opt::<Int64Type>() {
        Some(keys) if keys.null_count() == 0 => Ok(keys.values().iter().map(|key| key.cast_unsigned()).collect()),
        _ => Err(Error::invalid(
            5056,
            format!(
                "column `{key}` of the population `{}` holds no sums of record keys",
                population.name
            ),
        )
        .hint("make it with `ckm_key(record_key)`")),
    }
}
