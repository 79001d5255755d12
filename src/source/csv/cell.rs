//! One cell: its text, as the contract reads it.

use crate::{
    contract::{Column, LogicalType, Marker},
    model::{conf_status, obs_status},
    source::{Layout, number},
};

/// A value of a column's type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    /// Nothing.
    Null,
    /// Text.
    Text(&'a str),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// Yes or no.
    Boolean(bool),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since 1970.
    Timestamp(i64),
}

/// A value with its status.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell<'a> {
    /// The value.
    pub(super) value: Value<'a>,
    /// SDMX observation status.
    pub(super) obs: &'a str,
    /// SDMX confidentiality status.
    pub(super) conf: &'a str,
    /// The character that stood before the decimals.
    pub(super) decimal: Option<char>,
}

/// Why a cell is refused: the rule, and what is wrong.
pub(super) type Refused = (&'static str, &'static str);

/// Reads a cell.
pub(super) fn read<'a>(layout: &Layout, column: &'a Column, text: &'a str) -> Result<Cell<'a>, Refused> {
    let trimmed = text.trim();
    if let Some(marker) = column.markers.get(trimmed) {
        let value = match (marker.value, column.logical_type) {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a contract's marker of a whole number is checked to be one"
            )]
            (Some(number), LogicalType::Integer) => Value::Integer(number as i64),
            (Some(number), _) => Value::Number(number),
            (None, _) => Value::Null,
        };
        return required(column, value, marker.obs_status.as_str(), &marker.conf_status);
    }
    if trimmed.is_empty() {
        return required(column, Value::Null, obs_status::MISSING, conf_status::FREE);
    }
    // «~100» is a rounded figure, where the contract knows the mark
    let (trimmed, rounded) = match (trimmed.strip_prefix('~'), column.markers.get("~")) {
        (Some(rest), Some(marker)) => (rest.trim_start(), Some(marker)),
        _ => (trimmed, None),
    };
    let (value, decimal) = typed(layout, column, trimmed, text)?;
    allowed(column, &value)?;
    let (obs, conf) = rounded.map_or((obs_status::NORMAL, conf_status::FREE), status);
    Ok(Cell {
        value,
        obs,
        conf,
        decimal,
    })
}

fn status(marker: &Marker) -> (&str, &str) {
    (&marker.obs_status, &marker.conf_status)
}

fn required<'a>(column: &Column, value: Value<'a>, obs: &'a str, conf: &'a str) -> Result<Cell<'a>, Refused> {
    if column.required && value == Value::Null {
        return Err(("required", "the value is missing"));
    }
    Ok(Cell {
        value,
        obs,
        conf,
        decimal: None,
    })
}

fn typed<'a>(
    layout: &Layout,
    column: &Column,
    trimmed: &'a str,
    text: &'a str,
) -> Result<(Value<'a>, Option<char>), Refused> {
    let value = match column.logical_type {
        LogicalType::String | LogicalType::Object => Value::Text(if layout.trim { trimmed } else { text }),
        LogicalType::Integer => match number::integer(trimmed) {
            Some(value) => Value::Integer(value),
            None => return Err(("type", "text in a whole number")),
        },
        LogicalType::Number => match number::number(trimmed, layout.decimal) {
            Some((value, decimal)) => return Ok((Value::Number(value), decimal)),
            None => return Err(("type", "text in a number")),
        },
        LogicalType::Boolean => match trimmed.to_lowercase().as_str() {
            "1" | "ja" | "true" | "sant" | "yes" | "j" => Value::Boolean(true),
            "0" | "nej" | "false" | "falskt" | "no" | "n" => Value::Boolean(false),
            _ => return Err(("type", "neither yes nor no")),
        },
        LogicalType::Date => match trimmed.parse::<chrono::NaiveDate>() {
            Ok(date) => Value::Date(chrono::Datelike::num_days_from_ce(&date) - 719_163),
            Err(_) => return Err(("type", "no date of the form 2025-01-31")),
        },
        LogicalType::Timestamp => match trimmed.parse::<chrono::DateTime<chrono::Utc>>() {
            Ok(time) => Value::Timestamp(time.timestamp_micros()),
            Err(_) => return Err(("type", "no time of the form 2025-01-31T12:00:00Z")),
        },
    };
    Ok((value, None))
}

/// Range, code list and form.
fn allowed(column: &Column, value: &Value<'_>) -> Result<(), Refused> {
    #[expect(clippy::cast_precision_loss, reason = "limits of a contract are far below 2^53")]
    let number = match value {
        Value::Integer(value) => Some(*value as f64),
        Value::Number(value) => Some(*value),
        _ => None,
    };
    let outside = |number: f64| {
        column.minimum.is_some_and(|low| number < low) || column.maximum.is_some_and(|high| number > high)
    };
    if number.is_some_and(outside) {
        return Err(("range", "outside the contract's range"));
    }
    if column.codes.is_none() && column.pattern.is_none() {
        return Ok(());
    }
    let written;
    let text = match value {
        Value::Text(text) => *text,
        Value::Integer(value) => {
            written = value.to_string();
            &written
        }
        _ => return Ok(()),
    };
    if column
        .codes
        .as_ref()
        .is_some_and(|codes| !codes.iter().any(|code| code == text))
    {
        return Err(("codes", "not in the contract's code list"));
    }
    if column.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
        return Err(("pattern", "not of the contract's form"));
    }
    Ok(())
}
