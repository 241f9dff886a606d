//! Reads the body of a request within its limits. A body in one frame, as most adverts are, is
//! handed on without a copy.

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Incoming};
use tokio::io::AsyncReadExt;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};

use crate::content::{Decoded, Encoding};
use crate::problem::Problem;

/// What is taken in of an unread body between two rests.
const DISCARDED_AT_ONCE: usize = 32 * 1024;
/// How long an unread body rests then. Some 6 MB/s go on; at full speed a few such bodies would take the
/// event loop, and the network, from all other clients.
const DISCARD_REST: Duration = Duration::from_millis(5);
/// How far apart the unread bodies of one worker go on: at most 65 MB/s together, and never many in a row, behind
/// which other requests would wait.
const DISCARD_TURN: Duration = Duration::from_micros(500);
/// An unread body may take so many times as long as one that is read: enough to see 20 of 100 MB to their end.
const DISCARD_PATIENCE: u32 = 4;

thread_local! {
    /// When the next unread body of this worker may go on.
    static NEXT_TURN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// How much of a body is taken, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BodyLimits {
    pub(crate) bytes: usize,
    pub(crate) time: Duration,
}

impl BodyLimits {
    fn too_large(self) -> Problem {
        Problem::BodyTooLarge { limit: self.bytes }
    }

    pub(crate) fn too_slow(self) -> Problem {
        Problem::BodyTooSlow { seconds: self.time.as_secs_f64() }
    }
}

/// Reads the whole body.
pub(crate) async fn read_body(body: &mut Incoming, limits: BodyLimits) -> Result<Bytes, Problem> {
    if body.size_hint().lower() > limits.bytes as u64 {
        return Err(limits.too_large());
    }
    let whole = async {
        let Some(first) = next_data(body).await? else { return Ok(Bytes::new()) };
        if first.len() > limits.bytes {
            return Err(limits.too_large());
        }
        if body.is_end_stream() {
            return Ok(first);
        }
        // Grows with what arrives, not with what was announced: a thousand clients that announce
        // much and send little cost little.
        let mut whole = BytesMut::from(&first[..]);
        while let Some(more) = next_data(body).await? {
            if more.len() > limits.bytes - whole.len() {
                return Err(limits.too_large());
            }
            whole.extend_from_slice(&more);
        }
        Ok(whole.freeze())
    };
    timeout(limits.time, whole).await.unwrap_or(Err(limits.too_slow()))
}

/// Reads and decompresses the whole of a body that is compressed; both what is sent and what it stands
/// for must keep within the limit. Gives back how many bytes were sent, and what is left of the body.
pub(crate) async fn read_compressed(
    body: Incoming,
    encoding: Encoding,
    limits: BodyLimits,
) -> (Result<Bytes, Problem>, usize, Incoming) {
    if body.size_hint().lower() > limits.bytes as u64 {
        return (Err(limits.too_large()), 0, body);
    }
    let mut decoded = Decoded::new(body, encoding, limits.bytes);
    let whole = async {
        let mut whole = Vec::new();
        let within = limits.bytes as u64 + 1;
        let read = (&mut decoded).take(within).read_to_end(&mut whole).await;
        read.map_err(|error| of_decoding(&error, limits))?;
        if whole.len() > limits.bytes { Err(limits.too_large()) } else { Ok(Bytes::from(whole)) }
    };
    let whole = timeout(limits.time, whole).await.unwrap_or(Err(limits.too_slow()));
    (whole, decoded.raw().count, decoded.into_body())
}

/// What went wrong while a body was read and decompressed.
pub(crate) fn of_decoding(error: &io::Error, limits: BodyLimits) -> Problem {
    match error.kind() {
        io::ErrorKind::ConnectionAborted => Problem::BodyCut,
        io::ErrorKind::FileTooLarge => limits.too_large(),
        _ => Problem::BrokenEncoding,
    }
}

/// Takes in what is left of a body that nobody reads, so that the client, which may not look at the
/// answer before it has sent all, gets to see it instead of a broken connection. As much as a body may
/// have goes at once, more only slowly.
pub(crate) fn discard(mut body: Incoming, limits: BodyLimits) {
    if body.is_end_stream() {
        return;
    }
    let rest = async move {
        let mut until_rest = limits.bytes;
        while let Ok(Some(data)) = next_data(&mut body).await {
            until_rest = until_rest.saturating_sub(data.len());
            if until_rest == 0 {
                sleep_until(next_turn()).await;
                until_rest = DISCARDED_AT_ONCE;
            } else {
                yield_now().await;
            }
        }
    };
    drop(tokio::spawn(timeout(limits.time.saturating_mul(DISCARD_PATIENCE), rest)));
}

/// When an unread body that rests now goes on.
fn next_turn() -> Instant {
    let rested = Instant::now() + DISCARD_REST;
    let turn = NEXT_TURN.get().map_or(rested, |next| next.max(rested));
    NEXT_TURN.set(Some(turn + DISCARD_TURN));
    turn
}

/// The next piece of the body, `None` at its end; trailers are passed over.
async fn next_data(body: &mut Incoming) -> Result<Option<Bytes>, Problem> {
    loop {
        match poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
            None => return Ok(None),
            Some(Err(_)) => return Err(Problem::BodyCut),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}
