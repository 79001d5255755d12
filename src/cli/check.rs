//! `samsyn check`: all mistakes that can be found without data.

use std::process::ExitCode;

use clap::Args as ClapArgs;

use super::{Context, Format};
use crate::{
    error::{Error, Result},
    lake::{Lake, LakeOptions},
    pipeline::{Project, check},
};

/// Arguments of `samsyn check`.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// `table` or `json`.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    let project = match Project::load(context.settings.root()) {
        Ok(project) => project,
        // a mistake in a file is what a check is there to find
        Err(mistake) if mistake.location().is_some() => return found(context, args.format, &[mistake]),
        Err(error) => return Err(error),
    };
    // definitions are checked against each other, never against a lake
    let options = LakeOptions {
        clock: context.settings.clock()?,
        storage: std::collections::BTreeMap::new(),
    };
    let engine = context.engine(Lake::open("memory://check", &options).await?)?;
    match check(&project, &engine).await {
        Ok(checked) => {
            let text = format!(
                "pipelines: {}, models: {}, contracts: {}; their {} steps fit together\n",
                project.pipelines.len(),
                project.models.len(),
                project.contracts.len(),
                checked.graph.steps.len()
            );
            match args.format {
                Format::Json => context.printer.data(b"[]\n")?,
                _ => context.printer.data(text.as_bytes())?,
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(mistakes) => found(context, args.format, &mistakes),
    }
}

/// Says what is wrong.
fn found(context: &Context, format: Format, mistakes: &[Error]) -> Result<ExitCode> {
    if format == Format::Json {
        let all: Vec<serde_json::Value> = mistakes
            .iter()
            .map(|mistake| {
                serde_json::json!({
                    "code": format!("SAMSYN-{:04}", mistake.code()),
                    "message": mistake.message(),
                    "place": mistake.location().map(ToString::to_string),
                    "help": mistake.hint_text(),
                })
            })
            .collect();
        let text = serde_json::to_string_pretty(&all).unwrap_or_default();
        context.printer.data(format!("{text}\n").as_bytes())?;
    } else {
        for mistake in mistakes {
            context.printer.error(mistake);
        }
    }
    Ok(ExitCode::from(mistakes.first().map_or(1, Error::exit_code)))
}
