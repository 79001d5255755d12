//! A published count table as a reader finds it, held against its definition: every row a cell, every figure or its
//! marker in order.

use std::collections::HashSet;

use arrow::{
    array::{Array, AsArray, RecordBatch},
    compute::cast,
    datatypes::{DataType, Int64Type},
};

use super::{
    super::CountTable,
    finding::{Finding, Wrong},
};
use crate::{
    error::Result,
    model::{conf_status, obs_status},
};

/// The level, as a number in the definition, and the code; no level is «all».
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Coordinate {
    /// The level; none for «all».
    pub level: Option<usize>,
    /// The code.
    pub code: String,
}

/// A row of a published table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedCell {
    /// Its coordinate in every dimension, as a number.
    pub key: Vec<u32>,
    /// Its figure; none when it is hidden.
    pub figure: Option<u64>,
}

/// A published table.
#[derive(Debug, Clone, Default)]
pub struct PublishedTable {
    /// Of every dimension the coordinates that rows have, rising.
    pub coordinates: Vec<Vec<Coordinate>>,
    /// The rows that are cells, in their order.
    pub cells: Vec<PublishedCell>,
}

/// Most findings of one kind that are listed.
const MOST_LISTED: usize = 20;

impl PublishedTable {
    /// Reads the rows of a table. Rows that are no cells are left out, and found.
    pub fn read(definition: &CountTable, batches: &[RecordBatch], findings: &mut Vec<Finding>) -> Result<Self> {
        let before = findings.len();
        let mut tell = |wrong: Wrong, key: Vec<String>| {
            if findings.len() - before < MOST_LISTED {
                findings.push(Finding::of_cell(wrong, &definition.table, key));
            }
        };
        let names = key_columns(definition);
        let mut rows: Vec<(Vec<Coordinate>, Option<u64>)> = Vec::new();
        for batch in batches {
            let has = |name: &str| batch.column_by_name(name).is_some();
            let all =
                names
                    .iter()
                    .map(String::as_str)
                    .chain([definition.measure.as_str(), "obs_status", "conf_status"]);
            if let Some(name) = all.clone().find(|name| !has(name)) {
                tell(Wrong::Column, vec![name.to_owned()]);
                break;
            }
            if let Some(field) = batch
                .schema()
                .fields()
                .iter()
                .find(|field| !all.clone().any(|name| name == field.name()))
            {
                tell(Wrong::ExtraColumn, vec![field.name().clone()]);
            }
            let text = |name: &str| match batch.column_by_name(name) {
                Some(column) => Ok(cast(column, &DataType::Utf8)?),
                None => Ok::<_, crate::error::Error>(arrow::array::new_null_array(&DataType::Utf8, batch.num_rows())),
            };
            let keys = names.iter().map(|name| text(name)).collect::<Result<Vec<_>>>()?;
            let (obs, conf) = (text("obs_status")?, text("conf_status")?);
            let (obs, conf) = (obs.as_string::<i32>(), conf.as_string::<i32>());
            let Some(column) = batch
                .column_by_name(&definition.measure)
                .filter(|column| column.data_type().is_integer())
            else {
                tell(Wrong::Figure, vec![definition.measure.clone()]);
                break;
            };
            let figures = cast(column, &DataType::Int64)?;
            let figures = figures.as_primitive::<Int64Type>();
            for row in 0..batch.num_rows() {
                let words: Vec<String> = keys
                    .iter()
                    .map(|column| {
                        let column = column.as_string::<i32>();
                        if column.is_valid(row) {
                            column.value(row).to_owned()
                        } else {
                            String::new()
                        }
                    })
                    .collect();
                let Some(key) = coordinates(definition, &words) else {
                    tell(Wrong::NoCell, words);
                    continue;
                };
                let marks = (
                    obs.is_valid(row).then(|| obs.value(row)),
                    conf.is_valid(row).then(|| conf.value(row)),
                );
                let hidden = (Some(obs_status::SUPPRESSED), Some(conf_status::CONFIDENTIAL));
                let shown = (Some(obs_status::NORMAL), Some(conf_status::FREE));
                let figure = figures.is_valid(row).then(|| figures.value(row));
                if marks != if figure.is_some() { shown } else { hidden } {
                    tell(Wrong::Marker, words);
                    continue;
                }
                match figure.map(u64::try_from).transpose() {
                    Ok(figure) => rows.push((key, figure)),
                    Err(_) => tell(Wrong::Figure, words),
                }
            }
        }
        let mut table = Self::of(definition, rows);
        let mut seen: HashSet<Vec<u32>> = HashSet::with_capacity(table.cells.len());
        let mut twice = Vec::new();
        let coordinates = std::mem::take(&mut table.coordinates);
        table.cells.retain(|cell| {
            let new = seen.insert(cell.key.clone());
            if !new {
                twice.push(words(definition, &coordinates, &cell.key));
            }
            new
        });
        for key in twice {
            tell(Wrong::Twice, key);
        }
        table.coordinates = coordinates;
        Ok(table)
    }

    fn of(definition: &CountTable, rows: Vec<(Vec<Coordinate>, Option<u64>)>) -> Self {
        let mut coordinates: Vec<Vec<Coordinate>> = (0..definition.dimensions.len())
            .map(|at| rows.iter().map(|(key, _)| key[at].clone()).collect())
            .collect();
        for of in &mut coordinates {
            of.sort_unstable();
            of.dedup();
        }
        let cells = rows
            .into_iter()
            .map(|(key, figure)| PublishedCell {
                key: key
                    .iter()
                    .zip(&coordinates)
                    .map(|(place, of)| {
                        of.binary_search(place)
                            .ok()
                            .and_then(|at| u32::try_from(at).ok())
                            .unwrap_or(u32::MAX)
                    })
                    .collect(),
                figure,
            })
            .collect();
        Self { coordinates, cells }
    }

    /// The key columns of a cell.
    pub fn key(&self, definition: &CountTable, cell: usize) -> Vec<String> {
        words(definition, &self.coordinates, &self.cells[cell].key)
    }

    /// The levels of a cell, joined.
    pub fn level(&self, definition: &CountTable, cell: usize) -> String {
        let places = self.cells[cell].key.iter().zip(&self.coordinates);
        definition
            .dimensions
            .iter()
            .zip(places)
            .map(|(dimension, (place, of))| {
                of[*place as usize]
                    .level
                    .map_or("total", |level| dimension.levels[level].name.as_str())
            })
            .collect::<Vec<_>>()
            .join(" × ")
    }
}

/// The columns that a row is known by, in order.
pub fn key_columns(definition: &CountTable) -> Vec<String> {
    definition
        .dimensions
        .iter()
        .flat_map(|dimension| dimension.level_column.iter().chain([&dimension.name]).cloned())
        .collect()
}

fn words(definition: &CountTable, coordinates: &[Vec<Coordinate>], key: &[u32]) -> Vec<String> {
    let mut words = Vec::new();
    for ((dimension, of), place) in definition.dimensions.iter().zip(coordinates).zip(key) {
        let place = &of[*place as usize];
        if dimension.level_column.is_some() {
            words.push(
                place
                    .level
                    .map_or("total", |level| dimension.levels[level].name.as_str())
                    .to_owned(),
            );
        }
        words.push(place.code.clone());
    }
    words
}

/// The coordinates of a row, if it is a cell of the definition.
fn coordinates(definition: &CountTable, words: &[String]) -> Option<Vec<Coordinate>> {
    let mut words = words.iter();
    let mut key = Vec::with_capacity(definition.dimensions.len());
    for dimension in &definition.dimensions {
        let level = match &dimension.level_column {
            Some(_) => {
                let name = words.next()?;
                match dimension.levels.iter().position(|level| level.name == *name) {
                    Some(level) => Some(level),
                    None if name == "total" && dimension.total.is_some() => None,
                    None => return None,
                }
            }
            None => Some(0),
        };
        let code = words.next()?;
        let is_total = dimension.total.as_ref() == Some(code);
        let level = if dimension.level_column.is_none() && is_total {
            None
        } else {
            level
        };
        if code.is_empty() || level.is_none() && !is_total {
            return None;
        }
        key.push(Coordinate {
            level,
            code: code.clone(),
        });
    }
    Some(key)
}
