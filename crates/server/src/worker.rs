//! A thread with an event loop of its own that serves the connections it is given, from their first
//! request to their last. Workers share nothing that is written per request.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc as blocking;
use std::thread;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::runtime::Builder;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;

use crate::access_log::Log;
use crate::http;
use crate::published::Published;
use crate::settings::ServerSettings;

/// A request head and the part of a body that is read ahead; a longer head is answered 431.
const READ_AHEAD: usize = 64 * 1024;
/// Adverts of unusual size are classified on threads beside the event loop; so many a worker.
const SIDE_THREADS: usize = 2;

/// What all threads of a server see.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Begins the names of requests; another at each start.
    pub(crate) name: String,
    pub(crate) settings: ServerSettings,
    pub(crate) published: Published,
    pub(crate) log: Log,
    /// Set once, when a drain begins.
    pub(crate) draining: AtomicBool,
    pub(crate) connection_ended: Notify,
    pub(crate) counters: Vec<Arc<Counters>>,
}

/// What one worker counts, in cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Counters {
    /// The worker's number.
    pub(crate) worker: usize,
    pub(crate) requests: AtomicU64,
    connections: AtomicUsize,
}

impl Counters {
    pub(crate) fn of(worker: usize) -> Self {
        Self { worker, ..Self::default() }
    }
}

impl Shared {
    pub(crate) fn connections_open(&self) -> usize {
        self.counters.iter().map(|of| of.connections.load(Ordering::Relaxed)).sum()
    }

    pub(crate) fn requests(&self) -> u64 {
        self.counters.iter().map(|of| of.requests.load(Ordering::Relaxed)).sum()
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

/// What the handler knows of the connection that a request came by.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) shared: Arc<Shared>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) client: SocketAddr,
    /// It came when as many connections as are allowed were open.
    pub(crate) beyond_limit: bool,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.counters.connections.fetch_sub(1, Ordering::Relaxed);
        self.shared.connection_ended.notify_one();
    }
}

/// The way to a worker. The worker ends by itself once its handle is gone and its connections have
/// ended.
#[derive(Debug)]
pub(crate) struct WorkerHandle {
    arrivals: mpsc::UnboundedSender<(TcpStream, Connection)>,
    shared: Arc<Shared>,
    counters: Arc<Counters>,
}

impl WorkerHandle {
    /// Starts worker `number`. When the sender of `cut` is gone it drops its connections and ends; `done` is
    /// dropped when it has ended.
    pub(crate) fn start(
        shared: Arc<Shared>,
        number: usize,
        cut: watch::Receiver<()>,
        done: blocking::Sender<Infallible>,
    ) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .thread_name("jobsieve-side")
            .max_blocking_threads(SIDE_THREADS)
            .build()?;
        let counters = shared.counters[number].clone();
        let (arrivals, arriving) = mpsc::unbounded_channel();
        let settings = shared.settings.clone();
        thread::Builder::new().name(format!("jobsieve-http-{number}")).spawn(move || {
            runtime.block_on(run(arriving, &settings, cut));
            runtime.shutdown_background();
            drop(done);
        })?;
        Ok(Self { arrivals, shared, counters })
    }

    pub(crate) fn connections_open(&self) -> usize {
        self.counters.connections.load(Ordering::Relaxed)
    }

    /// Gives it a connection to serve. `stream` must not block.
    pub(crate) fn give(&self, stream: TcpStream, client: SocketAddr, beyond_limit: bool) {
        self.counters.connections.fetch_add(1, Ordering::Relaxed);
        let (shared, counters) = (self.shared.clone(), self.counters.clone());
        let connection = Connection { shared, counters, client, beyond_limit };
        // A worker that was told to end takes no more; the connection then closes here.
        let _ = self.arrivals.send((stream, connection));
    }
}

async fn run(
    mut arriving: mpsc::UnboundedReceiver<(TcpStream, Connection)>,
    settings: &ServerSettings,
    mut cut: watch::Receiver<()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .max_buf_size(READ_AHEAD);
    let close = watch::Sender::new(false);
    let serving = async {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                arrival = arriving.recv() => match arrival {
                    Some((stream, connection)) => {
                        let serve = serve(http.clone(), stream, connection, close.subscribe());
                        connections.spawn(serve);
                    }
                    None => break,
                },
                Some(_) = connections.join_next() => {}
            }
        }
        let all_ended = async { while connections.join_next().await.is_some() {} };
        if timeout(settings.idle_grace, all_ended).await.is_err() {
            close.send_replace(true);
            while connections.join_next().await.is_some() {}
        }
    };
    tokio::select! {
        () = serving => {}
        _ = cut.changed() => {}
    }
}

/// Serves one connection to its end; after `close` only the request under way, if any.
async fn serve(
    http: http1::Builder,
    stream: TcpStream,
    connection: Connection,
    mut close: watch::Receiver<bool>,
) {
    let Ok(stream) = tokio::net::TcpStream::from_std(stream) else { return };
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(connection.shared.settings.body_timeout));
    let connection = Arc::new(connection);
    let service = service_fn(move |request| {
        let connection = connection.clone();
        async move { Ok::<_, Infallible>(http::answer(&connection, request).await) }
    });
    let mut serving = pin!(http.serve_connection(TokioIo::new(Box::pin(stream)), service));
    // What ends a connection early is the client's doing, or a limit that it exceeded.
    tokio::select! {
        biased;
        _ = serving.as_mut() => return,
        _ = close.wait_for(|&close| close) => {}
    }
    serving.as_mut().graceful_shutdown();
    let _ = serving.await;
}
