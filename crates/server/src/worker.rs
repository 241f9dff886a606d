//! A thread with an event loop of its own that serves the connections it is given, from their first
//! request to their last. Workers share nothing that is written per request.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as blocking;
use std::thread;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::runtime::Builder;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::access_log::Log;
use crate::answer;
use crate::connection::Protocols;
use crate::counters::Counters;
use crate::decision::Sample;
use crate::metrics::CategorySlots;
use crate::published::Published;
use crate::rights::Rights;
use crate::settings::ServerSettings;
use crate::stream::Arrival;

/// Batches, explanations and adverts of unusual size are worked on beside the event loop, on so many
/// threads a worker.
const SIDE_THREADS: usize = 2;
/// Added to the priority number of those threads: short requests go first.
const SIDE_NICENESS: i32 = 5;

/// What all threads of a server see.
pub(crate) struct Shared {
    /// Begins the names of requests; another at each start.
    pub(crate) name: String,
    pub(crate) settings: ServerSettings,
    pub(crate) rights: ArcSwap<Rights>,
    pub(crate) tls: ArcSwapOption<TlsAcceptor>,
    pub(crate) published: Published,
    pub(crate) category_slots: CategorySlots,
    pub(crate) sample: Sample,
    pub(crate) log: Log,
    /// Set once, when a drain begins.
    pub(crate) draining: AtomicBool,
    pub(crate) connection_ended: Notify,
    pub(crate) counters: Vec<Arc<Counters>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("settings", &self.settings).finish_non_exhaustive()
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
    pub(crate) client: Option<IpAddr>,
    /// It came when as many connections as are allowed were open.
    pub(crate) beyond_limit: bool,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.counters.connections.fetch_sub(1, Ordering::Relaxed);
        self.shared.connection_ended.notify_one();
    }
}

/// A question whether a worker still works; answered after a classification.
pub(crate) type Probe = blocking::Sender<()>;

/// The way to a worker. The worker ends by itself once its handle is gone and its connections have
/// ended.
#[derive(Debug)]
pub(crate) struct WorkerHandle {
    arrivals: mpsc::UnboundedSender<(Arrival, Connection)>,
    shared: Arc<Shared>,
    counters: Arc<Counters>,
}

impl WorkerHandle {
    /// Starts worker `number`. When the sender of `cut` is gone it drops its connections and ends; `done` is
    /// dropped when it has ended. Gives back the way for probes too.
    pub(crate) fn start(
        shared: Arc<Shared>,
        number: usize,
        cut: watch::Receiver<()>,
        done: blocking::Sender<Infallible>,
    ) -> io::Result<(Self, mpsc::UnboundedSender<Probe>)> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .thread_name("jobsieve-side")
            .on_thread_start(lower_priority)
            .max_blocking_threads(SIDE_THREADS)
            .build()?;
        let counters = shared.counters[number].clone();
        let (arrivals, arriving) = mpsc::unbounded_channel();
        let (probes, asked) = mpsc::unbounded_channel();
        let worker = Worker { shared: shared.clone(), arriving, asked, cut };
        thread::Builder::new().name(format!("jobsieve-http-{number}")).spawn(move || {
            runtime.block_on(worker.run());
            runtime.shutdown_background();
            drop(done);
        })?;
        Ok((Self { arrivals, shared, counters }, probes))
    }

    pub(crate) fn connections_open(&self) -> usize {
        self.counters.connections.load(Ordering::Relaxed)
    }

    /// Gives it a connection to serve.
    pub(crate) fn give(&self, arrival: Arrival, beyond_limit: bool) {
        self.counters.connections.fetch_add(1, Ordering::Relaxed);
        self.counters.accepted.fetch_add(1, Ordering::Relaxed);
        let (shared, counters) = (self.shared.clone(), self.counters.clone());
        let connection = Connection { shared, counters, client: arrival.client(), beyond_limit };
        // A worker that was told to end takes no more; the connection then closes here.
        let _ = self.arrivals.send((arrival, connection));
    }
}

struct Worker {
    shared: Arc<Shared>,
    arriving: mpsc::UnboundedReceiver<(Arrival, Connection)>,
    asked: mpsc::UnboundedReceiver<Probe>,
    cut: watch::Receiver<()>,
}

impl Worker {
    async fn run(self) {
        let Self { shared, mut arriving, mut asked, mut cut } = self;
        let protocols = Protocols::new(&shared.settings);
        let close = watch::Sender::new(false);
        let serving = async {
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    arrival = arriving.recv() => match arrival {
                        Some((arrival, connection)) => {
                            let close = close.subscribe();
                            connections.spawn(protocols.clone().serve(arrival, connection, close));
                        }
                        None => break,
                    },
                    Some(probe) = asked.recv() => answer_probe(&shared, &probe),
                    Some(_) = connections.join_next() => {}
                }
            }
            let all_ended = async { while connections.join_next().await.is_some() {} };
            if timeout(shared.settings.idle_grace, all_ended).await.is_err() {
                close.send_replace(true);
                while connections.join_next().await.is_some() {}
            }
        };
        tokio::select! {
            () = serving => {}
            _ = cut.changed() => {}
        }
    }
}

/// Classifies an advert as a request would; without rules it is enough that the event loop turns.
fn answer_probe(shared: &Shared, probe: &Probe) {
    let works = match &shared.published.load().live {
        Some(live) => answer::probe(live),
        None => true,
    };
    if works {
        // Whoever asked may have stopped waiting.
        let _ = probe.send(());
    }
}

/// Of the calling thread. Where the system forbids it, batches compete with requests.
fn lower_priority() {
    let thread = rustix::thread::gettid();
    let _ = rustix::process::setpriority_process(Some(thread), SIDE_NICENESS);
}
