//! From our error to a gRPC status: the code by kind, the text with code, place and hint, nothing of the inside.

use std::fmt::Write as _;

use tonic::{Code, Status};

use crate::error::{Error, Kind};

/// Longest text of a status as it travels, percent-encoded, in bytes: clients on Netty refuse headers above 8 KiB.
const LONGEST: usize = 4000;

/// The code of errors that say: this server does not have this part of the protocol.
pub(crate) const UNSUPPORTED: u16 = 7015;

/// Returns the status that a client sees for `error`.
///
/// A defect is logged in full under a random id, and only the id travels. So is a failure of the lake (codes 4xxx), whose text
/// tells where its objects lie. What an outside component said is logged and does not travel either.
pub(crate) fn status(error: &Error) -> Status {
    let of_lake = (4000..5000).contains(&error.code());
    let code = match error.kind() {
        _ if error.code() == UNSUPPORTED => Code::Unimplemented,
        Kind::Unavailable => Code::Unavailable,
        _ if of_lake => Code::Internal,
        Kind::Invalid | Kind::Usage => Code::InvalidArgument,
        Kind::NotFound => Code::NotFound,
        Kind::Forbidden => Code::PermissionDenied,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::Refused => Code::FailedPrecondition,
        Kind::Conflict => Code::Aborted,
        Kind::Cancelled => Code::Cancelled,
        Kind::Exhausted => Code::ResourceExhausted,
        Kind::Bug => Code::Internal,
    };
    let mut text = format!("SAMSYN-{:04}: ", error.code());
    match error.kind() {
        Kind::Bug => {
            let id = uuid::Uuid::new_v4().simple().to_string();
            tracing::error!(%id, error = ?error, "a defect showed itself to a client");
            text.push_str("internal error ");
            text.push_str(&id);
            text.push_str("; help: give this id to whoever runs the server, its log says more");
        }
        _ if of_lake => {
            let id = uuid::Uuid::new_v4().simple().to_string();
            tracing::error!(%id, error = ?error, "the lake failed");
            let _ = write!(
                text,
                "the lake cannot be read now ({id}); help: try again; if it stays so, give this id to whoever runs the server"
            );
        }
        kind => {
            text.push_str(error.message());
            for doing in error.context_chain() {
                text.push_str(", while ");
                text.push_str(doing);
            }
            if let Some(place) = error.location() {
                let _ = write!(text, " (line {}, column {})", place.line, place.column);
            }
            if let Some(hint) = error.hint_text() {
                text.push_str("; help: ");
                text.push_str(hint);
            }
            if matches!(kind, Kind::Unavailable | Kind::Exhausted) {
                tracing::warn!(error = ?error, "a request failed");
            }
        }
    }
    Status::new(code, shorten(&text))
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        status(&error)
    }
}

/// Cuts `text` so that its percent-encoded form has at most [`LONGEST`] bytes; control characters become spaces.
fn shorten(text: &str) -> String {
    let mut size = 0;
    let mut short = String::with_capacity(text.len().min(LONGEST));
    for letter in text.chars() {
        let letter = if letter.is_control() && letter != '\n' {
            ' '
        } else {
            letter
        };
        size += if letter.is_ascii_graphic() && letter != '%' {
            1
        } else {
            3 * letter.len_utf8()
        };
        if size > LONGEST {
            short.push('…');
            break;
        }
        short.push(letter);
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Location;

    #[test]
    fn a_status_says_code_place_and_hint() {
        let error = Error::invalid(2103, "column `x` not found")
            .at(Location {
                file: "query".into(),
                line: 2,
                column: 7,
            })
            .hint("did you mean `y`?");
        let status = status(&error);
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(
            status.message(),
            "SAMSYN-2103: column `x` not found (line 2, column 7); help: did you mean `y`?"
        );
    }

    #[test]
    fn a_defect_does_not_show_its_inside() {
        let status = status(&Error::bug(9001, "secret of /etc/lake"));
        assert_eq!(status.code(), Code::Internal);
        assert!(!status.message().contains("secret"), "{}", status.message());
    }

    #[test]
    fn an_outside_cause_does_not_travel() {
        let error = Error::unavailable(4001, "the object store failed").with_source("/srv/lake/x: denied");
        assert!(!status(&error).message().contains("/srv"));
    }

    #[test]
    fn where_the_lake_lies_does_not_travel() {
        let error = Error::unavailable(4001, "could not read `_samsyn/x` in the store of `file:///srv/lake`");
        let status = status(&error);
        assert_eq!(status.code(), Code::Unavailable);
        assert!(!status.message().contains("/srv") && status.message().starts_with("SAMSYN-4001: "));
    }

    #[test]
    fn long_texts_are_cut_by_their_size_on_the_wire() {
        assert!(shorten(&"å".repeat(5000)).chars().count() <= LONGEST / 6 + 1);
        assert!(shorten(&"a".repeat(50_000)).len() <= LONGEST + 4);
    }
}
