//! From DataFusion's errors to ours: a code, the place in the file, and the name that was probably meant.

use datafusion::{common::SchemaError, error::DataFusionError};

use super::failure;
use crate::error::{Error, Location, did_you_mean};

/// A SQL text and where it stands, so that errors point into the file that the user wrote.
#[derive(Debug, Clone, Copy)]
pub struct SqlText<'a> {
    /// The SQL.
    pub sql: &'a str,
    /// The file, or `query`.
    pub file: &'a str,
    /// Lines of the file before the SQL starts.
    pub skipped: u64,
}

impl<'a> SqlText<'a> {
    /// A text typed by a user.
    pub fn query(sql: &'a str) -> Self {
        Self {
            sql,
            file: "query",
            skipped: 0,
        }
    }

    fn place(&self, line: u64, column: u64) -> Location {
        Location {
            file: self.file.to_owned(),
            line: line.max(1) + self.skipped,
            column: column.max(1),
        }
    }

    /// The first place where `word` stands as a word of its own.
    fn find(&self, word: &str) -> Option<Location> {
        let part = |c: char| c.is_alphanumeric() || c == '_';
        let word = word.to_lowercase();
        if word.is_empty() {
            return None;
        }
        for (number, line) in self.sql.lines().enumerate() {
            let lower = line.to_lowercase();
            for (at, _) in lower.match_indices(&word) {
                let before = lower[..at].chars().next_back();
                let after = lower[at + word.len()..].chars().next();
                if !before.is_some_and(part) && !after.is_some_and(part) {
                    return Some(self.place(number as u64 + 1, lower[..at].chars().count() as u64 + 1));
                }
            }
        }
        None
    }
}

/// Turns a planning error into ours; `tables` are the names that could have been meant.
pub fn explain(error: DataFusionError, text: SqlText<'_>, tables: &[String], functions: &[String]) -> Error {
    let mut place = None;
    let mut current = &error;
    loop {
        match current {
            DataFusionError::Diagnostic(diagnostic, inner) => {
                if let Some(span) = diagnostic.span {
                    place.get_or_insert(text.place(span.start.line, span.start.column));
                }
                current = inner;
            }
            DataFusionError::Context(_, inner) => current = inner,
            DataFusionError::Collection(all) if !all.is_empty() => current = &all[0],
            DataFusionError::Shared(inner) => current = inner,
            _ => break,
        }
    }
    let ours = match current {
        DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => {
                place = place.or_else(|| text.find(field.name()));
                let names: Vec<&str> = valid_fields.iter().map(datafusion::prelude::Column::name).collect();
                let ours = Error::invalid(2103, format!("column `{}` not found", field.name()));
                match did_you_mean(field.name(), names.iter().copied()) {
                    Some(near) if near != field.name() => ours.hint(format!("did you mean `{near}`?")),
                    _ => ours.hint(format!("the columns here are {}", shorten(&names))),
                }
            }
            other => Error::invalid(2105, other.to_string()).hint("give the column its table or another name with AS"),
        },
        DataFusionError::SQL(parser, _) => {
            let message = parser.to_string();
            place = place.or_else(|| parser_place(&message, text));
            let short = message
                .trim_start_matches("sql parser error: ")
                .split(" at Line:")
                .next()
                .unwrap_or_default()
                .to_owned();
            Error::invalid(2100, format!("this is no SQL that samsyn understands: {short}"))
                .hint("compare the text before that place; names that are words of SQL need double quotes")
        }
        DataFusionError::Plan(message) if message.contains("' not found") && message.starts_with("table '") => {
            let name = message.split('\'').nth(1).unwrap_or_default();
            let name = name.strip_prefix("samsyn.").unwrap_or(name).to_owned();
            let bare = name.rsplit('.').next().unwrap_or(&name);
            place = text.find(&name).or_else(|| text.find(bare)).or(place);
            let ours = Error::not_found(2102, format!("table `{name}` not found"));
            match did_you_mean(&name, tables.iter().map(String::as_str)) {
                Some(near) => ours.hint(format!("did you mean `{near}`?")),
                None => ours.hint("`samsyn tables` lists the tables there are"),
            }
        }
        DataFusionError::Plan(message)
            if message.contains("Invalid function") || message.starts_with("table function ") =>
        {
            let name = message.split('\'').nth(1).unwrap_or_default().to_owned();
            place = place.or_else(|| text.find(&name));
            let ours = Error::not_found(2104, format!("function `{name}` not found"));
            match did_you_mean(&name, functions.iter().map(String::as_str)) {
                Some(near) => ours.hint(format!("did you mean `{near}`?")),
                None => ours.hint("`samsyn functions` lists those of samsyn"),
            }
        }
        _ => failure::running(error),
    };
    match place {
        Some(place) => ours.at(place),
        None => ours.at(text.place(1, 1)),
    }
}

fn parser_place(message: &str, text: SqlText<'_>) -> Option<Location> {
    let after = message.split("Line: ").nth(1)?;
    let line = after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()?;
    let column = after
        .split("Column: ")
        .nth(1)?
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()?;
    Some(text.place(line, column))
}

fn shorten(names: &[&str]) -> String {
    let mut list = names.iter().take(12).copied().collect::<Vec<_>>().join(", ");
    if names.len() > 12 {
        list.push_str(", …");
    }
    list
}
