//! Rows as a series: periods read and put in the order of time.

use crate::{
    error::{Error, Result},
    functions::{rates::pool::years, table::Table},
};

/// One period, with its numbers.
#[derive(Debug, Clone)]
pub(in crate::functions) struct Point {
    /// Its middle, in years.
    pub(in crate::functions) at: f64,
    /// The numbers after the period, in the order of the signature.
    pub(in crate::functions) numbers: Vec<f64>,
    /// Place of its cell in the table.
    pub(in crate::functions) cell: usize,
    /// Whether one of the numbers is NULL and stands as 0.
    pub(in crate::functions) unknown: bool,
}

/// Returns the first and the last year; a school year is the year in which it begins.
fn span(text: &str) -> Option<(i32, i32)> {
    let (first, last) = years(text)?;
    let school = text.contains('/') && last == first + 1;
    Some((first, if school { first } else { last }))
}

/// Returns the periods of a table in the order of time, each with the numbers of the keys after it.
pub(in crate::functions) fn series(function: &str, table: &Table<'_>, numbers: usize) -> Result<Vec<Point>> {
    table.one_a_unit(function, if numbers == 0 { "period" } else { "value" })?;
    let unknown = table.suppressed();
    let mut points = table
        .key(0)
        .iter()
        .enumerate()
        .map(|(cell, key)| {
            let key = *key as usize;
            let (first, last) = span(table.text(0, key)).ok_or_else(|| {
                Error::invalid(6015, format!("`{function}` got a period that it cannot read"))
                    .hint("write years as 2019 or '2019', school years as '2019/20', and spans as '2019-2021'")
            })?;
            let numbers = (1..=numbers)
                .map(|of| table.number(of, table.key(of)[cell] as usize))
                .collect();
            let unknown = unknown.contains(&table.cells.locals[0][key]);
            let at = f64::midpoint(f64::from(first), f64::from(last));
            Ok((
                (first, last),
                Point {
                    at,
                    numbers,
                    cell,
                    unknown,
                },
            ))
        })
        .collect::<Result<Vec<_>>>()?;
    points.sort_by_key(|(span, _)| *span);
    if points.windows(2).any(|two| two[1].0.0 <= two[0].0.1) {
        return Err(Error::invalid(
            6016,
            format!("`{function}` got periods that overlap: their events would count twice"),
        )
        .hint("use single years, or spans that follow each other; leave others out with FILTER"));
    }
    Ok(points.into_iter().map(|(_, point)| point).collect())
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn school_years_follow_each_other() {
        assert_eq!(span("2019/20"), Some((2019, 2019)));
        assert_eq!(span("2019/2020"), Some((2019, 2019)));
        assert_eq!(span("2019-2021"), Some((2019, 2021)));
        assert_eq!(span("autumn"), None);
    }
}
