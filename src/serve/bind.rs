//! Prepared statements: planned once, bound by DoPut, run as often as wanted.

use std::sync::{Mutex, PoisonError};

use arrow::{
    array::RecordBatch,
    datatypes::{DataType, SchemaRef},
};
use arrow_flight::{FlightData, decode::FlightRecordBatchStream, error::FlightError};
use datafusion::common::ScalarValue;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tonic::Streaming;

use super::{params, stream::Query, wire};
use crate::{
    engine::Statement,
    error::{Error, Result},
};

/// Most bytes of parameters in one bind.
const MOST_BYTES: usize = 64 << 20;

/// A prepared statement and what is bound to it now.
pub(crate) struct Prepared {
    statement: Statement,
    types: Vec<Option<DataType>>,
    bound: Mutex<Option<Vec<Vec<ScalarValue>>>>,
}

impl Prepared {
    /// Takes a planned statement; nothing is bound yet.
    pub(crate) fn new(statement: Statement) -> Result<Self> {
        let types = statement.parameter_types()?;
        Ok(Self {
            statement,
            types,
            bound: Mutex::default(),
        })
    }

    /// The schema of the parameters.
    pub(crate) fn parameters(&self) -> SchemaRef {
        params::schema(&self.types)
    }

    /// The schema of the result: of the bound statement when there are values, else the best that is known.
    pub(crate) fn schema(&self) -> Result<SchemaRef> {
        let bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        match bound.as_ref().and_then(|rows| rows.first()) {
            Some(row) if !self.types.is_empty() => Ok(wire::schema(&self.statement.bind(row)?.schema())),
            _ => Ok(wire::schema(&self.statement.schema())),
        }
    }

    /// Binds values for the executions to come, instead of those before.
    pub(crate) fn bind(&self, batches: &[RecordBatch]) -> Result<()> {
        let rows = params::rows(batches, &self.types)?;
        if let Some(first) = rows.first() {
            self.statement.bind(first)?;
        }
        *self.bound.lock().unwrap_or_else(PoisonError::into_inner) = Some(rows);
        Ok(())
    }

    /// One execution with the values bound now.
    pub(crate) fn query(&self) -> Result<Query> {
        let bound = self.bound.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Query::new(self.statement.clone(), bound)
    }
}

/// Receives the rest of a DoPut whose first message is known.
///
/// # Errors
/// When the messages are no Arrow data, or there is too much of it.
pub(crate) async fn receive(first: FlightData, rest: Streaming<FlightData>) -> Result<Vec<RecordBatch>> {
    if first.data_header.is_empty() {
        return Ok(Vec::new());
    }
    let messages = stream::iter([Ok(first)]).chain(rest.map_err(FlightError::from));
    let mut decoded = FlightRecordBatchStream::new_from_flight_data(messages);
    let (mut batches, mut bytes) = (Vec::new(), 0);
    while let Some(batch) = decoded.next().await {
        let batch = batch.map_err(|error| match error {
            FlightError::Tonic(status) => Error::cancelled(
                7016,
                format!("the client stopped sending parameters ({:?})", status.code()),
            ),
            _ => Error::invalid(7025, "the parameters are not Arrow data"),
        })?;
        bytes += batch.get_array_memory_size();
        if bytes > MOST_BYTES {
            return Err(
                Error::exhausted(7021, "the parameters take more than 64 MiB").hint("bind fewer rows at a time")
            );
        }
        batches.push(batch);
    }
    Ok(batches)
}
