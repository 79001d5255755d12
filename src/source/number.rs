//! Numbers as Swedish producers write them: blanks between thousands, comma or point before decimals.

use super::Decimal;

/// Blanks that stand between thousands: plain, no-break, narrow no-break, thin, figure.
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{2007}')
}

/// The text without blanks between thousands, with the minus sign of programs; None when blanks stand elsewhere.
fn plain(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let chars: Vec<char> = text.chars().collect();
    let digits = |from: usize| chars[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let mut blanks = false;
    for (at, c) in chars.iter().copied().enumerate() {
        if !is_blank(c) {
            plain.push(if matches!(c, '\u{2212}' | '\u{2013}') { '-' } else { c });
            continue;
        }
        // `1 234`: groups of three, the first of at most three; `- 5`: behind the sign
        let before = plain.chars().rev().take_while(char::is_ascii_digit).count();
        let thousands = before > 0 && (blanks || before <= 3) && digits(at + 1) == 3 && !plain.contains([',', '.']);
        let behind_sign = matches!(plain.as_str(), "-" | "+");
        if !thousands && !behind_sign {
            return None;
        }
        blanks |= thousands;
    }
    Some(plain)
}

/// The whole number that `text` is.
pub(super) fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    text.parse().ok().or_else(|| plain(text)?.parse().ok())
}

/// The number that `text` is, never infinite or NaN, and the character before its decimals.
pub(super) fn number(text: &str, decimal: Decimal) -> Option<(f64, Option<char>)> {
    let text = text.trim();
    if !text.bytes().any(|b| b.is_ascii_digit()) || text.contains(|c: char| c.is_alphabetic() && c != 'e' && c != 'E') {
        return None;
    }
    let plain = plain(text)?;
    let mut marks = plain.chars().filter(|c| matches!(c, ',' | '.'));
    let mark = marks.next();
    let wrong = match decimal {
        Decimal::Auto => false,
        Decimal::Comma => mark == Some('.'),
        Decimal::Point => mark == Some(','),
    };
    if wrong || marks.next().is_some() {
        return None;
    }
    let value = plain
        .replace(',', ".")
        .parse::<f64>()
        .ok()
        .filter(|value| value.is_finite())?;
    Some((value, mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, decimal: Decimal) -> Option<f64> {
        number(text, decimal).map(|(value, _)| value)
    }

    #[test]
    fn as_producers_write_them() {
        for blank in [' ', '\u{a0}', '\u{202f}', '\u{2009}', '\u{2007}'] {
            assert_eq!(integer(&format!("1{blank}234{blank}567")), Some(1_234_567), "{blank:?}");
            assert_eq!(
                value(&format!("-12{blank}345,5"), Decimal::Auto),
                Some(-12345.5),
                "{blank:?}"
            );
        }
        assert_eq!(integer("\u{2212}12"), Some(-12));
        assert_eq!(integer("- 1 200"), Some(-1200));
        assert_eq!(number("1 234,5", Decimal::Auto), Some((1234.5, Some(','))));
        assert_eq!(number("0", Decimal::Auto), Some((0.0, None)));
        assert_eq!(value("44,7", Decimal::Point), None);
        assert_eq!(value("44.7", Decimal::Comma), None);
        assert_eq!(value("1,234.5", Decimal::Auto), None);
    }

    #[test]
    fn what_is_no_number() {
        for text in [
            "", "..", "x", "12 x", "inf", "NaN", "1e999", "1 2", "1 2345", "1234 567", "1,5 123", " - ", "--5", "5-",
        ] {
            assert_eq!(value(text, Decimal::Auto), None, "{text}");
            assert_eq!(integer(text), None, "{text}");
        }
        for text in ["1.5", "2020 2021", "9223372036854775808", "1,0"] {
            assert_eq!(integer(text), None, "{text}");
        }
    }
}
