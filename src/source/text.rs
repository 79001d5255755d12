//! From bytes to text: the encoding by byte order mark, by being valid UTF-8, else by the look of the bytes.

use encoding_rs::Encoding;

use crate::error::{Error, Result};

/// Decodes `bytes`; `label` is the encoding where it is known.
///
/// # Errors
/// SAMSYN-3104 when the bytes are not text of that encoding.
pub(super) fn decode(bytes: &[u8], label: Option<&str>, file: &str) -> Result<String> {
    let wrong = |name: &str| {
        Error::invalid(3104, format!("`{file}` is not text in {name}"))
            .hint("give `layout: { encoding: … }`, for example iso-8859-1, or leave it out to have it found")
    };
    if let Some((encoding, skip)) = Encoding::for_bom(bytes) {
        return encoding
            .decode_without_bom_handling_and_without_replacement(&bytes[skip..])
            .map(Into::into)
            .ok_or_else(|| wrong(encoding.name()));
    }
    if let Some(label) = label {
        let encoding = Encoding::for_label(label.as_bytes()).ok_or_else(|| wrong(label))?;
        return encoding
            .decode_without_bom_handling_and_without_replacement(bytes)
            .map(Into::into)
            .ok_or_else(|| wrong(encoding.name()));
    }
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    if bytes.contains(&0) {
        return Err(Error::invalid(3104, format!("`{file}` is no text file")).hint("check the `kind` of the source"));
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let guess = detector.guess(Some(b"se"), chardetng::Utf8Detection::Deny);
    // Swedish text that is not UTF-8 is Latin-1 or its superset, whatever letters happen to look like
    let encoding = if guess.is_single_byte() {
        encoding_rs::WINDOWS_1252
    } else {
        guess
    };
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .map(Into::into)
        .ok_or_else(|| wrong(encoding.name()))
}
