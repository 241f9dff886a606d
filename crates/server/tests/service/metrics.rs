//! What is counted.

use jobsieve_server::{Server, ServerSettings};

use crate::client::Client;
use crate::running::{connect, publish, serving, settings};

fn value(page: &str, name: &str) -> Option<f64> {
    let line =
        page.lines().find(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
}

fn page(client: &mut Client) -> String {
    let answer = client.get("/metrics");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    String::from_utf8(answer.body).expect("UTF-8")
}

#[test]
fn requests_adverts_and_categories_are_counted() {
    let server = serving(settings());
    let mut client = connect(&server);
    for title in ["chef", "head chef", "fencing"] {
        assert_eq!(client.classify(format!("{{\"title\":\"{title}\"}}")).status, 200);
    }
    assert_eq!(client.classify("{}").status, 400);
    assert_eq!(client.get("/nowhere").status, 404);
    let page = page(&mut client);
    for (name, expected) in [
        ("jobsieve_http_requests_total{route=\"/v1/classify\",status=\"200\"}", 3.0),
        ("jobsieve_http_requests_total{route=\"/v1/classify\",status=\"400\"}", 1.0),
        ("jobsieve_http_requests_total{route=\"/v1/classify\",status=\"500\"}", 0.0),
        ("jobsieve_http_requests_total{route=\"unknown\",status=\"404\"}", 1.0),
        ("jobsieve_http_request_duration_seconds_count{route=\"/v1/classify\"}", 4.0),
        ("jobsieve_http_request_duration_seconds_bucket{route=\"/v1/classify\",le=\"+Inf\"}", 4.0),
        ("jobsieve_engine_duration_seconds_count", 3.0),
        ("jobsieve_engine_duration_seconds_bucket{le=\"5\"}", 3.0),
        ("jobsieve_adverts_total{outcome=\"matched\"}", 2.0),
        ("jobsieve_adverts_total{outcome=\"unmatched\"}", 1.0),
        ("jobsieve_adverts_total{outcome=\"refused\"}", 1.0),
        ("jobsieve_advert_categories_sum", 4.0),
        ("jobsieve_category_adverts_total{category=\"catering\"}", 2.0),
        ("jobsieve_http_connections", 1.0),
        ("jobsieve_http_requests_in_flight", 1.0),
        ("jobsieve_ruleset_version", 7.0),
        ("from_python", 1.0),
    ] {
        assert_eq!(value(&page, name), Some(expected), "{name} in {page}");
    }
    let smallest = "jobsieve_engine_duration_seconds_bucket{le=\"0.000005\"}";
    assert!(value(&page, smallest).is_some(), "{page}");
}

#[test]
fn every_sample_has_its_type_and_none_comes_twice() {
    let server = serving(settings());
    let mut client = connect(&server);
    assert_eq!(client.classify("{\"title\":\"chef\"}").status, 200);
    let page = page(&mut client);
    let mut seen = std::collections::HashSet::new();
    let types: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    let samples = page.lines().filter(|line| !line.starts_with('#') && !line.starts_with("from_"));
    for line in samples {
        let (name, value) = line.rsplit_once(' ').expect("a value");
        assert!(seen.insert(name), "twice: {name}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let family = name.split('{').next().expect("a name");
        let parts = ["_bucket", "_sum", "_count"];
        let whole = parts.iter().find_map(|part| family.strip_suffix(part)).unwrap_or(family);
        assert!(types.contains(&whole) || types.contains(&family), "{line}");
    }
    assert!(seen.len() > 50);
}

#[test]
fn categories_beyond_the_cap_are_counted_together() {
    let server = serving(ServerSettings { counted_categories: 1, ..settings() });
    let mut client = connect(&server);
    assert_eq!(client.classify("{\"title\":\"chef\"}").status, 200);
    // The one that has a counter keeps it.
    publish(
        &server,
        r#"rule "r": when "chef" then add category "a", add category "catering";"#,
        None,
    );
    assert_eq!(client.classify("{\"title\":\"chef\"}").status, 200);
    let page = page(&mut client);
    let name =
        |category: &str| format!("jobsieve_category_adverts_total{{category=\"{category}\"}}");
    assert_eq!(value(&page, &name("catering")), Some(2.0));
    assert_eq!(value(&page, &name("(others)")), Some(2.0));
}

#[test]
fn too_many_requests_at_once_are_refused_and_counted() {
    let one =
        ServerSettings { max_in_flight: 1, workers: std::num::NonZeroUsize::new(1), ..settings() };
    let server: Server = serving(one);
    let mut halfway = connect(&server);
    halfway.send("POST /v1/classify HTTP/1.1\r\nHost: t\r\nContent-Length: 16\r\n\r\n{");
    let mut client = connect(&server);
    // The first is under way once its connection was served.
    let refused = (0..1000).find_map(|_| {
        let answer = client.classify("{\"title\":\"chef\"}");
        (answer.status == 503).then_some(answer)
    });
    let refused = refused.expect("a refusal");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(refused.problem().1, "too-many-requests");
    assert_eq!(client.get("/livez").status, 200);
    assert!(
        value(&page(&mut client), "jobsieve_http_rejected_total{limit=\"in_flight\"}") >= Some(1.0)
    );
    halfway.send("\"title\":\"chef\"}");
    assert_eq!(halfway.answer().status, 200);
    assert_eq!(client.classify("{\"title\":\"chef\"}").status, 200);
}
