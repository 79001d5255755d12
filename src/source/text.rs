//! Bytes to text: the encoding is found by its byte order mark, by being valid UTF-8, else by the look of the bytes.
//!
//! What can go wrong: text that decodes without an error and says something else (`Ã¥` for `å`). So bytes that fit neither UTF-8 nor
//! Latin-1 as Swedish text has it are refused, never guessed.

use std::borrow::Cow;

use encoding_rs::{Encoding, WINDOWS_1252};

use crate::error::{Error, Result};

/// Decodes `bytes`; `label` is the encoding where it is known.
///
/// # Errors
/// SAMSYN-3104 when the bytes are not text of that encoding, or of none that is known.
pub(super) fn decode<'a>(bytes: &'a [u8], label: Option<&str>, file: &str) -> Result<Cow<'a, str>> {
    let text = characters(bytes, label, file)?;
    // no producer writes it; UTF-16 without a mark has it in every second byte, a broken upload in its tail
    if let Some(at) = text.find('\0') {
        return Err(Error::invalid(
            3104,
            format!("`{file}` is no text file: it has a NUL byte in line {}", line(&text.as_bytes()[..at])),
        )
        .hint("fetch it again; if it is UTF-16, give `layout: { encoding: utf-16le }`; else check the `kind` of the source"));
    }
    Ok(text)
}

fn characters<'a>(bytes: &'a [u8], label: Option<&str>, file: &str) -> Result<Cow<'a, str>> {
    let strict = |encoding: &'static Encoding, bytes: &'a [u8]| {
        encoding
            .decode_without_bom_handling_and_without_replacement(bytes)
            .ok_or_else(|| {
                let hint = "give `layout: { encoding: … }`, for example iso-8859-1, or leave it out to have it found";
                Error::invalid(3104, format!("`{file}` is not text in {}", encoding.name())).hint(hint)
            })
    };
    let marked = Encoding::for_bom(bytes);
    let (known, rest) = match (marked, label) {
        (Some((encoding, skip)), _) => (Some(encoding), &bytes[skip..]),
        (None, Some(label)) => {
            let unknown =
                || Error::invalid(3103, format!("`{label}` is no encoding")).hint("write utf-8 or iso-8859-1");
            (Some(Encoding::for_label(label.as_bytes()).ok_or_else(unknown)?), bytes)
        }
        (None, None) => (None, bytes),
    };
    if let Some(encoding) = known.filter(|encoding| *encoding != encoding_rs::UTF_8) {
        return strict(encoding, rest);
    }
    if let Ok(text) = simdutf8::basic::from_utf8(rest) {
        return Ok(Cow::Borrowed(text));
    }
    if known.is_some() || looks_like_utf8(rest) {
        return Err(broken_utf8(rest, file));
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(rest, true);
    let guess = detector.guess(Some(b"se"), chardetng::Utf8Detection::Deny);
    // Swedish text that is not UTF-8 is Latin-1 or its superset, whatever letters happen to look like
    if !guess.is_single_byte() || looks_like_dos(rest) {
        return Err(Error::invalid(3104, format!("the encoding of `{file}` cannot be told from its bytes"))
            .hint("have it written as UTF-8; or give `layout: { encoding: … }`, such as iso-8859-1, macintosh or utf-16le"));
    }
    strict(WINDOWS_1252, rest)
}

/// Whether invalid UTF-8 is UTF-8 all the same: broken in places, or cut.
fn looks_like_utf8(bytes: &[u8]) -> bool {
    let (mut whole, mut broken) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    whole > broken
}

fn broken_utf8(bytes: &[u8], file: &str) -> Error {
    let (at, cut) = match std::str::from_utf8(bytes) {
        Ok(_) => (bytes.len(), false),
        Err(error) => (error.valid_up_to(), error.error_len().is_none()),
    };
    let at = line(&bytes[..at]);
    if cut {
        return Error::invalid(
            3104,
            format!("`{file}` ends in the middle of a letter, in line {at}; it looks half-written"),
        )
        .hint("fetch it again");
    }
    Error::invalid(
        3104,
        format!("`{file}` is UTF-8 but for some bytes, the first in line {at}"),
    )
    .hint("have the producer write one encoding; or give `layout: { encoding: … }` if it is another")
}

/// Whether the bytes are of a code page (850, Macintosh) whose letters Latin-1 reads as punctuation: such bytes stand between letters,
/// and no Swedish letter of Latin-1 is there at all.
fn looks_like_dos(bytes: &[u8]) -> bool {
    let swedish = |byte: &u8| matches!(byte, 0xE5 | 0xE4 | 0xF6 | 0xC5 | 0xC4 | 0xD6);
    let inside = |word: &[u8]| {
        let [before, here, after] = *word else { return false };
        // apostrophe and dashes do stand between letters
        before.is_ascii_alphabetic()
            && after.is_ascii_alphabetic()
            && (0x80..=0x9F).contains(&here)
            && !matches!(here, 0x91 | 0x92 | 0x96 | 0x97)
    };
    !bytes.iter().any(swedish) && bytes.windows(3).any(inside)
}

/// The number of the line that comes after `before`, from 1.
pub(super) fn line(before: &[u8]) -> u64 {
    before.split(|byte| *byte == b'\n').count() as u64
}
