//! Names of the periods to come, in the notation of the last one.

use crate::functions::rates::pool::years;

/// Returns the period that lies some years after one: '2024' → '2025', '2023/24' → '2024/25', '2021-2023' → '2024-2026'.
/// Nothing where the text is no period or a year would not have four digits.
pub(super) fn later(text: &str, by: i32) -> Option<String> {
    let (first, last) = years(text)?;
    let (first, last) = (first.checked_add(by)?, last.checked_add(by)?);
    if !(0..=9999).contains(&first) || !(0..=9999).contains(&last) {
        return None;
    }
    let text = text.trim();
    let Some(mark) = text.find(['-', '–', '—', '/']) else {
        return Some(format!("{first:04}"));
    };
    let mark = text[mark..].chars().next()?;
    let short = text.rsplit(mark).next()?.trim().len() == 2;
    Some(if short && last / 100 == first / 100 {
        format!("{first:04}{mark}{:02}", last % 100)
    } else {
        format!("{first:04}{mark}{last:04}")
    })
}

#[cfg(test)]
mod tests {
    use super::later;

    #[test]
    fn periods_follow_in_their_notation() {
        for (text, by, expected) in [
            ("2024", 1, Some("2025")),
            ("2023/24", 2, Some("2025/26")),
            ("2098/99", 1, Some("2099/2100")),
            ("2023/2024", 1, Some("2024/2025")),
            ("2021-2023", 3, Some("2024-2026")),
            ("2021–23", 3, Some("2024–26")),
            ("9999", 1, None),
            ("autumn", 1, None),
        ] {
            assert_eq!(later(text, by).as_deref(), expected, "{text}");
        }
    }
}
