//! The command line: one verb a file. Data goes to stdout, talk to stderr; errors become an exit code.
//!
//! Exit codes: 0 done · 1 a check, a contract or disclosure control said no, or the input is wrong · 2 the command line or the settings are wrong
//! · 3 the environment failed (store, network, port, another run) · 70 a defect of samsyn.

mod check;
mod functions;
mod init;
mod output;
mod plan;
mod printer;
mod release;
mod run;
mod serve;
mod sql;
mod tables;

use std::{fmt::Write as _, path::PathBuf, process::ExitCode};

use clap::{CommandFactory, Parser, Subcommand};

use crate::{
    config::Settings,
    engine::{Engine, EngineOptions},
    error::{Error, Result},
    functions::RecordKeys,
    lake::{Lake, LakeOptions},
};

pub use output::Format;
pub use printer::Printer;

/// A shared view: lands statistics, transforms and protects them, publishes and serves them.
#[derive(Debug, Parser)]
#[command(name = "samsyn", version, about, long_about = None)]
pub struct Cli {
    /// Folder with pipelines/, sql/ and schemas/.
    #[arg(long, global = true, value_name = "DIR", default_value = ".")]
    project: PathBuf,
    /// Where the lake lies: a folder, file://, s3://bucket/prefix or memory://name [default: ./lake].
    #[arg(long, global = true, value_name = "URL")]
    lake: Option<String>,
    /// Folder that relative source paths start from.
    #[arg(long, global = true, value_name = "DIR")]
    extracts: Option<String>,
    /// Partitions that a query runs on [default: the processors].
    #[arg(long, global = true, value_name = "N")]
    threads: Option<String>,
    /// Memory limit of queries, such as 4G.
    #[arg(long, global = true, value_name = "SIZE")]
    memory: Option<String>,
    /// Only errors on stderr.
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a new project with a small example that works.
    Init(init::Args),
    /// Land → transform → check → protect → publish; only what changed, all or nothing.
    Run(run::Args),
    /// What a run would do and why; changes nothing.
    Plan(plan::Args),
    /// Everything that can be known without data: definitions, SQL, types, contracts, policies.
    Check(check::Args),
    /// Serve Flight SQL.
    Serve(serve::Args),
    /// Run one query on the lake or on a server.
    Sql(sql::Args),
    /// List the tables of the current release.
    Tables(tables::Args),
    /// List the functions of samsyn, or describe one.
    Functions(functions::Args),
    /// List releases, or name one.
    Release(release::Args),
    /// Print the completion script of a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// What every verb gets.
pub(crate) struct Context {
    pub(crate) settings: Settings,
    pub(crate) printer: Printer,
}

impl Context {
    /// Opens the lake that the settings name; makes it when there is none.
    pub(crate) async fn lake(&self) -> Result<Lake> {
        Lake::open(self.settings.lake(), &self.lake_options()?).await
    }

    /// Opens the lake that the settings name, to read it.
    ///
    /// # Errors
    /// SAMSYN-4008 when there is none.
    pub(crate) async fn existing_lake(&self) -> Result<Lake> {
        self.find_lake().await?.ok_or_else(|| {
            Error::not_found(4008, format!("there is no lake at `{}`", self.settings.lake())).hint(format!(
                "`{} run` makes one; or give another with `--lake`",
                self.settings.command()
            ))
        })
    }

    /// The lake that the settings name, to read it, if there is one.
    pub(crate) async fn find_lake(&self) -> Result<Option<Lake>> {
        Lake::find(self.settings.lake(), &self.lake_options()?).await
    }

    fn lake_options(&self) -> Result<LakeOptions> {
        Ok(LakeOptions {
            clock: self.settings.clock()?,
            storage: self.settings.storage().clone(),
        })
    }

    /// A command of samsyn as the user can copy it, with what this one was told of the lake and the project.
    pub(crate) fn command(&self, verb: &str) -> String {
        let mut text = format!("{} {verb}", self.settings.command());
        let root = self.settings.root().to_string_lossy();
        for (flag, value) in [
            ("--project", (root != ".").then_some(&*root)),
            ("--lake", self.settings.given("lake").then(|| self.settings.lake())),
        ] {
            if let Some(value) = value {
                let _ = write!(text, " {flag} {}", quoted(value));
            }
        }
        text
    }

    /// The engine over a lake.
    pub(crate) fn engine(&self, lake: Lake) -> Result<Engine> {
        let engine = Engine::new(
            lake,
            EngineOptions {
                threads: self.settings.threads()?,
                memory: self.settings.memory()?,
            },
        )?;
        let Some(file) = self.settings.get("record_secret") else {
            return Ok(engine);
        };
        let secret = std::fs::read(file).map_err(|error| {
            Error::usage(1005, "the file of the setting `record_secret` cannot be read")
                .hint("check its path and rights; `openssl rand -base64 48` makes a secret")
                .with_source(error)
        })?;
        Ok(engine.with_record_keys(RecordKeys::new(secret.trim_ascii())?))
    }
}

/// A word of a command line, in quotation marks where a shell needs them.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// Parses the command line and does what it says.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()) * 2);
        }
    };
    let printer = Printer::new(cli.quiet);
    match start(cli, printer.clone()) {
        Ok(code) => code,
        Err(error) => {
            printer.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn start(cli: Cli, printer: Printer) -> Result<ExitCode> {
    if let Command::Completions { shell } = cli.command {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "samsyn", &mut script);
        printer.data(&script)?;
        return Ok(ExitCode::SUCCESS);
    }
    let flags = [
        ("lake", cli.lake),
        ("extracts", cli.extracts),
        ("threads", cli.threads),
        ("memory", cli.memory),
    ];
    let settings = Settings::load(&cli.project, &flags)?;
    settings.check()?;
    let context = Context { settings, printer };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // deep plans need deep stacks
        .thread_stack_size(32 << 20)
        .build()
        .map_err(|error| Error::unavailable(1020, "the runtime could not start").with_source(error))?;
    let code = runtime.block_on(async {
        match cli.command {
            Command::Init(args) => init::run(&context, &args),
            Command::Run(args) => Box::pin(run::run(&context, args)).await,
            Command::Plan(args) => Box::pin(plan::run(&context, args)).await,
            Command::Check(args) => Box::pin(check::run(&context, args)).await,
            Command::Serve(args) => Box::pin(serve::run(&context, args)).await,
            Command::Sql(args) => Box::pin(sql::run(&context, args)).await,
            Command::Tables(args) => Box::pin(tables::run(&context, args)).await,
            Command::Functions(args) => functions::run(&context, &args),
            Command::Release(args) => Box::pin(release::run(&context, args)).await,
            Command::Completions { .. } => Ok(ExitCode::SUCCESS),
        }
    });
    runtime.shutdown_background();
    code
}
