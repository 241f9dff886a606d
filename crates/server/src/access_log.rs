//! Owns standard output while serving: one bounded queue, one writer thread, one JSON line per
//! event. A full queue drops lines and counts them; a slow or closed output never holds up a request.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use hyper::header::HeaderValue;
use jiff::Timestamp;
use serde::Serialize;

/// Lines that may wait. At 100,000 requests a second the writer finds 1,000 after each rest.
const QUEUE: usize = 8192;
/// How long the writer rests after it has written. Without it every line wakes the thread, which
/// costs the request more than the line does.
const REST: Duration = Duration::from_millis(10);
/// The writer gathers about so many bytes before it writes.
const BLOCK: usize = 64 * 1024;

/// One answered request, as plain values: the writer makes the line.
#[derive(Debug)]
pub(crate) struct RequestLine {
    /// When it was answered.
    pub(crate) at: SystemTime,
    pub(crate) request_id: HeaderValue,
    /// The caller's, as far as it is well-formed.
    pub(crate) traceparent: Option<HeaderValue>,
    /// The template of the path, never the path as sent.
    pub(crate) route: &'static str,
    pub(crate) method: &'static str,
    pub(crate) status: u16,
    pub(crate) bytes_in: usize,
    /// From the end of its head to its answer.
    pub(crate) duration: Duration,
    pub(crate) engine: Option<Duration>,
    pub(crate) ruleset_version: Option<i64>,
    /// How many adverts a batch had.
    pub(crate) adverts: Option<usize>,
    pub(crate) categories: Option<usize>,
    /// `None` behind a Unix socket.
    pub(crate) client: Option<IpAddr>,
}

/// [`RequestLine`] as it is written.
#[derive(Serialize)]
struct Written<'a> {
    ts: String,
    level: &'a str,
    event: &'a str,
    request_id: &'a str,
    traceparent: Option<&'a str>,
    route: &'a str,
    method: &'a str,
    status: u16,
    bytes_in: usize,
    duration_us: u64,
    engine_us: Option<u64>,
    ruleset_version: Option<i64>,
    adverts_count: Option<usize>,
    categories_count: Option<usize>,
    client: Option<IpAddr>,
}

#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are requests; a box would cost each an allocation"
)]
enum Entry {
    Request(RequestLine),
    Text(String),
    Flush(Sender<()>),
}

/// A way into the queue; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Log {
    queue: SyncSender<Entry>,
    dropped: Arc<AtomicU64>,
}

impl Log {
    /// Starts the writer on this process's standard output. A closed one is no error: lines are
    /// then dropped and counted.
    pub(crate) fn to_stdout() -> io::Result<Self> {
        let output = io::stdout().as_fd().try_clone_to_owned().ok();
        Self::start(output.map(File::from))
    }

    /// Starts the writer; it ends when the last clone of the log is gone.
    pub(crate) fn start(output: Option<File>) -> io::Result<Self> {
        let (queue, entries) = sync_channel(QUEUE);
        let dropped = Arc::new(AtomicU64::new(0));
        let writer =
            Writer { output, block: Vec::new(), lines: 0, torn: false, dropped: dropped.clone() };
        thread::Builder::new()
            .name("jobsieve-log".to_owned())
            .spawn(move || writer.run(&entries))?;
        Ok(Self { queue, dropped })
    }

    /// Logs a request.
    pub(crate) fn request(&self, line: RequestLine) {
        self.put(Entry::Request(line));
    }

    /// Logs a line that somebody else made; a line break is added.
    pub(crate) fn text(&self, line: String) {
        self.put(Entry::Text(line));
    }

    /// Logs an event of the server itself; `fields` are the members of a JSON object.
    pub(crate) fn event(&self, level: &str, event: &str, fields: serde_json::Value) {
        let mut line = serde_json::json!({
            "ts": timestamp(SystemTime::now()),
            "level": level,
            "event": event,
        });
        if let (Some(line), serde_json::Value::Object(fields)) = (line.as_object_mut(), fields) {
            line.extend(fields);
        }
        self.text(revealed(line.to_string()));
    }

    /// How many lines were dropped since the start.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits until all that was logged before is written; false where that takes longer than `until`.
    pub(crate) fn flush(&self, until: Instant) -> bool {
        let (done, wait) = channel();
        while self.queue.try_send(Entry::Flush(done.clone())).is_err() {
            if Instant::now() >= until {
                return false;
            }
            thread::sleep(Duration::from_millis(1));
        }
        wait.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok()
    }

    fn put(&self, entry: Entry) {
        if self.queue.try_send(entry).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The only one who writes.
struct Writer {
    output: Option<File>,
    /// Lines that are not written yet, and how many they are.
    block: Vec<u8>,
    lines: u64,
    /// The output took a part of a line and then failed.
    torn: bool,
    dropped: Arc<AtomicU64>,
}

impl Writer {
    fn run(mut self, entries: &Receiver<Entry>) {
        let mut told = 0;
        while let Ok(first) = entries.recv() {
            let mut next = Some(first);
            while let Some(entry) = next {
                self.take(entry);
                next = entries.try_recv().ok();
            }
            let dropped = self.dropped.load(Ordering::Relaxed);
            if dropped > told && self.output.is_some() {
                let ts = timestamp(SystemTime::now());
                let line = serde_json::json!({
                    "ts": ts, "level": "warning", "event": "log_lines_dropped", "total": dropped,
                });
                // Not a line of anybody's: if it is lost as well, it is not counted.
                self.block.extend_from_slice(line.to_string().as_bytes());
                self.block.push(b'\n');
                told = dropped;
            }
            self.write();
            thread::sleep(REST);
        }
    }

    fn take(&mut self, entry: Entry) {
        match entry {
            Entry::Request(request) => {
                write_request(&mut self.block, &request);
                self.line(b"");
            }
            Entry::Text(text) => self.line(text.trim_end_matches('\n').as_bytes()),
            Entry::Flush(done) => {
                self.write();
                // Whoever asked may have stopped waiting.
                let _ = done.send(());
            }
        }
        if self.block.len() >= BLOCK {
            self.write();
        }
    }

    /// Ends a line with `rest`.
    fn line(&mut self, rest: &[u8]) {
        self.block.extend_from_slice(rest);
        self.block.push(b'\n');
        self.lines += 1;
    }

    fn write(&mut self) {
        if self.block.is_empty() {
            return;
        }
        let written = match &mut self.output {
            Some(output) => {
                let torn = std::mem::take(&mut self.torn);
                let start: &[u8] = if torn { b"\n" } else { b"" };
                write_all(output, start).and_then(|()| write_all(output, &self.block))
            }
            None => Err(0),
        };
        if let Err(taken) = written {
            let whole = self.block[..taken].split(|&byte| byte == b'\n').count() - 1;
            self.torn = taken > 0 && self.block[taken - 1] != b'\n';
            self.dropped.fetch_add(self.lines - (whole as u64).min(self.lines), Ordering::Relaxed);
        }
        self.block.clear();
        self.lines = 0;
    }
}

/// Writes all of `bytes`, or tells how many were taken before the output failed. An output that does
/// not block is asked again until it takes them: this thread has nothing else to do.
fn write_all(output: &mut File, bytes: &[u8]) -> Result<(), usize> {
    let mut taken = 0;
    while taken < bytes.len() {
        match output.write(&bytes[taken..]) {
            Ok(0) => return Err(taken),
            Ok(more) => taken += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(REST),
            Err(_) => return Err(taken),
        }
    }
    Ok(())
}

fn write_request(block: &mut Vec<u8>, request: &RequestLine) {
    let microseconds = |duration: Duration| duration.as_micros() as u64;
    let written = Written {
        ts: timestamp(request.at),
        level: "info",
        event: "request",
        request_id: request.request_id.to_str().unwrap_or_default(),
        traceparent: request.traceparent.as_ref().and_then(|given| given.to_str().ok()),
        route: request.route,
        method: request.method,
        status: request.status,
        bytes_in: request.bytes_in,
        duration_us: microseconds(request.duration),
        engine_us: request.engine.map(microseconds),
        ruleset_version: request.ruleset_version,
        adverts_count: request.adverts,
        categories_count: request.categories,
        client: request.client,
    };
    // Strings and numbers can't fail to be written to memory.
    let _ = serde_json::to_writer(block, &written);
}

/// The same JSON with every character escaped that would make the line look otherwise than it is: JSON
/// itself allows overrides of the writing direction and two line separators within a string.
fn revealed(line: String) -> String {
    let disguises = |c: char| {
        matches!(c, '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}')
    };
    if !line.contains(disguises) {
        return line;
    }
    line.chars().fold(String::with_capacity(line.len() + 16), |mut clean, c| {
        if disguises(c) {
            // Text can't fail to be written to memory.
            let _ = write!(clean, "\\u{:04x}", c as u32);
        } else {
            clean.push(c);
        }
        clean
    })
}

/// RFC 3339 in UTC with microseconds.
fn timestamp(at: SystemTime) -> String {
    Timestamp::try_from(at).map_or_else(|_| String::new(), |at| format!("{at:.6}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, PipeReader, Read, pipe};
    use std::os::fd::OwnedFd;

    fn log_to_pipe() -> (Log, PipeReader) {
        let (reader, writer) = pipe().expect("a pipe");
        let output = File::from(OwnedFd::from(writer));
        (Log::start(Some(output)).expect("a thread"), reader)
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn a_request_becomes_one_json_line() {
        let (log, reader) = log_to_pipe();
        log.request(RequestLine {
            at: SystemTime::UNIX_EPOCH + Duration::from_micros(1_764_000_000_000_001),
            request_id: HeaderValue::from_static("a\"b"),
            traceparent: None,
            route: "/v1/classify",
            method: "POST",
            status: 200,
            bytes_in: 2504,
            duration: Duration::from_nanos(41_900),
            engine: Some(Duration::from_micros(30)),
            ruleset_version: None,
            adverts: None,
            categories: Some(2),
            client: Some(IpAddr::from([127, 0, 0, 1])),
        });
        let mut line = String::new();
        BufReader::new(reader).read_line(&mut line).expect("a line");
        assert_eq!(
            line,
            concat!(
                r#"{"ts":"2025-11-24T16:00:00.000001Z","level":"info","event":"request","#,
                r#""request_id":"a\"b","traceparent":null,"route":"/v1/classify","method":"POST","#,
                r#""status":200,"bytes_in":2504,"duration_us":41,"engine_us":30,"#,
                r#""ruleset_version":null,"adverts_count":null,"categories_count":2,"#,
                r#""client":"127.0.0.1"}"#,
                "\n"
            )
        );
    }

    #[test]
    fn what_would_disguise_a_line_is_escaped() {
        let told = serde_json::json!({ "rule": "a\u{202e}b\u{2028}é\n\u{1b}" }).to_string();
        assert_eq!(revealed(told), r#"{"rule":"a\u202eb\u2028é\n\u001b"}"#);
    }

    #[test]
    fn lines_keep_their_order_and_are_whole_after_a_flush() {
        let (log, mut reader) = log_to_pipe();
        for number in 0..1000 {
            log.text(number.to_string());
        }
        assert!(log.flush(soon()));
        drop(log);
        let mut written = String::new();
        reader.read_to_string(&mut written).expect("text");
        assert!(written.lines().eq((0..1000).map(|number| number.to_string())));
    }

    #[test]
    fn a_full_pipe_drops_and_counts_and_tells_so_later() {
        let (log, reader) = log_to_pipe();
        let line = "x".repeat(1000);
        let lines = 3 * QUEUE as u64;
        for _ in 0..lines {
            log.text(line.clone());
        }
        let dropped = log.dropped();
        assert!(dropped > 0, "nothing was dropped");
        assert!(!log.flush(Instant::now() + Duration::from_millis(20)), "the pipe is full");
        drop(log);
        let (told, plain): (Vec<_>, Vec<_>) = BufReader::new(reader)
            .lines()
            .map(|line| line.expect("text"))
            .partition(|line| line.contains("log_lines_dropped"));
        assert!(told.last().is_some_and(|line| line.contains(&format!("\"total\":{dropped}"))));
        assert_eq!(plain.len() as u64, lines - dropped);
    }

    #[test]
    fn a_closed_output_counts_every_line() {
        let (log, reader) = log_to_pipe();
        drop(reader);
        for _ in 0..100 {
            log.text("lost".to_owned());
        }
        assert!(log.flush(soon()));
        assert!(log.dropped() >= 100, "{}", log.dropped());
        let nowhere = Log::start(None).expect("a thread");
        nowhere.text("lost".to_owned());
        assert!(nowhere.flush(soon()));
        assert_eq!(nowhere.dropped(), 1);
    }
}
