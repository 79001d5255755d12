//! The Flight RPCs: each finds out who asks, decodes what is asked, and hands it on.
//!
//! This implements Flight itself instead of the trait for Flight SQL servers that arrow-flight offers, because that one has neither
//! GetSchema nor PollFlightInfo, and calls a malformed message a defect of the server. All three ways to ask for a result (GetFlightInfo,
//! GetSchema, PollFlightInfo) go through one function, so they cannot disagree about its schema.

use std::{panic::AssertUnwindSafe, pin::Pin, sync::Arc, time::Duration};

use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightEndpoint, FlightInfo, HandshakeRequest,
    HandshakeResponse, PollInfo, PutResult, SchemaResult, Ticket,
    flight_service_server::FlightService,
    sql::{Any, Command, ProstMessageExt, TicketStatementQuery},
};
use bytes::Bytes;
use futures::{FutureExt as _, Stream, StreamExt as _, stream};
use prost::Message as _;
use tonic::{Request, Response, Status, Streaming, metadata::MetadataMap};

use super::{
    bind, metadata, params,
    status::UNSUPPORTED,
    store::Store,
    stream::{Query, one},
    users::{Caller, Gate},
};
use crate::{
    engine::{Engine, Session, Statement},
    error::{Error, Result},
};

/// Most prepared statements, and most results that wait to be read, of all sessions together.
const MOST_HANDLES: usize = 2_000;
/// How long a prepared statement lives unused.
const STATEMENT_IDLE: Duration = Duration::from_hours(1);
/// How long a result waits to be read.
const RESULT_IDLE: Duration = Duration::from_mins(15);

/// The server's state; one for all connections.
pub(crate) struct Service {
    engine: Engine,
    pub(super) gate: Gate,
    pub(super) statements: Store<bind::Prepared>,
    pub(super) results: Store<Query>,
}

impl Service {
    /// A service over `engine` whose callers pass `gate`.
    pub(crate) fn new(engine: Engine, gate: Gate) -> Self {
        Self {
            engine,
            gate,
            statements: Store::new("prepared statement", MOST_HANDLES, STATEMENT_IDLE),
            results: Store::new("result", MOST_HANDLES, RESULT_IDLE),
        }
    }

    fn caller(&self, metadata: &MetadataMap) -> Result<Caller> {
        self.gate.caller(authorization(metadata))
    }

    /// A session of the caller at the newest release.
    pub(super) async fn session(&self, caller: &Caller) -> Result<Session> {
        self.engine.session(&caller.identity).await
    }

    /// Plans a query at the newest release.
    pub(super) async fn plan(&self, caller: &Caller, sql: &str) -> Result<Statement> {
        let sql = params::number_question_marks(sql)?;
        let session = self.session(caller).await?;
        // a planner that falls over one query must not take the connection and its other queries with it
        AssertUnwindSafe(session.prepare(&sql))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(Error::bug(9080, "planning a query panicked")))
    }

    /// What a descriptor asks for: the schema of the result, and the ticket to read it with.
    async fn promise(&self, caller: &Caller, descriptor: &FlightDescriptor) -> Result<FlightInfo> {
        let command = decode(&descriptor.cmd)?;
        let (schema, ticket) = if let Some(schema) = metadata::schema(&command)? {
            (schema, descriptor.cmd.clone())
        } else {
            let query = match command {
                Command::CommandStatementQuery(wanted) => {
                    no_transaction(wanted.transaction_id.as_ref())?;
                    Query::new(self.plan(caller, &wanted.query).await?, None)?
                }
                Command::CommandPreparedStatementQuery(wanted) => self
                    .statements
                    .get(&caller.session, &wanted.prepared_statement_handle)?
                    .query()?,
                other => return Err(unsupported(&format!("`{}` is not a query", short(other.type_url())))),
            };
            let query = Arc::new(query);
            let schema = Arc::clone(query.schema());
            let statement_handle = self.results.insert(caller.session, query)?;
            let ticket = TicketStatementQuery { statement_handle };
            (schema, ticket.as_any().encode_to_vec().into())
        };
        Ok(FlightInfo {
            schema: metadata::message(&schema)?,
            flight_descriptor: Some(descriptor.clone()),
            // no location: read where you asked
            endpoint: vec![FlightEndpoint::new().with_ticket(Ticket::new(ticket))],
            total_records: -1,
            total_bytes: -1,
            ordered: false,
            app_metadata: Bytes::new(),
        })
    }

    async fn schema_of(&self, caller: &Caller, descriptor: &FlightDescriptor) -> Result<Bytes> {
        let command = decode(&descriptor.cmd)?;
        let schema = match command {
            Command::CommandStatementQuery(wanted) => {
                super::wire::schema(&self.plan(caller, &wanted.query).await?.schema())
            }
            Command::CommandPreparedStatementQuery(wanted) => self
                .statements
                .get(&caller.session, &wanted.prepared_statement_handle)?
                .schema()?,
            other => metadata::schema(&other)?
                .ok_or_else(|| unsupported(&format!("`{}` is not a query", short(other.type_url()))))?,
        };
        metadata::message(&schema)
    }

    async fn read(&self, caller: &Caller, ticket: &Ticket) -> Result<BoxedStream<FlightData>> {
        let command = decode(&ticket.ticket)?;
        if metadata::schema(&command)?.is_some() {
            let session = self.session(caller).await?;
            return Ok(one(metadata::answer(&command, &session, &caller.identity).await?));
        }
        match command {
            Command::TicketStatementQuery(wanted) => {
                Ok(self.results.get(&caller.session, &wanted.statement_handle)?.run())
            }
            Command::CommandPreparedStatementQuery(wanted) => {
                let prepared = self
                    .statements
                    .get(&caller.session, &wanted.prepared_statement_handle)?;
                Ok(Arc::new(prepared.query()?).run())
            }
            other => Err(unsupported(&format!("`{}` is not a ticket", short(other.type_url())))),
        }
    }
}

/// A stream of messages to a client.
pub(crate) type BoxedStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send + 'static>>;

fn authorization(metadata: &MetadataMap) -> Option<&str> {
    metadata.get("authorization").and_then(|value| value.to_str().ok())
}

/// Decodes a command; one that cannot be read is the client's mistake.
pub(super) fn decode(bytes: &[u8]) -> Result<Command> {
    Any::decode(bytes)
        .ok()
        .filter(|any| !any.type_url.is_empty())
        .and_then(|any| Command::try_from(any).ok())
        .ok_or_else(malformed)
}

/// The client sent what is no message of the protocol.
pub(super) fn malformed() -> Error {
    Error::invalid(7012, "the message is not Flight SQL").hint("connect with a Flight SQL driver, such as ADBC or JDBC")
}

/// The server does not have this part of the protocol.
pub(super) fn unsupported(what: &str) -> Error {
    Error::invalid(UNSUPPORTED, format!("{what}; this server does not support it"))
}

/// Whatever would write.
fn read_only() -> Error {
    Error::forbidden(7011, "the server is read-only: it takes no changes and no data")
        .hint("tables are written by pipelines, with `samsyn run`")
}

/// Statements outside a transaction only: a release is the transaction.
pub(super) fn no_transaction(id: Option<&Bytes>) -> Result<()> {
    match id {
        Some(id) if !id.is_empty() => Err(unsupported("the statement names a transaction")),
        _ => Ok(()),
    }
}

/// The last part of a type's address.
fn short(type_url: &str) -> &str {
    type_url.rsplit(['/', '.']).next().unwrap_or(type_url)
}

#[tonic::async_trait]
impl FlightService for Service {
    type HandshakeStream = BoxedStream<HandshakeResponse>;
    type ListFlightsStream = BoxedStream<FlightInfo>;
    type DoGetStream = BoxedStream<FlightData>;
    type DoPutStream = BoxedStream<PutResult>;
    type DoExchangeStream = BoxedStream<FlightData>;
    type DoActionStream = BoxedStream<arrow_flight::Result>;
    type ListActionsStream = BoxedStream<ActionType>;

    async fn handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        let peer = request.remote_addr().map(|address| address.ip());
        let token = self.gate.log_in(authorization(request.metadata()), peer).await?;
        let header = format!("Bearer {token}")
            .parse()
            .map_err(|_| Error::bug(9079, "a token is no header"))?;
        let answer = HandshakeResponse {
            protocol_version: 0,
            payload: Bytes::new(),
        };
        let mut response = Response::new(stream::iter([Ok(answer)]).boxed());
        response.metadata_mut().insert("authorization", header);
        Ok(response)
    }

    async fn list_flights(&self, request: Request<Criteria>) -> Result<Response<Self::ListFlightsStream>, Status> {
        self.caller(request.metadata())?;
        Ok(Response::new(stream::empty().boxed()))
    }

    async fn get_flight_info(&self, request: Request<FlightDescriptor>) -> Result<Response<FlightInfo>, Status> {
        let caller = self.caller(request.metadata())?;
        let info = self.promise(&caller, request.get_ref()).await?;
        Ok(Response::new(info))
    }

    async fn poll_flight_info(&self, request: Request<FlightDescriptor>) -> Result<Response<PollInfo>, Status> {
        let caller = self.caller(request.metadata())?;
        let info = self.promise(&caller, request.get_ref()).await?;
        // without a descriptor the answer is complete: the result can be read
        Ok(Response::new(PollInfo {
            info: Some(info),
            flight_descriptor: None,
            progress: Some(1.0),
            expiration_time: None,
        }))
    }

    async fn get_schema(&self, request: Request<FlightDescriptor>) -> Result<Response<SchemaResult>, Status> {
        let caller = self.caller(request.metadata())?;
        let schema = self.schema_of(&caller, request.get_ref()).await?;
        Ok(Response::new(SchemaResult { schema }))
    }

    async fn do_get(&self, request: Request<Ticket>) -> Result<Response<Self::DoGetStream>, Status> {
        let caller = self.caller(request.metadata())?;
        Ok(Response::new(self.read(&caller, request.get_ref()).await?))
    }

    async fn do_put(&self, request: Request<Streaming<FlightData>>) -> Result<Response<Self::DoPutStream>, Status> {
        let caller = self.caller(request.metadata())?;
        let mut messages = request.into_inner();
        let first = messages.message().await?.ok_or_else(malformed)?;
        let descriptor = first.flight_descriptor.as_ref().ok_or_else(malformed)?;
        let handle = match decode(&descriptor.cmd)? {
            Command::CommandPreparedStatementQuery(wanted) => wanted.prepared_statement_handle,
            Command::CommandStatementUpdate(_)
            | Command::CommandPreparedStatementUpdate(_)
            | Command::CommandStatementIngest(_)
            | Command::CommandStatementSubstraitPlan(_) => return Err(read_only().into()),
            other => {
                return Err(unsupported(&format!("`{}` takes no data", short(other.type_url()))).into());
            }
        };
        let prepared = self.statements.get(&caller.session, &handle)?;
        let batches = bind::receive(first, messages).await?;
        prepared.bind(&batches)?;
        let result = arrow_flight::sql::DoPutPreparedStatementResult {
            prepared_statement_handle: Some(handle),
        };
        let answer = PutResult {
            app_metadata: result.encode_to_vec().into(),
        };
        Ok(Response::new(stream::iter([Ok(answer)]).boxed()))
    }

    async fn do_exchange(
        &self,
        request: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        self.caller(request.metadata())?;
        Err(unsupported("DoExchange was called").into())
    }

    async fn do_action(&self, request: Request<Action>) -> Result<Response<Self::DoActionStream>, Status> {
        let caller = self.caller(request.metadata())?;
        let answers = self.act(&caller, request.get_ref()).await?;
        let answers = answers.into_iter().map(|body| Ok(arrow_flight::Result { body }));
        Ok(Response::new(stream::iter(answers.collect::<Vec<_>>()).boxed()))
    }

    async fn list_actions(&self, request: Request<Empty>) -> Result<Response<Self::ListActionsStream>, Status> {
        self.caller(request.metadata())?;
        let actions = super::actions::ALL.iter().map(|(name, description)| {
            Ok(ActionType {
                r#type: (*name).to_owned(),
                description: (*description).to_owned(),
            })
        });
        Ok(Response::new(stream::iter(actions.collect::<Vec<_>>()).boxed()))
    }
}
