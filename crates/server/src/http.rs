//! From a request to its answer: routes, methods, headers. Bodies are read in [`limits`], adverts are
//! classified in [`answer`](crate::answer), what goes wrong is told in [`problem`](crate::problem).

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    ALLOW, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};

use crate::access_log::RequestLine;
use crate::answer::{self, Answer, Failure};
use crate::limits::{self, BodyLimits};
use crate::problem::Problem;
use crate::published::Live;
use crate::worker::{Connection, Counters};

/// An advert longer than this takes about a millisecond and more: it is classified beside the event
/// loop, so that other connections of the worker are not held up.
const LARGE_ADVERT: usize = 64 * 1024;
/// Longer names of a request than this are replaced by one of ours.
const LONGEST_REQUEST_ID: usize = 64;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const RULESET: HeaderName = HeaderName::from_static("jobsieve-ruleset");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Classify,
    Ruleset,
    Live,
    Ready,
    Unknown,
}

impl Route {
    fn of(path: &str) -> Self {
        match path {
            "/v1/classify" => Self::Classify,
            "/v1/ruleset" => Self::Ruleset,
            "/livez" => Self::Live,
            "/readyz" => Self::Ready,
            _ => Self::Unknown,
        }
    }

    fn template(self) -> &'static str {
        match self {
            Self::Classify => "/v1/classify",
            Self::Ruleset => "/v1/ruleset",
            Self::Live => "/livez",
            Self::Ready => "/readyz",
            Self::Unknown => "unknown",
        }
    }

    fn check_method(self, method: &Method) -> Result<(), Problem> {
        match self {
            Self::Unknown => Err(Problem::UnknownPath),
            Self::Classify if method == Method::POST => Ok(()),
            Self::Classify => Err(Problem::Method { allowed: "POST" }),
            _ if method == Method::GET || method == Method::HEAD => Ok(()),
            _ => Err(Problem::Method { allowed: "GET, HEAD" }),
        }
    }
}

/// A request's way through the server, as far as it has come.
#[derive(Default)]
struct Passage {
    live: Option<Arc<Live>>,
    bytes_in: usize,
    engine: Option<Duration>,
    categories: Option<usize>,
    /// A body that nobody has read yet.
    unread: Option<Incoming>,
}

/// Answers one request and logs it.
pub(crate) async fn answer(
    connection: &Connection,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let started = Instant::now();
    let shared = &*connection.shared;
    let number = connection.counters.requests.fetch_add(1, Ordering::Relaxed);
    let (head, body) = request.into_parts();
    let route = Route::of(head.uri.path());
    let id = request_id(&head.headers, connection, number);
    let mut passage = Passage { unread: Some(body), ..Passage::default() };
    let result = respond(connection, route, &head, &id, &mut passage).await;
    let is_cut = matches!(result, Err(Problem::BodyTooLarge { .. } | Problem::BodyTooSlow { .. }));
    let (status, mut headers, body) = match result {
        Ok((body, content_type)) => (StatusCode::OK, with_type(content_type), body),
        Err(problem) => {
            let mut headers = with_type("application/problem+json");
            headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            if let Problem::Method { allowed } = problem {
                headers.insert(ALLOW, HeaderValue::from_static(allowed));
            }
            if problem.status() == StatusCode::SERVICE_UNAVAILABLE {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
            }
            (problem.status(), headers, problem.document())
        }
    };
    if let Some(engine) = passage.engine {
        headers.insert(SERVER_TIMING, server_timing(engine));
    }
    if let Some(live) = &passage.live {
        headers.insert(RULESET, live.header.clone());
    }
    if is_cut || connection.beyond_limit || shared.is_draining() {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    headers.insert(REQUEST_ID, id.clone());
    if let Some(unread) = passage.unread {
        limits::discard(unread, body_limits(connection));
    }
    if shared.settings.access_log {
        shared.log.request(RequestLine {
            at: SystemTime::now(),
            request_id: id,
            route: route.template(),
            method: method_name(&head.method),
            status: status.as_u16(),
            bytes_in: passage.bytes_in,
            duration: started.elapsed(),
            engine: passage.engine,
            ruleset_version: passage.live.and_then(|live| live.version),
            categories: passage.categories,
            client: connection.client.ip(),
        });
    }
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// The body and its type, or why there is none.
async fn respond(
    connection: &Connection,
    route: Route,
    head: &Parts,
    id: &HeaderValue,
    passage: &mut Passage,
) -> Result<(Bytes, &'static str), Problem> {
    let shared = &*connection.shared;
    if connection.beyond_limit && !matches!(route, Route::Live | Route::Ready) {
        return Err(Problem::TooManyConnections { limit: shared.settings.max_connections });
    }
    route.check_method(&head.method)?;
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
            current.status.clone().ok_or(Problem::NoStatus)?
        }
        Route::Classify => classify(connection, &head.headers, id, passage).await?,
        Route::Unknown => return Err(Problem::UnknownPath),
    };
    Ok((body, "application/json"))
}

/// Reads the advert and classifies it by the rule set that is live when all of it is there.
async fn classify(
    connection: &Connection,
    headers: &HeaderMap,
    id: &HeaderValue,
    passage: &mut Passage,
) -> Result<Bytes, Problem> {
    check_content(headers)?;
    let Some(mut unread) = passage.unread.take() else { return Err(Problem::BodyCut) };
    let body = match limits::read_body(&mut unread, body_limits(connection)).await {
        Ok(body) => body,
        Err(problem) => {
            if matches!(problem, Problem::BodyTooLarge { .. }) {
                passage.unread = Some(unread);
            }
            return Err(problem);
        }
    };
    passage.bytes_in = body.len();
    let live = passage.load(connection)?;
    let result = if body.len() <= LARGE_ADVERT {
        answer::classify(&live, &body)
    } else {
        let work = tokio::task::spawn_blocking(move || answer::classify(&live, &body));
        work.await.unwrap_or_else(|error| Err(Failure::Panic(error.to_string())))
    };
    match result {
        Ok(Answer { record, engine, categories }) => {
            passage.engine = Some(engine);
            passage.categories = Some(categories);
            Ok(record)
        }
        Err(Failure::Advert(error)) => Err(Problem::Advert(error)),
        Err(Failure::Panic(reason)) => {
            let id = id.to_str().unwrap_or_default();
            let fields = serde_json::json!({ "request_id": id, "reason": reason });
            connection.shared.log.event("error", "request_failed", fields);
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
}

fn body_limits(connection: &Connection) -> BodyLimits {
    let settings = &connection.shared.settings;
    BodyLimits { bytes: settings.max_body_bytes, time: settings.body_timeout }
}

/// A body is JSON unless its sender says otherwise.
fn check_content(headers: &HeaderMap) -> Result<(), Problem> {
    if let Some(given) = headers.get(CONTENT_TYPE) {
        let given = given.to_str().map_err(|_| Problem::ContentType)?;
        if !is_json(given) {
            return Err(Problem::ContentType);
        }
    }
    match headers.get(CONTENT_ENCODING) {
        Some(given) if !given.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Err(Problem::ContentEncoding)
        }
        _ => Ok(()),
    }
}

/// `application/json`, with no character set but UTF-8.
fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|given| given.eq_ignore_ascii_case("application/json"));
    is_json
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
                value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}

fn with_type(content_type: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers
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
            let Counters { worker, .. } = &*connection.counters;
            let id = format!("{}-{worker}-{number}", connection.shared.name);
            HeaderValue::try_from(id).unwrap_or_else(|_| HeaderValue::from_static("unnamed"))
        }
    }
}

/// `engine;dur=` and milliseconds.
fn server_timing(engine: Duration) -> HeaderValue {
    let microseconds = engine.as_micros();
    let value = format!("engine;dur={}.{:03}", microseconds / 1000, microseconds % 1000);
    HeaderValue::try_from(value).unwrap_or_else(|_| HeaderValue::from_static("engine"))
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
    fn only_json_in_utf8_is_taken() {
        for fit in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"; q=1",
        ] {
            assert!(is_json(fit), "{fit}");
        }
        for unfit in ["text/plain", "application/jsonp", "application/json; charset=latin-1", ""] {
            assert!(!is_json(unfit), "{unfit}");
        }
    }

    #[test]
    fn engine_time_is_in_milliseconds() {
        assert_eq!(server_timing(Duration::from_nanos(41_999)), "engine;dur=0.041");
        assert_eq!(server_timing(Duration::from_micros(1_002_003)), "engine;dur=1002.003");
    }
}
