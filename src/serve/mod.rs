//! The Flight SQL server: what analysts and BI tools connect to.
//!
//! Thin on purpose. It finds out who asks, asks the engine for a session of theirs at the newest release, and turns results into
//! plain Arrow types that every driver reads; what they may read is decided by policy and held by the engine. What can
//! go wrong: a server that anybody on a network can read without a name (refused at start), a client that never closes what it
//! opened (limits of number and time), somebody who guesses passwords (slowed down), and errors that tell of the inside (only kind,
//! code, place and hint travel).
//!
//! Codes: 7001–7009 start and login · 7010–7019 protocol · 7020–7029 parameters · 7030 types · 7040–7044 client.

mod actions;
mod bind;
mod brake;
pub mod client;
mod flight;
mod info;
mod metadata;
mod params;
mod status;
mod store;
mod stream;
mod users;
mod wire;
mod xdbc;

use std::{future::Future, net::SocketAddr, path::PathBuf, time::Duration};

use arrow_flight::flight_service_server::FlightServiceServer;
use tokio::{net::TcpListener, sync::watch};
use tonic::transport::{Server, server::TcpIncoming};

pub use users::{Users, hash_password};

use crate::{
    engine::Engine,
    error::{Error, Result},
};

/// Largest header list that a client may send: JDBC sends every unknown parameter of its address as a header.
const MOST_HEADERS: u32 = 64 << 10;
/// Largest message that a client may send.
const LARGEST_MESSAGE: usize = 16 << 20;
/// How long requests under way may take once the server is told to stop.
const LAST_CALL: Duration = Duration::from_secs(10);

/// How a server is set up.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Address and port; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Path of the user file; without it everybody is the anonymous reader, and only on a loopback address.
    pub users: Option<PathBuf>,
    /// A login ends when unused for this long.
    pub idle: Duration,
}

impl ServeOptions {
    /// An open server on `listen`, or with the users of a file.
    pub fn new(listen: SocketAddr, users: Option<PathBuf>) -> Self {
        Self {
            listen,
            users,
            idle: Duration::from_hours(8),
        }
    }
}

/// The users, if there are any; without them only this machine is served.
fn users(options: &ServeOptions, address: SocketAddr) -> Result<Option<Users>> {
    let users = options.users.as_deref().map(Users::load).transpose()?;
    if users.is_none() && !address.ip().is_loopback() {
        return Err(Error::usage(
            7002,
            format!("{address} can be reached by others, and no users are configured"),
        )
        .hint("give a user file with `--users FILE`, or listen on 127.0.0.1"));
    }
    Ok(users)
}

/// Opens the port of `options`, once it is known that it may be open.
///
/// # Errors
/// As [`serve_on`] for the users; SAMSYN-7001 when the port is taken or the address is not this machine's.
pub async fn bind(options: &ServeOptions) -> Result<TcpListener> {
    let listen = options.listen;
    users(options, listen)?;
    TcpListener::bind(listen).await.map_err(|cause| {
        let hint = match cause.kind() {
            std::io::ErrorKind::AddrInUse => {
                "another program has the port; choose one with `--listen HOST:PORT`, or port 0 for any free one"
            }
            std::io::ErrorKind::PermissionDenied => {
                "ports below 1024 need rights; choose a higher one with `--listen HOST:PORT`"
            }
            _ => "give an address of this machine with `--listen HOST:PORT`",
        };
        Error::unavailable(7001, format!("cannot listen on {listen}"))
            .with_source(cause)
            .hint(hint)
    })
}

/// Serves `engine` until `shutdown` is ready; requests under way then have ten seconds to end.
///
/// # Errors
/// As [`bind`] and [`serve_on`].
pub async fn serve(engine: Engine, options: ServeOptions, shutdown: impl Future<Output = ()> + Send) -> Result<()> {
    let listener = bind(&options).await?;
    serve_on(listener, engine, options, shutdown).await
}

/// As [`serve`], on a port that is open already; `options.listen` is not used.
///
/// # Errors
/// SAMSYN-7002 when the server would be open to a network, 7003–7004 when the user file is wrong, 7009 when the network fails.
pub async fn serve_on(
    listener: TcpListener,
    engine: Engine,
    options: ServeOptions,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<()> {
    let address = listener.local_addr()?;
    let users = users(&options, address)?;
    let gate = users::Gate::new(users, options.idle)?;
    let service = FlightServiceServer::new(flight::Service::new(engine, gate))
        .max_decoding_message_size(LARGEST_MESSAGE)
        .max_encoding_message_size(usize::MAX);
    tracing::info!(%address, "serving");
    let stopping = watch::Sender::new(false);
    let mut told = stopping.subscribe();
    let mut late = stopping.subscribe();
    let server = Server::builder()
        .http2_max_header_list_size(MOST_HEADERS)
        .http2_keepalive_interval(Some(Duration::from_mins(1)))
        .add_service(service)
        .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), async move {
            let _ = told.wait_for(|stop| *stop).await;
        });
    let deadline = async move {
        let _ = late.wait_for(|stop| *stop).await;
        tokio::time::sleep(LAST_CALL).await;
    };
    let trigger = async move {
        shutdown.await;
        stopping.send_replace(true);
        // the sender must outlive the receivers' waiting
        futures::future::pending::<()>().await;
    };
    tokio::select! {
        ended = server => ended.map_err(|cause| Error::unavailable(7009, "the server failed").with_source(cause)),
        () = deadline => {
            tracing::warn!("requests under way were cut off");
            Ok(())
        }
        () = trigger => Ok(()),
    }
}
