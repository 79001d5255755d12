//! Actions: prepare and close, cancel, renew, and the options of a session.
//!
//! arrow-flight has no types for session options, nor the field that tells a query from an update, so they are written
//! here by the numbers of the protocol. A session has two options, the current catalog and schema; they can be read, and
//! set only to what they are.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use arrow_flight::{
    Action, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, FlightInfo, RenewFlightEndpointRequest,
    sql::{
        ActionCancelQueryRequest, ActionCancelQueryResult, ActionClosePreparedStatementRequest,
        ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult, Any, Command, ProstMessageExt,
    },
};
use bytes::Bytes;
use prost::Message;

use super::{
    bind::Prepared,
    flight::{Service, decode, malformed, no_transaction, unsupported},
    metadata,
    users::Caller,
};
use crate::{error::Result, model::Layer};

/// The actions that there are, with a word about each.
pub(crate) const ALL: &[(&str, &str)] = &[
    (
        "CreatePreparedStatement",
        "plans a query; parameters are `?` or `$1`, `$2`, …",
    ),
    ("ClosePreparedStatement", "forgets a prepared statement"),
    ("CancelFlightInfo", "stops a query"),
    ("CancelQuery", "stops a query; the older form of CancelFlightInfo"),
    ("RenewFlightEndpoint", "lets a result wait longer to be read"),
    ("SetSessionOptions", "catalog and schema, to what they are"),
    ("GetSessionOptions", "catalog and schema"),
    ("CloseSession", "logs out"),
];

/// As the protocol's ActionCreatePreparedStatementResult, with the newer field `is_update`.
#[derive(Clone, PartialEq, Message)]
struct PreparedResult {
    #[prost(bytes = "bytes", tag = "1")]
    prepared_statement_handle: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    dataset_schema: Bytes,
    #[prost(bytes = "bytes", tag = "3")]
    parameter_schema: Bytes,
    #[prost(bool, optional, tag = "4")]
    is_update: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
struct SessionOptionValue {
    #[prost(oneof = "OptionValue", tags = "1, 2, 3, 4")]
    value: Option<OptionValue>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum OptionValue {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(sfixed64, tag = "3")]
    Int(i64),
    #[prost(double, tag = "4")]
    Double(f64),
}

#[derive(Clone, PartialEq, Message)]
struct SetSessionOptionsRequest {
    #[prost(map = "string, message", tag = "1")]
    session_options: HashMap<String, SessionOptionValue>,
}

#[derive(Clone, PartialEq, Message)]
struct SetSessionOptionsResult {
    #[prost(map = "string, message", tag = "1")]
    errors: HashMap<String, OptionError>,
}

#[derive(Clone, PartialEq, Message)]
struct OptionError {
    /// 1 unknown name, 2 value not possible.
    #[prost(int32, tag = "1")]
    value: i32,
}

#[derive(Clone, PartialEq, Message)]
struct GetSessionOptionsResult {
    #[prost(map = "string, message", tag = "1")]
    session_options: HashMap<String, SessionOptionValue>,
}

#[derive(Clone, PartialEq, Message)]
struct CloseSessionResult {
    /// 1 closed.
    #[prost(int32, tag = "1")]
    status: i32,
}

/// Packs a message whose type's address is `type_url`.
fn pack(type_url: &str, message: &impl Message) -> Bytes {
    let any = Any {
        type_url: type_url.to_owned(),
        value: message.encode_to_vec().into(),
    };
    any.encode_to_vec().into()
}

fn unpack<T: ProstMessageExt>(action: &Action) -> Result<T> {
    Any::decode(&*action.body)
        .ok()
        .and_then(|any| any.unpack::<T>().ok().flatten())
        .ok_or_else(malformed)
}

fn plain<T: Message + Default>(bytes: &Bytes) -> Result<T> {
    T::decode(&**bytes).map_err(|_| malformed())
}

impl Service {
    /// Does an action; the answers are the bodies to send.
    pub(super) async fn act(&self, caller: &Caller, action: &Action) -> Result<Vec<Bytes>> {
        match action.r#type.as_str() {
            "CreatePreparedStatement" => {
                let wanted: ActionCreatePreparedStatementRequest = unpack(action)?;
                no_transaction(wanted.transaction_id.as_ref())?;
                let prepared = Prepared::new(self.plan(caller, &wanted.query).await?)?;
                let parameters = prepared.parameters();
                let result = PreparedResult {
                    dataset_schema: metadata::message(&*prepared.schema()?)?,
                    parameter_schema: if parameters.fields().is_empty() {
                        Bytes::new()
                    } else {
                        metadata::message(&parameters)?
                    },
                    prepared_statement_handle: self.statements.insert(caller.session, Arc::new(prepared))?,
                    is_update: Some(false),
                };
                Ok(vec![pack(ActionCreatePreparedStatementResult::type_url(), &result)])
            }
            "ClosePreparedStatement" => {
                let wanted: ActionClosePreparedStatementRequest = unpack(action)?;
                self.statements
                    .remove(&caller.session, &wanted.prepared_statement_handle);
                Ok(Vec::new())
            }
            "CancelQuery" => {
                let wanted: ActionCancelQueryRequest = unpack(action)?;
                let status = self.cancel(caller, &plain::<FlightInfo>(&wanted.info)?)?;
                // both messages number their outcomes alike
                let result = ActionCancelQueryResult { result: status as i32 };
                Ok(vec![result.as_any().encode_to_vec().into()])
            }
            "CancelFlightInfo" => {
                let wanted: CancelFlightInfoRequest = plain(&action.body)?;
                let status = self.cancel(caller, &wanted.info.ok_or_else(malformed)?)?;
                Ok(vec![CancelFlightInfoResult::new(status).encode_to_vec().into()])
            }
            "RenewFlightEndpoint" => {
                let wanted: RenewFlightEndpointRequest = plain(&action.body)?;
                let endpoint = wanted.endpoint.ok_or_else(malformed)?;
                if let Some(handle) = handle(&endpoint)? {
                    self.results.get(&caller.session, &handle)?;
                }
                Ok(vec![endpoint.encode_to_vec().into()])
            }
            "SetSessionOptions" => {
                let wanted: SetSessionOptionsRequest = plain(&action.body)?;
                let mut result = SetSessionOptionsResult::default();
                let current = options();
                // the protocol's map has no order
                let wanted: BTreeMap<_, _> = wanted.session_options.into_iter().collect();
                for (name, value) in wanted {
                    let value = match current.get(&name) {
                        Some(now) if *now == value => continue,
                        Some(_) => 2,
                        None => 1,
                    };
                    result.errors.insert(name, OptionError { value });
                }
                Ok(vec![result.encode_to_vec().into()])
            }
            "GetSessionOptions" => {
                let result = GetSessionOptionsResult {
                    session_options: options(),
                };
                Ok(vec![result.encode_to_vec().into()])
            }
            "CloseSession" => {
                // who comes without a login of their own shares a session, which nobody may close for the others
                if caller.logged_in {
                    self.statements.remove_all(&caller.session);
                    self.results.remove_all(&caller.session);
                    self.gate.log_out(caller);
                }
                Ok(vec![CloseSessionResult { status: 1 }.encode_to_vec().into()])
            }
            "BeginTransaction" | "EndTransaction" | "BeginSavepoint" | "EndSavepoint" => {
                Err(unsupported("transactions were asked for")
                    .hint("each statement reads one release as a whole; connect with autocommit"))
            }
            "CreatePreparedSubstraitPlan" => Err(unsupported("a Substrait plan was sent").hint("send SQL")),
            _ => Err(unsupported("the action is unknown")),
        }
    }

    fn cancel(&self, caller: &Caller, info: &FlightInfo) -> Result<CancelStatus> {
        let mut outcome = CancelStatus::NotCancellable;
        for endpoint in &info.endpoint {
            if let Some(handle) = handle(endpoint)? {
                self.results.get(&caller.session, &handle)?.cancel();
                self.results.remove(&caller.session, &handle);
                outcome = CancelStatus::Cancelled;
            }
        }
        Ok(outcome)
    }
}

/// The handle of the result that an endpoint offers; none when it offers metadata.
fn handle(endpoint: &arrow_flight::FlightEndpoint) -> Result<Option<Bytes>> {
    let ticket = endpoint.ticket.as_ref().ok_or_else(malformed)?;
    Ok(match decode(&ticket.ticket)? {
        Command::TicketStatementQuery(ticket) => Some(ticket.statement_handle),
        _ => None,
    })
}

fn options() -> HashMap<String, SessionOptionValue> {
    [("catalog", crate::catalog::CURRENT), ("schema", Layer::Pub.name())]
        .into_iter()
        .map(|(name, value)| {
            let value = Some(OptionValue::Text(value.to_owned()));
            (name.to_owned(), SessionOptionValue { value })
        })
        .collect()
}
