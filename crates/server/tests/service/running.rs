//! Servers to test, and the rules that they answer from.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jobsieve_engine::engine::{RuleSet, Settings, Source, compile};
use jobsieve_server::{Server, ServerSettings, Status};

use crate::client::Client;

pub const RULES: &str = r#"
rule "chefs": when "chef" then add category "catering/chefs" score 1.5, add category "catering";
rule "lead": when title "head chef" then add category "catering" score 1;
"#;

/// Settings for a test: any port, two workers, no log.
pub fn settings() -> ServerSettings {
    ServerSettings {
        port: 0,
        workers: std::num::NonZeroUsize::new(2),
        access_log: false,
        max_body_bytes: 256 * 1024,
        ..ServerSettings::default()
    }
}

/// A server without rules.
pub fn start(settings: ServerSettings) -> Server {
    Server::start(settings).expect("a server")
}

/// A server that answers by [`RULES`].
pub fn serving(settings: ServerSettings) -> Server {
    let server = start(settings);
    publish(&server, RULES, Some(7));
    server
}

pub fn publish(server: &Server, rules: &str, version: Option<i64>) {
    let document = format!("{{\"version\":{}}}", version.unwrap_or_default());
    server.publish(ruleset(rules), version, status(&document)).expect("the same process");
}

pub fn ruleset(rules: &str) -> Arc<RuleSet> {
    let source = Source { name: "test.rules".into(), text: rules.into() };
    let compiled = compile(&[source], &Settings::default());
    Arc::new(compiled.ruleset.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics)))
}

/// What the control plane tells of itself.
pub fn status(document: &str) -> Status {
    Status { document: document.to_owned().into(), metrics: "from_python 1\n".into() }
}

pub fn address(server: &Server) -> SocketAddr {
    server.address().expect("a port")
}

pub fn connect(server: &Server) -> Client {
    Client::connect(address(server))
}

/// Short enough for a test to wait for, long enough for a loaded machine to do its part before.
pub const SHORT: Duration = Duration::from_secs(1);

/// Longer than any test: a limit that plays no part.
pub const LONG: Duration = Duration::from_secs(60);
