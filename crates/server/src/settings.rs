//! What a server is started with, and why it does not start.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

/// What a server is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// Name or address to listen on; `0.0.0.0` or `::` for all.
    pub host: String,
    /// Port to listen on; 0 lets the system choose one.
    pub port: u16,
    /// Greater bodies are answered 413.
    pub max_body_bytes: usize,
    /// How long a connection may be without a whole request head: the time to send one, and the time
    /// that an idle keep-alive connection is kept.
    pub header_timeout: Duration,
    /// How long the body of a request may take to arrive, and how long the client may refuse to
    /// take an answer.
    pub body_timeout: Duration,
    /// Connections beyond it get one answer each: the probes theirs, all else 503. From 64
    /// beyond it on, new connections wait in the system's queue.
    pub max_connections: usize,
    /// When a drain begins, how long connections without a request stay open. Their clients may be
    /// about to send one, and then get an answer that tells them to close.
    pub idle_grace: Duration,
    /// Threads that serve connections; one per available core where `None`.
    pub workers: Option<NonZeroUsize>,
    /// Whether every request is logged as a line of JSON on standard output.
    pub access_log: bool,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8000,
            max_body_bytes: 1024 * 1024,
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(10),
            max_connections: 1024,
            idle_grace: Duration::from_millis(250),
            workers: None,
            access_log: true,
        }
    }
}

impl ServerSettings {
    pub(crate) fn worker_count(&self) -> usize {
        let available = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.workers.map_or_else(available, NonZeroUsize::get)
    }
}

/// Why a server does not start. Its text names what was tried, the system's reason and what to do.
#[derive(Debug)]
pub struct StartError {
    action: String,
    source: io::Error,
}

impl StartError {
    pub(crate) fn listening(host: &str, port: u16, source: io::Error) -> Self {
        let at =
            if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        Self { action: format!("listen on {at}"), source }
    }

    pub(crate) fn starting(part: &str, source: io::Error) -> Self {
        Self { action: format!("start {part}"), source }
    }

    /// The system's number of the error.
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        self.source.raw_os_error()
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = match self.source.kind() {
            io::ErrorKind::AddrInUse => {
                ". The port is in use: stop the process that listens there, or choose another port"
            }
            io::ErrorKind::AddrNotAvailable => {
                ". No interface of this machine has that address: use one that has, or 0.0.0.0 for all"
            }
            io::ErrorKind::PermissionDenied => {
                ". Ports below 1024 need a privilege: choose a higher port"
            }
            _ => "",
        };
        write!(f, "cannot {}: {}{advice}", self.action, self.source)
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
