//! The header: the first record that has all the contract's columns, with the delimiter that shows it.

use super::records::Records;
use crate::{
    contract::{Column, Contract},
    error::{Error, Result, did_you_mean},
    source::{Layout, Unpivot},
};

/// A header beyond so many records is none.
const SEARCHED: usize = 200;
/// No name of a column is longer.
const LONGEST_NAME: usize = 300;

/// Where the header is and what it says.
#[derive(Debug)]
pub(super) struct Header {
    /// The delimiter.
    pub(super) delimiter: u8,
    /// Number of its record, from 0.
    pub(super) record: usize,
    /// Line that it begins on, from 1.
    pub(super) line: u64,
    /// The names, without the blanks around them.
    pub(super) names: Vec<String>,
    /// For every column of the contract the field that it stands in; None for those that unpivoting fills.
    pub(super) fields: Vec<Option<usize>>,
    /// Fields that stand for periods, with the period.
    pub(super) periods: Vec<(usize, String)>,
}

impl Header {
    /// The names that neither the contract nor the unpivoting takes.
    pub(super) fn unread(&self) -> impl Iterator<Item = &str> {
        let read = |at: &usize| self.fields.contains(&Some(*at)) || self.periods.iter().any(|(field, _)| field == at);
        (0..self.names.len())
            .filter(move |at| !read(at))
            .map(|at| self.names[at].as_str())
            .filter(|name| !name.is_empty())
    }
}

/// Finds the header.
///
/// # Errors
/// SAMSYN-3107 with what is missing and what it may be called now, 3109 when a column that is wanted stands there twice.
pub(super) fn find(layout: &Layout, contract: &Contract, text: &str, file: &str) -> Result<Header> {
    let delimiters: Vec<u8> = match layout.delimiter {
        Some(delimiter) => vec![u8::try_from(delimiter).unwrap_or(b',')],
        None => vec![b',', b';', b'\t', b'|'],
    };
    let pattern = layout.unpivot.as_ref().map(Unpivot::regex).transpose()?;
    let wanted: Vec<Option<&str>> = contract
        .columns
        .iter()
        .map(|column| layout.delivers(column).then(|| column.delivered_as()))
        .collect();
    for delimiter in &delimiters {
        for (number, line, names) in candidates(layout, text, *delimiter, file) {
            let fields: Vec<Option<usize>> = wanted
                .iter()
                .map(|name| names.iter().position(|have| Some(have.as_str()) == *name))
                .collect();
            let whole = wanted
                .iter()
                .zip(&fields)
                .all(|(name, field)| name.is_none() || field.is_some());
            let periods: Vec<(usize, String)> = names
                .iter()
                .enumerate()
                .filter_map(|(at, name)| Some((at, pattern.as_ref()?.captures(name)?.get(1)?.as_str().to_owned())))
                .collect();
            if whole && (pattern.is_none() || !periods.is_empty()) {
                let header = Header {
                    delimiter: *delimiter,
                    record: number,
                    line,
                    names,
                    fields,
                    periods,
                };
                once(&header, &wanted, file)?;
                return Ok(header);
            }
        }
    }
    Err(missing(layout, contract, text, &delimiters, file))
}

/// The records that may be the header: number, line, names.
fn candidates<'a>(
    layout: &'a Layout,
    text: &'a str,
    delimiter: u8,
    file: &'a str,
) -> impl Iterator<Item = (usize, u64, Vec<String>)> + 'a {
    let mut records = Records::new(text, delimiter, file);
    let mut record = Records::record();
    let searched = if layout.header.is_some() { usize::MAX } else { SEARCHED };
    (0..searched)
        .map_while(move |number| {
            // a text that cannot be read with this delimiter may be read with another; the reading itself reports it
            let more = records.read(&mut record).unwrap_or(false);
            let names = || record.fields.iter().map(|name| name.trim().to_owned()).collect();
            more.then(|| (number, record.line, names()))
        })
        .filter(|(_, line, _)| layout.header.is_none_or(|at| at == *line))
}

/// Refuses a header in which a wanted column or a period stands twice: which one is meant cannot be known.
fn once(header: &Header, wanted: &[Option<&str>], file: &str) -> Result<()> {
    let twice = |names: &[&str]| {
        let again = |at: usize| names[..at].contains(&names[at]);
        (0..names.len()).find(|at| again(*at)).map(|at| names[at].to_owned())
    };
    let read: Vec<&str> = header
        .names
        .iter()
        .map(String::as_str)
        .filter(|name| wanted.contains(&Some(*name)))
        .collect();
    let periods: Vec<&str> = header.periods.iter().map(|(_, period)| period.as_str()).collect();
    match twice(&read).or_else(|| twice(&periods)) {
        None => Ok(()),
        Some(name) => Err(Error::invalid(
            3109,
            format!("the header of `{file}`, line {}, has `{name}` twice", header.line),
        )
        .hint("nothing landed; have the producer name each column once")),
    }
}

/// The error that says which columns are not there, by the record that comes nearest to a header.
fn missing(layout: &Layout, contract: &Contract, text: &str, delimiters: &[u8], file: &str) -> Error {
    let wanted: Vec<&str> = contract
        .columns
        .iter()
        .filter(|column| layout.delivers(column))
        .map(Column::delivered_as)
        .collect();
    let mut best: ((usize, usize), u64, Vec<String>) = ((0, 0), 0, Vec::new());
    for delimiter in delimiters {
        for (_, line, mut names) in candidates(layout, text, *delimiter, file) {
            names.retain(|name| name.len() <= LONGEST_NAME);
            names.truncate(LONGEST_NAME);
            let there = wanted
                .iter()
                .filter(|name| names.iter().any(|have| have == *name))
                .count();
            let near = wanted
                .iter()
                .filter(|name| did_you_mean(name, names.iter().map(String::as_str)).is_some())
                .count();
            if (there, near) > best.0 {
                best = ((there, near), line, names);
            }
        }
    }
    let (_, line, names) = best;
    let left: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|have| !wanted.contains(have))
        .collect();
    let absent: Vec<String> = wanted
        .iter()
        .filter(|name| !names.iter().any(|have| have == *name))
        .map(|name| match did_you_mean(name, left.iter().copied()) {
            Some(near) => format!("`{name}` (is it `{near}` now?)"),
            None => format!("`{name}`"),
        })
        .collect();
    let what = if absent.is_empty() {
        "a column for a period".to_owned()
    } else {
        absent.join(", ")
    };
    let place = if line > 0 {
        format!("; line {line} comes nearest")
    } else {
        String::new()
    };
    Error::invalid(3107, format!("`{file}` has no header with {what}{place}")).hint(format!(
        "nothing landed; if the producer renamed a column, change `header` in schemas/{}.odcs.yaml",
        contract.id
    ))
}
