//! Tokens: who gets which answer, and where none is ever shown.

use jobsieve_server::{Server, ServerSettings};

use crate::client::advert_request;
use crate::running::{connect, serving, settings};

const READER: &str = "reader-token-0123456789";
const BOSS: &str = "boss-token-0123456789abc";

fn closed() -> ServerSettings {
    ServerSettings {
        classify_tokens: vec![READER.to_owned()],
        inspect_tokens: vec![BOSS.to_owned()],
        ..settings()
    }
}

/// The statuses of one request without, with a wrong, the reader's and the inspector's token.
fn statuses(server: &Server, method: &str, path: &str) -> [u16; 4] {
    ["", "Basic cmVhZGVy", READER, BOSS].map(|token| {
        let header = match token {
            "" => String::new(),
            _ if token.contains(' ') => format!("Authorization: {token}\r\n"),
            _ => format!("Authorization: Bearer {token}\r\n"),
        };
        let mut client = connect(server);
        if method == "GET" {
            client.send(format!("GET {path} HTTP/1.1\r\nHost: t\r\n{header}\r\n"));
        } else {
            let request = advert_request(&header, b"{\"title\":\"chef\"}");
            client.send([format!("POST {path}").as_bytes(), &request[17..]].concat());
        }
        let answer = client.answer_head();
        if answer.status == 401 {
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
        answer.status
    })
}

#[test]
fn every_route_asks_for_its_right() {
    let server = serving(closed());
    for path in ["/livez", "/readyz", "/openapi.json"] {
        assert_eq!(statuses(&server, "GET", path), [200; 4], "{path}");
    }
    for path in ["/v1/classify", "/v1/classify/batch", "/v1/classify?explain=false"] {
        assert_eq!(statuses(&server, "POST", path), [401, 401, 200, 200], "{path}");
    }
    assert_eq!(statuses(&server, "POST", "/v1/classify?explain=true"), [401, 401, 403, 200]);
    for path in ["/v1/ruleset", "/metrics"] {
        assert_eq!(statuses(&server, "GET", path), [401, 401, 403, 200], "{path}");
    }
    assert_eq!(statuses(&server, "GET", "/elsewhere"), [404; 4]);
}

#[test]
fn renewed_tokens_hold_from_then_on() {
    let server = serving(closed());
    let renewed = "renewed-token-0123456789".to_owned();
    server.renew(&ServerSettings { classify_tokens: vec![renewed], ..closed() }).expect("no files");
    assert_eq!(statuses(&server, "POST", "/v1/classify"), [401, 401, 401, 200]);
}
