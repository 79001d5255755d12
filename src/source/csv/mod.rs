//! CSV as Swedish producers write it: a preamble, a header with years in it, rows with markers, footnotes.
//!
//! The contract tells which columns to look for, and that finds both the delimiter and the header's line. The data ends with the last record
//! that has the header's number of fields and something beside its first; what follows are footnotes. What can go wrong: a row that is
//! taken for a footnote, so a short record right behind the data that has values, or a first field as the contract wants it, is a row (set
//! aside when it does not keep the contract), and the end of the file in it a half-written file.

mod cell;
mod header;
mod records;
mod rows;

use self::{
    records::{Record, Records},
    rows::Rows,
};
use super::{Delivered, Layout, Note, NoteKind, Parcel, text};
use crate::{
    contract::{Contract, LogicalType},
    error::{Error, Result},
};

/// Reads a delivered CSV file.
pub(super) fn read(layout: &Layout, contract: &Contract, delivered: &Delivered) -> Result<Parcel> {
    layout.check(contract)?;
    let file = delivered.name.as_str();
    let text = text::decode(&delivered.bytes, layout.encoding.as_deref(), file)?;
    if text.trim().is_empty() {
        return Err(Error::invalid(3100, format!("`{file}` is empty")).hint("fetch it again"));
    }
    let header = header::find(layout, contract, &text, file)?;
    let width = header.names.len();
    let note = |kind: NoteKind, record: &Record| Note {
        kind,
        line: record.line,
        text: record.words(&text).to_owned(),
    };
    let mut notes = Vec::new();
    let mut rows = Rows::new(layout, contract, file, &header);
    let mut records = Records::new(&text, header.delimiter, file);
    let mut record = Records::record();
    // records behind the last row: rows if another row follows, else footnotes
    let mut behind: Vec<Record> = Vec::new();
    let mut number = 0;
    // only blanks separate a row from what is no row
    let mut adjoins = true;
    while records.read(&mut record)? {
        let at = number;
        number += 1;
        if at < header.record {
            if !record.is_blank() {
                notes.push(note(NoteKind::Preamble, &record));
            }
        } else if at == header.record {
            notes.extend(header.unread().map(|name| Note {
                kind: NoteKind::Unread,
                line: header.line,
                text: name.to_owned(),
            }));
        } else if record.is_blank() {
            adjoins = false;
        } else if is_row(&record, width) {
            for before in behind.drain(..) {
                rows.take(&before)?;
            }
            rows.take(&record)?;
            adjoins = true;
        } else if adjoins
            && behind.is_empty()
            && (is_cut_row(&record) || keeps_first(&record, contract, &header.fields))
        {
            if record.is_cut(&text) {
                return Err(Error::invalid(
                    3105,
                    format!(
                        "`{file}` ends in the middle of a row, in line {}; it looks half-written",
                        record.line
                    ),
                )
                .hint("fetch it again"));
            }
            rows.take(&record)?;
        } else {
            behind.push(record.clone());
        }
    }
    notes.extend(behind.iter().map(|record| note(NoteKind::Footnote, record)));
    rows.finish(notes)
}

/// Whether a record has the form of a row: a field for every column, and something beside the first.
fn is_row(record: &Record, width: usize) -> bool {
    let filled = |from: usize| record.fields.iter().skip(from).any(|field| !field.trim().is_empty());
    let beside = usize::from(width > 1);
    match record.fields.len() {
        have if have < width => false,
        have if have > width && filled(width) && is_prose(record) => false,
        _ => filled(beside),
    }
}

/// Whether a short record is what is left of a row: values in several fields, and no prose.
fn is_cut_row(record: &Record) -> bool {
    record.filled() > 1 && !is_prose(record)
}

/// Whether the first field is what the contract says of its column by a pattern, codes or a whole number; words of a footnote are not.
fn keeps_first(record: &Record, contract: &Contract, fields: &[Option<usize>]) -> bool {
    let text = record.fields.get(0).unwrap_or_default().trim();
    let Some((column, _)) = contract.columns.iter().zip(fields).find(|(_, at)| **at == Some(0)) else {
        return false;
    };
    match (&column.pattern, &column.codes) {
        _ if text.is_empty() => false,
        (Some(pattern), _) => pattern.is_match(text),
        (None, Some(codes)) => codes.iter().any(|code| code == text),
        (None, None) => column.logical_type == LogicalType::Integer && text.parse::<i64>().is_ok(),
    }
}

/// Prose has blanks behind its commas.
fn is_prose(record: &Record) -> bool {
    record.fields.iter().skip(1).any(|field| field.starts_with(' '))
}
