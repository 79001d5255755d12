//! `samsyn functions`: the library, from the running registry.

use std::{fmt::Write as _, process::ExitCode};

use clap::Args as ClapArgs;
use serde::Serialize;

use super::{Context, Format};
use crate::{
    error::{Error, Result, did_you_mean},
    functions::{Card, Definition, catalogue},
};

/// How many near names an unknown one is answered with.
const NEAR: usize = 5;

/// Arguments of `samsyn functions`.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// A function to describe, or a family to list.
    name: Option<String>,
    /// `table` or `json`.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<ExitCode> {
    let all = catalogue();
    let wanted = args.name.as_deref().map(|name| name.trim().to_lowercase());
    let family = |of: &&&Definition| wanted.as_ref().is_none_or(|name| of.family.to_string() == *name);
    let listed: Vec<&Definition> = all.iter().filter(family).copied().collect();
    let text = match &wanted {
        Some(name) if listed.is_empty() => {
            let found = all
                .iter()
                .find(|definition| definition.name == name)
                .ok_or_else(|| unknown(name, &all))?;
            let card = Card::new(found);
            match args.format {
                Format::Json => json(&card)?,
                _ => describe(&card),
            }
        }
        _ => match args.format {
            Format::Json => json(&listed.into_iter().map(Card::new).collect::<Vec<_>>())?,
            _ => list(&listed),
        },
    };
    context.printer.data(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn json(of: &impl Serialize) -> Result<String> {
    let mut text = serde_json::to_string_pretty(of)
        .map_err(|error| Error::bug(9608, format!("no JSON of a function: {error}")))?;
    text.push('\n');
    Ok(text)
}

/// One function, everything that is known of it.
fn describe(card: &Card) -> String {
    let mut text = format!("{} ({}, {})\n\n", card.name, card.family, card.kind);
    for (signature, returns) in card.signature.iter().zip(&card.returns) {
        let _ = writeln!(text, "  {signature} → {returns}");
    }
    let _ = write!(
        text,
        "\nformula  {}\nreading  {}\nrange    {}\nNULL     {}\nsource   {}\nexample  {}\n         → {}\n",
        card.formula, card.reading, card.range, card.null_when, card.source, card.example, card.example_result
    );
    for (at, law) in card.laws.iter().enumerate() {
        let _ = writeln!(text, "{:<8} {law}", if at == 0 { "laws" } else { "" });
    }
    text
}

/// Functions by family, a line each.
fn list(all: &[&Definition]) -> String {
    let mut text = String::new();
    let mut family = None;
    for definition in all {
        if family != Some(definition.family) {
            family = Some(definition.family);
            let _ = writeln!(text, "{}", definition.family);
        }
        let _ = writeln!(text, "  {:<34} {}", definition.name, definition.reading);
    }
    text
}

/// The error of a name that nothing has, with the names that it may have meant: spelled nearly so, or with it as a part.
fn unknown(name: &str, all: &[&Definition]) -> Error {
    let mut near: Vec<&str> = did_you_mean(name, all.iter().map(|definition| definition.name))
        .into_iter()
        .collect();
    let parts: Vec<&str> = name.split('_').filter(|part| part.len() > 2).collect();
    let shared = |of: &str| parts.iter().filter(|part| of.contains(**part)).count();
    let mut others: Vec<&str> = all
        .iter()
        .map(|definition| definition.name)
        .filter(|of| shared(of) > 0 && !near.contains(of))
        .collect();
    others.sort_by_key(|of| (usize::MAX - shared(of), of.len()));
    near.extend(others);
    near.truncate(NEAR);
    let error = Error::not_found(2104, format!("there is no function `{name}`"));
    if near.is_empty() {
        error.hint("`samsyn functions` lists them")
    } else {
        error.hint(format!(
            "did you mean `{}`? `samsyn functions` lists all",
            near.join("`, `")
        ))
    }
}
