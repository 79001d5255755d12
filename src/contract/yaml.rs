//! Reading definitions: YAML into types, with the place of an error and the word that was probably meant.

use serde::de::DeserializeOwned;

use crate::error::{Error, Location, Result, did_you_mean};

/// Parses `text`, the content of `file`.
///
/// # Errors
/// SAMSYN-2010 with line and column: a syntax error, an unknown or missing key, a wrong type.
pub fn parse_yaml<T: DeserializeOwned>(text: &str, file: &str) -> Result<T> {
    serde_saphyr::from_str(text).map_err(|error| explain(&error, file))
}

fn explain(error: &serde_saphyr::Error, file: &str) -> Error {
    use serde_saphyr::Error as E;
    let inner = error.without_snippet();
    let mut ours = match inner {
        E::SerdeUnknownField { field, expected, .. } => {
            let ours = Error::invalid(2010, format!("unknown key `{field}`"));
            match did_you_mean(field, expected.iter().copied()) {
                Some(near) => ours.hint(format!("did you mean `{near}`?")),
                None => ours.hint(format!("the keys here are {}", expected.join(", "))),
            }
        }
        E::SerdeUnknownVariant { variant, expected, .. } => {
            let ours = Error::invalid(2010, format!("`{variant}` is none of the words known here"));
            match did_you_mean(variant, expected.iter().copied()) {
                Some(near) => ours.hint(format!("did you mean `{near}`?")),
                None => ours.hint(format!("known are {}", expected.join(", "))),
            }
        }
        E::SerdeMissingField { field, .. } => {
            Error::invalid(2010, format!("the key `{field}` is missing")).hint(format!("add `{field}:`"))
        }
        other => {
            Error::invalid(2010, first_line(&other.to_string())).hint("compare with the definitions in the README")
        }
    };
    if let Some(place) = error.location() {
        ours = ours.at(Location {
            file: file.to_owned(),
            line: place.line(),
            column: place.column(),
        });
    } else {
        ours = ours.at(Location {
            file: file.to_owned(),
            line: 1,
            column: 1,
        });
    }
    ours
}

fn first_line(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only parsed")]
        pipeline: String,
    }

    #[test]
    fn an_unknown_key_is_placed_and_suggested() {
        let error = parse_yaml::<Sample>("# x\npipelin: a\n", "p.yaml").unwrap_err();
        assert_eq!(error.hint_text(), Some("did you mean `pipeline`?"));
        assert_eq!(error.location().map(|l| (l.line, l.column)), Some((2, 1)));
    }
}
