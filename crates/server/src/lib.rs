//! The data plane: an HTTP server that answers from an immutable rule set behind one pointer.
//!
//! [`Server`] is all that the control plane touches: it starts, publishes rule sets, drains. One
//! thread accepts connections (`listener`), worker threads serve them (`worker`, `connection`), each with
//! an event loop of its own, and one thread owns standard output (`access_log`). A request (`http`) runs
//! from its first byte to its last on one thread and waits for no other; only adverts of unusual size,
//! explanations and batches are worked on beside it. Knows no Python and no store, and installs no signal
//! handler.
//!
//! A request that breaks the rules of HTTP itself (a malformed head, one beyond 16 KiB) is answered
//! by the HTTP library: 400 or 431 without a body, and the connection is closed.

mod access_log;
mod answer;
mod batch;
mod body;
mod connection;
mod content;
mod counters;
mod decision;
mod http;
mod limits;
mod listener;
mod metrics;
mod openapi;
mod problem;
mod published;
mod rights;
mod routes;
mod server;
mod settings;
mod stream;
mod tls;
mod visit;
mod worker;

pub use published::Status;
pub use server::{Server, Stats, UsedAfterFork};
pub use settings::{ServerSettings, StartError, TlsFiles};
