//! Parameters of prepared statements: `?` and `$n`, their schema, and the values that clients bind.
//!
//! Clients name and type parameters as they like (`param_0`, unions, large strings, dictionaries); we bind by position and
//! cast to the type that the query wants. What can go wrong: a `?` inside a string, comment or quoted name is not a
//! parameter, so the text goes through SQL's own tokenizer and never through a search.

use std::{fmt::Write as _, sync::Arc};

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, Field, Schema, SchemaRef},
};
use datafusion::{
    common::ScalarValue,
    sql::sqlparser::{
        dialect::GenericDialect,
        tokenizer::{Token, Tokenizer},
    },
};

use super::wire;
use crate::error::{Error, Location, Result};

/// Most rows of values that one bind may carry; each row is one execution.
const MOST_ROWS: usize = 10_000;

/// Returns `sql` with every `?` parameter written as `$1`, `$2`, … from left to right.
///
/// SQL that cannot be read is returned as it is: the parser will say better what is wrong with it.
///
/// # Errors
/// When `?` and `$n` stand in the same statement.
pub(crate) fn number_question_marks(sql: &str) -> Result<String> {
    if !sql.contains('?') {
        return Ok(sql.to_owned());
    }
    // the engine's own dialect, or the two could disagree about where a string ends
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, sql).tokenize_with_location() else {
        return Ok(sql.to_owned());
    };
    let placeholders: Vec<_> = tokens
        .iter()
        .filter_map(|token| match &token.token {
            Token::Placeholder(text) => Some((text.as_str(), token.span.start)),
            _ => None,
        })
        .collect();
    let marks: Vec<_> = placeholders.iter().filter(|(text, _)| *text == "?").collect();
    if marks.is_empty() {
        return Ok(sql.to_owned());
    }
    if let Some((other, place)) = placeholders.iter().find(|(text, _)| *text != "?") {
        return Err(
            Error::invalid(7020, format!("the statement has both `?` and `{other}` as parameters"))
                .at(Location {
                    file: "query".into(),
                    line: place.line,
                    column: place.column,
                })
                .hint("write all of them as `?`, or all as `$1`, `$2`, …"),
        );
    }
    let mut marks = marks
        .into_iter()
        .map(|(_, place)| (place.line, place.column))
        .peekable();
    let mut numbered = String::with_capacity(sql.len() + 16);
    let (mut line, mut column, mut next) = (1, 1, 1);
    for letter in sql.chars() {
        if letter == '?' && marks.next_if_eq(&(line, column)).is_some() {
            let _ = write!(numbered, "${next}");
            next += 1;
        } else {
            numbered.push(letter);
        }
        if letter == '\n' {
            line += 1;
            column = 1;
        } else {
            column += 1;
        }
    }
    if marks.peek().is_some() {
        return Err(Error::invalid(7020, "a parameter stands inside a comment `/*! … */`").hint("take it out of there"));
    }
    Ok(numbered)
}

/// The schema of the parameters, in order; one whose type the query does not say is offered as text.
pub(crate) fn schema(types: &[Option<DataType>]) -> SchemaRef {
    let fields = types.iter().enumerate().map(|(i, wanted)| {
        let wire = wanted.as_ref().map_or(DataType::Utf8, wire::data_type);
        Arc::new(Field::new(format!("${}", i + 1), wire, true))
    });
    Arc::new(Schema::new(fields.collect::<arrow::datatypes::Fields>()))
}

/// Reads the rows of values that a client bound, by position, cast to `types`.
///
/// # Errors
/// When the number of columns is wrong, a value does not fit, or there are more than 10 000 rows.
pub(crate) fn rows(batches: &[RecordBatch], types: &[Option<DataType>]) -> Result<Vec<Vec<ScalarValue>>> {
    let total: usize = batches.iter().map(RecordBatch::num_rows).sum();
    if total > MOST_ROWS {
        return Err(Error::exhausted(
            7021,
            format!("{total} rows of parameters, at most {MOST_ROWS} are taken"),
        )
        .hint("bind fewer rows at a time"));
    }
    if let Some(batch) = batches.iter().find(|batch| batch.num_columns() != types.len()) {
        return Err(Error::invalid(
            7022,
            format!(
                "the statement has {} parameters, {} were bound",
                types.len(),
                batch.num_columns()
            ),
        ));
    }
    let mut rows = vec![Vec::with_capacity(types.len()); total];
    for (number, wanted) in types.iter().enumerate() {
        let mut values = Vec::with_capacity(total);
        for batch in batches {
            for row in 0..batch.num_rows() {
                values.push(plain(ScalarValue::try_from_array(batch.column(number), row)?));
            }
        }
        let values = match wanted {
            Some(wanted) => fitted(values, wanted, number + 1)?,
            None => values,
        };
        for (row, value) in rows.iter_mut().zip(values) {
            row.push(value);
        }
    }
    Ok(rows)
}

/// The values of one parameter as the type that the query wants. Numbers that would lose something by that (15.5 as a whole
/// number) stay what they are, all of them, and the query compares them as what they are.
fn fitted(values: Vec<ScalarValue>, wanted: &DataType, number: usize) -> Result<Vec<ScalarValue>> {
    let mut cast = Vec::with_capacity(values.len());
    for value in &values {
        if value.is_null() {
            cast.push(ScalarValue::try_from(wanted)?);
            continue;
        }
        let text = matches!(value, ScalarValue::Utf8(_));
        match value.cast_to(wanted) {
            Ok(fits) if text || fits.cast_to(&value.data_type()).is_ok_and(|back| back == *value) => cast.push(fits),
            // the cause would show the value
            Err(_) if text || !value.data_type().is_numeric() || !wanted.is_numeric() => {
                return Err(Error::invalid(
                    7023,
                    format!(
                        "parameter {number} is bound to {}, which does not fit {wanted}",
                        value.data_type()
                    ),
                ));
            }
            Ok(_) | Err(_) => return Ok(values),
        }
    }
    Ok(cast)
}

/// Takes the value out of unions and dictionaries, and text and bytes out of their other layouts.
fn plain(value: ScalarValue) -> ScalarValue {
    match value {
        ScalarValue::Union(Some((_, inner)), _, _) | ScalarValue::Dictionary(_, inner) => plain(*inner),
        ScalarValue::Union(None, _, _) => ScalarValue::Null,
        ScalarValue::Utf8View(text) | ScalarValue::LargeUtf8(text) => ScalarValue::Utf8(text),
        ScalarValue::BinaryView(bytes) | ScalarValue::LargeBinary(bytes) => ScalarValue::Binary(bytes),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Float64Array, Int64Array, NullArray, StringViewArray, UnionArray};
    use arrow::datatypes::UnionFields;

    #[test]
    fn question_marks_are_numbered_outside_of_strings_and_comments() {
        for (from, to) in [
            ("SELECT ?, a FROM t WHERE b = ?", "SELECT $1, a FROM t WHERE b = $2"),
            (
                "SELECT '?', \"?\" -- ?\n, /* ? */ ?",
                "SELECT '?', \"?\" -- ?\n, /* ? */ $1",
            ),
            (
                "SELECT 'åäö', ?||'x', ?-1 FROM åland",
                "SELECT 'åäö', $1||'x', $2-1 FROM åland",
            ),
            ("SELECT 'it''s ?' WHERE a=?", "SELECT 'it''s ?' WHERE a=$1"),
            (
                "SELECT E'it\\'s ?', U&'\\00e5?', $$ ? $$, $x$ ? $x$, Q'[ ? ]', r'\\?', `?`, x'3f', ? /* /* ? */ ? */",
                "SELECT E'it\\'s ?', U&'\\00e5?', $$ ? $$, $x$ ? $x$, Q'[ ? ]', r'\\?', `?`, x'3f', $1 /* /* ? */ ? */",
            ),
            ("SELECT '\r\n?\r\n',\r\n?", "SELECT '\r\n?\r\n',\r\n$1"),
            ("SELECT a[?] LIKE ? ESCAPE '?'", "SELECT a[$1] LIKE $2 ESCAPE '?'"),
            ("SELECT $1", "SELECT $1"),
            ("SELECT 'unended ?", "SELECT 'unended ?"),
        ] {
            assert_eq!(number_question_marks(from).unwrap(), to);
        }
    }

    #[test]
    fn a_parameter_in_a_comment_that_speaks_is_refused() {
        assert_eq!(
            number_question_marks("SELECT 1 /*! , ? */, ?").unwrap_err().code(),
            7020
        );
    }

    #[test]
    fn mixed_styles_are_refused_with_their_place() {
        let error = number_question_marks("SELECT ?,\n  $2").unwrap_err();
        assert_eq!((error.code(), error.location().unwrap().line), (7020, 2));
    }

    #[test]
    fn values_are_bound_by_position_whatever_their_layout() {
        let union = UnionArray::try_new(
            UnionFields::try_new(
                [3, 5],
                [
                    Field::new("s", DataType::Utf8View, true),
                    Field::new("i", DataType::Int64, true),
                ],
            )
            .unwrap(),
            vec![3_i8, 5].into(),
            Some(vec![0_i32, 0].into()),
            vec![
                Arc::new(StringViewArray::from(vec!["7"])) as ArrayRef,
                Arc::new(Int64Array::from(vec![8])),
            ],
        )
        .unwrap();
        let batch = RecordBatch::try_from_iter([
            ("param_1", Arc::new(union) as ArrayRef),
            ("param_0", Arc::new(NullArray::new(2))),
        ])
        .unwrap();
        let bound = rows(&[batch], &[Some(DataType::Int32), Some(DataType::Utf8View)]).unwrap();
        assert_eq!(
            bound,
            vec![
                vec![ScalarValue::Int32(Some(7)), ScalarValue::Utf8View(None)],
                vec![ScalarValue::Int32(Some(8)), ScalarValue::Utf8View(None)],
            ]
        );
    }

    #[test]
    fn a_number_is_never_cut_to_fit() {
        let bound = |values: Vec<f64>| {
            let batch = RecordBatch::try_from_iter([("p", Arc::new(Float64Array::from(values)) as ArrayRef)]).unwrap();
            rows(&[batch], &[Some(DataType::Int64)]).unwrap()
        };
        assert_eq!(bound(vec![15.0]), [[ScalarValue::Int64(Some(15))]]);
        assert_eq!(
            bound(vec![15.0, 15.5]),
            [[ScalarValue::Float64(Some(15.0))], [ScalarValue::Float64(Some(15.5))]]
        );
        assert_eq!(bound(vec![1e30]), [[ScalarValue::Float64(Some(1e30))]]);
    }

    #[test]
    fn a_value_that_does_not_fit_is_not_shown() {
        let batch =
            RecordBatch::try_from_iter([("p", Arc::new(StringViewArray::from(vec!["hemligt"])) as ArrayRef)]).unwrap();
        let error = rows(std::slice::from_ref(&batch), &[Some(DataType::Int32)]).unwrap_err();
        assert_eq!(error.code(), 7023);
        assert!(!error.to_string().contains("hemligt"));
        assert_eq!(rows(&[batch], &[]).unwrap_err().code(), 7022);
    }
}
