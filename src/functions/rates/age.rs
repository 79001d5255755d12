//! Age bands by name: '0-4', '5–9 år', '85+', '<1', or a lower end alone, which reaches to the next one.

use crate::{
    error::{Error, Result},
    functions::table::Table,
};

/// Where a band ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    At(f64),
    /// At the next band, or nowhere.
    Next,
    Nowhere,
}

/// One band, from `start` up to but not including `end`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Band {
    pub(super) start: f64,
    /// Nothing for the open one at the end.
    pub(super) end: Option<f64>,
    /// Place of its key.
    pub(super) at: usize,
}

fn read(text: &str) -> Option<(f64, End)> {
    let text = text.trim().to_lowercase();
    let numbers = text
        .split(|of: char| !of.is_ascii_digit())
        .filter(|of| !of.is_empty())
        .map(|of| of.parse::<u16>().ok().map(f64::from))
        .collect::<Option<Vec<f64>>>()?;
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match numbers.as_slice() {
        [end] if text.starts_with('<') || has(&["under", "yngre"]) => Some((0.0, End::At(*end))),
        [start]
            if text.ends_with(['-', '–', '—'])
                || has(&["+", "över", "äldre", "over", "older", "uppåt", "–w", "-w"]) =>
        {
            Some((*start, End::Nowhere))
        }
        [start] => Some((*start, End::Next)),
        [start, last] if last >= start => Some((*start, End::At(last + 1.0))),
        _ => None,
    }
}

fn wrong(function: &str, what: &str) -> Error {
    Error::invalid(6013, format!("`{function}` got age bands that {what}"))
        .hint("name bands as '0-4', '5-9', …, '85+', or by their lower ends; one name a band, none left out")
}

/// Returns the bands that are the first keys of a table, by age and without gaps.
pub(super) fn bands(function: &str, table: &Table<'_>) -> Result<Vec<Band>> {
    let mut read = (0..table.distinct(0))
        .map(|at| {
            read(table.text(0, at))
                .map(|(start, end)| (start, end, at))
                .ok_or_else(|| wrong(function, "it cannot read"))
        })
        .collect::<Result<Vec<_>>>()?;
    read.sort_by(|left, right| left.0.total_cmp(&right.0));
    let mut bands = Vec::with_capacity(read.len());
    for (place, (start, end, at)) in read.iter().enumerate() {
        let next = read.get(place + 1).map(|next| next.0);
        let end = match (*end, next) {
            (End::Next, next) => next,
            (End::Nowhere, None) => None,
            (End::Nowhere, Some(_)) => return Err(wrong(function, "overlap")),
            (End::At(end), None) => Some(end),
            (End::At(end), Some(next)) if end > next => return Err(wrong(function, "overlap")),
            (End::At(end), Some(next)) if end < next => return Err(wrong(function, "leave ages out between them")),
            (End::At(end), Some(_)) => Some(end),
        };
        if next.is_some_and(|next| next <= *start) {
            return Err(wrong(function, "overlap"));
        }
        bands.push(Band {
            start: *start,
            end,
            at: *at,
        });
    }
    Ok(bands)
}

#[cfg(test)]
mod tests {
    use super::{End, read};

    #[test]
    fn names_of_bands() {
        for (text, start, end) in [
            ("0", 0.0, End::Next),
            ("<1", 0.0, End::At(1.0)),
            ("0-4", 0.0, End::At(5.0)),
            ("10 – 14", 10.0, End::At(15.0)),
            (" 5-9 år", 5.0, End::At(10.0)),
            ("90 +", 90.0, End::Nowhere),
            ("85 år och äldre", 85.0, End::Nowhere),
            ("95-w", 95.0, End::Nowhere),
        ] {
            assert_eq!(read(text), Some((start, end)), "{text}");
        }
        for text in ["", "alla", "10-5", "1-2-3", "99999999"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
