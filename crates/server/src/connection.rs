//! Serves one connection: opens it (TLS, the version of HTTP), hands its requests to
//! [`http`](crate::http), and closes it when it is idle, cut or told to.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;

use crate::http;
use crate::settings::ServerSettings;
use crate::stream::{Arrival, Stream, Version};
use crate::worker::Connection;

/// A request head and the part of a body that is read at once, while other clients wait; a longer head is
/// answered 431.
const READ_AHEAD: usize = 16 * 1024;
/// Requests of one HTTP/2 connection that may be under way at once.
const STREAMS: u32 = 100;

/// How connections are served, by version of HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Protocols {
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl Protocols {
    pub(crate) fn new(settings: &ServerSettings) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            .header_read_timeout(settings.header_timeout)
            .max_buf_size(READ_AHEAD);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(READ_AHEAD as u32)
            .keep_alive_interval(settings.header_timeout)
            .keep_alive_timeout(settings.header_timeout);
        Self { http1, http2 }
    }

    /// Serves one connection to its end; after `close` only the requests under way, if any.
    pub(crate) async fn serve(
        self,
        arrival: Arrival,
        connection: Connection,
        mut close: watch::Receiver<bool>,
    ) {
        let limit = connection.shared.settings.header_timeout;
        let acceptor = connection.shared.tls.load_full();
        // What ends a connection early is the client's doing, or a limit that it exceeded.
        match (arrival, acceptor) {
            (Arrival::Tcp(stream, _), Some(acceptor)) => {
                let Ok(stream) = tokio::net::TcpStream::from_std(stream) else { return };
                let accepted = opened(acceptor.accept(stream), limit, &mut close).await;
                let Some(stream) = accepted else { return };
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                let version = if is_http2 { Version::Http2 } else { Version::Http1 };
                self.serve_stream(version, stream, connection, close).await;
            }
            (Arrival::Tcp(stream, _), None) => {
                let Ok(stream) = tokio::net::TcpStream::from_std(stream) else { return };
                let version = opened(Version::of_tcp(&stream), limit, &mut close).await;
                let Some(version) = version else { return };
                self.serve_stream(version, stream, connection, close).await;
            }
            // Who may open a Unix socket is on this machine; there is nothing to encrypt.
            (Arrival::Unix(stream), _) => {
                let Ok(stream) = tokio::net::UnixStream::from_std(stream) else { return };
                let version = opened(Version::of_unix(&stream), limit, &mut close).await;
                let Some(version) = version else { return };
                self.serve_stream(version, stream, connection, close).await;
            }
        }
    }

    async fn serve_stream(
        self,
        version: Version,
        stream: impl Stream,
        connection: Connection,
        close: watch::Receiver<bool>,
    ) {
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(connection.shared.settings.body_timeout));
        let stream = TokioIo::new(Box::pin(stream));
        match version {
            Version::Http1 => serve_http1(&self.http1, stream, connection, close).await,
            Version::Http2 => serve_http2(&self.http2, stream, connection, close).await,
        }
    }
}

type Io<S> = TokioIo<std::pin::Pin<Box<TimeoutStream<S>>>>;

async fn serve_http1(
    http: &http1::Builder,
    stream: Io<impl Stream>,
    connection: Connection,
    mut close: watch::Receiver<bool>,
) {
    let connection = Arc::new(connection);
    let service = service_fn(move |request| {
        let connection = connection.clone();
        async move { Ok::<_, Infallible>(http::answer(&connection, request).await) }
    });
    let mut serving = pin!(http.serve_connection(stream, service));
    tokio::select! {
        biased;
        _ = serving.as_mut() => return,
        _ = close.wait_for(|&close| close) => {}
    }
    serving.as_mut().graceful_shutdown();
    let _ = serving.await;
}

async fn serve_http2(
    http: &http2::Builder<TokioExecutor>,
    stream: Io<impl Stream>,
    connection: Connection,
    mut close: watch::Receiver<bool>,
) {
    let idle_limit = if connection.beyond_limit {
        Duration::from_secs(1)
    } else {
        connection.shared.settings.header_timeout
    };
    let connection = Arc::new(connection);
    // Requests ever begun, and those whose answer has not begun.
    let begun = Arc::new(AtomicUsize::new(0));
    let service = service_fn({
        let begun = begun.clone();
        let connection = connection.clone();
        move |request| {
            begun.fetch_add(1, Ordering::Relaxed);
            let connection = connection.clone();
            async move { Ok::<_, Infallible>(http::answer(&connection, request).await) }
        }
    });
    let mut serving = pin!(http.serve_connection(stream, service));
    // A visit holds the connection to its end: of none, two are left, this one and the service's.
    let is_idle = || Arc::strong_count(&connection) <= 2;
    let mut seen = 0;
    loop {
        tokio::select! {
            biased;
            _ = serving.as_mut() => return,
            _ = close.wait_for(|&close| close) => break,
            () = sleep(idle_limit) => {
                let now = begun.load(Ordering::Relaxed);
                if now == seen && is_idle() {
                    break;
                }
                seen = now;
            }
        }
    }
    serving.as_mut().graceful_shutdown();
    // A client that neither ends nor sends is cut.
    let rest = async {
        while !is_idle() {
            sleep(Duration::from_millis(50)).await;
        }
        sleep(idle_limit).await;
    };
    tokio::select! {
        _ = serving.as_mut() => {}
        () = rest => {}
    }
}

/// What `opening` gives; nothing where it fails, takes longer than `limit`, or the server is to close.
async fn opened<T, E>(
    opening: impl Future<Output = Result<T, E>>,
    limit: Duration,
    close: &mut watch::Receiver<bool>,
) -> Option<T> {
    tokio::select! {
        biased;
        opened = timeout(limit, opening) => opened.ok()?.ok(),
        _ = close.wait_for(|&close| close) => None,
    }
}
