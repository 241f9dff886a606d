//! What a server is started with, and why it does not start.

use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error as _};

/// What a server is started with.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    /// Name or address to listen on; `0.0.0.0` or `::` for all.
    pub host: String,
    /// Port to listen on; 0 lets the system choose one.
    pub port: u16,
    /// A path to listen on instead of host and port.
    pub unix_socket: Option<PathBuf>,
    /// Certificate and key; connections are then encrypted.
    pub tls: Option<TlsFiles>,
    /// Greater bodies, and lines of a batch, are refused; also by what they are once decompressed.
    pub max_body_bytes: usize,
    /// How long a connection may be without a whole request head: the time to send one, and the time
    /// that an idle keep-alive connection is kept.
    #[serde(deserialize_with = "seconds")]
    pub header_timeout: Duration,
    /// How long the body of a request, or the next line of a batch, may take to arrive, and how long
    /// the client may refuse to take an answer.
    #[serde(deserialize_with = "seconds")]
    pub body_timeout: Duration,
    /// Connections beyond it get one answer each: the probes theirs, all else 503. From 64
    /// beyond it on, new connections wait in the system's queue.
    pub max_connections: usize,
    /// Requests beyond it are answered 503, but for the probes.
    pub max_in_flight: usize,
    /// When a drain begins, how long connections without a request stay open. Their clients may be
    /// about to send one, and then get an answer that tells them to close.
    #[serde(deserialize_with = "seconds")]
    pub idle_grace: Duration,
    /// Threads that serve connections; one per available core where `None`.
    #[serde(deserialize_with = "count")]
    pub workers: Option<NonZeroUsize>,
    /// Whether every request is logged as a line of JSON on standard output.
    pub access_log: bool,
    /// The share of answers, from 0 to 1, that are logged with the rules that decided.
    pub decision_share: f64,
    /// How many categories get a counter of their own.
    pub counted_categories: usize,
    /// Who may classify; all where empty.
    pub classify_tokens: Vec<String>,
    /// Who may also see explanations, the rule set's state and metrics; where empty, those who may
    /// classify.
    pub inspect_tokens: Vec<String>,
}

/// Where the certificate chain and its private key lie, both as PEM.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The server's certificate, then those that lead to its root.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 8000,
            unix_socket: None,
            tls: None,
            max_body_bytes: 1024 * 1024,
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(10),
            max_connections: 1024,
            max_in_flight: 512,
            idle_grace: Duration::from_millis(250),
            workers: None,
            access_log: true,
            decision_share: 0.0,
            counted_categories: 1000,
            classify_tokens: Vec::new(),
            inspect_tokens: Vec::new(),
        }
    }
}

impl fmt::Debug for ServerSettings {
    /// Without the tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("unix_socket", &self.unix_socket)
            .finish_non_exhaustive()
    }
}

impl ServerSettings {
    /// From a JSON object with these names; times are seconds, `workers` 0 is one per core, and what is not
    /// given has its default.
    ///
    /// # Errors
    /// A sentence that names the key at fault.
    pub fn from_json(json: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(json).map_err(|error| error.to_string())
    }

    pub(crate) fn worker_count(&self) -> usize {
        let available = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.workers.map_or_else(available, NonZeroUsize::get)
    }
}

fn seconds<'a, D: Deserializer<'a>>(json: D) -> Result<Duration, D::Error> {
    Duration::try_from_secs_f64(f64::deserialize(json)?).map_err(D::Error::custom)
}

/// 0 is none.
fn count<'a, D: Deserializer<'a>>(json: D) -> Result<Option<NonZeroUsize>, D::Error> {
    Ok(NonZeroUsize::new(usize::deserialize(json)?))
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

    pub(crate) fn listening_at(path: &Path, source: io::Error) -> Self {
        Self { action: format!("listen on the Unix socket {}", path.display()), source }
    }

    pub(crate) fn starting(part: &str, source: io::Error) -> Self {
        Self { action: format!("start {part}"), source }
    }

    pub(crate) fn reading(what: &str, path: &Path, source: io::Error) -> Self {
        Self { action: format!("read {what} {}", path.display()), source }
    }

    /// The system's number of the error.
    #[must_use]
    pub fn raw_os_error(&self) -> Option<i32> {
        self.source.raw_os_error()
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listens = self.action.starts_with("listen on");
        let on_path = self.action.starts_with("listen on the Unix socket");
        let advice = match self.source.kind() {
            io::ErrorKind::AddrInUse if on_path => {
                ". A process listens there: stop it, or choose another path"
            }
            io::ErrorKind::AlreadyExists if on_path => {
                ". It is no socket: choose another path, or remove the file"
            }
            io::ErrorKind::AddrInUse => {
                ". The port is in use: stop the process that listens there, or choose another port"
            }
            io::ErrorKind::AddrNotAvailable => {
                ". No interface of this machine has that address: use one that has, or 0.0.0.0 for all"
            }
            io::ErrorKind::PermissionDenied if listens && !on_path => {
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
