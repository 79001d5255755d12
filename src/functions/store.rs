//! The state of an aggregate: rows as they came, summed now and then, added to and merged in any order.
//!
//! Keys are interned, so a row is a few small numbers in columns and adding a batch is mostly copying. Sums of counts are
//! exact (see [`super::exact`]) and kernels see cells in the order of their keys, so a result does not depend on the
//! order of rows, batches or partitions, to the last bit. What can go wrong: counts with fractions need several numbers
//! a cell; memory is in proportion to cells, with at most [`ROWS`] rows beside them.

use std::{collections::BTreeMap, mem::size_of, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, LargeBinaryArray},
    buffer::{Buffer, OffsetBuffer},
    compute::{filter, prep_null_mask_filter},
    datatypes::Float64Type,
};
use datafusion::common::Result;

use super::{
    def::{Argument, Definition, Form, Kernel, Params, Role},
    gather::{Gather, Log, Sums},
    keys::{Keys, broken, take},
    table::{KEYS, Table, Unknown},
    value::Value,
};
use crate::error::Error;

/// Rows that may wait before they are summed.
const ROWS: usize = 1 << 19;
/// The same for windows, which take rows back and are asked for a result after every row.
const ROWS_OF_A_WINDOW: usize = 1 << 10;

/// The state of one aggregate for many groups of rows.
#[derive(Debug)]
pub(super) struct Store {
    definition: &'static Definition,
    form: &'static Form,
    params: Params,
    /// Whether rows may be taken back; then a last, hidden count says how often a row is there.
    window: bool,
    keys: Vec<Keys>,
    log: Log,
    unknown: Vec<Unknown>,
    groups: usize,
    /// Rows at which to sum.
    full: usize,
    gather: Gather,
}

impl Store {
    pub(super) fn new(definition: &'static Definition, form: &'static Form, params: Params, window: bool) -> Self {
        let keys: Vec<Keys> = form
            .takes
            .iter()
            .filter(|of| is_key(of))
            .map(|of| Keys::new(of.role == Role::Key))
            .collect();
        let counts = form.takes.iter().filter(|of| is_count(of)).count() + usize::from(window);
        Self {
            definition,
            form,
            params,
            window,
            log: Log::new(keys.len(), counts),
            keys,
            unknown: Vec::new(),
            groups: 0,
            full: if window { ROWS_OF_A_WINDOW } else { ROWS },
            gather: Gather::default(),
        }
    }

    /// Returns an empty store of the same kind.
    pub(super) fn fresh(&self) -> Self {
        Self::new(self.definition, self.form, self.params.clone(), self.window)
    }

    pub(super) fn size(&self) -> usize {
        size_of::<Self>()
            + self.log.size()
            + self.keys.iter().map(Keys::size).sum::<usize>()
            + self.unknown.capacity() * size_of::<Unknown>()
    }

    pub(super) fn groups(&self) -> usize {
        self.groups
    }

    pub(super) fn grow(&mut self, groups: usize) {
        self.groups = self.groups.max(groups);
    }

    /// Adds the rows of a batch, or takes them back. Without `groups`, all belong to the first.
    pub(super) fn rows(
        &mut self,
        values: &[ArrayRef],
        groups: Option<&[usize]>,
        chosen: Option<&BooleanArray>,
        back: bool,
    ) -> Result<()> {
        let start = self.log.group.len();
        let chosen = chosen.map(|chosen| {
            if chosen.null_count() > 0 {
                prep_null_mask_filter(chosen)
            } else {
                chosen.clone()
            }
        });
        let group_of = |group: usize| u32::try_from(group).map_err(|_| too_many());
        match (groups, &chosen) {
            (None, None) => self.log.group.resize(start + values[0].len(), 0),
            (None, Some(chosen)) => self.log.group.resize(start + chosen.true_count(), 0),
            (Some(groups), None) => {
                for group in groups {
                    self.log.group.push(group_of(*group)?);
                }
            }
            (Some(groups), Some(chosen)) => {
                for at in chosen.values().set_indices() {
                    self.log.group.push(group_of(groups[at])?);
                }
            }
        }
        let mut nulls = BTreeMap::new();
        let (mut key, mut count) = (0, 0);
        for (argument, array) in self.form.takes.iter().zip(values) {
            if argument.is_literal() {
                continue;
            }
            let array = match &chosen {
                Some(chosen) => &filter(array, chosen)?,
                None => array,
            };
            let mask = 1_u32 << (key + count);
            match argument.role {
                Role::Key => {
                    if array.logical_null_count() > 0 {
                        return Err(self.missing(argument.name).into());
                    }
                    self.keys[key].places(array, &mut self.log.keys[key])?;
                    key += 1;
                }
                Role::Number => {
                    let array = known(array, mask, &mut nulls)?;
                    if self.keys[key].places(&array, &mut self.log.keys[key])?.is_none() {
                        return Err(self.refused(argument, true).into());
                    }
                    key += 1;
                }
                _ => {
                    let array = known(array, mask, &mut nulls)?;
                    let array = array.as_primitive::<Float64Type>().values();
                    if !array.iter().all(|value| *value >= 0.0 && *value < f64::INFINITY) {
                        return Err(self
                            .refused(argument, array.iter().any(|value| !value.is_finite()))
                            .into());
                    }
                    let into = &mut self.log.counts[count];
                    if back {
                        into.extend(array.iter().map(|value| -value));
                    } else {
                        into.extend_from_slice(array);
                    }
                    count += 1;
                }
            }
        }
        if self.window {
            self.log.counts[count].resize(self.log.group.len(), if back { -1.0 } else { 1.0 });
        }
        for (row, nulls) in nulls {
            let mut keys = [0; KEYS];
            for (to, from) in keys.iter_mut().zip(&self.log.keys) {
                *to = from[start + row];
            }
            self.unknown.push(Unknown {
                group: self.log.group[start + row],
                keys,
                nulls,
                times: if back { -1 } else { 1 },
            });
        }
        self.compact()
    }

    fn missing(&self, what: &str) -> Error {
        let name = self.definition.name;
        Error::invalid(6006, format!("`{name}` got a row without {what}")).hint(format!(
            "leave such rows out on purpose: `{name}(…) FILTER (WHERE {what} IS NOT NULL)`"
        ))
    }

    fn refused(&self, argument: &Argument, infinite: bool) -> Error {
        refused(self.definition.name, argument, infinite)
    }

    /// Sums rows with equal keys when many have come since the last time.
    fn compact(&mut self) -> Result<()> {
        if self.log.group.len() < self.full {
            return Ok(());
        }
        let (order, starts) = self.log.by_group(self.groups)?;
        let mut log = Log::new(self.keys.len(), self.log.counts.len());
        for group in 0..self.groups {
            let rows = &order[starts[group]..starts[group + 1]];
            if rows.is_empty() {
                continue;
            }
            self.gather.gather(&self.log, &self.keys, rows, Sums::Parts);
            if self.window {
                self.gather
                    .retain(|counts, cell| counts.iter().any(|sums| sums[cell] != 0.0));
            }
            let count = self.gather.cells.first().map_or(0, Vec::len);
            log.group
                .resize(log.group.len() + count, u32::try_from(group).map_err(|_| too_many())?);
            for ((into, cells), locals) in log.keys.iter_mut().zip(&self.gather.cells).zip(&self.gather.locals) {
                into.extend(cells.iter().map(|cell| locals[*cell as usize]));
            }
            for (into, sums) in log.counts.iter_mut().zip(&self.gather.counts) {
                into.extend_from_slice(sums);
            }
        }
        self.log = log;
        self.unknown
            .sort_unstable_by_key(|row| (row.group, row.keys, row.nulls));
        self.unknown.dedup_by(|row, into| {
            let same = (row.group, row.keys, row.nulls) == (into.group, into.keys, into.nulls);
            into.times += if same { row.times } else { 0 };
            same
        });
        let least = if self.window { ROWS_OF_A_WINDOW } else { ROWS };
        self.full = (2 * self.log.group.len()).max(least);
        Ok(())
    }

    /// Returns the results of the first groups of rows, which stay.
    pub(super) fn values(&mut self, groups: usize) -> Result<Vec<Value>> {
        for keys in &mut self.keys {
            keys.rank()?;
        }
        self.unknown.sort_unstable_by_key(|row| row.group);
        let (order, starts) = self.log.by_group(self.groups)?;
        let mut values = Vec::with_capacity(groups);
        let mut unknown = self.unknown.as_slice();
        for group in 0..groups {
            let here = unknown.partition_point(|row| row.group as usize <= group);
            let (nulls, rest) = unknown.split_at(here);
            unknown = rest;
            values.push(value(
                self.definition,
                self.form,
                &self.params,
                &mut self.gather,
                &self.log,
                &self.keys,
                &order[starts[group]..starts[group + 1]],
                nulls,
                self.window,
            )?);
        }
        Ok(values)
    }

    /// Returns the states of the first groups of rows, which stay.
    pub(super) fn states(&mut self, groups: usize) -> Result<ArrayRef> {
        // the keys of one large group in order: partitions do so side by side, and merging need not look them up
        if groups == 1 {
            for keys in &mut self.keys {
                keys.rank()?;
            }
        }
        self.unknown.sort_unstable_by_key(|row| row.group);
        let (order, starts) = self.log.by_group(self.groups)?;
        let mut bytes = Vec::new();
        let mut lengths = Vec::with_capacity(groups);
        let mut unknown = self.unknown.as_slice();
        for group in 0..groups {
            let here = unknown.partition_point(|row| row.group as usize <= group);
            let (nulls, rest) = unknown.split_at(here);
            unknown = rest;
            let before = bytes.len();
            let rows = &order[starts[group]..starts[group + 1]];
            if !rows.is_empty() {
                self.gather.gather(&self.log, &self.keys, rows, Sums::Parts);
                write(&self.gather, &self.keys, nulls, &mut bytes)?;
            }
            lengths.push(bytes.len() - before);
        }
        Ok(Arc::new(LargeBinaryArray::new(
            OffsetBuffer::from_lengths(lengths),
            Buffer::from_vec(bytes),
            None,
        )))
    }

    /// Adds states. Without `groups`, all belong to the first.
    pub(super) fn merge(&mut self, states: &ArrayRef, groups: Option<&[usize]>) -> Result<()> {
        let states = states.as_binary::<i64>();
        let mut places = vec![Vec::new(); self.keys.len()];
        for row in 0..states.len() {
            if states.is_null(row) {
                continue;
            }
            let mut from = states.value(row);
            if from.is_empty() {
                continue;
            }
            let group = u32::try_from(groups.map_or(0, |groups| groups[row])).map_err(|_| too_many())?;
            let count = number(&mut from)?;
            self.log.group.resize(self.log.group.len() + count, group);
            for ((keys, into), places) in self.keys.iter_mut().zip(&mut self.log.keys).zip(&mut places) {
                places.clear();
                keys.read(number(&mut from)?, &mut from, places)?;
                let (cells, rest) = from.split_at_checked(4 * count).ok_or_else(broken)?;
                from = rest;
                for cell in cells.as_chunks::<4>().0 {
                    into.push(*places.get(u32::from_le_bytes(*cell) as usize).ok_or_else(broken)?);
                }
            }
            for into in &mut self.log.counts {
                let (cells, rest) = from.split_at_checked(8 * count).ok_or_else(broken)?;
                from = rest;
                into.extend(cells.as_chunks::<8>().0.iter().map(|cell| f64::from_le_bytes(*cell)));
            }
            while !from.is_empty() {
                let mut keys = [0; KEYS];
                for (to, places) in keys.iter_mut().zip(&places) {
                    *to = *places.get(number(&mut from)?).ok_or_else(broken)?;
                }
                self.unknown.push(Unknown {
                    group,
                    keys,
                    nulls: u32::from_le_bytes(take(&mut from)?),
                    times: 1,
                });
            }
        }
        self.compact()
    }

    /// Drops the first groups of rows.
    pub(super) fn forget(&mut self, groups: usize) -> Result<()> {
        if groups >= self.groups {
            *self = self.fresh();
            return Ok(());
        }
        let gone = u32::try_from(groups).map_err(|_| too_many())?;
        let kept: Vec<bool> = self.log.group.iter().map(|group| *group >= gone).collect();
        pick(&mut self.log.group, &kept);
        self.log.keys.iter_mut().for_each(|column| pick(column, &kept));
        self.log.counts.iter_mut().for_each(|column| pick(column, &kept));
        self.unknown.retain(|row| row.group >= gone);
        self.log.group.iter_mut().for_each(|group| *group -= gone);
        self.unknown.iter_mut().for_each(|row| row.group -= gone);
        self.groups -= groups;
        Ok(())
    }
}

fn pick<T>(column: &mut Vec<T>, kept: &[bool]) {
    let mut each = kept.iter();
    column.retain(|_| each.next().is_some_and(|kept| *kept));
}

fn is_key(argument: &Argument) -> bool {
    matches!(argument.role, Role::Key | Role::Number)
}

fn is_count(argument: &Argument) -> bool {
    matches!(argument.role, Role::Count | Role::Total)
}

/// The error of a number that its role does not allow.
pub(super) fn refused(function: &str, argument: &Argument, infinite: bool) -> Error {
    if infinite {
        Error::invalid(
            6002,
            format!("`{function}` got a value of `{}` that is not finite", argument.name),
        )
        .hint("NaN and infinity mean a division by zero before; use `nullif(divisor, 0)`")
    } else {
        Error::invalid(6003, format!("`{function}` got a negative `{}`", argument.name)).hint(format!(
            "counts are numbers from 0 upwards; find the rows with `WHERE {} < 0`",
            argument.name
        ))
    }
}

fn too_many() -> Error {
    Error::exhausted(6010, "more than 4 billion groups in one aggregate")
}

/// Returns the values with 0 for NULL, and marks the rows that had NULL.
fn known(array: &ArrayRef, mask: u32, nulls: &mut BTreeMap<usize, u32>) -> Result<ArrayRef> {
    let Some(valid) = array.nulls().filter(|nulls| nulls.null_count() > 0) else {
        return Ok(Arc::clone(array));
    };
    for row in (0..array.len()).filter(|row| valid.is_null(*row)) {
        *nulls.entry(row).or_default() |= mask;
    }
    let values = array.as_primitive::<Float64Type>();
    Ok(Arc::new(arrow::array::Float64Array::from_iter_values(
        values.iter().map(Option::unwrap_or_default),
    )))
}

#[expect(clippy::too_many_arguments, reason = "parts of one store, borrowed one by one")]
fn value(
    definition: &Definition,
    form: &Form,
    params: &Params,
    gather: &mut Gather,
    log: &Log,
    keys: &[Keys],
    rows: &[u32],
    unknown: &[Unknown],
    window: bool,
) -> Result<Value> {
    if !form.sees_nulls && unknown.iter().map(|row| row.times).sum::<i64>() != 0 {
        return Ok(Value::Null);
    }
    gather.gather(log, keys, rows, Sums::Rounded);
    let counts = log.counts.len() - usize::from(window);
    if window {
        gather.retain(|sums, cell| sums[counts][cell] > 0.0);
    }
    if gather.counts.iter().flatten().any(|sum| !sum.is_finite()) {
        return Err(
            Error::invalid(6007, format!("`{}` got counts whose sum is too large", definition.name))
                .hint("counts that large are rarely counts")
                .into(),
        );
    }
    let mut empty = 0;
    if counts > 0 && !form.sees_empty {
        empty = gather.retain(|sums, cell| sums[..counts].iter().any(|sums| sums[cell] > 0.0));
    }
    let table = Table {
        keys,
        cells: gather,
        counts,
        empty,
        unknown,
    };
    let value = match form.kernel {
        Kernel::Wide(kernel) if keys.len() == 1 => kernel(&table.wide(definition.name)?, params)?,
        Kernel::Wide(kernel) => kernel(&table.long().wide(params), params)?,
        Kernel::Long(kernel) => kernel(&table.long(), params)?,
        Kernel::Table(kernel) => kernel(&table, params)?,
    };
    Ok(value)
}

fn number(from: &mut &[u8]) -> Result<usize> {
    Ok(u32::from_le_bytes(take(from)?) as usize)
}

/// Writes one group: rows, then for each key its texts or numbers and the cells' places among them, then each count,
/// then rows with NULL.
fn write(cells: &Gather, keys: &[Keys], unknown: &[Unknown], into: &mut Vec<u8>) -> Result<()> {
    let put = |of: usize, into: &mut Vec<u8>| -> Result<()> {
        into.extend_from_slice(&u32::try_from(of).map_err(|_| too_many())?.to_le_bytes());
        Ok(())
    };
    put(cells.cells.first().map_or(0, Vec::len), into)?;
    for ((keys, locals), places) in keys.iter().zip(&cells.locals).zip(&cells.cells) {
        put(locals.len(), into)?;
        for place in locals {
            keys.write(*place, into)?;
        }
        for place in places {
            into.extend_from_slice(&place.to_le_bytes());
        }
    }
    for sums in &cells.counts {
        for sum in sums {
            into.extend_from_slice(&sum.to_le_bytes());
        }
    }
    for row in unknown {
        for (place, locals) in row.keys.iter().zip(&cells.locals) {
            put(locals.iter().position(|local| local == place).ok_or_else(broken)?, into)?;
        }
        into.extend_from_slice(&row.nulls.to_le_bytes());
    }
    Ok(())
}
