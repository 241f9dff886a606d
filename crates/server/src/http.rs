//! From a request to its answer: rights, limits, methods, headers. What can be asked for stands in
//! [`routes`](crate::routes), adverts are classified in [`answer`](crate::answer), what goes wrong is
//! told in [`problem`](crate::problem).

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, EXPECT, HeaderMap, HeaderName, HeaderValue,
    RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};

use crate::answer::{self, Answer, Failure};
use crate::batch::Batch;
use crate::body::Body;
use crate::content::{self, Encoding};
use crate::limits::{self, BodyLimits};
use crate::metrics;
use crate::openapi;
use crate::problem::Problem;
use crate::published::Live;
use crate::routes::{Asked, Route};
use crate::visit::{Outcome, REQUEST_ID, Visit};
use crate::worker::Connection;

/// An advert longer than this takes about a millisecond and more: it is classified beside the event
/// loop, so that other connections of the worker are not held up.
const LARGE_ADVERT: usize = 64 * 1024;

const RULESET: HeaderName = HeaderName::from_static("jobsieve-ruleset");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
const LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");
const METRICS: HeaderValue = HeaderValue::from_static(metrics::CONTENT_TYPE);

/// A request's way through the server, as far as it has come.
#[derive(Default)]
struct Passage {
    live: Option<Arc<Live>>,
    outcome: Outcome,
    /// A body that nobody has read yet.
    unread: Option<Incoming>,
    /// Answered piece by piece, after its head.
    batch: Option<Batch>,
}

/// Answers one request, and logs it once it is answered whole.
pub(crate) async fn answer(
    connection: &Arc<Connection>,
    request: Request<Incoming>,
) -> Response<Body> {
    let shared = &*connection.shared;
    let (head, body) = request.into_parts();
    let asked = Asked::of(&head.uri);
    let visit = Visit::begin(connection, asked.route, &head);
    let mut passage = Passage { unread: Some(body), ..Passage::default() };
    let result = respond(&visit, asked, &head, &mut passage).await;
    let is_cut = matches!(result, Err(Problem::BodyTooLarge { .. } | Problem::BodyTooSlow { .. }));
    let mut headers = HeaderMap::with_capacity(8);
    let (status, body) = match result {
        Ok((body, content_type)) => {
            headers.insert(CONTENT_TYPE, content_type);
            (StatusCode::OK, body)
        }
        Err(problem) => {
            add_problem_headers(&problem, &mut headers);
            (problem.status(), Body::Whole(problem.document()))
        }
    };
    if let Some(engine) = passage.outcome.engine {
        headers.insert(SERVER_TIMING, server_timing(engine));
    }
    if let Some(live) = &passage.live {
        headers.insert(RULESET, live.header.clone());
    }
    if is_cut || connection.beyond_limit || shared.is_draining() {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    headers.insert(REQUEST_ID, visit.request_id.clone());
    if let Some(unread) = passage.unread {
        limits::discard(unread, body_limits(connection));
    }
    passage.outcome.status = status.as_u16();
    passage.outcome.ruleset_version = passage.live.and_then(|live| live.version);
    match passage.batch {
        Some(batch) => drop(tokio::spawn(batch.run(visit, passage.outcome))),
        None => visit.end(&passage.outcome),
    }
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The body and its type, or why there is none.
async fn respond(
    visit: &Visit,
    asked: Asked,
    head: &Parts,
    passage: &mut Passage,
) -> Result<(Body, HeaderValue), Problem> {
    let connection = &*visit.connection;
    let shared = &*connection.shared;
    let route = asked.route;
    if !route.is_exempt() {
        if connection.beyond_limit {
            connection.counters.refused_connections.fetch_add(1, Relaxed);
            return Err(Problem::TooManyConnections { limit: shared.settings.max_connections });
        }
        if visit.is_beyond_limit() {
            connection.counters.refused_in_flight.fetch_add(1, Relaxed);
            return Err(Problem::TooManyRequests { limit: shared.settings.max_in_flight });
        }
    }
    route.check_method(&head.method)?;
    shared.rights.load().check(route.right(), &head.headers)?;
    if let Some(fault) = asked.fault {
        return Err(fault);
    }
    let body = match route {
        Route::Live => Bytes::from_static(b"{\"status\":\"live\"}"),
        Route::Ready => {
            if shared.is_draining() {
                return Err(Problem::Draining);
            }
            let live = passage.load(connection)?;
            live.ready.clone()
        }
        Route::Ruleset => {
            let current = shared.published.load();
            passage.live.clone_from(&current.live);
            current.status.as_ref().ok_or(Problem::NoStatus)?.document.clone()
        }
        Route::OpenApi => openapi::document(),
        Route::Metrics => return Ok((Body::Whole(metrics::page(shared)), METRICS)),
        Route::Classify | Route::Explain => {
            classify(visit, asked.rule, &head.headers, passage).await?
        }
        Route::Batch => {
            let encoding = content::check(&head.headers, content::LINES)?;
            let live = passage.load(connection)?;
            let Some(unread) = passage.unread.take() else { return Err(Problem::BodyCut) };
            let (mut batch, body) = Batch::new(unread, encoding, live, body_limits(connection));
            if head.headers.contains_key(EXPECT) {
                batch.begin().await?;
            }
            passage.batch = Some(batch);
            return Ok((body, LINES));
        }
        Route::Unknown => return Err(Problem::UnknownPath),
    };
    Ok((Body::Whole(body), JSON))
}

/// Reads the advert and classifies it by the rule set that is live when all of it is there.
async fn classify(
    visit: &Visit,
    rule: Option<String>,
    headers: &HeaderMap,
    passage: &mut Passage,
) -> Result<Bytes, Problem> {
    let connection = &*visit.connection;
    let encoding = content::check(headers, content::JSON)?;
    let body = passage.read_body(encoding, body_limits(connection)).await?;
    let live = passage.load(connection)?;
    let explain = visit.route == Route::Explain;
    let sampled = !explain && visit.sampler()(0);
    let result = if body.len() <= LARGE_ADVERT && !explain {
        answer::classify(&live, &body, &connection.counters, sampled)
    } else {
        let counters = connection.counters.clone();
        let asked = rule.clone();
        let work = tokio::task::spawn_blocking(move || {
            if explain {
                answer::explain(&live, &body, &counters, asked.as_deref())
            } else {
                answer::classify(&live, &body, &counters, sampled)
            }
        });
        work.await.unwrap_or_else(|error| Err(Failure::Panic(error.to_string())))
    };
    match result {
        Ok(Answer { record, engine, categories, decision }) => {
            passage.outcome.engine = Some(engine);
            passage.outcome.categories = Some(categories);
            if let Some(decision) = decision {
                visit.log_decision(decision);
            }
            Ok(record)
        }
        Err(Failure::Advert(error)) => Err(Problem::Advert(error)),
        Err(Failure::UnknownRule) => {
            Err(Problem::UnknownRule { name: rule.unwrap_or_default().chars().take(200).collect() })
        }
        Err(Failure::Panic(reason)) => {
            visit.log_panic(&reason);
            Err(Problem::Internal)
        }
    }
}

impl Passage {
    /// The live rule set, which the answer then names.
    fn load(&mut self, connection: &Connection) -> Result<Arc<Live>, Problem> {
        self.live.clone_from(&connection.shared.published.load().live);
        self.live.clone().ok_or(Problem::NoRuleset)
    }

    async fn read_body(
        &mut self,
        encoding: Encoding,
        limits: BodyLimits,
    ) -> Result<Bytes, Problem> {
        let Some(mut unread) = self.unread.take() else { return Err(Problem::BodyCut) };
        let result = if encoding == Encoding::Plain {
            let result = limits::read_body(&mut unread, limits).await;
            self.outcome.bytes_in = result.as_ref().map_or(0, Bytes::len);
            result
        } else {
            let (result, sent, rest) = limits::read_compressed(unread, encoding, limits).await;
            self.outcome.bytes_in = sent;
            unread = rest;
            result
        };
        if matches!(result, Err(Problem::BodyTooLarge { .. } | Problem::BrokenEncoding)) {
            self.unread = Some(unread);
        }
        result
    }
}

fn body_limits(connection: &Connection) -> BodyLimits {
    let settings = &connection.shared.settings;
    BodyLimits { bytes: settings.max_body_bytes, time: settings.body_timeout }
}

fn add_problem_headers(problem: &Problem, headers: &mut HeaderMap) {
    headers.insert(CONTENT_TYPE, PROBLEM);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match problem {
        Problem::Method { allowed } => {
            headers.insert(ALLOW, HeaderValue::from_static(allowed));
        }
        Problem::Unauthorized => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        _ if problem.status() == StatusCode::SERVICE_UNAVAILABLE => {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
}

/// `engine;dur=` and milliseconds.
fn server_timing(engine: Duration) -> HeaderValue {
    let microseconds = engine.as_micros() as u64;
    let mut digits = itoa::Buffer::new();
    let mut value = String::with_capacity(32);
    value.push_str("engine;dur=");
    value.push_str(digits.format(microseconds / 1000));
    value.push('.');
    // A thousand more has the zeros that smaller numbers lack, behind its first digit.
    value.push_str(&digits.format(1000 + microseconds % 1000)[1..]);
    HeaderValue::try_from(value).unwrap_or_else(|_| HeaderValue::from_static("engine"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_time_is_in_milliseconds() {
        assert_eq!(server_timing(Duration::from_nanos(41_999)), "engine;dur=0.041");
        assert_eq!(server_timing(Duration::from_micros(1_002_003)), "engine;dur=1002.003");
    }
}
