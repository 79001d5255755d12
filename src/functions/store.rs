//! The cells of an area-keyed aggregate: one list a group of rows, added to and merged in any order.
//!
//! Keys are interned, so a cell is two small numbers and its counts. Counts that are integers are summed as integers,
//! checked; counts that are floats are kept and summed at the end in the order of their values. So the result does not
//! depend on the order of rows, batches or partitions, to the last bit. What can go wrong: an unbounded number of
//! distinct float rows takes memory in proportion to rows (integers: to areas and groups).

use std::{collections::HashMap, mem::size_of, sync::Arc};

use arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, ListArray, StringArray, UInt32Array},
    buffer::OffsetBuffer,
    datatypes::{DataType, Field, FieldRef, Float64Type, Int64Type, UInt32Type},
};
use datafusion::common::{Result, hash_utils::RandomState};

use super::{
    def::Form,
    units::{Table, Wide},
};
use crate::error::Error;

/// Distinct texts as numbers from 0, in the order of arrival.
#[derive(Debug, Default)]
struct Interner {
    places: HashMap<Arc<str>, u32, RandomState>,
    texts: Vec<Arc<str>>,
    /// Place of each text in the order of the texts; stale when shorter.
    ranks: Vec<u32>,
    bytes: usize,
}

impl Interner {
    fn place(&mut self, text: &str) -> Result<u32> {
        if let Some(place) = self.places.get(text) {
            return Ok(*place);
        }
        let place = number(self.texts.len())?;
        let text: Arc<str> = Arc::from(text);
        self.bytes += 2 * text.len() + 64;
        self.places.insert(Arc::clone(&text), place);
        self.texts.push(text);
        Ok(place)
    }

    fn rank(&mut self) -> Result<()> {
        if self.ranks.len() != self.texts.len() {
            let mut order: Vec<usize> = (0..self.texts.len()).collect();
            order.sort_unstable_by(|left, right| self.texts[*left].cmp(&self.texts[*right]));
            self.ranks = vec![0; order.len()];
            for (rank, place) in order.into_iter().enumerate() {
                self.ranks[place] = number(rank)?;
            }
        }
        Ok(())
    }
}

fn number(of: usize) -> Result<u32> {
    Ok(u32::try_from(of).map_err(|_| Error::exhausted(6010, "more than 4 billion distinct areas in one aggregate"))?)
}

/// Counts of one group in one area; floats are kept as their bits.
#[derive(Debug, Clone, Copy)]
struct Cell<const W: usize> {
    area: u32,
    group: u32,
    counts: [i64; W],
}

/// One group of rows.
#[derive(Debug, Default)]
struct Group<const W: usize> {
    cells: Vec<Cell<W>>,
    /// Cells after the last time that equal ones were summed.
    compact: usize,
    /// Rows with a NULL count.
    unknown: i64,
}

/// The state of an aggregate with `W` counts a cell.
#[derive(Debug)]
pub(super) struct Store<const W: usize> {
    name: &'static str,
    form: Form,
    names: Vec<String>,
    float: bool,
    areas: Interner,
    groups: Interner,
    rows: Vec<Group<W>>,
    bytes: usize,
}

/// A text column in either layout.
enum Texts<'a> {
    Plain(&'a StringArray),
    View(&'a arrow::array::StringViewArray),
}

impl<'a> Texts<'a> {
    fn of(array: &'a ArrayRef) -> Self {
        array
            .as_string_view_opt()
            .map_or_else(|| Self::Plain(array.as_string()), Self::View)
    }

    fn get(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::Plain(array) => (!array.is_null(row)).then(|| array.value(row)),
            Self::View(array) => (!array.is_null(row)).then(|| array.value(row)),
        }
    }
}

/// Which state columns there are; `float` decides the type of the counts.
pub(super) fn state_fields(name: &str, float: bool) -> Vec<FieldRef> {
    let list = |of: &str, inner: DataType| -> FieldRef {
        Arc::new(Field::new(
            format!("{name}[{of}]"),
            DataType::List(Arc::new(Field::new_list_field(inner, false))),
            true,
        ))
    };
    vec![
        list("areas", DataType::Utf8),
        list("groups", DataType::Utf8),
        list("area", DataType::UInt32),
        list("group", DataType::UInt32),
        list("counts", if float { DataType::Float64 } else { DataType::Int64 }),
        Arc::new(Field::new(format!("{name}[unknown]"), DataType::Int64, true)),
    ]
}

impl<const W: usize> Store<W> {
    pub(super) fn new(name: &'static str, form: Form, names: Vec<String>, float: bool) -> Self {
        Self {
            name,
            form,
            names,
            float,
            areas: Interner::default(),
            groups: Interner::default(),
            rows: Vec::new(),
            bytes: 0,
        }
    }

    /// Returns an empty store of the same kind.
    pub(super) fn fresh(&self) -> Self {
        Self::new(self.name, self.form, self.names.clone(), self.float)
    }

    pub(super) fn float(&self) -> bool {
        self.float
    }

    pub(super) fn size(&self) -> usize {
        size_of::<Self>()
            + self.bytes
            + self.areas.bytes
            + self.groups.bytes
            + self.rows.capacity() * size_of::<Group<W>>()
    }

    pub(super) fn grow(&mut self, groups: usize) {
        if self.rows.len() < groups {
            self.rows.resize_with(groups, Group::default);
        }
    }

    /// Adds rows, or takes them away again (`add` false, integers only). `group` gives the group of a row, `keep` whether the row counts.
    pub(super) fn rows(
        &mut self,
        values: &[ArrayRef],
        group: impl Fn(usize) -> usize,
        filter: Option<&BooleanArray>,
        add: bool,
    ) -> Result<()> {
        let long = matches!(self.form, Form::Long { .. });
        let first = 1 + usize::from(long);
        let areas = Texts::of(&values[0]);
        let groups = long.then(|| Texts::of(&values[1]));
        let counts = &values[first..first + W];
        let ints: Vec<&Int64Array> = if self.float {
            Vec::new()
        } else {
            counts.iter().map(AsArray::as_primitive).collect()
        };
        let floats: Vec<&Float64Array> = if self.float {
            counts.iter().map(AsArray::as_primitive).collect()
        } else {
            Vec::new()
        };
        let mut last: Option<(&str, u32)> = None;
        for row in 0..values[0].len() {
            if filter.is_some_and(|keep| !keep.is_valid(row) || !keep.value(row)) {
                continue;
            }
            let area = areas.get(row).ok_or_else(|| self.missing("area"))?;
            let area = match last {
                Some((text, place)) if text == area => place,
                _ => {
                    let place = self.areas.place(area)?;
                    last = Some((area, place));
                    place
                }
            };
            let of = match &groups {
                None => 0,
                Some(groups) => self
                    .groups
                    .place(groups.get(row).ok_or_else(|| self.missing("group"))?)?,
            };
            let at = group(row);
            if counts.iter().any(|column| column.is_null(row)) {
                self.rows[at].unknown += if add { 1 } else { -1 };
                continue;
            }
            let mut cell = Cell {
                area,
                group: of,
                counts: [0; W],
            };
            for place in 0..W {
                cell.counts[place] = if self.float {
                    let count = floats[place].value(row);
                    if !count.is_finite() || count < 0.0 {
                        return Err(self.refused(!count.is_finite()));
                    }
                    // −0 becomes 0, so that equal counts have equal bits
                    (count + 0.0).to_bits().cast_signed()
                } else {
                    let count = ints[place].value(row);
                    if count < 0 {
                        return Err(self.refused(false));
                    }
                    if add { count } else { -count }
                };
            }
            self.push(at, cell)?;
        }
        Ok(())
    }

    fn missing(&self, what: &str) -> datafusion::error::DataFusionError {
        Error::invalid(6006, format!("`{}` got a row without {what}", self.name))
            .hint(format!(
                "leave such rows out on purpose: `{}(…) FILTER (WHERE {what} IS NOT NULL)`",
                self.name
            ))
            .into()
    }

    fn refused(&self, infinite: bool) -> datafusion::error::DataFusionError {
        let (code, what) = if infinite {
            (6002, "a count that is not finite")
        } else {
            (6003, "a negative count")
        };
        Error::invalid(code, format!("`{}` got {what}", self.name))
            .hint("counts are numbers from 0 upwards; find the rows with `WHERE NOT n >= 0`")
            .into()
    }

    fn push(&mut self, at: usize, cell: Cell<W>) -> Result<()> {
        let group = &mut self.rows[at];
        if group.cells.len() == group.cells.capacity() {
            let before = group.cells.capacity();
            // summing first, where it has a chance to make room
            if !self.float && group.cells.len() >= 2 * group.compact.max(32) {
                sum(&mut group.cells)?;
                group.compact = group.cells.len();
            }
            group.cells.push(cell);
            self.bytes += (group.cells.capacity() - before) * size_of::<Cell<W>>();
        } else {
            group.cells.push(cell);
        }
        Ok(())
    }

    /// Returns the index of one group of rows, which stays as it is.
    pub(super) fn value(&mut self, at: usize) -> Result<Option<f64>> {
        self.areas.rank()?;
        self.groups.rank()?;
        let group = &mut self.rows[at];
        if group.unknown != 0 {
            return Ok(None);
        }
        let (areas, groups) = (&self.areas.ranks, &self.groups.ranks);
        let mut cells: Vec<Cell<W>> = group.cells.clone();
        for cell in &mut cells {
            cell.area = areas[cell.area as usize];
            cell.group = groups.get(cell.group as usize).copied().unwrap_or(0);
        }
        let (cells, total) = if self.float {
            floats(&mut cells)
        } else {
            integers(&mut cells)?
        };
        let value = match self.form {
            Form::Wide { kernel, .. } => kernel(&self.wide(&cells, total)?)?,
            Form::Long { kernel, .. } => {
                let mut names: Vec<&str> = self.groups.texts.iter().map(AsRef::as_ref).collect();
                names.sort_unstable();
                kernel(&table(&cells, total[0], &names), &self.names)?
            }
        };
        Ok(value)
    }

    fn wide(&self, cells: &[(u32, u32, [f64; W])], total: [f64; W]) -> Result<Wide> {
        let widen = |of: &[f64; W]| {
            let mut all = [0.0; 3];
            for (to, from) in all.iter_mut().zip(of) {
                *to = *from;
            }
            all
        };
        let mut areas = Vec::with_capacity(cells.len());
        for (_, _, counts) in cells {
            let (parts, all) = (&counts[..W - 1], counts[W - 1]);
            if parts.iter().any(|part| *part > all) {
                return Err(Error::invalid(
                    6004,
                    format!("`{}` got an area whose group is larger than its total", self.name),
                )
                .hint("the total is the last argument, and every part of an area brings its own total")
                .into());
            }
            if all > 0.0 {
                areas.push(widen(counts));
            }
        }
        Ok(Wide {
            areas,
            total: widen(&total),
        })
    }

    /// Takes the state of the first `count` groups out.
    pub(super) fn take(&mut self, count: usize) -> Result<Vec<ArrayRef>> {
        let rest = self.rows.split_off(count.min(self.rows.len()));
        let taken = std::mem::replace(&mut self.rows, rest);
        for group in &taken {
            self.bytes = self.bytes.saturating_sub(group.cells.capacity() * size_of::<Cell<W>>());
        }
        self.state(taken)
    }

    /// Returns the state of every group, which stays.
    pub(super) fn copy(&mut self) -> Result<Vec<ArrayRef>> {
        let copies = self
            .rows
            .iter()
            .map(|group| Group {
                cells: group.cells.clone(),
                compact: group.compact,
                unknown: group.unknown,
            })
            .collect();
        self.state(copies)
    }

    fn state(&self, taken: Vec<Group<W>>) -> Result<Vec<ArrayRef>> {
        let mut texts = [Vec::new(), Vec::new()];
        let mut text_lengths = [Vec::new(), Vec::new()];
        let mut places = [Vec::new(), Vec::new()];
        let mut lengths = Vec::with_capacity(taken.len());
        let mut counts: Vec<i64> = Vec::new();
        let mut unknown = Vec::with_capacity(taken.len());
        // place of an interned text among the texts of the group at hand
        let mut local = [
            vec![u32::MAX; self.areas.texts.len()],
            vec![u32::MAX; self.groups.texts.len()],
        ];
        for mut group in taken {
            if !self.float {
                sum(&mut group.cells)?;
            }
            let start = [texts[0].len(), texts[1].len()];
            for cell in &group.cells {
                for (side, interned, at) in [(0, &self.areas, cell.area), (1, &self.groups, cell.group)] {
                    let Some(place) = local[side].get_mut(at as usize) else {
                        places[side].push(0);
                        continue;
                    };
                    if *place == u32::MAX {
                        *place = number(texts[side].len() - start[side])?;
                        texts[side].push(at);
                    }
                    places[side].push(*place);
                    let _ = interned;
                }
                counts.extend_from_slice(&cell.counts);
            }
            for side in 0..2 {
                for at in &texts[side][start[side]..] {
                    local[side][*at as usize] = u32::MAX;
                }
                text_lengths[side].push(texts[side].len() - start[side]);
            }
            lengths.push(group.cells.len());
            unknown.push(group.unknown);
        }
        let strings = |interner: &Interner, of: &[u32]| -> ArrayRef {
            Arc::new(StringArray::from_iter_values(
                of.iter().map(|at| interner.texts[*at as usize].as_ref()),
            ))
        };
        let [area_texts, group_texts] = texts;
        let [area_lengths, group_lengths] = text_lengths;
        let [area_places, group_places] = places;
        let counts: ArrayRef = if self.float {
            Arc::new(Float64Array::from_iter_values(
                counts.iter().map(|bits| f64::from_bits(bits.cast_unsigned())),
            ))
        } else {
            Arc::new(Int64Array::from(counts))
        };
        Ok(vec![
            list(strings(&self.areas, &area_texts), &area_lengths)?,
            list(strings(&self.groups, &group_texts), &group_lengths)?,
            list(Arc::new(UInt32Array::from(area_places)), &lengths)?,
            list(Arc::new(UInt32Array::from(group_places)), &lengths)?,
            list(counts, &lengths.iter().map(|length| length * W).collect::<Vec<_>>())?,
            Arc::new(Int64Array::from(unknown)),
        ])
    }

    /// Adds states; `group` gives the group of a state.
    pub(super) fn merge(&mut self, states: &[ArrayRef], group: impl Fn(usize) -> usize) -> Result<()> {
        let columns: Vec<&ListArray> = states[..5].iter().map(AsArray::as_list).collect();
        let unknown = states[5].as_primitive::<Int64Type>();
        for row in 0..unknown.len() {
            if unknown.is_null(row) {
                continue;
            }
            let at = group(row);
            self.rows[at].unknown += unknown.value(row);
            let areas = intern(&mut self.areas, &columns[0].value(row))?;
            let groups = intern(&mut self.groups, &columns[1].value(row))?;
            let (area, of) = (columns[2].value(row), columns[3].value(row));
            let (area, of) = (area.as_primitive::<UInt32Type>(), of.as_primitive::<UInt32Type>());
            let counts = columns[4].value(row);
            let bits: Vec<i64> = if self.float {
                counts
                    .as_primitive::<Float64Type>()
                    .values()
                    .iter()
                    .map(|count| count.to_bits().cast_signed())
                    .collect()
            } else {
                counts.as_primitive::<Int64Type>().values().to_vec()
            };
            for (place, chunk) in bits.chunks_exact(W).enumerate() {
                let mut cell = Cell {
                    area: areas.get(area.value(place) as usize).copied().unwrap_or(0),
                    group: groups.get(of.value(place) as usize).copied().unwrap_or(0),
                    counts: [0; W],
                };
                cell.counts.copy_from_slice(chunk);
                self.push(at, cell)?;
            }
        }
        Ok(())
    }

    pub(super) fn groups(&self) -> usize {
        self.rows.len()
    }

    /// Drops the first `count` groups.
    pub(super) fn forget(&mut self, count: usize) {
        for group in self.rows.drain(..count.min(self.rows.len())) {
            self.bytes = self.bytes.saturating_sub(group.cells.capacity() * size_of::<Cell<W>>());
        }
    }
}

fn intern(interner: &mut Interner, texts: &ArrayRef) -> Result<Vec<u32>> {
    let texts = texts.as_string::<i32>();
    (0..texts.len()).map(|row| interner.place(texts.value(row))).collect()
}

fn list(values: ArrayRef, lengths: &[usize]) -> Result<ArrayRef> {
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), false));
    let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
    Ok(Arc::new(ListArray::try_new(field, offsets, values, None)?))
}

fn too_large() -> Error {
    Error::invalid(6007, "a sum of counts is larger than 9 223 372 036 854 775 807")
        .hint("counts that large are rarely counts; cast to DOUBLE if they are meant")
}

/// Sorts by area and group and sums equal cells.
fn sum<const W: usize>(cells: &mut Vec<Cell<W>>) -> Result<()> {
    cells.sort_unstable_by_key(|cell| (cell.area, cell.group));
    let mut kept = 0;
    for at in 1..cells.len() {
        let cell = cells[at];
        let into = &mut cells[kept];
        if (into.area, into.group) == (cell.area, cell.group) {
            for (to, from) in into.counts.iter_mut().zip(cell.counts) {
                *to = to.checked_add(from).ok_or_else(too_large)?;
            }
        } else {
            kept += 1;
            cells[kept] = cell;
        }
    }
    cells.truncate(kept + 1);
    Ok(())
}

type Summed<const W: usize> = (Vec<(u32, u32, [f64; W])>, [f64; W]);

fn integers<const W: usize>(cells: &mut Vec<Cell<W>>) -> Result<Summed<W>> {
    sum(cells)?;
    let mut total = [0_i64; W];
    let mut all = Vec::with_capacity(cells.len());
    for cell in cells {
        for (to, from) in total.iter_mut().zip(cell.counts) {
            *to = to.checked_add(from).ok_or_else(too_large)?;
        }
        all.push((cell.area, cell.group, cell.counts.map(|count| count as f64)));
    }
    Ok((all, total.map(|count| count as f64)))
}

fn floats<const W: usize>(cells: &mut [Cell<W>]) -> Summed<W> {
    cells.sort_unstable_by_key(|cell| (cell.area, cell.group));
    let mut total = [0.0; W];
    let mut all = Vec::new();
    let mut values = Vec::new();
    for same in cells.chunk_by(|left, right| (left.area, left.group) == (right.area, right.group)) {
        let mut counts = [0.0; W];
        for (place, count) in counts.iter_mut().enumerate() {
            values.clear();
            values.extend(
                same.iter()
                    .map(|cell| f64::from_bits(cell.counts[place].cast_unsigned())),
            );
            values.sort_unstable_by(f64::total_cmp);
            *count = values.iter().sum();
            total[place] += *count;
        }
        all.push((same[0].area, same[0].group, counts));
    }
    (all, total)
}

/// Numbers areas and groups from 0 without gaps and drops empty cells.
fn table<'a, const W: usize>(cells: &[(u32, u32, [f64; W])], total: f64, names: &[&'a str]) -> Table<'a> {
    let mut table = Table {
        cells: Vec::with_capacity(cells.len()),
        areas: Vec::new(),
        groups: Vec::new(),
        total,
    };
    let mut sums = vec![0.0; names.len()];
    let mut last = None;
    for (area, group, counts) in cells {
        if counts[0] <= 0.0 {
            continue;
        }
        if last != Some(*area) {
            table.areas.push(0.0);
            last = Some(*area);
        }
        let place = table.areas.len() - 1;
        table.areas[place] += counts[0];
        sums[*group as usize] += counts[0];
        table.cells.push((place, *group as usize, counts[0]));
    }
    let mut places = vec![0; names.len()];
    for (at, sum) in sums.into_iter().enumerate() {
        places[at] = table.groups.len();
        if sum > 0.0 {
            table.groups.push((names[at], sum));
        }
    }
    for cell in &mut table.cells {
        cell.1 = places[cell.1];
    }
    table
}
