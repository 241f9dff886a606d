//! How the body of a request is written down: its type, and whether it is compressed.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use bytes::{Buf, Bytes};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use crate::problem::Problem;

/// 8 MiB: what every encoder uses by default. A frame may ask for gigabytes.
const ZSTD_WINDOW: u32 = 23;

/// How the bytes of a body were made smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Gzip,
    Zstd,
}

/// The types of one advert.
pub(crate) const JSON: &[&str] = &["application/json"];
/// The types of many, one a line; there is no registered one.
pub(crate) const LINES: &[&str] =
    &["application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"];

/// A body has the first of these types unless its sender says otherwise.
pub(crate) fn check(
    headers: &HeaderMap,
    types: &'static [&'static str],
) -> Result<Encoding, Problem> {
    if let Some(given) = headers.get(CONTENT_TYPE)
        && !given.to_str().is_ok_and(|given| is_one_of(given, types))
    {
        return Err(Problem::ContentType { wanted: types[0] });
    }
    let Some(given) = headers.get(CONTENT_ENCODING) else { return Ok(Encoding::Plain) };
    match given.as_bytes().to_ascii_lowercase().as_slice() {
        b"identity" => Ok(Encoding::Plain),
        b"gzip" | b"x-gzip" => Ok(Encoding::Gzip),
        b"zstd" => Ok(Encoding::Zstd),
        _ => Err(Problem::ContentEncoding),
    }
}

/// One of `types`, with no character set but UTF-8.
fn is_one_of(content_type: &str, types: &[&str]) -> bool {
    let mut parts = content_type.split(';').map(str::trim);
    let is_wanted = |given: &str| types.iter().any(|wanted| given.eq_ignore_ascii_case(wanted));
    parts.next().is_some_and(is_wanted)
        && parts.all(|parameter| match parameter.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case("charset") => {
                value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            }
            _ => true,
        })
}

/// The body of a request as a stream of bytes as they were sent.
#[derive(Debug)]
pub(crate) struct Raw {
    body: Incoming,
    chunk: Bytes,
    /// How many were read.
    pub(crate) count: usize,
    /// Reading fails beyond so many.
    most: usize,
}

impl AsyncBufRead for Raw {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        while this.chunk.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(context)) {
                None => break,
                Some(Err(error)) => {
                    return Poll::Ready(Err(io::Error::new(
                        io::ErrorKind::ConnectionAborted,
                        error,
                    )));
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        this.count += data.len();
                        this.chunk = data;
                    }
                }
            }
        }
        if this.count > this.most {
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        }
        Poll::Ready(Ok(&this.chunk))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.get_mut().chunk.advance(amount);
    }
}

impl AsyncRead for Raw {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let ready = ready!(self.as_mut().poll_fill_buf(context))?;
        let taken = ready.len().min(into.remaining());
        into.put_slice(&ready[..taken]);
        self.consume(taken);
        Poll::Ready(Ok(()))
    }
}

/// The body of a request as its sender had it before compressing it. Never holds more than a window
/// of the compression, however small the body and large what it stands for.
pub(crate) enum Decoded {
    Plain(Raw),
    Gzip(Box<GzipDecoder<Raw>>),
    Zstd(Box<ZstdDecoder<Raw>>),
}

impl fmt::Debug for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Decoded").field(self.raw()).finish()
    }
}

impl Decoded {
    /// Reading fails where more than `most` bytes were sent.
    pub(crate) fn new(body: Incoming, encoding: Encoding, most: usize) -> Self {
        let raw = Raw { body, chunk: Bytes::new(), count: 0, most };
        match encoding {
            Encoding::Plain => Self::Plain(raw),
            Encoding::Gzip => {
                let mut decoder = GzipDecoder::new(raw);
                decoder.multiple_members(true);
                Self::Gzip(Box::new(decoder))
            }
            Encoding::Zstd => {
                let window = DParameter::window_log_max(ZSTD_WINDOW);
                let mut decoder = ZstdDecoder::with_params(raw, &[window]);
                decoder.multiple_members(true);
                Self::Zstd(Box::new(decoder))
            }
        }
    }

    pub(crate) fn raw(&self) -> &Raw {
        match self {
            Self::Plain(raw) => raw,
            Self::Gzip(decoder) => decoder.get_ref(),
            Self::Zstd(decoder) => decoder.get_ref(),
        }
    }

    pub(crate) fn raw_mut(&mut self) -> &mut Raw {
        match self {
            Self::Plain(raw) => raw,
            Self::Gzip(decoder) => decoder.get_mut(),
            Self::Zstd(decoder) => decoder.get_mut(),
        }
    }

    /// What is left of the body as it was sent.
    pub(crate) fn into_body(self) -> Incoming {
        match self {
            Self::Plain(raw) => raw.body,
            Self::Gzip(decoder) => decoder.into_inner().body,
            Self::Zstd(decoder) => decoder.into_inner().body,
        }
    }
}

impl AsyncRead for Decoded {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(raw) => Pin::new(raw).poll_read(context, into),
            Self::Gzip(decoder) => Pin::new(&mut **decoder).poll_read(context, into),
            Self::Zstd(decoder) => Pin::new(&mut **decoder).poll_read(context, into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn only_json_in_utf8_is_taken() {
        for fit in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"; q=1",
        ] {
            assert!(is_one_of(fit, JSON), "{fit}");
        }
        for unfit in ["text/plain", "application/jsonp", "application/json; charset=latin-1", ""] {
            assert!(!is_one_of(unfit, JSON), "{unfit}");
        }
    }

    #[test]
    fn encodings_are_known_by_name() {
        let encoding = |given: &'static str| {
            let given = HeaderValue::from_static(given);
            check(&[(CONTENT_ENCODING, given)].into_iter().collect(), JSON)
        };
        assert_eq!(encoding("identity"), Ok(Encoding::Plain));
        assert_eq!(encoding("GZIP"), Ok(Encoding::Gzip));
        assert_eq!(encoding("zstd"), Ok(Encoding::Zstd));
        assert_eq!(encoding("gzip, zstd"), Err(Problem::ContentEncoding));
        assert_eq!(encoding("br"), Err(Problem::ContentEncoding));
    }
}
