//! `samsyn init`: a new lake project with one small example that works.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args as ClapArgs;

use super::{Context, quoted};
use crate::error::{Error, Result};

/// The files of a new project.
const FILES: &[(&str, &str)] = &[
    (
        "pipelines/exempel.yaml",
        include_str!("template/pipelines/exempel.yaml"),
    ),
    (
        "sql/core/befolkning.sql",
        include_str!("template/sql/core/befolkning.sql"),
    ),
    (
        "schemas/befolkning.odcs.yaml",
        include_str!("template/schemas/befolkning.odcs.yaml"),
    ),
    (
        "schemas/befolkning_kommun.odcs.yaml",
        include_str!("template/schemas/befolkning_kommun.odcs.yaml"),
    ),
    (
        "in/befolkning_2024.csv",
        include_str!("template/in/befolkning_2024.csv"),
    ),
];

/// Arguments of `samsyn init`.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// The folder of the new project; made when it is not there.
    #[arg(default_value = ".")]
    folder: PathBuf,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<ExitCode> {
    let root = &args.folder;
    let there = |path: &Path| path.symlink_metadata().is_ok();
    if let Some((file, _)) = FILES.iter().find(|(file, _)| there(&root.join(file))) {
        return Err(
            Error::usage(1040, format!("`{}` exists already", root.join(file).display()))
                .hint("give an empty folder; nothing was written"),
        );
    }
    if there(&root.join("pipelines")) {
        return Err(Error::usage(1040, format!("`{}` is a project already", root.display()))
            .hint("give an empty folder; nothing was written"));
    }
    for (file, text) in FILES {
        let path = root.join(file);
        let written = match path.parent() {
            Some(folder) => std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text)),
            None => std::fs::write(&path, text),
        };
        written.map_err(|error| {
            Error::unavailable(1041, format!("`{}` could not be written", path.display()))
                .hint("check the rights and the room, then try again in an empty folder")
                .with_source(error)
        })?;
    }
    let project = match root.to_str() {
        Some(".") | None => String::new(),
        Some(folder) => format!(" --project {}", quoted(folder)),
    };
    let mut text = format!("a project of {} files in {}\n\nnext\n", FILES.len(), root.display());
    for verb in ["check", "run", "sql"] {
        let query = if verb == "sql" {
            " \"SELECT * FROM pub.befolkning_kommun\""
        } else {
            ""
        };
        let _ = writeln!(text, "  {} {verb}{project}{query}", context.settings.command());
    }
    context.printer.data(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
