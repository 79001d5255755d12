//! How a file is laid out, where that cannot be seen from the file and its contract.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    contract::{Column, Contract},
    error::{Error, Result, did_you_mean},
};

/// Which character separates decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decimal {
    /// Comma or point, whichever a number has.
    #[default]
    Auto,
    /// Comma.
    Comma,
    /// Point.
    Point,
}

/// The layout of a text file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Layout {
    /// Encoding by its WHATWG label, such as `utf-8` or `iso-8859-1`; found from the bytes when left out.
    pub encoding: Option<String>,
    /// Delimiter, one character; found from the header when left out.
    pub delimiter: Option<char>,
    /// Line of the header, from 1; found from the contract's columns when left out.
    pub header: Option<u64>,
    /// Columns that stand for periods become rows.
    pub unpivot: Option<Unpivot>,
    /// Decimal separator.
    pub decimal: Decimal,
    /// Whether blanks around texts are taken away; numbers always lose them.
    pub trim: bool,
}

/// Years in headers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unpivot {
    /// Regular expression of the headers to unpivot; its first group is the period.
    pub pattern: String,
    /// The columns of the contract that get the period and the value.
    pub into: [String; 2],
}

impl Layout {
    /// Whether a column of the contract stands in the file, and is not made by unpivoting.
    pub(super) fn delivers(&self, column: &Column) -> bool {
        self.unpivot
            .as_ref()
            .is_none_or(|unpivot| !unpivot.into.contains(&column.name))
    }

    /// Checks the layout against a contract.
    ///
    /// # Errors
    /// SAMSYN-3103 naming what does not fit.
    pub fn check(&self, contract: &Contract) -> Result<()> {
        if let Some(label) = &self.encoding
            && encoding_rs::Encoding::for_label(label.as_bytes()).is_none()
        {
            return Err(Error::invalid(3103, format!("`{label}` is no encoding"))
                .hint("write utf-8, iso-8859-1 or windows-1252"));
        }
        if self.delimiter.is_some_and(|delimiter| !delimiter.is_ascii()) {
            return Err(Error::invalid(3103, "the delimiter must be one ASCII character")
                .hint("write \",\", \";\", \"|\" or \"\\t\""));
        }
        if self.header == Some(0) {
            return Err(Error::invalid(3103, "lines count from 1").hint("write `header: 1` for the first line"));
        }
        let Some(unpivot) = &self.unpivot else { return Ok(()) };
        unpivot.regex()?;
        for name in &unpivot.into {
            if contract.column(name).is_none() {
                let error = Error::invalid(
                    3103,
                    format!(
                        "`unpivot` writes `{name}`, which the contract `{}` does not have",
                        contract.id
                    ),
                );
                return Err(
                    match did_you_mean(name, contract.columns.iter().map(|column| column.name.as_str())) {
                        Some(near) => error.hint(format!("did you mean `{near}`?")),
                        None => error.hint("add the column to the contract"),
                    },
                );
            }
        }
        Ok(())
    }
}

impl Unpivot {
    /// The pattern, compiled, over the whole header.
    ///
    /// # Errors
    /// SAMSYN-3103 when it is no regular expression with a group.
    pub fn regex(&self) -> Result<regex::Regex> {
        let regex = regex::Regex::new(&format!("^(?:{})$", self.pattern)).map_err(|error| {
            Error::invalid(3103, "the pattern of `unpivot` is no regular expression").with_source(error)
        })?;
        if regex.captures_len() < 2 {
            return Err(
                Error::invalid(3103, "the pattern of `unpivot` has no group for the period")
                    .hint("write it like `Antal (\\d{4})`"),
            );
        }
        Ok(regex)
    }
}
