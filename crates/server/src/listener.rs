//! Binds the address, accepts connections and gives each to the worker that has the fewest. Reads
//! no byte of them. One thread, so that a busy worker never delays an accept.

use std::fs;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, UnixListener};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::settings::{ServerSettings, StartError};
use crate::stream::Arrival;
use crate::worker::{Shared, WorkerHandle};

/// Connections that the system may hold until they are accepted.
const BACKLOG: u32 = 1024;
/// How many connections beyond the limit are accepted, to be answered 503 or as a probe.
pub(crate) const BEYOND_LIMIT: usize = 64;
/// Rest after the system refused to hand out a connection, for want of file descriptors say.
const REST_AFTER_ERROR: Duration = Duration::from_millis(100);
/// Who may connect to a Unix socket: its user and its group, to which a proxy can be added.
const SOCKET_MODE: u32 = 0o660;

/// A place where connections arrive.
pub(crate) enum Listener {
    Tcp(TcpListener),
    /// The file is removed with the listener, unless another process has put its own there.
    Unix(UnixListener, SocketFile),
}

/// The file of a Unix socket, known by its number.
pub(crate) struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if fs::metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Listener {
    /// Binds what the settings name. Needs a runtime around it.
    pub(crate) fn bind(settings: &ServerSettings) -> Result<Self, StartError> {
        match &settings.unix_socket {
            Some(path) => bind_unix(path).map_err(|error| StartError::listening_at(path, error)),
            None => bind_tcp(&settings.host, settings.port).map(Self::Tcp),
        }
    }

    /// The bound address; `None` for a Unix socket.
    pub(crate) fn address(&self) -> io::Result<Option<SocketAddr>> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Some),
            Self::Unix(..) => Ok(None),
        }
    }

    async fn accept(&self) -> io::Result<Arrival> {
        match self {
            Self::Tcp(listener) => {
                let (stream, client) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Arrival::Tcp(stream.into_std()?, client.ip()))
            }
            Self::Unix(listener, _) => Ok(Arrival::Unix(listener.accept().await?.0.into_std()?)),
        }
    }

    /// The connections that clients believe established: closing the listener would reset them.
    fn into_waiting(self) -> Vec<Arrival> {
        let mut waiting = Vec::new();
        match self {
            Self::Tcp(listener) => {
                let Ok(listener) = listener.into_std() else { return waiting };
                while let Ok((stream, client)) = listener.accept() {
                    if stream.set_nodelay(true).and_then(|()| stream.set_nonblocking(true)).is_ok()
                    {
                        waiting.push(Arrival::Tcp(stream, client.ip()));
                    }
                }
            }
            Self::Unix(listener, _file) => {
                let Ok(listener) = listener.into_std() else { return waiting };
                while let Ok((stream, _)) = listener.accept() {
                    if stream.set_nonblocking(true).is_ok() {
                        waiting.push(Arrival::Unix(stream));
                    }
                }
            }
        }
        waiting
    }
}

/// Binds the first address of `host` that can be bound.
fn bind_tcp(host: &str, port: u16) -> Result<TcpListener, StartError> {
    let failed = |error| StartError::listening(host, port, error);
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let name = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    for address in (name, port).to_socket_addrs().map_err(failed)? {
        match listen(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(failed(last))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart may bind again while connections of the former process linger in the system.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// A file that a former process left there is replaced; one where somebody listens is not.
fn bind_unix(path: &Path) -> io::Result<Listener> {
    if let Ok(found) = fs::symlink_metadata(path) {
        if !found.file_type().is_socket() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a file is there already"));
        }
        match std::os::unix::net::UnixStream::connect(path) {
            Ok(_) => return Err(io::ErrorKind::AddrInUse.into()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                fs::remove_file(path)?;
            }
            Err(error) => return Err(error),
        }
    }
    let listener = UnixListener::bind(path)?;
    let file = SocketFile { path: path.to_owned(), inode: fs::metadata(path)?.ino() };
    fs::set_permissions(path, fs::Permissions::from_mode(SOCKET_MODE))?;
    Ok(Listener::Unix(listener, file))
}

/// Accepts until `stop` resolves or its sender is gone. Connections that clients believe established
/// by then are still handed on; returning lets the workers know that no more will come.
pub(crate) async fn accept(
    listener: Listener,
    workers: Vec<WorkerHandle>,
    shared: Arc<Shared>,
    mut stop: oneshot::Receiver<()>,
) {
    let mut turn = 0;
    let mut hand_on = |arrival: Arrival| {
        turn += 1;
        let open = shared.connections_open();
        let beyond_limit = open >= shared.settings.max_connections;
        let count = workers.len();
        let fewest = (0..count)
            .map(|index| (turn + index) % count)
            .min_by_key(|&index| workers[index].connections_open());
        if let Some(index) = fewest {
            workers[index].give(arrival, beyond_limit);
        }
    };
    let most = shared.settings.max_connections.saturating_add(BEYOND_LIMIT);
    loop {
        let accepted = async {
            while shared.connections_open() >= most {
                shared.connection_ended.notified().await;
            }
            listener.accept().await
        };
        tokio::select! {
            accepted = accepted => match accepted {
                Ok(arrival) => hand_on(arrival),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    let fields = serde_json::json!({ "reason": error.to_string() });
                    shared.log.event("error", "accept_failed", fields);
                    tokio::select! {
                        () = sleep(REST_AFTER_ERROR) => {}
                        _ = &mut stop => break,
                    }
                }
            },
            _ = &mut stop => break,
        }
    }
    listener.into_waiting().into_iter().for_each(hand_on);
}

/// The client was gone before its connection was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, InvalidInput, NotConnected};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | InvalidInput | NotConnected)
}
