//! `POST /v1/classify/batch`: adverts in, one a line, records out, one a line, while the rest is still
//! arriving. Holds at most a few hundred kilobytes of each: a client that does not take its records is
//! not read on. The whole batch is answered by the rule set that was live when it began.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use tokio::io::{AsyncBufRead, AsyncReadExt};
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{Instant, timeout, timeout_at};

use crate::answer::{self, Records};
use crate::body::{Body, Piece};
use crate::content::{Decoded, Encoding};
use crate::limits::{self, BodyLimits};
use crate::problem::Problem;
use crate::published::Live;
use crate::visit::{Outcome, Visit};

/// About so much is read before it is classified; less, where no more has come.
const CHUNK: usize = 64 * 1024;
/// Pieces of the answer that wait to be sent.
const WAITING: usize = 2;

/// A batch that is to be answered.
#[derive(Debug)]
pub(crate) struct Batch {
    body: Decoded,
    live: Arc<Live>,
    limits: BodyLimits,
    records: Sender<Piece>,
}

/// The client does not take the answer.
struct Stalled;

impl Batch {
    pub(crate) fn new(
        body: Incoming,
        encoding: Encoding,
        live: Arc<Live>,
        limits: BodyLimits,
    ) -> (Self, Body) {
        let (records, pieces) = channel(WAITING);
        let body = Decoded::new(body, encoding, usize::MAX);
        (Self { body, live, limits, records }, Body::Pieces(pieces))
    }

    /// Waits for the first bytes of the body. A client that asked for leave to send it (`Expect:
    /// 100-continue`) gets it only while no answer has begun; without, it waits for a second or so.
    pub(crate) async fn begin(&mut self) -> Result<(), Problem> {
        let raw = self.body.raw_mut();
        let first = poll_fn(|context| Pin::new(&mut *raw).poll_fill_buf(context).map_ok(|_| ()));
        match timeout(self.limits.time, first).await {
            Ok(read) => read.map_err(|error| limits::of_decoding(&error, self.limits)),
            Err(_) => Err(self.limits.too_slow()),
        }
    }

    /// Answers all of it. What can't be read on ends the answer with an error record.
    pub(crate) async fn run(mut self, visit: Visit, mut outcome: Outcome) {
        outcome.adverts = Some(0);
        let answered = self.answer(&visit, &mut outcome).await;
        outcome.bytes_in = self.body.raw().count;
        if answered.is_ok() {
            let _ = timeout(self.limits.time, self.records.send(Piece::End)).await;
            limits::discard(self.body.into_body(), self.limits);
        }
        visit.end(&outcome);
    }

    async fn answer(&mut self, visit: &Visit, outcome: &mut Outcome) -> Result<(), Stalled> {
        let mut lines = Lines::new(self.limits.bytes);
        let mut deadline = Instant::now() + self.limits.time;
        loop {
            let read = timeout_at(deadline, self.body.read_buf(&mut lines.buffer)).await;
            let fault = match read {
                Ok(Ok(0)) => None,
                Ok(Ok(_)) => {
                    if let Some(whole) = lines.take_whole() {
                        self.send(visit, outcome, whole).await?;
                        deadline = Instant::now() + self.limits.time;
                    }
                    if lines.is_too_long() {
                        let problem = Problem::BodyTooLarge { limit: self.limits.bytes };
                        self.send_problem(outcome, &problem).await?;
                    }
                    continue;
                }
                Ok(Err(error)) => Some(limits::of_decoding(&error, self.limits)),
                Err(_) => Some(self.limits.too_slow()),
            };
            // What came before a fault is answered still, but for a line that it cut.
            return match fault {
                None => self.send(visit, outcome, lines.take_rest()).await,
                Some(problem) => self.send_problem(outcome, &problem).await,
            };
        }
    }

    async fn send(
        &mut self,
        visit: &Visit,
        outcome: &mut Outcome,
        lines: Vec<u8>,
    ) -> Result<(), Stalled> {
        if lines.is_empty() {
            return Ok(());
        }
        let begun = outcome.adverts.unwrap_or(0);
        let (live, longest) = (self.live.clone(), self.limits.bytes);
        let (counters, is_sampled) = (visit.connection.counters.clone(), visit.sampler());
        let work = tokio::task::spawn_blocking(move || {
            let is_sampled = |number| is_sampled(begun + number);
            answer::classify_lines(&live, &lines, longest, &counters, is_sampled)
        });
        let Ok(Records { lines, adverts, engine, decisions, panics }) = work.await else {
            return Err(Stalled);
        };
        outcome.adverts = Some(begun + adverts);
        *outcome.engine.get_or_insert_default() += engine;
        for decision in decisions {
            visit.log_decision(decision);
        }
        for reason in &panics {
            visit.log_panic(reason);
        }
        self.send_records(lines).await
    }

    async fn send_problem(
        &mut self,
        outcome: &mut Outcome,
        problem: &Problem,
    ) -> Result<(), Stalled> {
        let mut record = Vec::new();
        answer::write_problem(&mut record, problem);
        record.push(b'\n');
        outcome.adverts = outcome.adverts.map(|adverts| adverts + 1);
        self.send_records(record).await
    }

    async fn send_records(&mut self, records: Vec<u8>) -> Result<(), Stalled> {
        if records.is_empty() {
            return Ok(());
        }
        let sent = timeout(self.limits.time, self.records.send(Piece::Data(Bytes::from(records))));
        match sent.await {
            Ok(Ok(())) => Ok(()),
            // The client does not take them, or it has gone.
            _ => Err(Stalled),
        }
    }
}

/// Cuts what arrives into lines.
struct Lines {
    buffer: Vec<u8>,
    longest: usize,
    /// The line at hand was too long and told so; what is left of it is passed over.
    skipping: bool,
    /// Up to here there is no line break.
    searched: usize,
}

impl Lines {
    fn new(longest: usize) -> Self {
        Self { buffer: Vec::with_capacity(CHUNK), longest, skipping: false, searched: 0 }
    }

    /// The lines that are complete, without one that is passed over.
    fn take_whole(&mut self) -> Option<Vec<u8>> {
        if self.skipping {
            let end = self.buffer.iter().position(|&byte| byte == b'\n');
            let Some(end) = end else {
                self.buffer.clear();
                return None;
            };
            self.buffer.drain(..=end);
            self.skipping = false;
            self.searched = 0;
        }
        let found = self.buffer[self.searched..].iter().rposition(|&byte| byte == b'\n');
        let Some(found) = found else {
            self.searched = self.buffer.len();
            return None;
        };
        let rest = self.buffer.split_off(self.searched + found + 1);
        self.searched = rest.len();
        let mut next = Vec::with_capacity(CHUNK.max(rest.len()));
        next.extend_from_slice(&rest);
        Some(std::mem::replace(&mut self.buffer, next))
    }

    /// The last line, which needs no line break.
    fn take_rest(&mut self) -> Vec<u8> {
        if self.skipping { Vec::new() } else { std::mem::take(&mut self.buffer) }
    }

    /// Whether the line at hand has become longer than is allowed; true once, it is then passed over.
    fn is_too_long(&mut self) -> bool {
        let is = !self.skipping && self.buffer.len() > self.longest;
        if is {
            self.skipping = true;
            self.buffer.clear();
            self.searched = 0;
        }
        is
    }
}
