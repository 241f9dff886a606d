//! How a server starts not, drains and stops.

use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use jobsieve_server::{Server, ServerSettings};

use crate::client::advert_request;
use crate::running::{LONG, SHORT, address, connect, serving, settings};

fn patient() -> ServerSettings {
    ServerSettings { body_timeout: LONG, header_timeout: LONG, ..settings() }
}

const ADVERT: &[u8] = br#"{"title":"chef"}"#;

#[test]
fn a_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let error = Server::start(ServerSettings { port, ..settings() }).expect_err("in use");
    let said = error.to_string();
    assert!(said.starts_with(&format!("cannot listen on 127.0.0.1:{port}: ")), "{said}");
    assert!(said.contains("The port is in use"), "{said}");
    assert!(error.raw_os_error().is_some());
}

#[test]
fn an_address_that_no_interface_has_is_named() {
    let host = "192.0.2.1".to_owned();
    let error = Server::start(ServerSettings { host, ..settings() }).expect_err("no interface");
    assert!(error.to_string().starts_with("cannot listen on 192.0.2.1:0: "), "{error}");
}

#[test]
fn a_drain_turns_readiness_off_and_answers_what_is_under_way() {
    let server = serving(ServerSettings { idle_grace: LONG, ..patient() });
    let mut busy = connect(&server);
    assert_eq!(busy.get("/readyz").status, 200);
    let mut halfway = connect(&server);
    let request = advert_request("", ADVERT);
    let (start, rest) = request.split_at(request.len() - 5);
    halfway.send(start);
    thread::scope(|scope| {
        let drained = scope.spawn(|| server.drain(LONG).expect("the same process"));
        // The port is closed once the drain has begun.
        while TcpStream::connect(address(&server)).is_ok() {
            thread::yield_now();
        }
        let answer = busy.get("/readyz");
        assert_eq!(answer.problem(), (503, "draining".to_owned()));
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(busy.is_closed());
        assert!(!drained.is_finished(), "a request is still under way");
        halfway.send(rest);
        let answer = halfway.answer();
        assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
        assert!(halfway.is_closed());
        assert!(drained.join().expect("no panic"));
    });
}

#[test]
fn a_drain_closes_connections_without_a_request() {
    let server = serving(ServerSettings { idle_grace: Duration::ZERO, ..patient() });
    let mut idle = connect(&server);
    assert_eq!(idle.get("/livez").status, 200);
    let mut silent = connect(&server);
    assert!(server.drain(LONG).expect("the same process"));
    assert!(idle.is_closed());
    assert!(silent.is_closed());
}

#[test]
fn a_drain_under_load_loses_no_request() {
    let server = serving(ServerSettings { idle_grace: LONG, ..settings() });
    thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| {
                let mut client = connect(&server);
                scope.spawn(move || {
                    // Ends only with an answer that tells to close, never with a lost one.
                    loop {
                        let answer = client.classify(ADVERT);
                        assert_eq!(answer.status, 200);
                        if answer.header("connection") == Some("close") {
                            break;
                        }
                    }
                })
            })
            .collect();
        while server.stats().expect("the same process").requests < 100 {
            thread::yield_now();
        }
        assert!(server.drain(LONG).expect("the same process"));
        for client in clients {
            client.join().expect("no lost request");
        }
    });
}

#[test]
fn a_drain_cuts_what_does_not_end_in_time() {
    let server = serving(patient());
    let mut stuck = connect(&server);
    stuck.send(&advert_request("", ADVERT)[..60]);
    let mut probe = connect(&server);
    assert_eq!(probe.get("/livez").status, 200);
    assert!(!server.drain(SHORT).expect("the same process"));
    assert!(stuck.is_closed());
    assert!(server.drain(LONG).expect("the same process"), "all has ended by now");
}

#[test]
fn an_idle_server_drains_at_once_and_frees_its_port() {
    let server = serving(settings());
    let port = address(&server).port();
    assert!(server.drain(LONG).expect("the same process"));
    drop(server);
    let again = serving(ServerSettings { port, ..settings() });
    assert_eq!(address(&again).port(), port);
}

#[test]
fn dropping_a_server_stops_it() {
    let server = serving(settings());
    let address = address(&server);
    let mut client = connect(&server);
    assert_eq!(client.get("/livez").status, 200);
    drop(server);
    assert!(client.is_closed());
    assert!(TcpStream::connect_timeout(&address, Duration::from_secs(5)).is_err());
}
