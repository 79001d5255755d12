//! The one error of the program.
//!
//! Every failure that a user can meet carries five things: what went wrong (`message`), where (`context` and, for
//! definitions and SQL, a `Location`), why (the source chain), what to do next (`hint`), and a stable code
//! `SAMSYN-nnnn`. The kind decides the exit code and the gRPC status. Never put a cell value, a key or an identifier
//! of a person in a message: errors travel to logs and to clients.
//!
//! Code blocks: 1xxx command line and settings · 2xxx definitions and SQL · 3xxx sources, landing, contracts ·
//! 4xxx lake, releases, locks · 5xxx disclosure control and publishing · 6xxx function arguments and data ·
//! 7xxx serving · 9xxx defects of samsyn itself.

use std::{error::Error as StdError, fmt};

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What class of failure this is. Voluntarily few: each maps to one exit code and one gRPC status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The input, a definition or a query is wrong. Exit 1.
    Invalid,
    /// Something named does not exist. Exit 1.
    NotFound,
    /// The caller may not see or do this. Exit 1.
    Forbidden,
    /// Credentials are missing or wrong. Exit 1.
    Unauthenticated,
    /// A check, a contract or disclosure control said no. Exit 1.
    Refused,
    /// The command line or the settings are wrong. Exit 2.
    Usage,
    /// Somebody else holds what is needed (lock, concurrent release). Exit 3.
    Conflict,
    /// The environment failed: network, disk, port, store. Exit 3.
    Unavailable,
    /// The caller went away or asked to stop. Exit 3.
    Cancelled,
    /// A limit of memory or size was reached. Exit 3.
    Exhausted,
    /// A defect of samsyn. Exit 70.
    Bug,
}

/// A place in a definition or a SQL file; lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Path as the user knows it, relative to the project.
    pub file: String,
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The error. Built with [`Error::new`] or a constructor per kind, then `.context(…)`, `.hint(…)`, `.at(…)`.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    code: u16,
    message: String,
    context: Vec<String>,
    hint: Option<String>,
    location: Option<Location>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident => $kind:ident;)*) => {
        $($(#[$doc])*
        pub fn $name(code: u16, message: impl Into<String>) -> Self {
            Self::new(Kind::$kind, code, message)
        })*
    };
}

impl Error {
    /// Returns an error of `kind` with the stable `code` and a message: lowercase, no full stop, objects in backticks.
    pub fn new(kind: Kind, code: u16, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            code,
            message: message.into(),
            context: Vec::new(),
            hint: None,
            location: None,
            source: None,
        }))
    }

    constructors! {
        /// See [`Kind::Invalid`].
        invalid => Invalid;
        /// See [`Kind::NotFound`].
        not_found => NotFound;
        /// See [`Kind::Forbidden`].
        forbidden => Forbidden;
        /// See [`Kind::Unauthenticated`].
        unauthenticated => Unauthenticated;
        /// See [`Kind::Refused`].
        refused => Refused;
        /// See [`Kind::Usage`].
        usage => Usage;
        /// See [`Kind::Conflict`].
        conflict => Conflict;
        /// See [`Kind::Unavailable`].
        unavailable => Unavailable;
        /// See [`Kind::Cancelled`].
        cancelled => Cancelled;
        /// See [`Kind::Exhausted`].
        exhausted => Exhausted;
        /// See [`Kind::Bug`].
        bug => Bug;
    }

    /// Adds what was being done when it failed; the last added is the outermost.
    #[must_use]
    pub fn context(mut self, doing: impl Into<String>) -> Self {
        self.0.context.push(doing.into());
        self
    }

    /// Sets what the user can do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Sets the place, unless a more precise one is known already.
    #[must_use]
    pub fn at(mut self, location: Location) -> Self {
        self.0.location.get_or_insert(location);
        self
    }

    /// Sets the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The class of failure.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The number of the stable code.
    pub fn code(&self) -> u16 {
        self.0.code
    }

    /// The message alone, without code, place and hint.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do next, if known.
    pub fn hint_text(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// Where in a definition, if known.
    pub fn location(&self) -> Option<&Location> {
        self.0.location.as_ref()
    }

    /// What was being done, innermost first.
    pub fn context_chain(&self) -> &[String] {
        &self.0.context
    }

    /// The exit code of the process: 1 said no, 2 usage, 3 environment, 70 defect.
    pub fn exit_code(&self) -> u8 {
        match self.0.kind {
            Kind::Invalid | Kind::NotFound | Kind::Forbidden | Kind::Unauthenticated | Kind::Refused => 1,
            Kind::Usage => 2,
            Kind::Conflict | Kind::Unavailable | Kind::Cancelled | Kind::Exhausted => 3,
            Kind::Bug => 70,
        }
    }
}

/// One line: `message (while …): cause`. The terminal and the server render the rest from the parts.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        for doing in &self.0.context {
            write!(f, ", while {doing}")?;
        }
        if let Some(source) = &self.0.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[SAMSYN-{:04}]: {self}", self.0.code)?;
        if let Some(location) = &self.0.location {
            write!(f, " --> {location}")?;
        }
        if let Some(hint) = &self.0.hint {
            write!(f, " (help: {hint})")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

/// Adds context to any result whose error is or becomes [`Error`].
pub trait ResultExt<T> {
    /// Adds what was being done.
    fn context(self, doing: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<Error>> ResultExt<T> for std::result::Result<T, E> {
    fn context(self, doing: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| error.into().context(doing()))
    }
}

/// A DataFusion failure keeps our own error when that is what travelled through it, else becomes a query error.
impl From<datafusion::error::DataFusionError> for Error {
    fn from(error: datafusion::error::DataFusionError) -> Self {
        use datafusion::error::DataFusionError as E;
        match error {
            E::External(inner) => match inner.downcast::<Error>() {
                Ok(ours) => *ours,
                Err(other) => Self::unavailable(2900, "an outside component failed").with_source(other),
            },
            E::Context(doing, inner) => Self::from(*inner).context(doing),
            E::Diagnostic(_, inner) => Self::from(*inner),
            E::Shared(shared) => match std::sync::Arc::try_unwrap(shared) {
                Ok(inner) => Self::from(inner),
                Err(shared) => Self::invalid(2901, shared.strip_backtrace()),
            },
            E::ResourcesExhausted(message) => {
                Self::exhausted(2902, message).hint("narrow the query, or raise the memory limit with `--memory`")
            }
            E::ObjectStore(inner) => Self::unavailable(4001, "the object store failed").with_source(inner),
            E::IoError(inner) => Self::unavailable(4002, "reading or writing failed").with_source(inner),
            E::Internal(message) => Self::bug(9001, message),
            E::Execution(message) => Self::invalid(6000, message),
            other => Self::invalid(2901, other.strip_backtrace()),
        }
    }
}

impl From<Error> for datafusion::error::DataFusionError {
    fn from(error: Error) -> Self {
        Self::External(Box::new(error))
    }
}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        datafusion::error::DataFusionError::from(error).into()
    }
}

impl From<object_store::Error> for Error {
    fn from(error: object_store::Error) -> Self {
        Self::unavailable(4001, "the object store failed").with_source(error)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::unavailable(4002, "reading or writing failed").with_source(error)
    }
}

/// Returns the candidate nearest to `name`, for «did you mean»: at most a third of the letters may differ.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance * 3 <= candidate.chars().count().max(wanted.chars().count()).max(3))
        .min_by(Ord::cmp)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_error_survives_a_trip_through_datafusion() {
        let there: datafusion::error::DataFusionError = Error::refused(5001, "no").hint("yes").into();
        let back = Error::from(there.context("planning"));
        assert_eq!(
            (back.kind(), back.code(), back.hint_text()),
            (Kind::Refused, 5001, Some("yes"))
        );
    }

    #[test]
    fn the_first_location_wins() {
        let place = |line| Location {
            file: "a.sql".into(),
            line,
            column: 1,
        };
        let error = Error::invalid(2103, "x").at(place(7)).at(place(1));
        assert_eq!(error.location().map(|l| l.line), Some(7));
    }

    #[test]
    fn suggests_only_what_is_near() {
        assert_eq!(
            did_you_mean("utrikes_fodd", ["utrikes_fodda", "inrikes"]),
            Some("utrikes_fodda")
        );
        assert_eq!(did_you_mean("alder", ["utrikes_fodda"]), None);
    }
}
