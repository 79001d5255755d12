//! From errors of a running query to ours: what kind of thing went wrong, never the value that it went wrong with.
//!
//! DataFusion and Arrow put values of the data into their texts («Cannot cast string '…' to value of Int64 type»), and stores
//! put paths there. Both would travel to clients and into logs. So the texts of known kinds are written anew here, and of other
//! texts everything in quotes and every number is left out.

use std::error::Error as StdError;

use arrow::error::ArrowError;
use datafusion::{error::DataFusionError, parquet::errors::ParquetError};

use crate::error::{Error, Kind};

/// Turns an error of execution (or of what is computed while planning) into ours.
pub(super) fn running(error: DataFusionError) -> Error {
    let mut found = None;
    let mut at: Option<&(dyn StdError + 'static)> = Some(&error);
    while let Some(current) = at {
        if let Some(ours) = current.downcast_ref::<Error>() {
            return copy(ours);
        }
        // the innermost that says something wins
        found = meaning(current).or(found);
        at = current.source();
    }
    match found {
        Some(Meaning::Said(ours)) if ours.kind() == Kind::Unavailable => ours.with_source(error),
        Some(Meaning::Said(ours)) => ours,
        Some(Meaning::Reading) => Error::unavailable(4001, "the rows of a table cannot be read")
            .hint("try again; if it stays so, the files of the lake are damaged or its store does not answer")
            .with_source(error),
        None => Error::invalid(2901, masked(&error.strip_backtrace())),
    }
}

enum Meaning {
    /// An error without anything of the data in it.
    Said(Error),
    /// The store or a file failed; the cause is kept for the log.
    Reading,
}

fn meaning(error: &(dyn StdError + 'static)) -> Option<Meaning> {
    if error.is::<ParquetError>() || error.is::<object_store::Error>() || error.is::<std::io::Error>() {
        return Some(Meaning::Reading);
    }
    if let Some(error) = error.downcast_ref::<ArrowError>() {
        return arrow(error);
    }
    let said = match error.downcast_ref::<DataFusionError>()? {
        DataFusionError::ResourcesExhausted(_) => {
            Error::exhausted(2902, "the query needs more memory than there is").hint("narrow it or sum it up further")
        }
        DataFusionError::ExecutionJoin(_) => Error::bug(9082, "a part of a query panicked"),
        DataFusionError::Internal(text) => Error::bug(9001, masked(text)),
        DataFusionError::Execution(text) if text.starts_with("Cannot access field") => {
            Error::invalid(2913, masked(text))
                .hint("only structs have fields; `samsyn functions NAME` says what a function returns")
        }
        DataFusionError::Execution(text) => Error::invalid(2913, masked(text)),
        // types and names, no values
        DataFusionError::Plan(text) | DataFusionError::NotImplemented(text) | DataFusionError::Configuration(text) => {
            Error::invalid(2901, first_part(text))
        }
        DataFusionError::SchemaError(schema, _) => Error::invalid(2901, schema.to_string()),
        DataFusionError::External(_) => Error::unavailable(2900, "an outside component failed"),
        _ => return None,
    };
    Some(Meaning::Said(said))
}

fn arrow(error: &ArrowError) -> Option<Meaning> {
    let said = match error {
        ArrowError::DivideByZero => {
            Error::invalid(2910, "division by zero").hint("write x / NULLIF(y, 0), which gives NULL instead")
        }
        ArrowError::ArithmeticOverflow(_) | ArrowError::OffsetOverflowError(_) => {
            Error::invalid(2911, "a result is too large for its type").hint("cast to DOUBLE or DECIMAL(38, 0) before")
        }
        ArrowError::CastError(text) | ArrowError::ParseError(text) => {
            let wanted = text
                // the last one: a value may hold these words itself
                .rsplit_once(" to value of ")
                .and_then(|(_, rest)| rest.strip_suffix(" type"))
                .filter(|wanted| {
                    wanted
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"(),- ".contains(&b))
                });
            let message = match wanted {
                Some(wanted) => format!("a value cannot be read as {wanted}"),
                None => "a value cannot be read as the type that it is cast to".to_owned(),
            };
            Error::invalid(2912, message).hint("TRY_CAST gives NULL for such values")
        }
        ArrowError::MemoryError(_) => Error::exhausted(2902, "the query needs more memory than there is"),
        ArrowError::IoError(..) | ArrowError::ParquetError(_) => return Some(Meaning::Reading),
        ArrowError::ExternalError(_) => return None,
        other => Error::invalid(2913, masked(&other.to_string())),
    };
    Some(Meaning::Said(said))
}

/// Our own error came out of a plan that still holds it, so it cannot be taken out; its parts can.
fn copy(ours: &Error) -> Error {
    let mut copy = Error::new(ours.kind(), ours.code(), ours.message());
    for doing in ours.context_chain() {
        copy = copy.context(doing.clone());
    }
    if let Some(place) = ours.location() {
        copy = copy.at(place.clone());
    }
    if let Some(hint) = ours.hint_text() {
        copy = copy.hint(hint);
    }
    match (ours.kind(), ours.source()) {
        // the log should say why
        (Kind::Unavailable | Kind::Bug, Some(cause)) => copy.with_source(cause.to_string()),
        _ => copy,
    }
}

/// The text without a backtrace.
fn first_part(text: &str) -> &str {
    text.split(DataFusionError::BACK_TRACE_SEP).next().unwrap_or(text)
}

/// The text with `…` for everything in quotes and for every number that is not part of a word.
fn masked(text: &str) -> String {
    let mut kept = String::new();
    let mut letters = first_part(text).chars().peekable();
    let mut in_word = false;
    while let Some(letter) = letters.next() {
        // an apostrophe inside a word is no quote
        if matches!(letter, '"' | '`') || (letter == '\'' && !in_word) {
            kept.extend([letter, '…', letter]);
            // to the last such quote of the text: a value may hold quotes itself
            let rest: String = letters.clone().collect();
            let skip = rest
                .rfind(letter)
                .map_or(usize::MAX, |end| rest[..end].chars().count() + 1);
            letters.by_ref().take(skip).for_each(drop);
            in_word = false;
        } else if letter.is_numeric() && !in_word {
            while letters
                .next_if(|next| next.is_alphanumeric() || matches!(next, '.' | '-' | '+'))
                .is_some()
            {}
            kept.push('…');
        } else {
            in_word = letter.is_alphanumeric() || letter == '_';
            kept.push(letter);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn values_do_not_show() {
        let cast = |text: &str| DataFusionError::ArrowError(Box::new(ArrowError::CastError(text.into())), None);
        for (error, code, expected) in [
            (
                cast("Cannot cast string 'hemligt' to value of Int64 type"),
                2912,
                "a value cannot be read as Int64",
            ),
            (
                cast("Cannot cast string 'to value of hemligt type' to value of Int64 type"),
                2912,
                "a value cannot be read as Int64",
            ),
            (
                DataFusionError::Execution("Error parsing timestamp from 'hem'ligt' at 19121212-1212: no".into()),
                2913,
                "Error parsing timestamp from '…' at …: no",
            ),
            (
                DataFusionError::Shared(Arc::new(DataFusionError::from(ArrowError::DivideByZero))).context("x 4711"),
                2910,
                "division by zero",
            ),
            (
                DataFusionError::from(ArrowError::ComputeError("Overflow happened on: 4711 + Int32".into())),
                2913,
                "Compute error: Overflow happened on: … + Int32",
            ),
        ] {
            let ours = running(error);
            assert_eq!((ours.code(), ours.message()), (code, expected));
        }
    }

    #[test]
    fn our_own_errors_come_through_whole() {
        let ours = Error::refused(5001, "no").hint("yes").context("publishing");
        let wrapped = DataFusionError::Shared(Arc::new(DataFusionError::from(ours).context("joining")));
        let back = running(wrapped);
        assert_eq!(
            (back.code(), back.message(), back.hint_text()),
            (5001, "no", Some("yes"))
        );
        assert_eq!(back.context_chain(), ["publishing"]);
    }

    #[test]
    fn a_broken_file_tells_its_path_to_the_log_only() {
        let error = DataFusionError::ParquetError(Box::new(ParquetError::General("/srv/lake/x".into())));
        let ours = running(error);
        assert_eq!(
            (ours.kind(), ours.message().contains("/srv")),
            (Kind::Unavailable, false)
        );
        assert!(ours.to_string().contains("/srv"));
    }
}
