//! The records of a delimited text, each with the line that it begins on.

use super::super::text;
use crate::error::{Error, Result};

/// One record.
#[derive(Debug, Clone)]
pub(super) struct Record {
    /// Line that it begins on, from 1.
    pub(super) line: u64,
    /// Its fields.
    pub(super) fields: csv::StringRecord,
    /// Whether text stands behind a closing quotation mark: a mark is missing somewhere, and a row may hide in the field.
    pub(super) loose: bool,
    /// Where its text begins.
    start: usize,
    /// Where its text ends, its line break included.
    end: usize,
}

impl Record {
    /// Whether no field has anything.
    pub(super) fn is_blank(&self) -> bool {
        self.filled() == 0
    }

    /// How many fields have something.
    pub(super) fn filled(&self) -> usize {
        self.fields.iter().filter(|field| !field.trim().is_empty()).count()
    }

    /// What it says as a text: its only filled field, else the text as it came.
    pub(super) fn words<'a>(&'a self, whole: &'a str) -> &'a str {
        let mut filled = self.fields.iter().map(str::trim).filter(|field| !field.is_empty());
        match (filled.next(), filled.next()) {
            (Some(only), None) => only,
            _ => whole[self.start..self.end].trim(),
        }
    }

    /// Whether the text of the record is the last of the file, without a line break behind it.
    pub(super) fn is_cut(&self, whole: &str) -> bool {
        self.end == whole.len() && !whole.ends_with(['\n', '\r'])
    }
}

/// Reads records one after the other; lines with nothing are passed over.
pub(super) struct Records<'a> {
    text: &'a str,
    file: &'a str,
    delimiter: u8,
    reader: csv::Reader<&'a [u8]>,
    line: u64,
    counted: usize,
}

impl<'a> Records<'a> {
    pub(super) fn new(text: &'a str, delimiter: u8, file: &'a str) -> Self {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text.as_bytes());
        Self {
            text,
            file,
            delimiter,
            reader,
            line: 1,
            counted: 0,
        }
    }

    /// The next record into `record`; false at the end.
    ///
    /// # Errors
    /// SAMSYN-3105 when the text ends inside quotation marks, 3106 when it is no CSV.
    pub(super) fn read(&mut self, record: &mut Record) -> Result<bool> {
        let from = offset(self.reader.position());
        let more = self.reader.read_record(&mut record.fields).map_err(|error| {
            Error::invalid(3106, format!("`{}` cannot be read as CSV", self.file))
                .hint("give `layout: { delimiter: … }`")
                .with_source(error)
        })?;
        if !more {
            return Ok(false);
        }
        record.end = offset(self.reader.position()).min(self.text.len());
        // the reader counts the line breaks before a record to it: those of empty lines, and the second half of CRLF
        let breaks =
            self.text[from..record.end].len() - self.text[from..record.end].trim_start_matches(['\r', '\n']).len();
        record.start = from + breaks;
        self.line += text::line(&self.text.as_bytes()[self.counted..record.start]) - 1;
        self.counted = record.start;
        record.line = self.line;
        let marks = Marks::of(&self.text.as_bytes()[record.start..record.end], self.delimiter);
        record.loose = marks == Marks::Loose;
        if marks == Marks::Open {
            return Err(Error::invalid(
                3105,
                format!(
                    "`{}` opens a quotation mark in the row of line {} and does not close it; it looks half-written",
                    self.file, self.line
                ),
            )
            .hint("fetch it again"));
        }
        Ok(true)
    }

    /// A record to read into.
    pub(super) fn record() -> Record {
        Record {
            line: 0,
            fields: csv::StringRecord::new(),
            loose: false,
            start: 0,
            end: 0,
        }
    }
}

fn offset(position: &csv::Position) -> usize {
    usize::try_from(position.byte()).unwrap_or(usize::MAX)
}

/// How the quotation marks of one record stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marks {
    /// Each that opens is closed before a delimiter.
    Fine,
    /// One is not closed.
    Open,
    /// Text follows a closing one.
    Loose,
}

impl Marks {
    fn of(record: &[u8], delimiter: u8) -> Self {
        #[derive(Clone, Copy, PartialEq)]
        enum At {
            Start,
            Plain,
            Quoted,
            Closed,
        }
        if !record.contains(&b'"') {
            return Self::Fine;
        }
        let (mut at, mut loose) = (At::Start, false);
        for byte in record {
            at = match (at, *byte) {
                (At::Start, b'"') => At::Quoted,
                (At::Quoted, b'"') => At::Closed,
                (At::Closed, b'"') | (At::Quoted, _) => At::Quoted,
                (_, byte) if byte == delimiter => At::Start,
                (At::Closed, byte) => {
                    loose |= !byte.is_ascii_whitespace();
                    At::Plain
                }
                _ => At::Plain,
            };
        }
        match (at, loose) {
            (At::Quoted, _) => Self::Open,
            (_, true) => Self::Loose,
            _ => Self::Fine,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(u64, usize)> {
        let mut records = Records::new(text, b';', "f.csv");
        let (mut record, mut all) = (Records::record(), Vec::new());
        while records.read(&mut record).unwrap() {
            all.push((record.line, record.fields.len()));
        }
        all
    }

    #[test]
    fn lines_are_those_of_an_editor() {
        assert_eq!(lines("a;b\n\n\nc;d\n\"e\nf\";g\nh"), [(1, 2), (4, 2), (5, 2), (7, 1)]);
        assert_eq!(
            lines("a;b\r\n\r\nc;d\r\n\"e\r\nf\";g\r\nh;i\r\n"),
            [(1, 2), (3, 2), (4, 2), (6, 2)]
        );
    }

    #[test]
    fn only_a_mark_at_the_start_of_a_field_opens() {
        assert_eq!(lines("a;b 5\" c\n"), [(1, 2)]);
        assert_eq!(lines("a;\"b \"\" c\"\n"), [(1, 2)]);
        let loose = |text: &str| Marks::of(text.as_bytes(), b';') == Marks::Loose;
        assert!(loose("a;\"b;1\nc;\"d\";2\n"));
        assert!(!loose("\"a\"\r\n") && !loose("\"a\" ;\"b \"\"c\"\"\"") && !loose("a \"b\" c"));
        for text in ["a;\"b", "a;\"b\nc;d\n", "\"", "a;\"\"\""] {
            let mut records = Records::new(text, b';', "f.csv");
            assert_eq!(records.read(&mut Records::record()).unwrap_err().code(), 3105, "{text}");
        }
    }
}
