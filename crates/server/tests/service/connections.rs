//! Many requests on one connection, many connections, and rule sets that change under them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::client::advert_request;
use crate::running::{connect, publish, serving, settings, start};

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = serving(settings());
    let mut client = connect(&server);
    let requests: Vec<u8> = (0..200)
        .flat_map(|id| advert_request("", format!(r#"{{"id":{id},"title":"chef"}}"#).as_bytes()))
        .collect();
    client.send(requests);
    for id in 0..200 {
        assert_eq!(client.answer().json()["id"], id);
    }
    assert_eq!(server.stats().expect("the same process").requests, 200);
}

#[test]
fn every_answer_belongs_to_one_rule_set() {
    let server = start(settings());
    let category =
        |number: i64| format!("rule \"r{number}\": when \"chef\" then add category \"c{number}\";");
    publish(&server, &category(0), Some(0));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = connect(&server);
                while !done.load(Ordering::Relaxed) {
                    let answer = client.classify(r#"{"title":"chef"}"#);
                    let record = answer.json();
                    let version = record["ruleset"]["version"].as_i64().expect("a version");
                    assert_eq!(record["primary"], format!("c{version}"));
                    assert_eq!(record["matched_rules"][0], format!("r{version}"));
                    let header = answer.header("jobsieve-ruleset").expect("a header");
                    let hash = record["ruleset"]["hash"].as_str().expect("a hash");
                    assert_eq!(header, format!("version={version}, hash=\"{hash}\""));
                }
            });
        }
        for number in 1..300 {
            publish(&server, &category(number), Some(number));
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn connections_are_spread_over_the_workers() {
    let server = serving(settings());
    let mut clients: Vec<_> = (0..8).map(|_| connect(&server)).collect();
    let workers: Vec<String> = clients
        .iter_mut()
        .map(|client| {
            let answer = client.get("/livez");
            let id = answer.header("x-request-id").expect("a name");
            id.split('-').nth(1).expect("a worker").to_owned()
        })
        .collect();
    assert_eq!(workers.iter().filter(|worker| *worker == "0").count(), 4, "{workers:?}");
}
