//! Compressed bodies, and what they may stand for.

use async_compression::tokio::bufread::{GzipEncoder, ZstdEncoder};
use jobsieve_server::ServerSettings;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::runtime::Builder;

use crate::client::{Answer, Client, advert_request};
use crate::running::{LONG, connect, serving, settings};

fn read(mut encoder: impl AsyncRead + Unpin) -> Vec<u8> {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let mut out = Vec::new();
    runtime.block_on(encoder.read_to_end(&mut out)).expect("bytes");
    out
}

fn gzip(body: &[u8]) -> Vec<u8> {
    read(GzipEncoder::new(body))
}

fn zstd(body: &[u8]) -> Vec<u8> {
    read(ZstdEncoder::new(body))
}

fn classify(client: &mut Client, encoding: &str, body: &[u8]) -> Answer {
    client.send(advert_request(&format!("Content-Encoding: {encoding}\r\n"), body));
    client.answer()
}

const ADVERT: &[u8] = br#"{"id":1,"title":"Head chef"}"#;

#[test]
fn a_compressed_advert_is_read_as_the_plain_one() {
    let server = serving(settings());
    let mut client = connect(&server);
    let plain = client.classify(ADVERT).json();
    assert_eq!(classify(&mut client, "gzip", &gzip(ADVERT)).json(), plain);
    assert_eq!(classify(&mut client, "zstd", &zstd(ADVERT)).json(), plain);
    // Two members are one body.
    let (first, second) = ADVERT.split_at(9);
    let both = [gzip(first), gzip(second)].concat();
    assert_eq!(classify(&mut client, "gzip", &both).json(), plain);
}

#[test]
fn what_a_small_body_stands_for_is_limited() {
    let limited = ServerSettings { max_body_bytes: 64 * 1024, body_timeout: LONG, ..settings() };
    let server = serving(limited);
    let bomb = format!("{{\"title\":\"{}\"}}", " ".repeat(64 * 1024 * 1024));
    for (encoding, body) in [("gzip", gzip(bomb.as_bytes())), ("zstd", zstd(bomb.as_bytes()))] {
        assert!(body.len() < 100_000, "{}", body.len());
        let answer = classify(&mut connect(&server), encoding, &body);
        assert_eq!(answer.problem(), (413, "body-too-large".to_owned()), "{encoding}");
    }
}

#[test]
fn a_body_that_is_not_what_it_says_is_refused() {
    let server = serving(settings());
    let whole = gzip(ADVERT);
    for (encoding, body) in [
        ("gzip", ADVERT),
        ("zstd", ADVERT),
        ("gzip", &whole[..whole.len() - 9]),
        ("zstd", &zstd(ADVERT)[..20]),
        ("gzip", b""),
    ] {
        let answer = classify(&mut connect(&server), encoding, body);
        assert_eq!(answer.problem(), (400, "broken-encoding".to_owned()), "{encoding} {body:?}");
    }
}

#[test]
fn a_batch_may_be_compressed_and_one_that_breaks_is_told_at_its_end() {
    let server = serving(settings());
    let mut client = connect(&server);
    let lines = "{\"id\":1,\"title\":\"chef\"}\n".repeat(5000);
    let mut batch = |encoding: &str, body: &[u8]| {
        let request = advert_request(&format!("Content-Encoding: {encoding}\r\n"), body);
        client.send([b"POST /v1/classify/batch", &request[17..]].concat());
        assert_eq!(client.answer_head().status, 200);
        String::from_utf8(client.chunks()).expect("UTF-8")
    };
    for (encoding, body) in [("gzip", gzip(lines.as_bytes())), ("zstd", zstd(lines.as_bytes()))] {
        let records = batch(encoding, &body);
        assert_eq!(records.matches("\"status\":\"matched\"").count(), 5000, "{encoding}");
    }
    let whole = gzip(lines.as_bytes());
    let records = batch("gzip", &whole[..whole.len() - 9]);
    assert!(records.lines().last().is_some_and(|last| last.contains("broken-encoding")));
}
