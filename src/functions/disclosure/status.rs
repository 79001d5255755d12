//! What a reader is told in place of a status code.
//!
//! Codes of the SDMX list `CL_CONF_STATUS`. All codes of hidden values have one label: a reader who can tell a value
//! that is hidden for its own sake from one that is hidden to protect others can compute some of them.

use super::super::{
    def::{Argument, Body, Definition, Example, Family, Outcome, Params, Scalar},
    value::{Output, Value},
};
use crate::error::Error;

/// The label.
pub(super) static SDC_STATUS_LABEL: Definition = Definition {
    name: "sdc_status_label",
    family: Family::Disclosure,
    formula: "F → free; A, C, D, G, M, O, S, T → one label for all that is hidden; N, X → internal; E, R → under embargo",
    reading: "what to show readers for a confidentiality status, in Swedish or English; the label never tells why a \
              value is hidden",
    range: "four labels a language",
    null_when: "the status is NULL",
    source: "SDMX cross-domain code list CL_CONF_STATUS, version 1.2, 2018",
    example: Example {
        sql: "SELECT sdc_status_label('C')",
        result: "Skyddad av sekretess",
    },
    laws: &[],
    twins: &[],
    body: Body::Scalar(Scalar {
        takes: &[Argument::key("conf_status"), Argument::choice("language", "sv")],
        gives: Output::Text,
        kernel: label,
    }),
};

fn label(of: &Params) -> Outcome {
    let (swedish, english) = match of.text(0) {
        "F" => ("Får publiceras", "Free for publication"),
        "A" | "C" | "D" | "G" | "M" | "O" | "S" | "T" => ("Skyddad av sekretess", "Confidential"),
        "N" | "X" => ("Endast för internt bruk", "For internal use only"),
        "E" | "R" => ("Ännu inte publicerad", "Not yet released"),
        _ => {
            return Err(
                Error::invalid(6090, "`sdc_status_label` got a status that is not in CL_CONF_STATUS")
                    .hint("codes are F, N, C, A, D, E, G, M, O, R, S, T and X, in capitals"),
            );
        }
    };
    match of.text(1) {
        "sv" => Ok(Value::Text(swedish.to_owned())),
        "en" => Ok(Value::Text(english.to_owned())),
        _ => Err(
            Error::invalid(6005, "`sdc_status_label` got a language that it does not know").hint("use 'sv' or 'en'"),
        ),
    }
}
