//! The server as the control plane sees it: started, told what to answer from, drained. Waits for
//! nothing but a drain.

use std::convert::Infallible;
use std::fmt;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};
use jobsieve_engine::engine::RuleSet;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::access_log::Log;
use crate::counters::Counters;
use crate::decision::Sample;
use crate::listener::{self, Listener};
use crate::metrics::CategorySlots;
use crate::published::{Published, Status};
use crate::rights::Rights;
use crate::settings::{ServerSettings, StartError};
use crate::tls;
use crate::worker::{Probe, Shared, WorkerHandle};

/// How long a server that is dropped without a drain waits for its threads.
const DROP_DEADLINE: Duration = Duration::from_secs(1);

/// A running server. Dropping it cuts its connections; see [`Server::drain`] for the gentle way.
#[derive(Debug)]
pub struct Server {
    /// The process that started it: no other has its threads.
    process: u32,
    address: Option<SocketAddr>,
    shared: Arc<Shared>,
    /// One way to each worker.
    probes: Vec<mpsc::UnboundedSender<Probe>>,
    stopping: Mutex<Stopping>,
}

#[derive(Debug)]
struct Stopping {
    /// Tells the listener to stop by being dropped.
    stop: Option<oneshot::Sender<()>>,
    /// Tells the workers to drop their connections by being dropped.
    cut: Option<watch::Sender<()>>,
    /// Disconnected when the last thread has ended.
    ended: Receiver<Infallible>,
}

/// What a server has counted since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Requests whose head was read.
    pub requests: u64,
    /// Connections open now.
    pub connections: usize,
    /// Lines of the log that were dropped, because too many waited or the output failed.
    pub dropped_log_lines: u64,
}

/// The server was used in a process that was forked from the one that started it. Its threads are
/// not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedAfterFork {
    /// The process that started the server.
    pub started_by: u32,
}

impl fmt::Display for UsedAfterFork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "this server runs in process {}, not in this one, which was forked from it; start a server \
             after the fork",
            self.started_by
        )
    }
}

impl std::error::Error for UsedAfterFork {}

impl Server {
    /// Binds the address and begins to serve; the log goes to standard output. Until the first
    /// [`Server::publish`] adverts are answered 503.
    ///
    /// # Errors
    /// The address can't be bound, or the system refuses threads.
    pub fn start(settings: ServerSettings) -> Result<Self, StartError> {
        Self::start_with(settings, Log::to_stdout())
    }

    /// As [`Server::start`], with the log in a file or pipe of the caller's.
    ///
    /// # Errors
    /// As for [`Server::start`].
    pub fn start_with_log(settings: ServerSettings, output: File) -> Result<Self, StartError> {
        Self::start_with(settings, Log::start(Some(output)))
    }

    fn start_with(settings: ServerSettings, log: io::Result<Log>) -> Result<Self, StartError> {
        let log = log.map_err(|error| StartError::starting("the log's writer", error))?;
        let runtime = listener_runtime()
            .map_err(|error| StartError::starting("the listener's event loop", error))?;
        let rights = Rights::of(&settings);
        let tls = settings.tls.as_ref().map(tls::acceptor).transpose()?;
        let listener = {
            let _within = runtime.enter();
            Listener::bind(&settings)?
        };
        let address = listener
            .address()
            .map_err(|error| StartError::listening(&settings.host, settings.port, error))?;
        let workers = 0..settings.worker_count();
        let counters = workers.map(|worker| Counters::of(worker, settings.counted_categories));
        let shared = Arc::new(Shared {
            name: format!("{:08x}", RandomState::new().hash_one(process::id()) as u32),
            rights: ArcSwap::from_pointee(rights),
            tls: ArcSwapOption::from_pointee(tls),
            published: Published::default(),
            category_slots: CategorySlots::new(settings.counted_categories),
            sample: Sample::of(settings.decision_share),
            log,
            draining: AtomicBool::new(false),
            connection_ended: Notify::new(),
            counters: counters.map(Arc::new).collect(),
            settings,
        });
        let (cut, is_cut) = watch::channel(());
        let (done, ended) = channel();
        let workers: io::Result<Vec<_>> = (0..shared.counters.len())
            .map(|number| WorkerHandle::start(shared.clone(), number, is_cut.clone(), done.clone()))
            .collect();
        let workers = workers.map_err(|error| StartError::starting("a worker", error))?;
        let (workers, probes): (Vec<_>, Vec<_>) = workers.into_iter().unzip();
        let (stop, stopped) = oneshot::channel();
        let accepting = listener::accept(listener, workers, shared.clone(), stopped);
        thread::Builder::new()
            .name("jobsieve-accept".to_owned())
            .spawn(move || {
                runtime.block_on(accepting);
                drop(done);
            })
            .map_err(|error| StartError::starting("the listener", error))?;
        let stopping = Mutex::new(Stopping { stop: Some(stop), cut: Some(cut), ended });
        Ok(Self { process: process::id(), address, shared, probes, stopping })
    }

    /// The bound address, with the real port where 0 was asked for; `None` for a Unix socket.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// Answers all further requests by `ruleset`; `status` is what `GET /v1/ruleset` and `GET /metrics`
    /// tell of it. Requests see all three or none.
    ///
    /// # Errors
    /// [`UsedAfterFork`].
    pub fn publish(
        &self,
        ruleset: Arc<RuleSet>,
        version: Option<i64>,
        status: Status,
    ) -> Result<(), UsedAfterFork> {
        self.check_process()?;
        let slots = self.shared.category_slots.of(&ruleset);
        self.shared.published.publish(ruleset, version, slots, status);
        Ok(())
    }

    /// Replaces what is told of the rule set, and keeps it.
    ///
    /// # Errors
    /// [`UsedAfterFork`].
    pub fn set_status(&self, status: Status) -> Result<(), UsedAfterFork> {
        self.check_process()?;
        self.shared.published.set_status(status);
        Ok(())
    }

    /// Takes the tokens of `settings` into force, and reads their certificate and key again; all else is as
    /// it was at the start. Nothing changes where a file can't be used.
    ///
    /// # Errors
    /// The certificate or the key can't be used.
    pub fn renew(&self, settings: &ServerSettings) -> Result<(), StartError> {
        // Whether connections are encrypted does not change while it runs.
        if let (Some(files), Some(_)) = (&settings.tls, &*self.shared.tls.load()) {
            self.shared.tls.store(Some(Arc::new(tls::acceptor(files)?)));
        }
        self.shared.rights.store(Arc::new(Rights::of(settings)));
        Ok(())
    }

    /// Whether every worker classifies an advert within `deadline`.
    ///
    /// # Errors
    /// [`UsedAfterFork`].
    pub fn probe(&self, deadline: Duration) -> Result<bool, UsedAfterFork> {
        self.check_process()?;
        let until = Instant::now() + deadline;
        let (answered, answers) = channel();
        let asked = self.probes.iter().filter(|probe| probe.send(answered.clone()).is_ok()).count();
        let in_time = || answers.recv_timeout(until.saturating_duration_since(Instant::now()));
        Ok(asked == self.probes.len() && (0..asked).all(|_| in_time().is_ok()))
    }

    /// Hands one line to the writer of standard output; dropped and counted where its queue is full.
    ///
    /// # Errors
    /// [`UsedAfterFork`].
    pub fn log(&self, line: String) -> Result<(), UsedAfterFork> {
        self.check_process()?;
        self.shared.log.text(line);
        Ok(())
    }

    /// What it has counted since its start.
    ///
    /// # Errors
    /// [`UsedAfterFork`].
    pub fn stats(&self) -> Result<Stats, UsedAfterFork> {
        self.check_process()?;
        Ok(Stats {
            requests: self.shared.requests(),
            connections: self.shared.connections_open(),
            dropped_log_lines: self.shared.log.dropped(),
        })
    }

    /// Waits until the log's lines up to now are written, or lost because the output failed. False where
    /// they still wait after `deadline`, for a reader that stalls say.
    ///
    /// # Errors
    /// [`UsedAfterFork`].
    pub fn flush_log(&self, deadline: Duration) -> Result<bool, UsedAfterFork> {
        self.check_process()?;
        Ok(self.shared.log.flush(Instant::now() + deadline))
    }

    /// Ends the service: `/readyz` turns 503, the port is closed, requests under way are answered and
    /// their connections closed. False if that took longer than `deadline`; what was left is then cut.
    /// Draining again waits for what is still under way. The log goes on: see [`Server::flush_log`].
    ///
    /// # Errors
    /// [`UsedAfterFork`].
    pub fn drain(&self, deadline: Duration) -> Result<bool, UsedAfterFork> {
        self.check_process()?;
        let until = Instant::now() + deadline;
        self.shared.draining.store(true, Ordering::Relaxed);
        let mut stopping = self.stopping.lock().unwrap_or_else(PoisonError::into_inner);
        stopping.stop.take();
        let all_ended = stopping.wait(until);
        if !all_ended {
            stopping.cut.take();
        }
        Ok(all_ended)
    }

    fn check_process(&self) -> Result<(), UsedAfterFork> {
        if self.process == process::id() {
            Ok(())
        } else {
            Err(UsedAfterFork { started_by: self.process })
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let in_parent = self.check_process().is_ok();
        let stopping = self.stopping.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !in_parent {
            // Dropping them would wake threads that exist in the parent only, by locks that may have
            // been held at the moment of the fork.
            mem::forget((stopping.stop.take(), stopping.cut.take()));
            return;
        }
        stopping.stop.take();
        stopping.cut.take();
        stopping.wait(Instant::now() + DROP_DEADLINE);
    }
}

impl Stopping {
    /// Waits for the last thread; false where that takes longer than `until`.
    fn wait(&self, until: Instant) -> bool {
        let left = until.saturating_duration_since(Instant::now());
        matches!(self.ended.recv_timeout(left), Err(RecvTimeoutError::Disconnected))
    }
}

fn listener_runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_io().enable_time().build()
}
