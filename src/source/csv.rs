//! CSV as Swedish producers write it: a preamble, a header with years in it, rows with markers, footnotes.
//!
//! The contract tells which columns to look for, and that finds both the delimiter and the header's line. The data ends with the last record
//! that has the header's number of fields and something beside its first; what follows are footnotes.

use std::{collections::HashSet, sync::Arc};

use arrow::{
    array::{
        ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, RecordBatch, StringBuilder,
        TimestampMicrosecondBuilder,
    },
    datatypes::SchemaRef,
};

use super::{Delivered, Layout, Note, NoteKind, Parcel, Quarantined, SourceKind, number, schema, status_columns, text};
use crate::{
    contract::{Column, Contract, LogicalType},
    error::{Error, Result, did_you_mean},
    model::{conf_status, obs_status},
};

const BATCH_ROWS: usize = 1 << 16;

struct Record {
    line: u64,
    fields: Vec<String>,
}

/// Reads a delivered CSV file.
pub(super) fn read(layout: &Layout, contract: &Contract, delivered: &Delivered) -> Result<Parcel> {
    layout.check(contract)?;
    let text = text::decode(&delivered.bytes, layout.encoding.as_deref(), &delivered.name)?;
    if text.bytes().filter(|byte| *byte == b'"').count() % 2 == 1 {
        return Err(Error::invalid(
            3105,
            format!(
                "`{}` opens a quotation mark and does not close it; it looks half-written",
                delivered.name
            ),
        )
        .hint("fetch it again"));
    }
    let header = find_header(layout, contract, &text, &delivered.name)?;
    let mut records = records(&text, header.delimiter, &delivered.name)?;
    let body = records.split_off(header.record + 1);
    let width = records[header.record].fields.len();
    let mut notes: Vec<Note> = records[..header.record]
        .iter()
        .filter_map(|record| note(NoteKind::Preamble, record))
        .collect();
    let end = body
        .iter()
        .rposition(|record| {
            record.fields.len() == width && record.fields.iter().skip(1).any(|field| !field.trim().is_empty())
        })
        .map_or(0, |at| at + 1);
    notes.extend(body[end..].iter().filter_map(|record| note(NoteKind::Footnote, record)));
    let mut reader = Reader::new(layout, contract, delivered, &header)?;
    for record in &body[..end] {
        reader.row(record, width)?;
    }
    reader.finish(notes, end as u64)
}

fn note(kind: NoteKind, record: &Record) -> Option<Note> {
    let text = record
        .fields
        .iter()
        .map(|field| field.trim())
        .filter(|field| !field.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    (!text.is_empty()).then_some(Note {
        kind,
        line: record.line,
        text,
    })
}

fn records(text: &str, delimiter: u8, file: &str) -> Result<Vec<Record>> {
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut all = Vec::new();
    let mut record = ::csv::StringRecord::new();
    loop {
        let more = reader.read_record(&mut record).map_err(|error| {
            Error::invalid(3106, format!("`{file}` cannot be read as CSV"))
                .hint("give `layout: { delimiter: … }`")
                .with_source(error)
        })?;
        if !more {
            return Ok(all);
        }
        let line = record.position().map_or(0, ::csv::Position::line);
        all.push(Record {
            line,
            fields: record.iter().map(str::to_owned).collect(),
        });
    }
}

struct Header {
    delimiter: u8,
    /// Number of the record, from 0.
    record: usize,
    names: Vec<String>,
}

/// The first record that has all the contract's columns, with the delimiter that shows it.
fn find_header(layout: &Layout, contract: &Contract, text: &str, file: &str) -> Result<Header> {
    let delimiters: Vec<u8> = match layout.delimiter {
        Some(delimiter) => vec![u8::try_from(delimiter).unwrap_or(b',')],
        None => vec![b',', b';', b'\t', b'|'],
    };
    let pattern = layout.unpivot.as_ref().map(super::Unpivot::regex).transpose()?;
    let wanted: Vec<&str> = contract
        .columns
        .iter()
        .filter(|column| {
            layout
                .unpivot
                .as_ref()
                .is_none_or(|unpivot| !unpivot.into.contains(&column.name))
        })
        .map(Column::delivered_as)
        .collect();
    let mut best: Option<(usize, Vec<String>)> = None;
    for delimiter in delimiters {
        // a header beyond the first 200 records is none
        let mut reader = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text.as_bytes());
        for (number, record) in reader.records().take(200).enumerate() {
            let Ok(record) = record else { break };
            if layout
                .header
                .is_some_and(|line| record.position().map(::csv::Position::line) != Some(line))
            {
                continue;
            }
            let names: Vec<String> = record.iter().map(|name| name.trim().to_owned()).collect();
            let periods = pattern
                .as_ref()
                .map_or(1, |pattern| names.iter().filter(|name| pattern.is_match(name)).count());
            let found = wanted
                .iter()
                .filter(|name| names.iter().any(|have| have == *name))
                .count();
            if found == wanted.len() && periods > 0 {
                return Ok(Header {
                    delimiter,
                    record: number,
                    names,
                });
            }
            let score = found + usize::from(periods > 0 && pattern.is_some());
            if score > best.as_ref().map_or(0, |(before, _)| *before) {
                best = Some((score, names));
            }
        }
    }
    let names = best.map(|(_, names)| names).unwrap_or_default();
    let missing: Vec<String> = wanted
        .iter()
        .filter(|name| !names.iter().any(|have| have == *name))
        .map(|name| {
            match did_you_mean(
                name,
                names.iter().map(String::as_str).filter(|have| !wanted.contains(have)),
            ) {
                Some(near) => format!("`{name}` (is it `{near}` now?)"),
                None => format!("`{name}`"),
            }
        })
        .collect();
    let what = if missing.is_empty() {
        "a column for a period".to_owned()
    } else {
        missing.join(", ")
    };
    Err(
        Error::invalid(3107, format!("`{file}` has no header with {what}")).hint(format!(
            "nothing landed; if the producer renamed a column, change `header` in schemas/{}.odcs.yaml",
            contract.id
        )),
    )
}

enum Builder {
    Text(StringBuilder),
    Integer(Int64Builder),
    Number(Float64Builder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
}

#[derive(Clone)]
enum Value {
    Null,
    Text(String),
    Integer(i64),
    Number(f64),
    Boolean(bool),
    Date(i32),
    Timestamp(i64),
}

impl Builder {
    fn new(kind: LogicalType) -> Self {
        match kind {
            LogicalType::String | LogicalType::Object => Self::Text(StringBuilder::new()),
            LogicalType::Integer => Self::Integer(Int64Builder::new()),
            LogicalType::Number => Self::Number(Float64Builder::new()),
            LogicalType::Boolean => Self::Boolean(BooleanBuilder::new()),
            LogicalType::Date => Self::Date(Date32Builder::new()),
            LogicalType::Timestamp => Self::Timestamp(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
        }
    }

    fn push(&mut self, value: &Value) {
        match (self, value) {
            (Self::Text(builder), Value::Text(value)) => builder.append_value(value),
            (Self::Integer(builder), Value::Integer(value)) => builder.append_value(*value),
            (Self::Number(builder), Value::Number(value)) => builder.append_value(*value),
            (Self::Boolean(builder), Value::Boolean(value)) => builder.append_value(*value),
            (Self::Date(builder), Value::Date(value)) => builder.append_value(*value),
            (Self::Timestamp(builder), Value::Timestamp(value)) => builder.append_value(*value),
            (Self::Text(builder), _) => builder.append_null(),
            (Self::Integer(builder), _) => builder.append_null(),
            (Self::Number(builder), _) => builder.append_null(),
            (Self::Boolean(builder), _) => builder.append_null(),
            (Self::Date(builder), _) => builder.append_null(),
            (Self::Timestamp(builder), _) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Integer(builder) => Arc::new(builder.finish()),
            Self::Number(builder) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
        }
    }
}

/// A cell as the contract reads it.
struct Cell {
    value: Value,
    obs: String,
    conf: String,
}

/// Why a row is set aside: column, rule, reason.
type Refusal = (String, &'static str, String);

struct Reader<'a> {
    layout: &'a Layout,
    contract: &'a Contract,
    file: &'a str,
    schema: SchemaRef,
    /// For every column of the contract the field that it stands in; None for those that unpivoting fills.
    fields: Vec<Option<usize>>,
    /// Fields that stand for periods, with the period.
    periods: Vec<(usize, String)>,
    period_column: Option<usize>,
    value_column: Option<usize>,
    statuses: Vec<(usize, String, String)>,
    key: Vec<usize>,
    seen: HashSet<String>,
    builders: Vec<Builder>,
    rows: usize,
    batches: Vec<RecordBatch>,
    quarantined: Vec<Quarantined>,
}

impl<'a> Reader<'a> {
    fn new(layout: &'a Layout, contract: &'a Contract, delivered: &'a Delivered, header: &Header) -> Result<Self> {
        let at = |name: &str| contract.columns.iter().position(|column| column.name == name);
        let (period_column, value_column) = match &layout.unpivot {
            Some(unpivot) => (at(&unpivot.into[0]), at(&unpivot.into[1])),
            None => (None, None),
        };
        let mut periods = Vec::new();
        if let Some(unpivot) = &layout.unpivot {
            let pattern = unpivot.regex()?;
            for (field, name) in header.names.iter().enumerate() {
                if let Some(found) = pattern.captures(name).and_then(|captures| captures.get(1)) {
                    periods.push((field, found.as_str().to_owned()));
                }
            }
        }
        let fields = contract
            .columns
            .iter()
            .enumerate()
            .map(|(number, column)| {
                let unpivoted = Some(number) == period_column || Some(number) == value_column;
                (!unpivoted)
                    .then(|| header.names.iter().position(|name| name == column.delivered_as()))
                    .flatten()
            })
            .collect();
        let statuses = status_columns(layout, contract);
        let mut builders: Vec<Builder> = contract
            .columns
            .iter()
            .map(|column| Builder::new(column.logical_type))
            .collect();
        builders.extend(
            statuses
                .iter()
                .flat_map(|_| [Builder::new(LogicalType::String), Builder::new(LogicalType::String)]),
        );
        builders.push(Builder::new(LogicalType::String));
        builders.push(Builder::new(LogicalType::Integer));
        let key = contract.primary_key().iter().filter_map(|name| at(name)).collect();
        Ok(Self {
            layout,
            contract,
            file: &delivered.name,
            schema: schema(SourceKind::Csv, layout, contract),
            fields,
            periods,
            period_column,
            value_column,
            statuses,
            key,
            seen: HashSet::new(),
            builders,
            rows: 0,
            batches: Vec::new(),
            quarantined: Vec::new(),
        })
    }

    fn row(&mut self, record: &Record, width: usize) -> Result<()> {
        if record.fields.len() != width {
            let reason = format!("the row has {} fields, the header has {width}", record.fields.len());
            self.set_aside(record.line, None, "ragged row", reason);
            return Ok(());
        }
        match self.cells(record) {
            Ok(rows) => {
                let mut keys = Vec::with_capacity(rows.len());
                if !self.key.is_empty() {
                    for cells in &rows {
                        keys.push(
                            self.key
                                .iter()
                                .map(|at| key_text(&cells[*at].value))
                                .collect::<Vec<_>>()
                                .join("\u{1f}"),
                        );
                    }
                    if keys.iter().any(|key| self.seen.contains(key)) {
                        self.set_aside(
                            record.line,
                            None,
                            "duplicate key",
                            "an earlier row has the same key".to_owned(),
                        );
                        return Ok(());
                    }
                }
                self.seen.extend(keys);
                for cells in rows {
                    self.push(&cells, record.line)?;
                }
            }
            Err((column, rule, reason)) => self.set_aside(record.line, Some(column), rule, reason),
        }
        Ok(())
    }

    fn set_aside(&mut self, row: u64, column: Option<String>, rule: &'static str, reason: String) {
        self.quarantined.push(Quarantined {
            file: self.file.to_owned(),
            row,
            column,
            rule,
            reason,
        });
    }

    /// The rows that a record gives: one, or one for each period.
    fn cells(&self, record: &Record) -> std::result::Result<Vec<Vec<Cell>>, Refusal> {
        let one = |period: Option<&(usize, String)>| {
            self.contract
                .columns
                .iter()
                .enumerate()
                .map(|(number, column)| {
                    let text = match (period, self.fields[number]) {
                        (Some((_, period)), _) if Some(number) == self.period_column => period.as_str(),
                        (Some((field, _)), _) if Some(number) == self.value_column => &record.fields[*field],
                        (_, Some(field)) => &record.fields[field],
                        _ => "",
                    };
                    self.cell(column, text)
                })
                .collect::<std::result::Result<Vec<Cell>, Refusal>>()
        };
        if self.layout.unpivot.is_none() {
            return Ok(vec![one(None)?]);
        }
        self.periods.iter().map(|period| one(Some(period))).collect()
    }

    fn cell(&self, column: &Column, text: &str) -> std::result::Result<Cell, Refusal> {
        let trimmed = text.trim();
        let refuse = |rule: &'static str, reason: &str| Err((column.name.clone(), rule, reason.to_owned()));
        let normal = |value| Cell {
            value,
            obs: obs_status::NORMAL.into(),
            conf: conf_status::FREE.into(),
        };
        if let Some(marker) = column.markers.get(trimmed) {
            let value = match (marker.value, column.logical_type) {
                (None, _) => Value::Null,
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "a contract's marker stands for a small whole number"
                )]
                (Some(number), LogicalType::Integer) => Value::Integer(number as i64),
                (Some(number), LogicalType::Number) => Value::Number(number),
                (Some(_), _) => Value::Null,
            };
            return Ok(Cell {
                value,
                obs: marker.obs_status.clone(),
                conf: marker.conf_status.clone(),
            });
        }
        if trimmed.is_empty() && column.logical_type != LogicalType::String || text.is_empty() {
            if column.required {
                return refuse("required", "the value is missing");
            }
            return Ok(Cell {
                value: Value::Null,
                obs: obs_status::MISSING.into(),
                conf: conf_status::FREE.into(),
            });
        }
        // «~100» is a rounded figure, where the contract knows the mark
        let (trimmed, rounded) = match (trimmed.strip_prefix('~'), column.markers.get("~")) {
            (Some(rest), Some(marker)) => (rest, Some(marker)),
            _ => (trimmed, None),
        };
        let value = match column.logical_type {
            LogicalType::String | LogicalType::Object => Value::Text(if self.layout.trim {
                trimmed.to_owned()
            } else {
                text.to_owned()
            }),
            LogicalType::Integer => match number::integer(trimmed) {
                Some(value) => Value::Integer(value),
                None => return refuse("type", "text in a whole number"),
            },
            LogicalType::Number => match number::number(trimmed, self.layout.decimal) {
                Some(value) => Value::Number(value),
                None => return refuse("type", "text in a number"),
            },
            LogicalType::Boolean => match trimmed.to_lowercase().as_str() {
                "1" | "ja" | "true" | "sant" | "yes" | "j" => Value::Boolean(true),
                "0" | "nej" | "false" | "falskt" | "no" | "n" => Value::Boolean(false),
                _ => return refuse("type", "neither yes nor no"),
            },
            LogicalType::Date => match trimmed.parse::<chrono::NaiveDate>() {
                Ok(date) => Value::Date(chrono::Datelike::num_days_from_ce(&date) - 719_163),
                Err(_) => return refuse("type", "no date of the form 2025-01-31"),
            },
            LogicalType::Timestamp => match trimmed.parse::<chrono::DateTime<chrono::Utc>>() {
                Ok(time) => Value::Timestamp(time.timestamp_micros()),
                Err(_) => return refuse("type", "no time of the form 2025-01-31T12:00:00Z"),
            },
        };
        #[expect(clippy::cast_precision_loss, reason = "limits of a contract are far below 2^53")]
        let as_number = match &value {
            Value::Integer(value) => Some(*value as f64),
            Value::Number(value) => Some(*value),
            _ => None,
        };
        if as_number.is_some_and(|value| {
            column.minimum.is_some_and(|low| value < low) || column.maximum.is_some_and(|high| value > high)
        }) {
            return refuse("range", "outside the contract's range");
        }
        if let Value::Text(text) = &value {
            if column.codes.as_ref().is_some_and(|codes| !codes.contains(text)) {
                return refuse("codes", "not in the contract's code list");
            }
            if column.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
                return refuse("pattern", "not of the contract's form");
            }
        }
        Ok(match rounded {
            Some(marker) => Cell {
                value,
                obs: marker.obs_status.clone(),
                conf: marker.conf_status.clone(),
            },
            None => normal(value),
        })
    }

    fn push(&mut self, cells: &[Cell], line: u64) -> Result<()> {
        let mut next = 0;
        let mut put = |builders: &mut Vec<Builder>, value: &Value| {
            builders[next].push(value);
            next += 1;
        };
        for cell in cells {
            put(&mut self.builders, &cell.value);
        }
        for (at, _, _) in &self.statuses {
            put(&mut self.builders, &Value::Text(cells[*at].obs.clone()));
            put(&mut self.builders, &Value::Text(cells[*at].conf.clone()));
        }
        put(&mut self.builders, &Value::Text(self.file.to_owned()));
        put(
            &mut self.builders,
            &Value::Integer(i64::try_from(line).unwrap_or(i64::MAX)),
        );
        self.rows += 1;
        if self.rows == BATCH_ROWS {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if self.rows > 0 {
            let columns = self.builders.iter_mut().map(Builder::finish).collect();
            self.batches
                .push(RecordBatch::try_new(Arc::clone(&self.schema), columns)?);
            self.rows = 0;
        }
        Ok(())
    }

    fn finish(mut self, notes: Vec<Note>, rows_delivered: u64) -> Result<Parcel> {
        self.flush()?;
        Ok(Parcel {
            schema: self.schema,
            batches: self.batches,
            notes,
            quarantined: self.quarantined,
            rows_delivered,
        })
    }
}

fn key_text(value: &Value) -> String {
    match value {
        Value::Null => "\u{0}".to_owned(),
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Date(day) => day.to_string(),
        Value::Timestamp(micros) => micros.to_string(),
    }
}
