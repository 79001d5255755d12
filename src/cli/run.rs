//! `samsyn run`: the main job.

use std::{fmt::Write as _, process::ExitCode, sync::Arc, time::Instant};

use clap::Args as ClapArgs;

use super::{Context, Format};
use crate::{
    error::Result,
    pipeline::{Project, RunResult, check, plan, run as execute},
};

/// Arguments of `samsyn run`.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Pipelines to run; without a name those marked `default: true`.
    pipelines: Vec<String>,
    /// Seconds to wait for another run of the same lake; 0 refuses at once.
    #[arg(long, value_name = "SECONDS")]
    wait: Option<u64>,
    /// How the summary is written.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    let begun = Instant::now();
    let project = Project::load(context.settings.root())?;
    let selected: Vec<_> = project.select(&args.pipelines)?.into_iter().cloned().collect();
    let lake = context.lake().await?;
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
    let names: Vec<&str> = selected.iter().map(|defined| defined.spec.pipeline.as_str()).collect();
    let wait = args.wait.map_or_else(
        || context.settings.wait(),
        |seconds| Ok(std::time::Duration::from_secs(seconds)),
    )?;
    let holder = format!("the run of {} by process {}", names.join(", "), std::process::id());
    let lock = lake
        .lock(&holder, wait, |other| {
            context.printer.say(&format!("waiting for {other}"));
        })
        .await?;
    let work = async {
        let chosen: Vec<_> = selected.iter().collect();
        let planned = plan(&project, &lake, &context.settings, checked.graph, &chosen).await?;
        if planned.is_empty() {
            return Ok((planned.steps.len(), None));
        }
        context
            .printer
            .say(&format!("running {} in {}", names.join(", "), lake.url()));
        let steps = planned.steps.len();
        let result = execute(project.clone(), &engine, planned, Arc::new(context.printer.clone())).await?;
        Ok((steps, Some(result)))
    };
    let outcome: Result<(usize, Option<RunResult>)> = work.await;
    let released = lock.release().await;
    let (steps, result) = outcome?;
    released?;
    let current = lake.release_ids().await?.last().copied();
    if args.format == Format::Json {
        let text = match &result {
            Some(result) => {
                let mut value = serde_json::to_value(result).unwrap_or_default();
                value["changed"] = result.release.is_some().into();
                value["release"] = serde_json::to_value(current).unwrap_or_default();
                serde_json::to_string_pretty(&value).unwrap_or_default()
            }
            None => serde_json::json!({ "release": current, "changed": false, "steps": [] }).to_string(),
        };
        context.printer.data(format!("{text}\n").as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let seconds = begun.elapsed().as_secs_f64();
    let text = match result {
        None => format!(
            "nothing changed: {steps} steps are as in release {} ({seconds:.2} s)\n",
            current.map_or(0, |id| id.0)
        ),
        Some(result) => summary(context, &lake, &result, seconds).await?,
    };
    context.printer.data(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

async fn summary(context: &Context, lake: &crate::lake::Lake, result: &RunResult, seconds: f64) -> Result<String> {
    let mut text = String::new();
    if !result.hidden.is_empty() {
        text.push_str("\nhidden by level\n");
        for share in &result.hidden {
            let part = if share.cells == 0 {
                0.0
            } else {
                100.0 * share.hidden as f64 / share.cells as f64
            };
            let _ = writeln!(
                text,
                "  {:<28} {:<44} {:>6} of {:>7} cells  {part:>5.1} %",
                share.table.to_string(),
                share.level,
                share.hidden,
                share.cells
            );
        }
    }
    let release = lake.current_release().await?;
    if let (Some(release), Some(id)) = (&release, result.release) {
        let _ = writeln!(text, "\nrelease {id} in {} ({seconds:.1} s)", lake.url());
        let _ = writeln!(text, "  {:<34} {:>10}  {:>10}", "published table", "rows", "KiB");
        for (table, pin) in release
            .tables
            .iter()
            .filter(|(table, _)| table.layer == crate::model::Layer::Pub)
        {
            let _ = writeln!(
                text,
                "  {:<34} {:>10}  {:>10}",
                table.to_string(),
                pin.rows,
                pin.bytes / 1024
            );
        }
    } else {
        let _ = writeln!(
            text,
            "\nno table changed; release {} stays ({seconds:.1} s)",
            release.as_ref().map_or(0, |release| release.id.0)
        );
    }
    let set_aside: u64 = result.steps.iter().map(|step| step.quarantined).sum();
    if set_aside > 0 {
        let _ = writeln!(
            text,
            "\n{set_aside} rows were set aside, and why:\n  {} \"SELECT * FROM system.quarantine\"",
            context.command("sql")
        );
    }
    let published = release.iter().flat_map(|release| release.tables.keys());
    let first = published
        .filter(|table| table.layer == crate::model::Layer::Pub)
        .map(ToString::to_string)
        .next();
    let _ = write!(text, "\nnext\n  {}\n", context.command("tables"));
    if let Some(table) = first {
        let _ = writeln!(text, "  {} \"SELECT * FROM {table} LIMIT 10\"", context.command("sql"));
    }
    let _ = writeln!(text, "  {}", context.command("serve"));
    Ok(text)
}
