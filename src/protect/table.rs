//! Tables as cells, and cells as sets of base rows.

use std::collections::{BTreeMap, HashMap};

use arrow::{
    array::{Array, ArrayRef, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Int64Type},
};

use super::Population;
use crate::{
    error::{Error, Result, did_you_mean},
    model::TableId,
};

/// One level of a dimension: a column of the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Name that the published table shows.
    pub name: String,
    /// Column of the base.
    pub column: String,
}

/// A dimension of a published table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dimension {
    /// Column of the published table.
    pub name: String,
    /// Its levels; they need not be nested.
    pub levels: Vec<Level>,
    /// Code of «all», if all is shown.
    pub total: Option<String>,
    /// Column that tells the level; needed with several levels.
    pub level_column: Option<String>,
}

/// A published table of counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountTable {
    /// The table.
    pub table: TableId,
    /// What it is broken down by.
    pub dimensions: Vec<Dimension>,
    /// Column of the counts.
    pub measure: String,
    /// Only base rows with these codes in these columns.
    pub filters: Vec<(String, Vec<String>)>,
}

/// One coordinate of a cell: the level (or «all») and the code.
pub(super) type Coordinate = (String, String);

/// A cell: where it stands, which base rows it holds, how many persons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Number of its table.
    pub table: usize,
    /// Level and code in every dimension.
    pub key: Vec<(String, String)>,
    /// Base rows, rising.
    pub rows: Vec<u32>,
    /// Sum of their counts.
    pub count: u64,
}

/// All cells of all tables of a population over one set of base rows.
#[derive(Debug, Clone, Default)]
pub struct System {
    /// Counts of the base rows.
    pub counts: Vec<u64>,
    /// The cells; of one table in the order of their keys.
    pub cells: Vec<Cell>,
}

/// Name of the level that «all» has.
pub(super) const TOTAL: &str = "total";

impl System {
    /// Builds the cells that hold at least one base row.
    ///
    /// # Errors
    /// SAMSYN-5001 for a column that the base does not have, 5002 for a NULL in it, 5003 for a negative count.
    pub fn build(population: &Population<'_>, tables: &[CountTable]) -> Result<Self> {
        let columns = Columns::read(population, tables)?;
        let mut system = Self {
            counts: columns.counts.clone(),
            cells: Vec::new(),
        };
        for (number, table) in tables.iter().enumerate() {
            validate(table, &columns)?;
            let mut cells: BTreeMap<Vec<Coordinate>, Vec<u32>> = BTreeMap::new();
            // coordinates are enumerated once per distinct combination, not per row
            let mut known: HashMap<Vec<u32>, Vec<Vec<Coordinate>>> = HashMap::new();
            let used: Vec<&str> = table
                .dimensions
                .iter()
                .flat_map(|d| d.levels.iter().map(|level| level.column.as_str()))
                .collect();
            for row in 0..columns.counts.len() {
                let fits = table
                    .filters
                    .iter()
                    .all(|(column, codes)| codes.iter().any(|code| code == columns.code(column, row)));
                if !fits {
                    continue;
                }
                let ids: Vec<u32> = used.iter().map(|column| columns.ids[*column][row]).collect();
                let keys = known.entry(ids).or_insert_with(|| coordinates(table, &columns, row));
                let row = u32::try_from(row)
                    .map_err(|_| Error::exhausted(5004, "the population has more than 2^32 combinations"))?;
                for key in keys.iter() {
                    match cells.get_mut(key) {
                        Some(rows) => rows.push(row),
                        None => {
                            cells.insert(key.clone(), vec![row]);
                        }
                    }
                }
            }
            for (key, rows) in cells {
                let count = rows.iter().map(|row| system.counts[*row as usize]).sum();
                system.cells.push(Cell {
                    table: number,
                    key,
                    rows,
                    count,
                });
            }
        }
        Ok(system)
    }
}

fn validate(table: &CountTable, columns: &Columns) -> Result<()> {
    let refuse = |what: String, hint: &str| Err(Error::invalid(5005, what).hint(hint));
    let mut outputs: Vec<&str> = vec![&table.measure, "obs_status", "conf_status"];
    for dimension in &table.dimensions {
        let place = format!("dimension `{}` of `{}`", dimension.name, table.table);
        if dimension.levels.is_empty() {
            return refuse(format!("{place} has no level"), "name at least one column");
        }
        if dimension.levels.len() > 1 && dimension.level_column.is_none() {
            return refuse(
                format!("{place} has several levels and no column that tells them apart"),
                "add `level_column`",
            );
        }
        let mut names: Vec<&str> = dimension.levels.iter().map(|level| level.name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return refuse(format!("{place} has a level twice"), "name each level once");
        }
        if names.contains(&TOTAL) {
            return refuse(
                format!("{place} has a level called `{TOTAL}`"),
                "that name stands for «all»; rename the column",
            );
        }
        if let (Some(total), None) = (&dimension.total, &dimension.level_column)
            && dimension
                .levels
                .iter()
                .any(|level| columns.codes[&level.column].contains(total))
        {
            return refuse(
                format!("{place} has the code of its total among its codes"),
                "choose another code for the total, or leave rows that are totals out of the population",
            );
        }
        outputs.push(&dimension.name);
        outputs.extend(dimension.level_column.as_deref());
    }
    outputs.sort_unstable();
    if outputs.windows(2).any(|pair| pair[0] == pair[1]) {
        return refuse(
            format!("`{}` would have two columns of one name", table.table),
            "give dimensions and measure different names",
        );
    }
    Ok(())
}

/// Every cell of `table` that holds this row: one per combination of levels and totals.
fn coordinates(table: &CountTable, columns: &Columns, row: usize) -> Vec<Vec<Coordinate>> {
    let mut keys: Vec<Vec<Coordinate>> = vec![Vec::new()];
    for dimension in &table.dimensions {
        let mut options: Vec<Coordinate> = dimension
            .levels
            .iter()
            .map(|level| (level.name.clone(), columns.code(&level.column, row).to_owned()))
            .collect();
        if let Some(total) = &dimension.total {
            options.push((TOTAL.to_owned(), total.clone()));
        }
        keys = keys
            .into_iter()
            .flat_map(|key| {
                options.iter().map(move |option| {
                    let mut key = key.clone();
                    key.push(option.clone());
                    key
                })
            })
            .collect();
    }
    keys
}

/// The base, column by column: codes as numbers, and rows with equal codes summed.
struct Columns {
    ids: BTreeMap<String, Vec<u32>>,
    codes: BTreeMap<String, Vec<String>>,
    counts: Vec<u64>,
}

impl Columns {
    fn read(population: &Population<'_>, tables: &[CountTable]) -> Result<Self> {
        let mut names: Vec<&str> = tables
            .iter()
            .flat_map(|table| {
                let levels = table
                    .dimensions
                    .iter()
                    .flat_map(|d| d.levels.iter().map(|level| level.column.as_str()));
                levels.chain(table.filters.iter().map(|(column, _)| column.as_str()))
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        let mut codes: BTreeMap<String, Vec<String>> =
            names.iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
        let mut numbers: BTreeMap<&str, HashMap<String, u32>> =
            names.iter().map(|name| (*name, HashMap::new())).collect();
        let mut merged: BTreeMap<Vec<String>, u64> = BTreeMap::new();
        for batch in population.base {
            let arrays = names
                .iter()
                .map(|name| text_column(population, batch, name))
                .collect::<Result<Vec<_>>>()?;
            let counts = counts(population, batch)?;
            for (row, count) in counts.into_iter().enumerate() {
                let key: Vec<String> = arrays
                    .iter()
                    .map(|array| array.as_string::<i32>().value(row).to_owned())
                    .collect();
                let sum = merged.entry(key).or_default();
                *sum = sum
                    .checked_add(count)
                    .ok_or_else(|| Error::exhausted(5004, "a count is larger than 2^64"))?;
            }
        }
        let mut ids: BTreeMap<String, Vec<u32>> = names
            .iter()
            .map(|name| ((*name).to_owned(), Vec::with_capacity(merged.len())))
            .collect();
        let mut sums = Vec::with_capacity(merged.len());
        for (key, count) in merged {
            for (name, code) in names.iter().zip(key) {
                let (Some(list), Some(known), Some(column)) =
                    (codes.get_mut(*name), numbers.get_mut(name), ids.get_mut(*name))
                else {
                    continue;
                };
                let next = u32::try_from(list.len())
                    .map_err(|_| Error::exhausted(5004, "a column has more than 2^32 codes"))?;
                let id = *known.entry(code.clone()).or_insert_with(|| {
                    list.push(code);
                    next
                });
                column.push(id);
            }
            sums.push(count);
        }
        Ok(Self {
            ids,
            codes,
            counts: sums,
        })
    }

    fn code(&self, column: &str, row: usize) -> &str {
        &self.codes[column][self.ids[column][row] as usize]
    }
}

fn column<'a>(population: &Population<'_>, batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
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

fn text_column(population: &Population<'_>, batch: &RecordBatch, name: &str) -> Result<ArrayRef> {
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

fn counts(population: &Population<'_>, batch: &RecordBatch) -> Result<Vec<u64>> {
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
