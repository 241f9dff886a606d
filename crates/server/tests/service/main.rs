//! The server over real sockets: what each route answers, what its limits refuse, how it ends.

mod batch;
mod client;
mod connections;
mod encodings;
mod ending;
mod limits;
mod logging;
mod metrics;
mod protocols;
mod rights;
mod routes;
mod running;
