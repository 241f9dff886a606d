//! Adverts one a line, records one a line.

use std::thread;

use jobsieve_server::ServerSettings;
use serde_json::{Value, json};

use crate::client::{Client, advert_request};
use crate::running::{LONG, RULES, SHORT, connect, publish, ruleset, serving, settings, start};

/// Begins a batch whose lines come in chunks.
fn begin(client: &mut Client) {
    client.send(
        "POST /v1/classify/batch HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\
         Content-Type: application/x-ndjson\r\n\r\n",
    );
}

fn send_chunk(client: &mut Client, text: &[u8]) {
    client.send([format!("{:x}\r\n", text.len()).as_bytes(), text, b"\r\n"].concat());
}

fn batch(client: &mut Client, body: &[u8]) -> Vec<Value> {
    let length = body.len();
    client.send(format!(
        "POST /v1/classify/batch HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\n\r\n"
    ));
    client.send(body);
    let answer = client.answer_head();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    assert!(answer.header("jobsieve-ruleset").is_some_and(|named| named.starts_with("version=7")));
    lines(&client.chunks())
}

fn lines(body: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(body).expect("UTF-8");
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn every_line_is_answered_in_order_and_a_bad_one_ends_nothing() {
    let server = serving(settings());
    let mut client = connect(&server);
    let body =
        b"{\"id\":1,\"title\":\"chef\"}\n\n  \r\n{\"id\":2,\"title\":5}\nnonsense\n\xff\xfe\n\
        {\"id\":6,\"title\":\"Fencing\"}\r\n{\"id\":7,\"title\":\"head chef\"}";
    let records = batch(&mut client, body);
    let told: Vec<_> = records.iter().map(|record| (&record["id"], &record["status"])).collect();
    assert_eq!(
        json!(told),
        json!([
            [1, "matched"],
            [2, "error"],
            [null, "error"],
            [null, "error"],
            [6, "unmatched"],
            [7, "matched"]
        ])
    );
    let codes: Vec<_> = records[1..4].iter().map(|record| &record["error"]["code"]).collect();
    assert_eq!(json!(codes), json!(["wrong-type", "invalid-json", "invalid-utf8"]));
    // A line's record is what the same advert gets alone, and the connection goes on.
    let alone = client.classify(r#"{"id":7,"title":"head chef"}"#).json();
    assert_eq!(records[5], alone);
    assert!(batch(&mut client, b"").is_empty());
}

#[test]
fn records_come_before_the_last_line_is_sent() {
    let server = serving(settings());
    let mut client = connect(&server);
    begin(&mut client);
    send_chunk(&mut client, b"{\"id\":1,\"title\":\"chef\"}\n{\"id\":2,\"ti");
    assert_eq!(client.answer_head().status, 200);
    let first = client.chunk().expect("records");
    assert_eq!(lines(&first)[0]["id"], 1);
    send_chunk(&mut client, b"tle\":\"chef\"}");
    client.send("0\r\n\r\n");
    assert_eq!(lines(&client.chunks())[0]["id"], 2);
}

#[test]
fn who_asks_for_leave_to_send_a_batch_gets_it() {
    let server = serving(settings());
    let mut client = connect(&server);
    let body = b"{\"id\":1,\"title\":\"chef\"}\n";
    let length = body.len();
    client.send(format!(
        "POST /v1/classify/batch HTTP/1.1\r\nHost: t\r\nContent-Length: {length}\r\n\
         Expect: 100-continue\r\n\r\n"
    ));
    assert_eq!(client.answer_head().status, 100);
    client.send(body);
    assert_eq!(client.answer_head().status, 200);
    assert_eq!(lines(&client.chunks())[0]["id"], 1);
}

#[test]
fn a_batch_is_answered_by_the_rules_it_began_with() {
    let server = serving(settings());
    let mut client = connect(&server);
    begin(&mut client);
    send_chunk(&mut client, b"{\"title\":\"chef\"}\n");
    assert_eq!(client.answer_head().status, 200);
    let first = lines(&client.chunk().expect("records"));
    publish(&server, r#"rule "all": when "chef" then add category "food";"#, Some(8));
    send_chunk(&mut client, b"{\"title\":\"chef\"}\n");
    client.send("0\r\n\r\n");
    assert_eq!(lines(&client.chunks()), first);
    assert_eq!(first[0]["ruleset"]["hash"], ruleset(RULES).hash());
    assert_eq!(client.classify(r#"{"title":"chef"}"#).json()["primary"], "food");
}

#[test]
fn a_line_that_is_too_long_is_passed_over() {
    let server = serving(ServerSettings { max_body_bytes: 1000, ..settings() });
    let mut client = connect(&server);
    let long = |length: usize| format!("{{\"title\":\"{}\"}}\n", "x".repeat(length));
    let good = "{\"id\":1,\"title\":\"chef\"}\n";
    // Within one piece of what arrives, and over many.
    let body = [good, &long(2000), good, &long(500_000), good].concat();
    let records = batch(&mut client, body.as_bytes());
    let statuses: Vec<_> = records.iter().map(|record| &record["status"]).collect();
    assert_eq!(json!(statuses), json!(["matched", "error", "matched", "error", "matched"]));
    for number in [1, 3] {
        assert_eq!(records[number]["error"]["code"], "body-too-large");
    }
}

#[test]
fn a_line_that_does_not_come_ends_the_answer_with_its_reason() {
    let server = serving(ServerSettings { body_timeout: SHORT, ..settings() });
    let mut client = connect(&server);
    begin(&mut client);
    send_chunk(&mut client, b"{\"title\":\"chef\"}\n{");
    assert_eq!(client.answer_head().status, 200);
    let records = lines(&client.chunks());
    assert_eq!(records.len(), 2);
    assert_eq!(records[1]["error"]["code"], "body-too-slow");
}

#[test]
fn who_takes_no_records_is_not_read_on_and_then_cut() {
    let server = serving(ServerSettings { body_timeout: SHORT, ..settings() });
    let mut client = connect(&server);
    begin(&mut client);
    let lines = "{\"id\":1,\"title\":\"chef\"}\n".repeat(2000);
    let chunk = [format!("{:x}\r\n", lines.len()).as_bytes(), lines.as_bytes(), b"\r\n"].concat();
    // Records fill every buffer between server and client long before that.
    let all_taken = (0..2000).all(|_| client.send_while_taken(&chunk));
    assert!(!all_taken, "the server read on although its records were not taken");
}

#[test]
fn a_large_batch_is_answered_whole() {
    let server = serving(ServerSettings { body_timeout: LONG, ..settings() });
    let mut sending = connect(&server);
    let mut reading = sending.second();
    let count = 20_000;
    thread::scope(|scope| {
        scope.spawn(move || {
            begin(&mut sending);
            for first in (0..count).step_by(500) {
                let advert = |id| format!("{{\"id\":{id},\"title\":\"chef\"}}\n");
                let lines = (first..first + 500).map(advert).collect::<Vec<_>>().concat();
                send_chunk(&mut sending, lines.as_bytes());
            }
            sending.send("0\r\n\r\n");
        });
        assert_eq!(reading.answer_head().status, 200);
        let records = lines(&reading.chunks());
        assert_eq!(records.len(), count);
        assert!(records.iter().enumerate().all(|(id, record)| record["id"] == id));
        assert!(records.iter().all(|record| record["primary"] == "catering/chefs"));
    });
}

#[test]
fn other_types_and_an_absent_rule_set_are_refused_before_the_stream() {
    let server = start(settings());
    let mut client = connect(&server);
    let request = |headers: &str| {
        let request = advert_request(headers, b"{}\n");
        [b"POST /v1/classify/batch", &request[17..]].concat()
    };
    client.send(request(""));
    assert_eq!(client.answer().problem(), (503, "no-ruleset".to_owned()));
    publish(&server, RULES, Some(7));
    client.send(request("Content-Type: application/json\r\n"));
    assert_eq!(client.answer().problem(), (415, "content-type".to_owned()));
    client.send(request("Content-Encoding: br\r\n"));
    assert_eq!(client.answer().problem(), (415, "content-encoding".to_owned()));
}
