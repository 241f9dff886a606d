//! What each route answers.

use serde_json::json;

use crate::client::advert_request;
use crate::running::{RULES, connect, publish, ruleset, serving, settings, start, status};

#[test]
fn an_advert_is_answered_with_its_record() {
    let server = serving(settings());
    let answer =
        connect(&server).classify(r#"{"id":"a\"1","title":"Head chef","description":"x"}"#);
    let hash = ruleset(RULES).hash().to_owned();
    let expected = json!({
        "id": "a\"1",
        "status": "matched",
        "ruleset": { "version": 7, "hash": hash },
        "primary": "catering",
        "categories": [
            { "path": "catering", "score": 2, "rules": ["chefs", "lead"] },
            { "path": "catering/chefs", "score": 1.5, "rules": ["chefs"] },
        ],
        "attributes": {},
        "matched_rules": ["chefs", "lead"],
    });
    assert_eq!((answer.status, answer.json()), (200, expected));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let named = format!("version=7, hash=\"{hash}\"");
    assert_eq!(answer.header("jobsieve-ruleset"), Some(named.as_str()));
    let timing =
        answer.header("server-timing").and_then(|timing| timing.strip_prefix("engine;dur="));
    assert!(timing.is_some_and(|timing| timing.parse::<f64>().is_ok()), "{timing:?}");
}

#[test]
fn an_advert_without_a_category_is_unmatched() {
    let server = start(settings());
    publish(&server, RULES, None);
    let answer = connect(&server).classify(r#"{"id":5,"description":"Fencing"}"#);
    let record = String::from_utf8(answer.body.clone()).expect("UTF-8");
    let hash = ruleset(RULES).hash().to_owned();
    assert_eq!(
        record,
        format!(
            "{{\"id\":5,\"status\":\"unmatched\",\"ruleset\":{{\"version\":null,\"hash\":\"{hash}\"}},\
             \"primary\":null,\"categories\":[],\"attributes\":{{}},\"matched_rules\":[]}}"
        )
    );
    assert_eq!(answer.header("jobsieve-ruleset"), Some(format!("hash=\"{hash}\"").as_str()));
}

#[test]
fn a_large_advert_gets_the_same_answer_as_a_short_one() {
    let server = serving(settings());
    let mut client = connect(&server);
    let filler = "filler ".repeat(30_000);
    let long = client.classify(format!(r#"{{"title":"chef","description":"{filler}"}}"#));
    assert_eq!(long.json(), client.classify(r#"{"title":"chef"}"#).json());
}

#[test]
fn a_bad_advert_is_a_problem_that_names_key_and_offset() {
    let server = serving(settings());
    let mut client = connect(&server);
    let answer = client.classify(r#"{"title":"x","colour":"red"}"#);
    assert_eq!(answer.problem(), (400, "unknown-key".to_owned()));
    assert_eq!((&answer.json()["key"], &answer.json()["offset"]), (&json!("colour"), &json!(20)));
    let answer = client.classify(b"{\"title\":\"caf\xe9\"}");
    assert_eq!(answer.problem(), (400, "invalid-utf8".to_owned()));
    assert_eq!(answer.json()["offset"], 13);
}

#[test]
fn no_body_is_a_fault_of_the_server() {
    let server = serving(settings());
    let mut client = connect(&server);
    let deep = "[".repeat(100_000);
    let digits = "7".repeat(5_000);
    let bodies = [
        String::new(),
        deep.clone(),
        format!("{{\"title\":{deep}"),
        "{\"title\":".repeat(20_000),
        format!("{{\"id\":{digits},\"title\":\"x\"}}"),
        r#"{"title":"\ud800"}"#.to_owned(),
        r#"{"title":NaN}"#.to_owned(),
        r#"{"title":"x","title":"y"}"#.to_owned(),
        r#"{"title":null,"description":"   "}"#.to_owned(),
        r#"{"title":"x","fields":{"salary":1}}"#.to_owned(),
    ];
    for body in bodies {
        assert_eq!(client.classify(&body).problem().0, 400, "{}", &body[..body.len().min(60)]);
    }
    assert_eq!(client.classify(r#"{"title":"\u0000 chef \uffff"}"#).status, 200);
}

#[test]
fn before_a_rule_set_is_published_only_livez_is_well() {
    let server = start(settings());
    let mut client = connect(&server);
    assert_eq!(client.get("/livez").status, 200);
    for path in ["/readyz", "/v1/ruleset"] {
        assert_eq!(client.get(path).problem().0, 503);
    }
    let answer = client.classify(r#"{"title":"chef"}"#);
    assert_eq!(answer.problem(), (503, "no-ruleset".to_owned()));
    assert!(answer.header("retry-after").is_some());

    server.set_status(status(r#"{"error":"the store is away"}"#)).expect("the same process");
    assert_eq!(client.get("/v1/ruleset").json(), json!({ "error": "the store is away" }));
    assert_eq!(client.get("/readyz").status, 503);
}

#[test]
fn a_publication_changes_answers_readiness_and_status_at_once() {
    let server = serving(settings());
    let mut client = connect(&server);
    let hash = ruleset(RULES).hash().to_owned();
    let ready = json!({ "status": "ready", "ruleset": { "version": 7, "hash": hash } });
    assert_eq!(client.get("/readyz").json(), ready);
    assert_eq!(client.get("/v1/ruleset").body, b"{\"version\":7}");
    publish(&server, r#"rule "all": when "chef" then add category "food";"#, Some(8));
    let answer = client.classify(r#"{"title":"chef"}"#);
    assert_eq!(answer.json()["primary"], "food");
    assert_eq!(answer.json()["ruleset"]["version"], 8);
    assert_eq!(client.get("/readyz").json()["ruleset"]["version"], 8);
    assert_eq!(client.get("/v1/ruleset").body, b"{\"version\":8}");
    server.set_status(status("{\"stale\":true}")).expect("the same process");
    assert_eq!(client.get("/v1/ruleset").body, b"{\"stale\":true}");
    assert_eq!(client.classify(r#"{"title":"chef"}"#).json()["ruleset"]["version"], 8);
}

#[test]
fn wrong_paths_and_methods_are_problems() {
    let server = serving(settings());
    let mut client = connect(&server);
    assert_eq!(
        client.get("/v1/classify/%0d%0a%3Cscript%3E").problem(),
        (404, "unknown-path".to_owned())
    );
    let answer = client.get("/v1/classify");
    assert_eq!((answer.problem().0, answer.header("allow")), (405, Some("POST")));
    client.send("POST /readyz HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\nhello");
    let answer = client.answer();
    assert_eq!((answer.problem().0, answer.header("allow")), (405, Some("GET, HEAD")));
    // The body that nobody wanted is not taken for the next request.
    assert_eq!(client.get("/livez?probe=1").status, 200);
}

#[test]
fn head_is_get_without_a_body() {
    let server = serving(settings());
    let mut client = connect(&server);
    for path in ["/livez", "/readyz", "/v1/ruleset"] {
        let length = client.get(path).body.len().to_string();
        client.send(format!("HEAD {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
        let head = client.answer_head();
        assert_eq!((head.status, head.header("content-length")), (200, Some(length.as_str())));
    }
}

#[test]
fn only_json_is_read() {
    let server = serving(settings());
    let mut client = connect(&server);
    let mut status = |headers: &str| {
        client.send(advert_request(headers, br#"{"title":"chef"}"#));
        client.answer().status
    };
    assert_eq!(status("Content-Type: application/json; charset=utf-8\r\n"), 200);
    assert_eq!(status("Content-Type: text/plain\r\n"), 415);
    assert_eq!(status("Content-Type: application/x-www-form-urlencoded\r\n"), 415);
    assert_eq!(status("Content-Encoding: br\r\n"), 415);
    assert_eq!(status("Content-Encoding: identity\r\n"), 200);
}

#[test]
fn a_request_keeps_its_name_or_gets_one() {
    let server = serving(settings());
    let mut client = connect(&server);
    let mut id = |headers: &str| {
        client.send(advert_request(headers, br#"{"title":"chef"}"#));
        client.answer().header("x-request-id").expect("a name").to_owned()
    };
    assert_eq!(id("X-Request-Id: trace-42\r\n"), "trace-42");
    let (first, second) = (id(""), id(&format!("X-Request-Id: {}\r\n", "x".repeat(65))));
    assert_ne!(first, second);
    assert!(second.len() < 40, "{second}");
}

#[test]
fn an_explanation_tells_every_matched_rule_and_the_one_asked_for() {
    let server = serving(settings());
    let mut client = connect(&server);
    let mut explain = |query: &str| {
        let request = advert_request("", br#"{"id":1,"title":"Sous chef"}"#);
        client.send([format!("POST /v1/classify?{query}").as_bytes(), &request[17..]].concat());
        client.answer()
    };
    let answer = explain("explain=true&rule=lead");
    let record = answer.json();
    assert_eq!((answer.status, &record["id"]), (200, &json!(1)));
    assert!(answer.header("server-timing").is_some());
    let told: Vec<_> = record["explanations"]
        .as_array()
        .expect("explanations")
        .iter()
        .map(|told| (&told["rule"], &told["matched"]))
        .collect();
    assert_eq!(json!(told), json!([["chefs", true], ["lead", false]]));
    assert_eq!(record["explanations"][0]["when"]["places"][0]["start"], 5);
    let unknown = explain("explain=true&rule=%3Cnone%3E");
    assert_eq!(unknown.problem(), (400, "unknown-rule".to_owned()));
    assert_eq!(explain("explain=maybe").problem(), (400, "query".to_owned()));
    assert!(explain("explain=false").json().get("explanations").is_none());
}

#[test]
fn the_interface_describes_itself() {
    let server = start(settings());
    let document = connect(&server).get("/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/v1/classify"]["post"].is_object());
}

#[test]
fn a_probe_asks_every_worker() {
    let server = start(settings());
    assert!(server.probe(crate::running::LONG).expect("the same process"));
    publish(&server, RULES, Some(7));
    assert!(server.probe(crate::running::LONG).expect("the same process"));
    assert_eq!(server.stats().expect("the same process").requests, 0);
}
