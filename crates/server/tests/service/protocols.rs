//! HTTP/2, and Unix sockets.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http2;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use jobsieve_server::{Server, ServerSettings};
use tokio::net::TcpStream;
use tokio::runtime::Builder;

use crate::running::{LONG, RULES, SHORT, address, connect, publish, serving, settings};

type Sender = http2::SendRequest<http_body_util::Full<Bytes>>;

async fn http2_client(server: &Server) -> (Sender, tokio::task::JoinHandle<()>) {
    let stream = TcpStream::connect(address(server)).await.expect("a connection");
    let opened = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
    let (sender, connection) = opened.expect("HTTP/2");
    let serving = tokio::spawn(async move {
        let _ = connection.await;
    });
    (sender, serving)
}

fn post(path: &str, body: impl Into<Bytes>) -> Request<http_body_util::Full<Bytes>> {
    let request = Request::post(format!("http://test{path}"));
    request.body(http_body_util::Full::new(body.into())).expect("a request")
}

async fn whole(response: Response<Incoming>) -> (u16, String) {
    let status = response.status().as_u16();
    let mut body = Box::pin(response.into_body());
    let mut bytes = Vec::new();
    while let Some(frame) = std::future::poll_fn(|context| body.as_mut().poll_frame(context)).await
    {
        bytes.extend_from_slice(&frame.expect("a frame").into_data().unwrap_or_default());
    }
    (status, String::from_utf8(bytes).expect("UTF-8"))
}

fn run(test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async { tokio::time::timeout(LONG, test).await.expect("an answer") });
}

#[test]
fn http2_is_spoken_on_the_same_port() {
    let server = serving(settings());
    run(async {
        let (mut sender, _serving) = http2_client(&server).await;
        let asked: Vec<_> = (0..50)
            .map(|id| {
                let body = format!("{{\"id\":{id},\"title\":\"chef\"}}");
                sender.send_request(post("/v1/classify", body))
            })
            .collect();
        for (id, asked) in asked.into_iter().enumerate() {
            let (status, body) = whole(asked.await.expect("an answer")).await;
            assert_eq!(status, 200);
            assert!(body.starts_with(&format!("{{\"id\":{id},\"status\":\"matched\"")), "{body}");
        }
        let lines = "{\"title\":\"chef\"}\n".repeat(10_000);
        let asked = sender.send_request(post("/v1/classify/batch", lines));
        let (status, body) = whole(asked.await.expect("an answer")).await;
        assert_eq!((status, body.lines().count()), (200, 10_000));
    });
}

#[test]
fn requests_beyond_the_limit_are_refused_one_by_one_on_an_http2_connection() {
    let workers = std::num::NonZeroUsize::new(1);
    let server = serving(ServerSettings { max_in_flight: 1, workers, ..settings() });
    let mut halfway = connect(&server);
    halfway.send("POST /v1/classify HTTP/1.1\r\nHost: t\r\nContent-Length: 16\r\n\r\n{");
    // Answered while the first is under way, so that both were seen.
    while connect(&server).classify("{\"title\":\"chef\"}").status != 503 {}
    run(async {
        let (mut sender, _serving) = http2_client(&server).await;
        let asked: Vec<_> = (0..20)
            .map(|_| sender.send_request(post("/v1/classify", "{\"title\":\"chef\"}")))
            .collect();
        for asked in asked {
            let response = asked.await.expect("an answer");
            assert!(response.headers().contains_key("retry-after"));
            let (status, body) = whole(response).await;
            assert_eq!(status, 503);
            assert!(body.contains("too-many-requests"), "{body}");
        }
        halfway.send("\"title\":\"chef\"}");
        assert_eq!(halfway.answer().status, 200);
        // The connection outlives the refusals.
        let asked = sender.send_request(post("/v1/classify", "{\"title\":\"chef\"}"));
        assert_eq!(whole(asked.await.expect("an answer")).await.0, 200);
    });
}

#[test]
fn an_idle_http2_connection_is_closed() {
    let server = serving(ServerSettings { header_timeout: SHORT, ..settings() });
    run(async {
        let (mut sender, serving) = http2_client(&server).await;
        let asked = sender.send_request(post("/v1/classify", "{\"title\":\"chef\"}"));
        assert_eq!(whole(asked.await.expect("an answer")).await.0, 200);
        serving.await.expect("the end of the connection");
    });
}

#[test]
fn a_drain_ends_http2_connections() {
    let server = serving(settings());
    run(async {
        let (mut sender, serving) = http2_client(&server).await;
        let asked = sender.send_request(post("/v1/classify", "{\"title\":\"chef\"}"));
        assert_eq!(whole(asked.await.expect("an answer")).await.0, 200);
        let drained = tokio::task::spawn_blocking(move || server.drain(LONG));
        serving.await.expect("the end of the connection");
        assert!(drained.await.expect("no panic").expect("the same process"));
    });
}

fn socket_path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("jobsieve-{}-{name}.sock", std::process::id()))
}

fn on_socket(path: &Path) -> ServerSettings {
    ServerSettings { unix_socket: Some(path.to_owned()), ..settings() }
}

fn get(path: &Path, target: &str) -> String {
    let mut stream = UnixStream::connect(path).expect("a connection");
    let request = format!("GET {target} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("bytes are taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn a_unix_socket_is_listened_on_and_removed_at_the_end() {
    let path = socket_path("served");
    let server = Server::start(on_socket(&path)).expect("a server");
    publish(&server, RULES, Some(7));
    assert_eq!(server.address(), None);
    assert!(get(&path, "/readyz").starts_with("HTTP/1.1 200"));
    assert!(server.drain(LONG).expect("the same process"));
    assert!(!path.exists());
}

#[test]
fn a_socket_left_behind_is_replaced_and_one_in_use_is_not() {
    let path = socket_path("left");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket"));
    let server = Server::start(on_socket(&path)).expect("the file is of nobody");
    let error = Server::start(on_socket(&path)).expect_err("in use");
    assert!(error.to_string().contains("A process listens there"), "{error}");
    assert!(get(&path, "/livez").starts_with("HTTP/1.1 200"));
    drop(server);
    std::fs::write(&path, "precious").expect("a file");
    let error = Server::start(on_socket(&path)).expect_err("no socket");
    assert!(error.to_string().contains("It is no socket"), "{error}");
    assert_eq!(std::fs::read(&path).expect("the file"), b"precious");
    std::fs::remove_file(&path).expect("the file");
}

#[test]
fn a_certificate_that_is_none_is_named() {
    let path = std::env::temp_dir().join(format!("jobsieve-{}.pem", std::process::id()));
    std::fs::write(&path, "no certificate").expect("a file");
    let tls = |certificate: &Path| jobsieve_server::TlsFiles {
        certificate: certificate.to_owned(),
        key: path.clone(),
    };
    let said = |certificate: &Path| {
        let settings = ServerSettings { tls: Some(tls(certificate)), ..settings() };
        Server::start(settings).expect_err("no certificate").to_string()
    };
    assert!(said(&path).contains(&format!("the certificate {}: it holds no", path.display())));
    assert!(said(&path.join("x")).starts_with("cannot read the certificate "));
    std::fs::remove_file(&path).expect("the file");
}
