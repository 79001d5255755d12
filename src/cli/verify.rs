//! `samsyn verify`: proves certificates again, from published tables alone.

use std::{fmt::Write as _, process::ExitCode, time::Instant};

use clap::Args as ClapArgs;
use serde_json::json;

use super::{Context, Format, evidence};
use crate::error::{Error, Result};

/// Arguments of `samsyn verify`.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// The release; without it the newest.
    #[arg(long, value_name = "N")]
    release: Option<u64>,
    /// Only this population.
    #[arg(long, value_name = "NAME")]
    population: Option<String>,
    /// How the result is written: table or json.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    if !matches!(args.format, Format::Table | Format::Json) {
        return Err(
            Error::usage(5084, "the result of `verify` is no table of rows").hint("use `--format table` or `json`")
        );
    }
    let lake = context.existing_lake().await?;
    let release = evidence::release(&lake, args.release).await?;
    let mut text = String::new();
    let (mut objects, mut wrong) = (Vec::new(), 0);
    for (name, pin) in evidence::chosen(&release, args.population.as_deref(), &context.command("run"))? {
        let begun = Instant::now();
        let (certificate, _) = lake.certificate(name, pin).await?;
        let tables = evidence::read(&lake, &release, &certificate).await?;
        let proved = evidence::verify(&certificate, &tables).await?;
        let seconds = begun.elapsed().as_secs_f64();
        wrong += proved.findings.len();
        let verdict = if proved.findings.is_empty() {
            "proved"
        } else {
            "NOT PROVED"
        };
        let names: Vec<String> = pin.tables.iter().map(ToString::to_string).collect();
        let _ = writeln!(
            text,
            "{verdict}: {name}, release {}: {} of {} cells hidden in {}; {} follow from published ones ({seconds:.1} s)",
            release.id,
            proved.hidden,
            proved.cells,
            names.join(", "),
            proved.derivable,
        );
        for finding in &proved.findings {
            let _ = writeln!(text, "  {finding}");
        }
        objects.push(json!({
            "certificate": name,
            "population": certificate.population,
            "release": release.id,
            "sha256": pin.sha256,
            "proved": proved.findings.is_empty(),
            "cells": proved.cells,
            "hidden": proved.hidden,
            "derivable": proved.derivable,
            "findings": proved.findings,
        }));
    }
    if args.format == Format::Json {
        text = serde_json::to_string_pretty(&objects).unwrap_or_default() + "\n";
    }
    context.printer.data(text.as_bytes())?;
    Ok(if wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}
