//! Rows: records that keep the contract become columns, the others are set aside with the reason.

use std::{collections::HashSet, sync::Arc};

use arrow::{
    array::{
        ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, RecordBatch, StringBuilder,
        TimestampMicrosecondBuilder,
    },
    datatypes::SchemaRef,
};
use twox_hash::XxHash3_128;

use super::{
    cell::{self, Cell, Value},
    header::Header,
    records::Record,
};
use crate::{
    contract::{Contract, LogicalType},
    error::{Error, Result},
    source::{Layout, Note, Parcel, Quarantined, SourceKind, schema, status_columns},
};

const BATCH_ROWS: usize = 1 << 16;

enum Builder {
    Text(StringBuilder),
    Integer(Int64Builder),
    Number(Float64Builder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
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

    fn push(&mut self, value: Value<'_>) {
        match (self, value) {
            (Self::Text(builder), Value::Text(value)) => builder.append_value(value),
            (Self::Integer(builder), Value::Integer(value)) => builder.append_value(value),
            (Self::Number(builder), Value::Number(value)) => builder.append_value(value),
            (Self::Boolean(builder), Value::Boolean(value)) => builder.append_value(value),
            (Self::Date(builder), Value::Date(value)) => builder.append_value(value),
            (Self::Timestamp(builder), Value::Timestamp(value)) => builder.append_value(value),
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

/// Columns whose values together differ from row to row. What was seen is kept as a 128-bit hash: files have millions of rows.
struct Unique {
    rule: &'static str,
    columns: Vec<usize>,
    seen: HashSet<u128>,
}

impl Unique {
    fn of(contract: &Contract) -> Vec<Self> {
        let at = |name: &String| contract.columns.iter().position(|column| column.name == *name);
        let rule = |rule, columns: Vec<usize>| Self {
            rule,
            columns,
            seen: HashSet::new(),
        };
        let key: Vec<usize> = contract.primary_key().iter().filter_map(at).collect();
        let alone = (0..contract.columns.len()).filter(|at| contract.columns[*at].unique && key != [*at]);
        let mut all: Vec<Self> = alone.map(|at| rule("unique", vec![at])).collect();
        if !key.is_empty() {
            all.insert(0, rule("duplicate key", key));
        }
        all
    }

    /// The hash of a row's values; None when one of them is NULL, which is equal to nothing.
    fn hash(&self, cells: &[Cell<'_>]) -> Option<u128> {
        let mut bytes = Vec::with_capacity(64);
        for at in &self.columns {
            let fixed = match cells[*at].value {
                Value::Null => return None,
                Value::Text(text) => {
                    bytes.extend((text.len() as u64).to_le_bytes());
                    bytes.extend(text.as_bytes());
                    continue;
                }
                Value::Integer(number) | Value::Timestamp(number) => number.to_le_bytes(),
                Value::Number(number) => (number + 0.0).to_le_bytes(),
                Value::Boolean(value) => u64::from(value).to_le_bytes(),
                Value::Date(day) => i64::from(day).to_le_bytes(),
            };
            bytes.extend(fixed);
        }
        Some(XxHash3_128::oneshot(&bytes))
    }
}

/// Why a record is set aside.
struct Refusal {
    column: Option<String>,
    rule: &'static str,
    reason: String,
}

pub(super) struct Rows<'a> {
    layout: &'a Layout,
    contract: &'a Contract,
    file: &'a str,
    header: &'a Header,
    schema: SchemaRef,
    period_column: Option<usize>,
    value_column: Option<usize>,
    statuses: Vec<(usize, String, String)>,
    unique: Vec<Unique>,
    /// The decimal separator of each column, once one was seen.
    decimals: Vec<Option<char>>,
    builders: Vec<Builder>,
    rows: usize,
    landed: u64,
    delivered: u64,
    batches: Vec<RecordBatch>,
    quarantined: Vec<Quarantined>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(layout: &'a Layout, contract: &'a Contract, file: &'a str, header: &'a Header) -> Self {
        let at = |name: &str| contract.columns.iter().position(|column| column.name == name);
        let into = |number: usize| layout.unpivot.as_ref().and_then(|unpivot| at(&unpivot.into[number]));
        let statuses = status_columns(layout, contract);
        let status_builders = statuses.iter().flat_map(|_| [LogicalType::String, LogicalType::String]);
        let builders = contract
            .columns
            .iter()
            .map(|column| column.logical_type)
            .chain(status_builders)
            .chain([LogicalType::String, LogicalType::Integer])
            .map(Builder::new)
            .collect();
        Self {
            layout,
            contract,
            file,
            header,
            schema: schema(SourceKind::Csv, layout, contract),
            period_column: into(0),
            value_column: into(1),
            statuses,
            unique: Unique::of(contract),
            decimals: vec![None; contract.columns.len()],
            builders,
            rows: 0,
            landed: 0,
            delivered: 0,
            batches: Vec::new(),
            quarantined: Vec::new(),
        }
    }

    /// Takes a record: all its rows land, or it is set aside.
    pub(super) fn take(&mut self, record: &Record) -> Result<()> {
        self.delivered += 1;
        let taken = self.whole(record).and_then(|()| self.cells(record)).and_then(|rows| {
            self.differ(&rows)?;
            Ok(rows)
        });
        match taken {
            Ok(rows) => {
                self.landed += 1;
                rows.iter().try_for_each(|cells| self.push(cells, record.line))
            }
            Err(refusal) => {
                self.quarantined.push(Quarantined {
                    file: self.file.to_owned(),
                    row: record.line,
                    column: refusal.column,
                    rule: refusal.rule,
                    reason: refusal.reason,
                });
                Ok(())
            }
        }
    }

    /// A row has a field for every column; more are none when they are blank.
    fn whole(&self, record: &Record) -> std::result::Result<(), Refusal> {
        let (have, width) = (record.fields.len(), self.header.names.len());
        let spare = record.fields.iter().skip(width).all(|field| field.trim().is_empty());
        if record.loose {
            return Err(Refusal {
                column: None,
                rule: "quotation mark",
                reason: "text behind a closing quotation mark; one may be missing, and rows hide in the field"
                    .to_owned(),
            });
        }
        if have >= width && spare {
            return Ok(());
        }
        Err(Refusal {
            column: None,
            rule: "ragged row",
            reason: format!("the row has {have} fields, the header has {width}"),
        })
    }

    /// The rows that a record gives: one, or one for each period.
    fn cells<'r>(&mut self, record: &'r Record) -> std::result::Result<Vec<Vec<Cell<'r>>>, Refusal>
    where
        'a: 'r,
    {
        if self.layout.unpivot.is_none() {
            return Ok(vec![self.row(record, None)?]);
        }
        let header = self.header;
        header
            .periods
            .iter()
            .map(|period| self.row(record, Some(period)))
            .collect()
    }

    fn row<'r>(
        &mut self,
        record: &'r Record,
        period: Option<&'a (usize, String)>,
    ) -> std::result::Result<Vec<Cell<'r>>, Refusal>
    where
        'a: 'r,
    {
        let contract = self.contract;
        let mut cells = Vec::with_capacity(contract.columns.len());
        for (number, column) in contract.columns.iter().enumerate() {
            let field = |at: usize| record.fields.get(at).unwrap_or_default();
            let text: &'r str = match (period, self.header.fields[number]) {
                (Some((_, period)), _) if Some(number) == self.period_column => period,
                (Some((at, _)), _) if Some(number) == self.value_column => field(*at),
                (_, Some(at)) => field(at),
                _ => "",
            };
            let refuse = |(rule, reason): cell::Refused| Refusal {
                column: Some(column.name.clone()),
                rule,
                // one column of the contract stands for several of the file: say which
                reason: match period {
                    Some((at, _)) if Some(number) == self.value_column => {
                        format!("{reason} (in `{}`)", self.header.names[*at])
                    }
                    _ => reason.to_owned(),
                },
            };
            let cell = cell::read(self.layout, column, text).map_err(refuse)?;
            if let Some(mark) = cell.decimal
                && *self.decimals[number].get_or_insert(mark) != mark
            {
                return Err(refuse((
                    "decimal",
                    "comma and point both stand in numbers of this column; give `layout: { decimal: … }`",
                )));
            }
            cells.push(cell);
        }
        Ok(cells)
    }

    /// Refuses rows whose key was there already; else remembers it.
    fn differ(&mut self, rows: &[Vec<Cell<'_>>]) -> std::result::Result<(), Refusal> {
        let mut hashes: Vec<(usize, u128)> = Vec::new();
        for (at, unique) in self.unique.iter().enumerate() {
            for cells in rows {
                let Some(hash) = unique.hash(cells) else { continue };
                if unique.seen.contains(&hash) || hashes.contains(&(at, hash)) {
                    let names: Vec<&str> = unique
                        .columns
                        .iter()
                        .map(|column| self.contract.columns[*column].name.as_str())
                        .collect();
                    return Err(Refusal {
                        column: Some(names.join(", ")),
                        rule: unique.rule,
                        reason: "an earlier row has the same".to_owned(),
                    });
                }
                hashes.push((at, hash));
            }
        }
        for (at, hash) in hashes {
            self.unique[at].seen.insert(hash);
        }
        Ok(())
    }

    fn push(&mut self, cells: &[Cell<'_>], line: u64) -> Result<()> {
        let line = i64::try_from(line).unwrap_or(i64::MAX);
        let statuses = self
            .statuses
            .iter()
            .flat_map(|(at, _, _)| [Value::Text(cells[*at].obs), Value::Text(cells[*at].conf)]);
        let values = cells
            .iter()
            .map(|cell| cell.value)
            .chain(statuses)
            .chain([Value::Text(self.file), Value::Integer(line)]);
        for (builder, value) in self.builders.iter_mut().zip(values) {
            builder.push(value);
        }
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

    /// The parcel.
    ///
    /// # Errors
    /// SAMSYN-3108 when no row was delivered, 3113 when none of them keeps the contract.
    pub(super) fn finish(mut self, notes: Vec<Note>) -> Result<Parcel> {
        self.flush()?;
        if self.delivered == 0 {
            return Err(
                Error::invalid(3108, format!("`{}` has a header and no rows", self.file))
                    .hint("nothing landed and the delivery before it stays; fetch it again"),
            );
        }
        if self.landed == 0
            && let Some(first) = self.quarantined.first()
        {
            return Err(super::super::none_kept(self.contract, self.file, self.delivered, first));
        }
        Ok(Parcel {
            schema: self.schema,
            batches: self.batches,
            notes,
            quarantined: self.quarantined,
            rows_delivered: self.delivered,
        })
    }
}
