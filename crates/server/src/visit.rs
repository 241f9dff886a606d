//! One request from its head to the end of its answer: counted as in flight meanwhile, logged and
//! measured at the end.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant, SystemTime};

use hyper::Method;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;

use crate::access_log::RequestLine;
use crate::decision::Decision;
use crate::routes::Route;
use crate::worker::Connection;

/// Longer names of a request than this are replaced by one of ours.
const LONGEST_REQUEST_ID: usize = 64;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) connection: Arc<Connection>,
    pub(crate) route: Route,
    pub(crate) request_id: HeaderValue,
    /// Its number among the requests of its worker.
    pub(crate) number: u64,
    traceparent: Option<HeaderValue>,
    method: &'static str,
    started: Instant,
}

/// What came of a request.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) status: u16,
    pub(crate) bytes_in: usize,
    pub(crate) engine: Option<Duration>,
    pub(crate) ruleset_version: Option<i64>,
    pub(crate) adverts: Option<usize>,
    pub(crate) categories: Option<usize>,
}

impl Visit {
    pub(crate) fn begin(connection: &Arc<Connection>, route: Route, head: &Parts) -> Self {
        let counters = &connection.counters;
        let number = counters.requests.fetch_add(1, Relaxed);
        counters.in_flight.fetch_add(1, Relaxed);
        Self {
            connection: connection.clone(),
            route,
            request_id: request_id(&head.headers, connection, number),
            number,
            traceparent: head.headers.get(TRACEPARENT).filter(|given| is_trace(given)).cloned(),
            method: method_name(&head.method),
            started: Instant::now(),
        }
    }

    /// Whether more requests are under way than are allowed. Each worker looks at its own share, so that
    /// none waits for what another counts.
    pub(crate) fn is_beyond_limit(&self) -> bool {
        let Self { connection, .. } = self;
        let workers = connection.shared.counters.len();
        let share = connection.shared.settings.max_in_flight.div_ceil(workers);
        connection.counters.in_flight.load(Relaxed) > share
    }

    /// Tells of each of its adverts, by number, whether the decision on it is logged.
    pub(crate) fn sampler(&self) -> impl Fn(usize) -> bool + Send + 'static {
        let (sample, first) = (self.connection.shared.sample, self.number.wrapping_mul(1 << 24));
        move |number| sample.has(first.wrapping_add(number as u64))
    }

    pub(crate) fn log_decision(&self, mut decision: Decision) {
        decision
            .insert("request_id".to_owned(), self.request_id.to_str().unwrap_or_default().into());
        self.connection.shared.log.event("info", "decision", decision.into());
    }

    /// Tells of a fault of the server, whose reason the client does not learn.
    pub(crate) fn log_panic(&self, reason: &str) {
        let id = self.request_id.to_str().unwrap_or_default();
        let fields = serde_json::json!({ "request_id": id, "reason": reason });
        self.connection.shared.log.event("error", "request_failed", fields);
    }

    /// It is answered.
    pub(crate) fn end(self, outcome: &Outcome) {
        let Connection { shared, counters, client, .. } = &*self.connection;
        let duration = self.started.elapsed();
        counters.answered(self.route, outcome.status, duration, outcome.bytes_in);
        if shared.settings.access_log {
            shared.log.request(RequestLine {
                at: SystemTime::now(),
                request_id: self.request_id.clone(),
                traceparent: self.traceparent.clone(),
                route: self.route.template(),
                method: self.method,
                status: outcome.status,
                bytes_in: outcome.bytes_in,
                duration,
                engine: outcome.engine,
                ruleset_version: outcome.ruleset_version,
                adverts: outcome.adverts,
                categories: outcome.categories,
                client: *client,
            });
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.connection.counters.in_flight.fetch_sub(1, Relaxed);
    }
}

/// The client's name for the request, if it is fit to be logged, else one that no other request of
/// this process has.
fn request_id(headers: &HeaderMap, connection: &Connection, number: u64) -> HeaderValue {
    match headers.get(REQUEST_ID) {
        Some(given)
            if (1..=LONGEST_REQUEST_ID).contains(&given.len())
                && given.as_bytes().iter().all(u8::is_ascii_graphic) =>
        {
            given.clone()
        }
        _ => {
            let (name, worker) = (&connection.shared.name, connection.counters.worker);
            let mut digits = itoa::Buffer::new();
            let mut id = String::with_capacity(64);
            id.push_str(name);
            id.push('-');
            id.push_str(digits.format(worker));
            id.push('-');
            id.push_str(digits.format(number));
            HeaderValue::try_from(id).unwrap_or_else(|_| HeaderValue::from_static("unnamed"))
        }
    }
}

/// Whether it is a `traceparent` by the W3C's Trace Context: version, trace, span and flags, in small
/// hexadecimal digits. Later versions may append to it.
fn is_trace(given: &HeaderValue) -> bool {
    let given = given.as_bytes();
    let Some((fixed, rest)) = given.split_at_checked(55) else { return false };
    let parts: Vec<&[u8]> = fixed.split(|&byte| byte == b'-').collect();
    let [version, trace, span, flags] = parts[..] else { return false };
    [version.len(), trace.len(), span.len(), flags.len()] == [2, 32, 16, 2]
        && fixed.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
        && version != b"ff"
        && trace.iter().any(|&digit| digit != b'0')
        && span.iter().any(|&digit| digit != b'0')
        && (rest.is_empty() || (version != b"00" && rest[0] == b'-' && rest.len() <= 64))
}

/// For the log: an invented method is not repeated.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::POST => "POST",
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::TRACE => "TRACE",
        Method::CONNECT => "CONNECT",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_well_formed_traceparent_is_taken() {
        let fit = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let is_trace = |given: &str| is_trace(&HeaderValue::from_str(given).expect("a value"));
        assert!(is_trace(fit));
        assert!(is_trace(&format!("cc{}-more", &fit[2..])));
        for unfit in [
            "",
            &fit[..54],
            &format!("{fit}-more"),
            &fit.to_uppercase(),
            &fit.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &format!("ff{}", &fit[2..]),
            &fit.replacen('-', "0", 1),
        ] {
            assert!(!is_trace(unfit), "{unfit}");
        }
    }
}
