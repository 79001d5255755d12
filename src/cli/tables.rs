//! `samsyn tables`: what there is.

use std::{process::ExitCode, sync::Arc};

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use clap::Args as ClapArgs;

use super::{Context, Format, output};
use crate::{error::Result, policy::Identity};

/// Arguments of `samsyn tables`.
#[derive(Debug, ClapArgs)]
pub(super) struct Args {
    /// How the list is written.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) async fn run(context: &Context, args: Args) -> Result<ExitCode> {
    let engine = context.engine(context.existing_lake().await?)?;
    let session = engine.session(&Identity::operator()).await?;
    let tables = session.tables(None).await?;
    let columns = tables.iter().map(|table| table.arrow.fields().len() as u64);
    let batch = RecordBatch::try_from_iter(vec![
        (
            "table",
            Arc::new(StringArray::from_iter_values(
                tables.iter().map(|t| format!("{}.{}", t.schema, t.name)),
            )) as ArrayRef,
        ),
        ("columns", Arc::new(UInt64Array::from_iter_values(columns))),
        (
            "key",
            Arc::new(StringArray::from_iter_values(
                tables.iter().map(|t| t.primary_key.join(", ")),
            )),
        ),
        (
            "description",
            Arc::new(tables.iter().map(|t| t.description.clone()).collect::<StringArray>()),
        ),
    ])?;
    output::rows(&context.printer, args.format, &batch.schema(), &[batch])?;
    Ok(ExitCode::SUCCESS)
}
