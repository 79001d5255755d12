//! `samsyn sql`: one query, on the lake as its owner or on a server as its user.

use std::process::ExitCode;

use arrow::array::RecordBatch;
use clap::Args as ClapArgs;
use futures::TryStreamExt as _;
use tokio::io::AsyncReadExt as _;

use super::{Context, Format, output};
use crate::{
    error::{Error, Result},
    model::Redacted,
    policy::Identity,
    serve::client::{Login, query},
};

/// Arguments of `samsyn sql`.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// The query; without it, it is read from stdin.
    query: Option<String>,
    /// How the rows are written.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// A server to ask instead of the lake, such as grpc://127.0.0.1:50051.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// User of the server; the password is read from SAMSYN_PASSWORD.
    #[arg(long, requires = "server")]
    user: Option<String>,
    #[arg(long, env = "SAMSYN_PASSWORD", hide = true, hide_env_values = true)]
    password: Option<String>,
    #[arg(long, env = "SAMSYN_TOKEN", hide = true, hide_env_values = true)]
    token: Option<String>,
}

pub(super) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    let text = match args.query {
        Some(text) => text,
        None => {
            let mut text = String::new();
            tokio::io::stdin().read_to_string(&mut text).await?;
            text
        }
    };
    if let Some(url) = args.server {
        let login = match (args.user, args.password, args.token) {
            (Some(user), Some(password), _) => Login::Password {
                user,
                password: Redacted::new(password),
            },
            (Some(_), None, _) => {
                return Err(Error::usage(1031, "a user needs a password").hint("set SAMSYN_PASSWORD"));
            }
            (None, _, Some(token)) => Login::Token(Redacted::new(token)),
            (None, _, None) => Login::Anonymous,
        };
        let (schema, rows) = query(&url, &login, &text).await?;
        let batches: Vec<RecordBatch> = rows.try_collect().await?;
        output::rows(&context.printer, args.format, &schema, &batches)?;
        return Ok(ExitCode::SUCCESS);
    }
    let engine = context.engine(context.existing_lake().await?)?;
    let session = engine.session(&Identity::operator()).await?;
    let stream = session.prepare(&text).await?.stream().await?;
    let schema = stream.schema();
    let batches: Vec<RecordBatch> = stream.try_collect().await?;
    output::rows(&context.printer, args.format, &schema, &batches)?;
    Ok(ExitCode::SUCCESS)
}
