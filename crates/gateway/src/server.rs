//! Accepting connections, serving HTTP on each, and stopping gracefully.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use updraft_kernel::{ConnectionSink, Engine, Origin, Peer};
use updraft_types::Arn;

use crate::{body, health};

/// How many connections are served at once; more wait in the socket's backlog.
const CONNECTIONS_MAX: usize = 8_192;

/// A request's head must be whole in so long; AWS's front ends cut slower clients off too.
const HEAD_WAIT_MAX: Duration = Duration::from_secs(20);

/// How many requests one HTTP/2 connection may have under way.
const STREAMS_MAX: u32 = 256;

/// How long requests under way may go on once the engine is asked to stop.
const STOP_WAIT_MAX: Duration = Duration::from_secs(10);

/// Why the gateway cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The address is taken or not ours.
    #[error("failed to listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// Turns connections into calls of the engine.
#[derive(Clone)]
pub struct Gateway {
    engine: Arc<Engine>,
    http: auto::Builder<TokioExecutor>,
    runtime: Handle,
    places: Arc<Semaphore>,
    stop: Arc<watch::Sender<bool>>,
}

/// An address that has been taken: known before the engine behind it is made.
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Bound {
    /// Takes the address; port 0 takes a free one.
    pub async fn take(address: SocketAddr) -> Result<Self, GatewayError> {
        let failed = |source| GatewayError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// The address taken.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// A gateway that listens.
pub struct Listening {
    gateway: Gateway,
    bound: Bound,
}

impl Gateway {
    /// A gateway before `engine`, on the present runtime.
    #[must_use]
    pub fn new(engine: Arc<Engine>) -> Self {
        let mut http = auto::Builder::new(TokioExecutor::new());
        http.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WAIT_MAX).keep_alive(true);
        http.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MAX);
        Self {
            engine,
            http,
            runtime: Handle::current(),
            places: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
            stop: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Listens on an address taken before.
    #[must_use]
    pub fn listen(self, bound: Bound) -> Listening {
        Listening { gateway: self, bound }
    }

    /// Serves one connection to its end.
    async fn serve(self, connection: TcpStream, peer: Peer) {
        let engine = self.engine.clone();
        let service = service_fn(move |request: http::Request<Incoming>| {
            let (engine, peer) = (engine.clone(), peer.clone());
            async move {
                let (parts, incoming) = request.into_parts();
                let response = match health::answer(&engine, &parts) {
                    Some(page) => page,
                    None => {
                        let request = http::Request::from_parts(parts, body::incoming(incoming));
                        engine.answer(request, peer).await
                    }
                };
                Ok::<_, Infallible>(response.map(body::Outgoing::from))
            }
        });
        // Small answers must not wait for the other side's acknowledgement.
        let _ = connection.set_nodelay(true);
        let io = TokioIo::new(connection);
        let mut served = std::pin::pin!(self.http.serve_connection_with_upgrades(io, service));
        let mut stop = self.stop.subscribe();
        let ended = tokio::select! {
            ended = served.as_mut() => ended,
            () = async { drop(stop.wait_for(|stopped| *stopped).await) } => {
                served.as_mut().graceful_shutdown();
                served.await
            }
        };
        if let Err(error) = ended {
            // Clients go away as they like; it matters to nobody but a debugger.
            tracing::debug!(error = %error, "connection ended early");
        }
    }
}

impl Listening {
    /// The address taken.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.bound.address
    }

    /// Serves until `stop` resolves, then lets requests under way end, up to a bound.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { gateway, bound: Bound { listener, .. } } = self;
        tokio::pin!(stop);
        loop {
            let place = gateway.places.clone().acquire_owned().await.expect("the semaphore is never closed");
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut stop => break,
            };
            match accepted {
                Ok((connection, address)) => {
                    let peer = Peer { address: Some(address.ip()), origin: Origin::Socket };
                    let gateway = gateway.clone();
                    tokio::spawn(async move {
                        gateway.serve(connection, peer).await;
                        drop(place);
                    });
                }
                Err(error) => {
                    // Out of descriptors, most likely: pause, so that the loop does not spin.
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
        drop(listener);
        gateway.stop.send_replace(true);
        let every_place = gateway.places.acquire_many(CONNECTIONS_MAX as u32);
        if tokio::time::timeout(STOP_WAIT_MAX, every_place).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
    }
}

impl ConnectionSink for Gateway {
    fn accept(&self, connection: std::net::TcpStream, function: Arn) {
        let gateway = self.clone();
        self.runtime.spawn(async move {
            let prepared = connection.set_nonblocking(true).and_then(|()| TcpStream::from_std(connection));
            match prepared {
                Ok(connection) => {
                    let peer = Peer { address: None, origin: Origin::Function(function) };
                    gateway.serve(connection, peer).await;
                }
                Err(error) => tracing::warn!(error = %error, "a sandbox's connection could not be served"),
            }
        });
    }
}
