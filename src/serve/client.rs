//! A small Flight SQL client: what `samsyn sql --server` uses.

use std::time::Duration;

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use arrow_flight::{error::FlightError, sql::client::FlightSqlServiceClient};
use futures::{Stream, StreamExt as _, TryStreamExt as _, stream::BoxStream};
use tonic::{
    Code, Status,
    transport::{Channel, ClientTlsConfig, Endpoint},
};

use crate::{
    error::{Error, Kind, Result},
    model::Redacted,
};

/// How to log in.
#[derive(Debug, Clone)]
pub enum Login {
    /// Not at all: an open server on the same machine.
    Anonymous,
    /// With a name and a password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: Redacted<String>,
    },
    /// With a bearer token.
    Token(Redacted<String>),
}

/// A result as it comes from a server.
pub type Rows = BoxStream<'static, Result<RecordBatch>>;

/// Runs `sql` on the server at `url` (`grpc://host:port`, `grpc+tls://…`, `http://…` or `https://…`).
///
/// # Errors
/// When the server cannot be reached, refuses the login, or refuses the statement; the last with the server's own code.
pub async fn query(url: &str, login: &Login, sql: &str) -> Result<(SchemaRef, Rows)> {
    let mut client = connect(url, login).await?;
    let info = client.execute(sql.to_owned(), None).await.map_err(from_server)?;
    let ticket = info
        .endpoint
        .into_iter()
        .next()
        .and_then(|endpoint| endpoint.ticket)
        .ok_or_else(|| Error::unavailable(7041, "the server promised a result without saying where"))?;
    let schema = info.schema.clone();
    let schema = arrow::datatypes::Schema::try_from(arrow_flight::IpcMessage(schema))
        .map_err(|cause| Error::unavailable(7041, "the server's schema cannot be read").with_source(cause))?;
    let rows = client.do_get(ticket).await.map_err(from_server)?;
    Ok((schema.into(), not_empty(rows.map_err(from_server)).boxed()))
}

/// Drops the empty batches that a server sends as signs of life.
fn not_empty(rows: impl Stream<Item = Result<RecordBatch>>) -> impl Stream<Item = Result<RecordBatch>> {
    rows.try_filter(|batch| futures::future::ready(batch.num_rows() > 0))
}

/// Connects and logs in.
///
/// # Errors
/// When the address is none, nobody answers, or the login is refused.
pub async fn connect(url: &str, login: &Login) -> Result<FlightSqlServiceClient<Channel>> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("grpc", url));
    let secure = match scheme {
        "grpc" | "grpc+tcp" | "http" | "flightsql" => false,
        "grpc+tls" | "https" => true,
        other => {
            return Err(Error::usage(7040, format!("`{other}://` is no address of a server"))
                .hint("write grpc://host:port, or grpc+tls://host:port"));
        }
    };
    let address = format!("{}://{rest}", if secure { "https" } else { "http" });
    let wrong = |cause| {
        Error::usage(7040, format!("`{url}` is no address of a server"))
            .with_source(cause)
            .hint("write grpc://host:port, or grpc+tls://host:port")
    };
    let mut endpoint = Endpoint::from_shared(address)
        .map_err(wrong)?
        .connect_timeout(Duration::from_secs(10))
        .tcp_nodelay(true);
    if secure {
        endpoint = endpoint.tls_config(ClientTlsConfig::new()).map_err(wrong)?;
    }
    let channel = endpoint.connect().await.map_err(|cause| {
        Error::unavailable(7042, format!("nobody answers at `{url}`"))
            .with_source(cause)
            .hint("is the server running? start one with `samsyn serve`")
    })?;
    let mut client = FlightSqlServiceClient::new(channel);
    match login {
        Login::Anonymous => {}
        Login::Token(token) => client.set_token(token.reveal().clone()),
        Login::Password { user, password } => {
            client.handshake(user, password.reveal()).await.map_err(|cause| {
                Error::unauthenticated(7043, format!("the server at `{url}` refused the login"))
                    .with_source(cause)
                    .hint("check the user name and the password")
            })?;
        }
    }
    Ok(client)
}

/// The server's error as ours: kind by status, the server's code when its text has one.
fn from_server(error: FlightError) -> Error {
    match error {
        FlightError::Tonic(status) => from_status(&status),
        other => Error::unavailable(7041, "the connection to the server failed").with_source(other),
    }
}

fn from_status(status: &Status) -> Error {
    let kind = match status.code() {
        Code::InvalidArgument | Code::Unimplemented | Code::OutOfRange => Kind::Invalid,
        Code::NotFound => Kind::NotFound,
        Code::PermissionDenied => Kind::Forbidden,
        Code::Unauthenticated => Kind::Unauthenticated,
        Code::FailedPrecondition => Kind::Refused,
        Code::Aborted => Kind::Conflict,
        Code::Cancelled => Kind::Cancelled,
        Code::ResourceExhausted => Kind::Exhausted,
        _ => Kind::Unavailable,
    };
    let text = status.message();
    let (code, text) = text
        .strip_prefix("SAMSYN-")
        .and_then(|rest| rest.split_once(": "))
        .and_then(|(code, rest)| Some((code.parse().ok()?, rest)))
        .unwrap_or((7044, text));
    match text.split_once("; help: ") {
        Some((message, hint)) => Error::new(kind, code, message).hint(hint),
        None => Error::new(kind, code, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_the_trip_to_the_client() {
        let ours = Error::not_found(2102, "table `pub.x` not found").hint("did you mean `pub.y`?");
        let back = from_status(&super::super::status::status(&ours));
        assert_eq!(
            (back.kind(), back.code(), back.message(), back.hint_text()),
            (ours.kind(), ours.code(), ours.message(), ours.hint_text())
        );
    }

    #[tokio::test]
    async fn a_wrong_address_is_said() {
        let error = connect("ftp://x", &Login::Anonymous).await.unwrap_err();
        assert_eq!(error.code(), 7040);
        let error = connect("grpc://127.0.0.1:1", &Login::Anonymous).await.unwrap_err();
        assert_eq!(error.code(), 7042);
    }
}
