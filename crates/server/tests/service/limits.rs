//! What the server does not wait for and does not take in.

use jobsieve_server::ServerSettings;

use crate::client::advert_request;
use crate::running::{LONG, SHORT, connect, serving, settings};

fn limited() -> ServerSettings {
    ServerSettings { max_body_bytes: 1000, header_timeout: LONG, body_timeout: LONG, ..settings() }
}

#[test]
fn a_body_of_the_greatest_length_is_read_and_one_byte_more_is_not() {
    let server = serving(limited());
    let mut client = connect(&server);
    let advert = |length: usize| format!(r#"{{"title":"{}"}}"#, "x".repeat(length - 12));
    assert_eq!(client.classify(advert(1000)).status, 200);
    assert_eq!(client.classify(advert(1001)).problem(), (413, "body-too-large".to_owned()));
}

#[test]
fn a_huge_body_is_refused_before_it_is_sent() {
    let server = serving(limited());
    let mut client = connect(&server);
    client.send("POST /v1/classify HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999999\r\n\r\n{");
    assert_eq!(client.answer().problem().0, 413);
}

#[test]
fn a_client_that_sends_all_before_it_reads_sees_the_refusal() {
    let server = serving(limited());
    let block = vec![b'x'; 1 << 20];
    let mut client = connect(&server);
    client.send(format!(
        "POST /v1/classify HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n",
        32 << 20
    ));
    for _ in 0..32 {
        client.send(&block);
    }
    assert_eq!(client.answer().problem().0, 413);
    assert!(client.is_closed());

    let mut client = connect(&server);
    client.send("POST /v1/classify HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..32 {
        client.send(b"100000\r\n");
        client.send(&block);
        client.send(b"\r\n");
    }
    client.send(b"0\r\n\r\n");
    assert_eq!(client.answer().problem().0, 413);
}

#[test]
fn a_body_in_pieces_is_one_body() {
    let server = serving(limited());
    let mut client = connect(&server);
    client.send("POST /v1/classify HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    for piece in [r#"{"title":"#, r#""ch"#, r#"ef"}"#] {
        client.send(format!("{:x}\r\n{piece}\r\n", piece.len()));
    }
    client.send("0\r\nTrailer: x\r\n\r\n");
    assert_eq!(client.answer().json()["status"], "matched");
    assert_eq!(client.get("/livez").status, 200);
}

#[test]
fn a_client_that_asks_first_is_told_to_go_on() {
    let server = serving(limited());
    let mut client = connect(&server);
    let request = advert_request("Expect: 100-continue\r\n", br#"{"title":"chef"}"#);
    let (head, body) = request.split_at(request.len() - 16);
    client.send(head);
    assert_eq!(client.answer_head().status, 100);
    client.send(body);
    assert_eq!(client.answer().status, 200);
}

#[test]
fn a_slow_body_is_answered_408_and_the_connection_closed() {
    let server = serving(ServerSettings { body_timeout: SHORT, ..limited() });
    let mut client = connect(&server);
    client.send("POST /v1/classify HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\n{\"title\":");
    assert_eq!(client.answer().problem(), (408, "body-too-slow".to_owned()));
    assert!(client.is_closed());
}

#[test]
fn a_slow_head_and_an_idle_connection_are_closed() {
    let server = serving(ServerSettings { header_timeout: SHORT, ..limited() });
    let mut silent = connect(&server);
    let mut slow = connect(&server);
    slow.send("GET /livez HTTP/1.1\r\nHost: ");
    let mut idle = connect(&server);
    assert_eq!(idle.get("/livez").status, 200);
    assert!(silent.is_closed());
    assert!(idle.is_closed());
    slow.is_closed();
}

#[test]
fn a_client_that_takes_no_answers_is_cut() {
    let server = serving(ServerSettings { body_timeout: SHORT, ..limited() });
    let mut client = connect(&server);
    let requests = "GET /livez HTTP/1.1\r\nHost: test\r\n\r\n".repeat(1000);
    // Its answers fill every buffer between server and client long before that.
    let all_taken = (0..2000).all(|_| client.send_while_taken(requests.as_bytes()));
    assert!(!all_taken, "the server read on although its answers were not taken");
}

#[test]
fn beyond_the_limit_probes_are_answered_and_all_else_is_503() {
    let server = serving(ServerSettings { max_connections: 2, ..limited() });
    let mut first = connect(&server);
    let mut second = connect(&server);
    assert_eq!((first.get("/livez").status, second.get("/livez").status), (200, 200));
    let mut third = connect(&server);
    let answer = third.classify(r#"{"title":"chef"}"#);
    assert_eq!(answer.problem(), (503, "too-many-connections".to_owned()));
    assert!(answer.header("retry-after").is_some());
    assert!(third.is_closed());
    let mut probe = connect(&server);
    assert_eq!(probe.get("/readyz").status, 200);
    assert!(probe.is_closed());

    drop(first);
    // The server notices the end of a connection when it gets to it.
    let mut tries = 0..100_000;
    let is_served = tries.any(|_| connect(&server).classify(r#"{"title":"chef"}"#).status == 200);
    assert!(is_served, "the place of a connection that ended stayed taken");
}
