//! Does a table keep its contract? Rules by name, columns, row numbers; never values.

use std::collections::HashSet;

use arrow::{
    array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch},
    compute::cast,
    datatypes::{DataType, Float64Type, Schema},
    row::{RowConverter, SortField},
};

use super::{Column, Contract};
use crate::error::{Error, Result, did_you_mean};

/// How many rows a message names.
const SHOWN: usize = 5;

/// A rule that rows break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule: `required`, `unique`, `primary key`, `range`, `codes` or `pattern`.
    pub rule: &'static str,
    /// The column or columns.
    pub column: String,
    /// How many rows break it.
    pub rows: u64,
    /// The first of them, from 1; [`Contract::check_batches`] gives at most five.
    pub first_rows: Vec<u64>,
}

impl Contract {
    /// Checks that a table has exactly the contract's columns, of its types; `also` are columns allowed beside them.
    ///
    /// # Errors
    /// SAMSYN-3010 naming every column that is missing, extra or of another type.
    pub fn check_schema(&self, schema: &Schema, also: &[&str]) -> Result<()> {
        let mut wrong = Vec::new();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        for column in &self.columns {
            match schema.field_with_name(&column.name) {
                Err(_) => {
                    let near = did_you_mean(
                        &column.name,
                        names.iter().copied().filter(|name| self.column(name).is_none()),
                    );
                    wrong.push(match near {
                        Some(near) => format!("`{}` is missing (is it `{near}`?)", column.name),
                        None => format!("`{}` is missing", column.name),
                    });
                }
                Ok(field) if !fits(field.data_type(), &column.logical_type.arrow()) => {
                    wrong.push(format!(
                        "`{}` is {} and should be {}",
                        column.name,
                        field.data_type(),
                        column.logical_type.arrow()
                    ));
                }
                Ok(_) => {}
            }
        }
        for name in names {
            if self.column(name).is_none() && !also.contains(&name) {
                wrong.push(format!("`{name}` is not in the contract"));
            }
        }
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Error::refused(
            3010,
            format!(
                "the columns do not keep the contract `{}`: {}",
                self.id,
                wrong.join("; ")
            ),
        )
        .hint(format!("change the model or schemas/{}.odcs.yaml", self.id)))
    }

    /// Checks the rows; the result is empty when they keep the contract.
    ///
    /// # Errors
    /// When a column cannot be compared at all, which [`Contract::check_schema`] excludes.
    pub fn check_batches(&self, batches: &[RecordBatch]) -> Result<Vec<Violation>> {
        let mut found = self.check_rows(batches, SHOWN)?;
        found.extend(self.check_keys(batches, SHOWN)?);
        Ok(found)
    }

    /// Checks what one row alone can break, and keeps the numbers of at most `keep` rows for each rule.
    pub(crate) fn check_rows(&self, batches: &[RecordBatch], keep: usize) -> Result<Vec<Violation>> {
        let mut found = Vec::new();
        for column in &self.columns {
            let mut required = Tally::new("required", &column.name, keep);
            let mut range = Tally::new("range", &column.name, keep);
            let mut codes = Tally::new("codes", &column.name, keep);
            let mut pattern = Tally::new("pattern", &column.name, keep);
            let mut start = 1;
            for batch in batches {
                let Some(array) = batch.column_by_name(&column.name) else {
                    continue;
                };
                if column.required {
                    (0..array.len())
                        .filter(|row| array.is_null(*row))
                        .for_each(|row| required.add(start + row as u64));
                }
                check_values(column, array, start, &mut range, &mut codes, &mut pattern)?;
                start += batch.num_rows() as u64;
            }
            found.extend([required, range, codes, pattern].into_iter().filter_map(Tally::done));
        }
        Ok(found)
    }

    /// Checks that keys and unique columns differ from row to row; of equal rows the first is right.
    pub(crate) fn check_keys(&self, batches: &[RecordBatch], keep: usize) -> Result<Vec<Violation>> {
        let mut found = Vec::new();
        for column in self.columns.iter().filter(|column| column.unique) {
            found.extend(duplicates("unique", std::slice::from_ref(&column.name), batches, keep)?);
        }
        let key = self.primary_key();
        if !key.is_empty() {
            found.extend(duplicates("primary key", &key, batches, keep)?);
        }
        Ok(found)
    }
}

fn check_values(
    column: &Column,
    array: &ArrayRef,
    start: u64,
    range: &mut Tally,
    codes: &mut Tally,
    pattern: &mut Tally,
) -> Result<()> {
    if column.minimum.is_some() || column.maximum.is_some() {
        let numbers = cast(array, &DataType::Float64)?;
        let numbers: &Float64Array = numbers.as_primitive::<Float64Type>();
        for (row, value) in numbers.iter().enumerate() {
            let outside = value.is_some_and(|v| {
                v.is_nan() || column.minimum.is_some_and(|low| v < low) || column.maximum.is_some_and(|high| v > high)
            });
            if outside {
                range.add(start + row as u64);
            }
        }
    }
    if column.codes.is_some() || column.pattern.is_some() {
        let texts = cast(array, &DataType::Utf8)?;
        for (row, value) in texts.as_string::<i32>().iter().enumerate() {
            let Some(value) = value else { continue };
            if column
                .codes
                .as_ref()
                .is_some_and(|known| !known.iter().any(|code| code == value))
            {
                codes.add(start + row as u64);
            }
            if column.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(value)) {
                pattern.add(start + row as u64);
            }
        }
    }
    Ok(())
}

fn duplicates(rule: &'static str, key: &[String], batches: &[RecordBatch], keep: usize) -> Result<Option<Violation>> {
    let mut tally = Tally::new(rule, &key.join(", "), keep);
    let mut seen: HashSet<Box<[u8]>> = HashSet::new();
    let mut start = 1;
    let Some(first) = batches.first() else { return Ok(None) };
    let fields = key
        .iter()
        .map(|name| {
            first
                .column_by_name(name)
                .map(|array| SortField::new(array.data_type().clone()))
        })
        .collect::<Option<Vec<_>>>();
    let Some(fields) = fields else { return Ok(None) };
    let converter = RowConverter::new(fields)?;
    for batch in batches {
        let columns: Vec<ArrayRef> = key
            .iter()
            .filter_map(|name| batch.column_by_name(name).cloned())
            .collect();
        let rows = converter.convert_columns(&columns)?;
        for (at, row) in rows.iter().enumerate() {
            // NULL is equal to nothing; a key that must not be NULL is another rule
            if columns.iter().any(|column| column.is_null(at)) {
                continue;
            }
            if !seen.insert(row.as_ref().into()) {
                tally.add(start + at as u64);
            }
        }
        start += batch.num_rows() as u64;
    }
    Ok(tally.done())
}

/// Whether a column of type `have` is one of type `want`; the size of numbers is not the contract's matter.
fn fits(have: &DataType, want: &DataType) -> bool {
    match want {
        DataType::Utf8 => matches!(
            have,
            DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 | DataType::Dictionary(..)
        ),
        DataType::Int64 => have.is_integer(),
        DataType::Float64 => have.is_floating() || matches!(have, DataType::Decimal128(..)),
        DataType::Binary => matches!(have, DataType::Binary | DataType::BinaryView | DataType::LargeBinary),
        DataType::Timestamp(..) => matches!(have, DataType::Timestamp(..)),
        other => have == other,
    }
}

struct Tally {
    violation: Violation,
    keep: usize,
}

impl Tally {
    fn new(rule: &'static str, column: &str, keep: usize) -> Self {
        let violation = Violation {
            rule,
            column: column.to_owned(),
            rows: 0,
            first_rows: Vec::new(),
        };
        Self { violation, keep }
    }

    fn add(&mut self, row: u64) {
        self.violation.rows += 1;
        if self.violation.first_rows.len() < self.keep {
            self.violation.first_rows.push(row);
        }
    }

    fn done(self) -> Option<Violation> {
        (self.violation.rows > 0).then_some(self.violation)
    }
}
