//! `samsyn plan`: what a run would do and why.

use std::{fmt::Write as _, process::ExitCode};

use clap::Args as ClapArgs;

use super::{Context, Format};
use crate::{
    error::Result,
    lake::{Lake, LakeOptions},
    pipeline::{Action, Project, check, plan},
};

/// Arguments of `samsyn plan`.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Pipelines; without a name those marked `default: true`.
    pipelines: Vec<String>,
    /// `table` or `json`.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    let project = Project::load(context.settings.root())?;
    let selected: Vec<_> = project.select(&args.pipelines)?.into_iter().cloned().collect();
    let lake = match context.find_lake().await? {
        Some(lake) => lake,
        // a plan changes nothing, so it does not make a lake either
        None => empty(context).await?,
    };
    let engine = context.engine(lake.clone())?;
    let checked = match check(&project, &engine).await {
        Ok(checked) => checked,
        Err(mut mistakes) => {
            let first = mistakes.remove(0);
            for mistake in &mistakes {
                context.printer.error(mistake);
            }
            return Err(first);
        }
    };
    let chosen: Vec<_> = selected.iter().collect();
    let planned = plan(&project, &lake, &context.settings, checked.graph, &chosen).await?;
    if args.format == Format::Json {
        let text = serde_json::to_string_pretty(&planned.steps).unwrap_or_default();
        context.printer.data(format!("{text}\n").as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = String::new();
    for step in &planned.steps {
        let mark = match step.action {
            Action::Run => "run   ",
            Action::Skip => "skip  ",
            Action::Remove => "remove",
        };
        let _ = writeln!(text, "{mark}  {:<44} {}", step.step, step.reason);
        if step.action != Action::Run {
            continue;
        }
        if !step.tables.is_empty() {
            let names: Vec<String> = step.tables.iter().map(ToString::to_string).collect();
            let now = step.rows.map_or_else(String::new, |rows| format!(" ({rows} rows now)"));
            let _ = writeln!(text, "          writes {}{now}", names.join(", "));
        }
        if step.files_read > 0 {
            let _ = writeln!(
                text,
                "          reads {} rows in {} file(s)",
                step.rows_read, step.files_read
            );
        }
        for file in &step.files {
            let _ = writeln!(text, "          lands {file}");
        }
        if step.bytes > 0 {
            let _ = writeln!(text, "          {} KiB", step.bytes.div_ceil(1024));
        }
    }
    let count = planned.steps.iter().filter(|step| step.action != Action::Skip).count();
    if planned.is_empty() {
        let _ = writeln!(text, "nothing changed: {} steps would be skipped", planned.steps.len());
    } else {
        let _ = writeln!(text, "{count} of {} steps would run", planned.steps.len());
    }
    context.printer.data(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

async fn empty(context: &Context) -> Result<Lake> {
    let options = LakeOptions {
        clock: context.settings.clock()?,
        storage: std::collections::BTreeMap::new(),
    };
    Lake::open("memory://plan", &options).await
}
