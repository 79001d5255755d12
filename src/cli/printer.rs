//! Where words go: data to stdout, everything else to stderr. A closed pipe ends the data, not the program.

use std::{
    fmt::Write as _,
    io::{ErrorKind, Write as _},
    sync::Arc,
};

use crate::{
    error::{Error, Result},
    pipeline::{Progress, StepResult},
};

/// The printer of one command.
#[derive(Debug, Clone)]
pub struct Printer(Arc<bool>);

impl Printer {
    /// A printer; a quiet one prints only data and errors.
    pub fn new(quiet: bool) -> Self {
        Self(Arc::new(quiet))
    }

    /// Writes data to stdout.
    ///
    /// # Errors
    /// When stdout cannot be written for another reason than that nobody reads it any more.
    pub fn data(&self, bytes: &[u8]) -> Result<()> {
        let mut out = std::io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Writes a line of talk to stderr.
    pub fn say(&self, text: &str) {
        if !*self.0 {
            self.line(text);
        }
    }

    fn line(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Writes an error: code, message, place, cause, hint.
    pub fn error(&self, error: &Error) {
        let mut text = format!("error[SAMSYN-{:04}]: {}", error.code(), error.message());
        if let Some(place) = error.location() {
            let _ = write!(text, "\n  --> {place}");
        }
        for doing in error.context_chain() {
            let _ = write!(text, "\n  while: {doing}");
        }
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            let _ = write!(text, "\n  cause: {inner}");
            cause = inner.source();
        }
        if let Some(hint) = error.hint_text() {
            let _ = write!(text, "\n  help: {hint}");
        }
        self.line(&text);
    }
}

impl Progress for Printer {
    fn begin(&self, step: &str) {
        self.say(&format!("  …  {step}"));
    }

    fn end(&self, result: &StepResult) {
        let mut text = format!(
            "  ✓  {:<44} {:>9} rows  {:>7.2} s",
            result.step, result.rows, result.seconds
        );
        if result.state != "done" {
            let _ = write!(text, "  {}", result.state);
        }
        for note in &result.notes {
            let _ = write!(text, "\n     {note}");
        }
        self.say(&text);
    }

    fn tell(&self, text: &str) {
        self.say(text);
    }
}
