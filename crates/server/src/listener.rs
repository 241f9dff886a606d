//! Binds the address, accepts connections and gives each to the worker that has the fewest. Reads
//! no byte of them. One thread, so that a busy worker never delays an accept.

use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::settings::StartError;
use crate::worker::{Shared, WorkerHandle};

/// Connections that the system may hold until they are accepted.
const BACKLOG: u32 = 1024;
/// How many connections beyond the limit are accepted, to be answered 503 or as a probe.
pub(crate) const BEYOND_LIMIT: usize = 64;
/// Rest after the system refused to hand out a connection, for want of file descriptors say.
const REST_AFTER_ERROR: Duration = Duration::from_millis(100);

/// Binds the first address of `host` that can be bound. Needs a runtime around it.
pub(crate) fn bind(host: &str, port: u16) -> Result<TcpListener, StartError> {
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

/// Accepts until `stop` resolves or its sender is gone. Connections that clients believe established
/// by then are still handed on; returning lets the workers know that no more will come.
pub(crate) async fn accept(
    listener: TcpListener,
    workers: Vec<WorkerHandle>,
    shared: Arc<Shared>,
    mut stop: oneshot::Receiver<()>,
) {
    let mut turn = 0;
    let mut hand_on = |stream: TcpStream, client: SocketAddr| {
        turn += 1;
        let open = shared.connections_open();
        let beyond_limit = open >= shared.settings.max_connections;
        let count = workers.len();
        let fewest = (0..count)
            .map(|index| (turn + index) % count)
            .min_by_key(|&index| workers[index].connections_open());
        if let Some(index) = fewest {
            workers[index].give(stream, client, beyond_limit);
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
            accepted = accepted => match accepted.and_then(|(stream, client)| {
                stream.set_nodelay(true)?;
                Ok((stream.into_std()?, client))
            }) {
                Ok((stream, client)) => hand_on(stream, client),
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
    // Closing the listener would reset what waits in its queue.
    if let Ok(listener) = listener.into_std() {
        while let Ok((stream, client)) = listener.accept() {
            if stream.set_nodelay(true).and_then(|()| stream.set_nonblocking(true)).is_ok() {
                hand_on(stream, client);
            }
        }
    }
}

/// The client was gone before its connection was accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, InvalidInput, NotConnected};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | InvalidInput | NotConnected)
}
