//! `samsyn functions`: the library, from the running registry.

use std::{fmt::Write as _, process::ExitCode};

use clap::Args as ClapArgs;

use super::{Context, Format};
use crate::{
    error::{Error, Result, did_you_mean},
    functions::catalogue,
};

/// Arguments of `samsyn functions`.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// A function to describe.
    name: Option<String>,
    /// `table` or `json`.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<ExitCode> {
    let all = catalogue();
    let mut text = String::new();
    if let Some(name) = &args.name {
        let found = all.iter().find(|definition| definition.name == name).ok_or_else(|| {
            let error = Error::not_found(2104, format!("there is no function `{name}`"));
            match did_you_mean(name, all.iter().map(|definition| definition.name)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("`samsyn functions` lists them"),
            }
        })?;
        let _ = writeln!(text, "{}\n", found.name);
        for signature in found.signatures() {
            let _ = writeln!(text, "  {signature}");
        }
        let _ = writeln!(
            text,
            "\nformula  {}\nreading  {}\nrange    {}\nNULL     {}\nsource   {}\nexample  {}",
            found.formula, found.reading, found.range, found.null_when, found.source, found.example.sql
        );
    } else if args.format == Format::Json {
        let list: Vec<serde_json::Value> = all
            .iter()
            .map(|d| serde_json::json!({ "name": d.name, "family": d.family.to_string(), "signatures": d.signatures(), "reading": d.reading, "source": d.source }))
            .collect();
        text = serde_json::to_string_pretty(&list).unwrap_or_default();
        text.push('\n');
    } else {
        let mut family = None;
        for definition in &all {
            if family != Some(definition.family) {
                family = Some(definition.family);
                let _ = writeln!(text, "{}", definition.family);
            }
            let _ = writeln!(text, "  {:<34} {}", definition.name, definition.reading);
        }
    }
    context.printer.data(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
