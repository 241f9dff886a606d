//! What is written about requests, and what happens when it can't be.

use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader, pipe};
use std::os::fd::OwnedFd;

use jobsieve_server::{Server, ServerSettings};
use serde_json::Value;

use crate::client::advert_request;
use crate::running::{LONG, RULES, SHORT, connect, publish, settings};

fn logging(settings: ServerSettings) -> (Server, PipeReader) {
    let (reader, writer) = pipe().expect("a pipe");
    let output = File::from(OwnedFd::from(writer));
    let server = Server::start_with_log(settings, output).expect("a server");
    publish(&server, RULES, Some(7));
    (server, reader)
}

fn lines(reader: PipeReader) -> Vec<Value> {
    let lines = BufReader::new(reader).lines();
    lines.map(|line| serde_json::from_str(&line.expect("text")).expect("JSON")).collect()
}

#[test]
fn each_request_is_a_line_that_tells_no_advert() {
    let (server, reader) = logging(ServerSettings { access_log: true, ..settings() });
    let mut client = connect(&server);
    let body = br#"{"title":"Secret chef"}"#;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    client.send(advert_request(&format!("X-Request-Id: r1\r\nTraceparent: {trace}\r\n"), body));
    assert_eq!(client.answer().status, 200);
    assert_eq!(client.get("/nowhere?token=Secret").status, 404);
    client.send("BREW /livez HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_eq!(client.answer().status, 405);
    server.log("{\"event\":\"reload\"}".to_owned()).expect("the same process");
    assert!(server.drain(LONG).expect("the same process"));
    drop((client, server));
    let lines = lines(reader);
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|line| !line.to_string().contains("Secret")));
    let names = [
        "ts",
        "level",
        "event",
        "request_id",
        "traceparent",
        "route",
        "method",
        "status",
        "bytes_in",
        "duration_us",
        "engine_us",
        "ruleset_version",
        "adverts_count",
        "categories_count",
        "client",
    ];
    let first = lines[0].as_object().expect("an object");
    assert!(names.iter().all(|name| first.contains_key(*name)) && first.len() == names.len());
    assert_eq!((&first["request_id"], &first["traceparent"]), (&"r1".into(), &trace.into()));
    assert_eq!(first["route"], "/v1/classify");
    assert_eq!((&first["status"], &first["method"]), (&200.into(), &"POST".into()));
    assert_eq!(first["bytes_in"], body.len());
    assert_eq!((&first["ruleset_version"], &first["categories_count"]), (&7.into(), &2.into()));
    assert_eq!(first["client"], "127.0.0.1");
    assert_eq!((&lines[1]["route"], &lines[1]["engine_us"]), (&"unknown".into(), &Value::Null));
    assert_eq!(lines[2]["method"], "other");
    assert_eq!(lines[3]["event"], "reload");
}

#[test]
fn without_an_access_log_only_the_control_plane_writes() {
    let (server, reader) = logging(settings());
    assert_eq!(connect(&server).get("/livez").status, 200);
    server.log("{\"event\":\"reload\"}".to_owned()).expect("the same process");
    assert!(server.drain(LONG).expect("the same process"));
    drop(server);
    assert_eq!(lines(reader).len(), 1);
}

#[test]
fn an_output_that_nobody_reads_holds_up_no_request() {
    let (server, _reader) = logging(ServerSettings { access_log: true, ..settings() });
    for _ in 0..20_000 {
        server.log("x".repeat(100)).expect("the same process");
    }
    let mut client = connect(&server);
    for _ in 0..100 {
        assert_eq!(client.get("/livez").status, 200);
    }
    assert!(server.stats().expect("the same process").dropped_log_lines > 0);
    // No request was cut: only the log could not be written.
    assert!(server.drain(LONG).expect("the same process"));
    assert!(!server.flush_log(SHORT).expect("the same process"));
}

#[test]
fn a_closed_output_ends_no_request() {
    let (server, reader) = logging(ServerSettings { access_log: true, ..settings() });
    drop(reader);
    let mut client = connect(&server);
    for _ in 0..10 {
        assert_eq!(client.get("/livez").status, 200);
    }
    assert!(server.flush_log(LONG).expect("the same process"));
    assert_eq!(server.stats().expect("the same process").dropped_log_lines, 10);
}

#[test]
fn decisions_are_logged_by_id_and_rules_alone() {
    let sampled = ServerSettings { decision_share: 1.0, ..settings() };
    let (server, reader) = logging(sampled);
    let mut client = connect(&server);
    let mark = "id\u{202e}\u{2028}\\n";
    let body = format!("{{\"id\":\"{mark}\",\"title\":\"Secret chef\"}}");
    assert_eq!(client.classify(&body).status, 200);
    let request = advert_request("", format!("{body}\n{body}\n").as_bytes());
    client.send([b"POST /v1/classify/batch", &request[17..]].concat());
    assert_eq!(client.answer_head().status, 200);
    assert_eq!(client.chunks().split(|&byte| byte == b'\n').count(), 3);
    assert!(server.drain(LONG).expect("the same process"));
    drop((client, server));
    let lines = lines(reader);
    assert_eq!(lines.len(), 3);
    for line in lines {
        assert_eq!((&line["event"], &line["ruleset_version"]), (&"decision".into(), &7.into()));
        assert_eq!(line["id"], "id\u{202e}\u{2028}\n");
        assert_eq!(line["rules"], serde_json::json!(["chefs"]));
        assert_eq!(line["categories"], serde_json::json!(["catering/chefs", "catering"]));
        assert!(line["request_id"].is_string() && !line.to_string().contains("Secret"));
    }
}
