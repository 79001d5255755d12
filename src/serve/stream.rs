//! A result on its way to the client: executed, turned into wire types, cut into messages, kept alive, cancelled.
//!
//! Nothing runs ahead of the client: the plan starts with the first read and dies when the stream is dropped, which is how
//! drivers cancel. What can go wrong: proxies cut silent connections, so a slow query sends empty batches now and then;
//! and clients refuse messages above 4 MiB, so batches are cut by what their rows take.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use arrow_flight::{FlightData, encode::FlightDataEncoderBuilder, error::FlightError, utils::batches_to_flight_data};
use datafusion::common::ScalarValue;
use futures::{
    FutureExt as _, Stream, StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use tokio::sync::watch;
use tonic::Status;

use super::{metadata::flight, status::status, wire};
use crate::{
    engine::Statement,
    error::{Error, Result},
};

/// Bytes of rows in one message, about.
const MESSAGE: usize = 1 << 20;
/// How long a stream may be silent.
const SILENCE: Duration = Duration::from_secs(20);

/// A planned query that waits to be read: one execution for each row of parameters, one after the other.
pub(crate) struct Query {
    statement: Statement,
    rows: Option<Vec<Vec<ScalarValue>>>,
    schema: SchemaRef,
    cancelled: watch::Sender<bool>,
}

impl Query {
    /// A query with its parameters bound; `rows` is `None` for a statement without parameters.
    ///
    /// # Errors
    /// When parameters are missing or do not fit.
    pub(crate) fn new(statement: Statement, rows: Option<Vec<Vec<ScalarValue>>>) -> Result<Self> {
        let wanted = statement.parameter_types()?.len();
        let rows = if wanted == 0 { None } else { rows };
        let schema = match rows.as_ref() {
            Some(rows) => match rows.first() {
                Some(first) => wire::schema(&statement.bind(first)?.schema()),
                None => wire::schema(&statement.schema()),
            },
            None if wanted > 0 => {
                return Err(
                    Error::invalid(7024, format!("the statement has {wanted} parameters, none is bound"))
                        .hint("prepare the statement and bind a value for each `?` or `$n`"),
                );
            }
            None => wire::schema(&statement.schema()),
        };
        Ok(Self {
            statement,
            rows,
            schema,
            cancelled: watch::Sender::new(false),
        })
    }

    /// The schema of the result on the wire.
    pub(crate) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Stops every stream of this query.
    pub(crate) fn cancel(&self) {
        self.cancelled.send_replace(true);
    }

    /// Executes; the stream ends with an error when the query is cancelled.
    pub(crate) fn run(self: &Arc<Self>) -> BoxStream<'static, Result<FlightData, Status>> {
        let runs: Vec<Option<Vec<ScalarValue>>> = match &self.rows {
            None => vec![None],
            Some(rows) => rows.iter().cloned().map(Some).collect(),
        };
        let statement = self.statement.clone();
        let schema = Arc::clone(&self.schema);
        let batches = stream::iter(runs)
            .then(move |values| {
                let (statement, schema) = (statement.clone(), Arc::clone(&schema));
                async move {
                    let statement = match values {
                        Some(values) => statement.bind(&values)?,
                        None => statement,
                    };
                    if wire::schema(&statement.schema()) != schema {
                        return Err(
                            Error::invalid(7026, "two rows of parameters give results of different types")
                                .hint("bind values of one type in each column, or execute row by row"),
                        );
                    }
                    Ok::<_, Error>(statement.stream().await?.map_err(Error::from))
                }
            })
            .try_flatten();
        let mut watching = self.cancelled.subscribe();
        let stopped = async move {
            // an error means that the query was forgotten, not cancelled
            if watching.wait_for(|cancelled| *cancelled).await.is_err() {
                futures::future::pending::<()>().await;
            }
        };
        let query = Arc::clone(self);
        let last = async move {
            query
                .cancelled
                .borrow()
                .then(|| Err(Error::cancelled(7016, "the query was cancelled")))
        };
        let batches = batches
            .take_until(stopped.boxed())
            .chain(last.into_stream().filter_map(futures::future::ready));
        encode(batches, Arc::clone(&self.schema), SILENCE)
    }
}

/// Sends one batch, for metadata.
pub(crate) fn one(batch: RecordBatch) -> BoxStream<'static, Result<FlightData, Status>> {
    let schema = batch.schema();
    encoder(stream::iter([Ok(batch)]), schema).boxed()
}

/// Turns batches into messages of the wire schema `schema`, with signs of life when there is silence.
fn encode(
    batches: impl Stream<Item = Result<RecordBatch>> + Send + 'static,
    schema: SchemaRef,
    silence: Duration,
) -> BoxStream<'static, Result<FlightData, Status>> {
    let empty = flight(
        batches_to_flight_data(&schema, vec![RecordBatch::new_empty(Arc::clone(&schema))]).map_err(FlightError::from),
    );
    let empty = match empty.map(|mut messages| messages.pop()) {
        Ok(Some(message)) => message,
        Ok(None) => FlightData::default(),
        Err(error) => {
            let failed = status(&error);
            return stream::iter([Err(failed)]).boxed();
        }
    };
    let to = Arc::clone(&schema);
    let pieces = batches
        .map(move |batch| Ok::<_, Error>(wire::split(wire::batch(&batch?, &to)?, MESSAGE)))
        .map_ok(|pieces| stream::iter(pieces.into_iter().map(Ok)))
        .try_flatten();
    // an operator that falls over must not take the connection and its other queries with it
    let messages = AssertUnwindSafe(encoder(pieces, schema))
        .catch_unwind()
        .map(|message| message.unwrap_or_else(|_| Err(Error::bug(9081, "running a query panicked").into())))
        .boxed();
    stream::unfold((messages, empty), move |(mut messages, empty)| async move {
        match tokio::time::timeout(silence, messages.next()).await {
            Ok(Some(message)) => Some((message, (messages, empty))),
            Ok(None) => None,
            Err(_) => Some((Ok(empty.clone()), (messages, empty))),
        }
    })
    .boxed()
}

fn encoder(
    batches: impl Stream<Item = Result<RecordBatch>> + Send + 'static,
    schema: SchemaRef,
) -> impl Stream<Item = Result<FlightData, Status>> + Send + 'static {
    FlightDataEncoderBuilder::new()
        .with_schema(schema)
        // batches are cut already, by what their rows take and not by the buffers that they share
        .with_max_flight_data_size(usize::MAX)
        .build(batches.map_err(|error| FlightError::from(status(&error))))
        .map_err(Status::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use arrow_flight::decode::FlightRecordBatchStream;

    fn batch(texts: Vec<String>) -> RecordBatch {
        RecordBatch::try_from_iter([("t", Arc::new(StringArray::from(texts)) as ArrayRef)]).unwrap()
    }

    #[tokio::test]
    async fn messages_stay_small_and_rows_whole() {
        let sent = batch((0..5000).map(|i| format!("{i:0>2000}")).collect());
        let schema = wire::schema(&sent.schema());
        let messages: Vec<_> = encode(stream::iter([Ok(sent.clone())]), schema, SILENCE)
            .try_collect()
            .await
            .unwrap();
        assert!(messages.len() > 8 && messages.iter().all(|m| m.data_body.len() < 2 << 20));
        let back: Vec<_> = FlightRecordBatchStream::new_from_flight_data(stream::iter(messages.into_iter().map(Ok)))
            .try_collect()
            .await
            .unwrap();
        assert_eq!(back.iter().map(RecordBatch::num_rows).sum::<usize>(), 5000);
    }

    #[tokio::test]
    async fn silence_is_filled_with_empty_batches() {
        let slow = stream::once(async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok(RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![1])) as ArrayRef)]).unwrap())
        });
        let schema = wire::schema(&arrow::datatypes::Schema::new(vec![arrow::datatypes::Field::new(
            "n",
            arrow::datatypes::DataType::Int64,
            true,
        )]));
        let messages = encode(slow, schema, Duration::from_millis(100));
        let batches: Vec<_> = FlightRecordBatchStream::new_from_flight_data(messages.map_err(FlightError::from))
            .try_collect()
            .await
            .unwrap();
        let rows: Vec<_> = batches.iter().map(RecordBatch::num_rows).collect();
        assert!(rows.len() > 1 && rows.ends_with(&[1]) && rows[0] == 0, "{rows:?}");
    }

    #[tokio::test]
    async fn no_rows_still_have_a_schema() {
        let schema = wire::schema(&batch(vec![]).schema());
        let messages: Vec<_> = encode(stream::iter([]), schema, SILENCE).try_collect().await.unwrap();
        assert_eq!(messages.len(), 1);
    }
}
