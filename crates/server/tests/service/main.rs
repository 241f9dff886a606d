//! The server over real sockets: what each route answers, what its limits refuse, how it ends.

mod client;
mod connections;
mod ending;
mod limits;
mod logging;
mod routes;
mod running;
