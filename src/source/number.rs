//! Numbers as Swedish producers write them: blanks between thousands, comma or point before decimals.

use super::Decimal;

/// Blanks that stand between thousands, and the minus signs of typography.
fn cleaned(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}'))
        .map(|c| if matches!(c, '\u{2212}' | '\u{2013}') { '-' } else { c })
        .collect()
}

/// Whether the blanks in `text` stand only between digits: `1 234`, not `1 2 x`.
fn blanks_between_digits(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    chars.iter().enumerate().all(|(at, c)| {
        !c.is_whitespace()
            || (at > 0 && chars[at - 1].is_ascii_digit() && chars.get(at + 1).is_some_and(char::is_ascii_digit))
            || (at > 0 && matches!(chars[at - 1], '-' | '\u{2212}'))
    })
}

/// The whole number that `text` is.
pub(super) fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    if !blanks_between_digits(text) {
        return None;
    }
    cleaned(text).parse().ok()
}

/// The number that `text` is; never infinite or NaN.
pub(super) fn number(text: &str, decimal: Decimal) -> Option<f64> {
    let text = text.trim();
    if !text.bytes().any(|b| b.is_ascii_digit())
        || text.contains(|c: char| c.is_alphabetic() && c != 'e' && c != 'E')
        || !blanks_between_digits(text)
    {
        return None;
    }
    let mut plain = cleaned(text);
    let (commas, points) = (plain.matches(',').count(), plain.matches('.').count());
    match decimal {
        Decimal::Comma if points > 0 => return None,
        Decimal::Point if commas > 0 => return None,
        _ => {}
    }
    if commas + points > 1 {
        return None;
    }
    if commas == 1 {
        plain = plain.replace(',', ".");
    }
    plain.parse::<f64>().ok().filter(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_producers_write_them() {
        assert_eq!(integer("1\u{a0}234 567"), Some(1_234_567));
        assert_eq!(integer("\u{2212}12"), Some(-12));
        assert_eq!(integer("1.5"), None);
        assert_eq!(number("1 234,5", Decimal::Auto), Some(1234.5));
        assert_eq!(number("44,7", Decimal::Point), None);
        assert_eq!(number("1,234.5", Decimal::Auto), None);
        for text in ["", "..", "x", "12 x", "inf", "NaN", "1e999"] {
            assert_eq!(number(text, Decimal::Auto), None, "{text}");
        }
    }
}
