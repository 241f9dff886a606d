//! A small HTTP/1.1 client over a plain socket, so that tests decide which bytes are sent when.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Nothing takes so long: a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection.
pub struct Client {
    stream: BufReader<TcpStream>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }

    /// Status and problem type; checks that the document agrees with the answer.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let document = self.json();
        assert_eq!(document["status"], self.status);
        for text in ["title", "detail"] {
            assert!(document[text].as_str().is_some_and(|text| !text.is_empty()), "{document}");
        }
        let kind = document["type"].as_str().expect("a type");
        (self.status, kind.strip_prefix("/problems/").expect("a relative URI").to_owned())
    }
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("an option");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a timeout");
        Self { stream: BufReader::new(stream) }
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).expect("bytes are taken");
    }

    /// Sends bytes until the server takes no more; true if it took all.
    pub fn send_while_taken(&mut self, bytes: &[u8]) -> bool {
        self.stream.get_mut().write_all(bytes).is_ok()
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
        self.answer()
    }

    /// Posts an advert to `/v1/classify`.
    pub fn classify(&mut self, body: impl AsRef<[u8]>) -> Answer {
        self.send(advert_request("", body.as_ref()));
        self.answer()
    }

    /// Reads the answer to anything but HEAD.
    pub fn answer(&mut self) -> Answer {
        let mut answer = self.answer_head();
        let length = answer.header("content-length").expect("a length").parse().expect("a number");
        answer.body.resize(length, 0);
        self.stream.read_exact(&mut answer.body).expect("a body");
        answer
    }

    /// Reads an answer up to its body.
    pub fn answer_head(&mut self) -> Answer {
        let mut lines = std::iter::from_fn(|| {
            let mut line = String::new();
            self.stream.read_line(&mut line).expect("a line of a head");
            let line = line.trim_end();
            (!line.is_empty()).then(|| line.to_owned())
        });
        let start = lines.next().expect("an answer, not the end of the connection");
        let status = start.split(' ').nth(1).and_then(|status| status.parse().ok());
        let headers = lines
            .map(|line| {
                let (name, value) = line.split_once(": ").expect("a header");
                (name.to_owned(), value.to_owned())
            })
            .collect();
        Answer { status: status.expect("a status"), headers, body: Vec::new() }
    }

    /// The next chunk of a body, `None` at its end.
    pub fn chunk(&mut self) -> Option<Vec<u8>> {
        let mut length = String::new();
        self.stream.read_line(&mut length).expect("the length of a chunk");
        let length = usize::from_str_radix(length.trim_end(), 16).expect("a length");
        let mut chunk = vec![0; length + 2];
        self.stream.read_exact(&mut chunk).expect("a chunk");
        chunk.truncate(length);
        (length > 0).then_some(chunk)
    }

    /// The rest of a body that comes in chunks.
    pub fn chunks(&mut self) -> Vec<u8> {
        std::iter::from_fn(|| self.chunk()).flatten().collect()
    }

    /// Another hold on the same connection, to read while the first one sends.
    pub fn second(&self) -> Self {
        let stream = self.stream.get_ref().try_clone().expect("a connection");
        Self { stream: BufReader::new(stream) }
    }

    /// Waits until the server closes; true if nothing came before.
    pub fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => rest.is_empty(),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "the server never closed");
                rest.is_empty()
            }
        }
    }
}

/// A request to classify `body`, with further header lines, each with its line end.
pub fn advert_request(headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST /v1/classify HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}
