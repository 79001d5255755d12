//! `samsyn serve`: Flight SQL until a signal.

use std::{path::PathBuf, process::ExitCode};

use clap::Args as ClapArgs;
use tokio::io::AsyncReadExt as _;

use super::Context;
use crate::{
    error::{Error, Result},
    serve::{ServeOptions, bind, hash_password, serve_on},
};

/// Arguments of `samsyn serve`.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// Address and port; port 0 takes any free one [default: 127.0.0.1:50051].
    #[arg(long, value_name = "HOST:PORT")]
    listen: Option<String>,
    /// File with the users; without it only readers on this machine are served.
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,
    /// Reads a password from stdin, prints its hash for the user file, and ends.
    #[arg(long)]
    hash_password: bool,
}

pub(super) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    if args.hash_password {
        let mut password = String::new();
        tokio::io::stdin().read_to_string(&mut password).await?;
        let hash = hash_password(password.trim_end_matches(['\r', '\n']))?;
        context.printer.data(format!("{hash}\n").as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    let address = args
        .listen
        .as_deref()
        .or_else(|| context.settings.get("listen"))
        .unwrap_or("127.0.0.1:50051");
    let listen = address.parse().map_err(|error| {
        Error::usage(7005, format!("`{address}` is no address"))
            .hint("write it as 127.0.0.1:50051")
            .with_source(error)
    })?;
    let users = args.users.or_else(|| context.settings.get("users").map(PathBuf::from));
    let engine = context.engine(context.existing_lake().await?)?;
    let options = ServeOptions::new(listen, users);
    let listener = bind(&options).await?;
    context.printer.say(&format!("listening on {}", listener.local_addr()?));
    serve_on(listener, engine, options, stopped()).await?;
    context.printer.say("stopped");
    Ok(ExitCode::SUCCESS)
}

/// Ready when the process is told to end.
async fn stopped() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}
