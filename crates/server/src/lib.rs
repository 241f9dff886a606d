//! The data plane: an HTTP/1.1 server that answers from an immutable rule set behind one pointer.
//!
//! [`Server`] is all that the control plane touches: it starts, publishes rule sets, drains. One
//! thread accepts connections (`listener`), worker threads serve them (`worker`, `http`), each with
//! an event loop of its own, and one thread owns standard output (`access_log`). A request runs from
//! its first byte to its last on one thread and waits for no other; only an advert of unusual size is
//! classified beside it. Knows no Python and no store, and installs no signal handler.
//!
//! A request that breaks the rules of HTTP itself (a malformed head, one beyond 64 KiB) is answered
//! by the HTTP library: 400 or 431 without a body, and the connection is closed.

mod access_log;
mod answer;
mod http;
mod limits;
mod listener;
mod problem;
mod published;
mod server;
mod settings;
mod worker;

pub use server::{Server, Stats, UsedAfterFork};
pub use settings::{ServerSettings, StartError};
