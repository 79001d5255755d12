//! `samsyn release`: what has been published, and names for it.

use std::{fmt::Write as _, process::ExitCode};

use clap::{Args as ClapArgs, Subcommand};

use super::Context;
use crate::{error::Result, model::ReleaseId};

/// Arguments of `samsyn release`.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All releases with their tags.
    List,
    /// Names a release; the name is a SQL catalog from then on.
    Tag {
        /// The name.
        name: String,
        /// The number; without it the newest.
        release: Option<u64>,
    },
}

pub(super) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    let lake = context.existing_lake().await?;
    let ids = lake.release_ids().await?;
    match args.command {
        Command::List => {
            let tags = lake.tags().await?;
            let mut text = String::new();
            for id in ids {
                let release = lake.release(id).await?;
                let names: Vec<&str> = tags
                    .iter()
                    .filter(|(_, tagged)| **tagged == id)
                    .map(|(name, _)| name.as_str())
                    .collect();
                let _ = writeln!(
                    text,
                    "{:>6}  {}  {} tables  {}",
                    id.0,
                    release.created_at.format("%Y-%m-%d %H:%M:%S UTC"),
                    release.tables.len(),
                    names.join(", ")
                );
            }
            context.printer.data(text.as_bytes())?;
        }
        Command::Tag { name, release } => {
            let id = ReleaseId(release.or_else(|| ids.last().map(|id| id.0)).unwrap_or(0));
            lake.tag(&name, id).await?;
            context
                .printer
                .say(&format!("release {id} is `{name}`: SELECT … FROM \"{name}\".pub.…"));
        }
    }
    Ok(ExitCode::SUCCESS)
}
