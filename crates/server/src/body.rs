//! The body of an answer: whole, as nearly all are, or in pieces, as those of batches.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::mpsc::Receiver;

/// The next of a body that comes in pieces.
#[derive(Debug)]
pub(crate) enum Piece {
    Data(Bytes),
    /// There is no more. Without it, whoever made the pieces gave up, and the client must not take what
    /// it has for the whole.
    End,
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Body {
    Whole(Bytes),
    Pieces(Receiver<Piece>),
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        let data = match this {
            Self::Whole(whole) => std::mem::take(whole),
            Self::Pieces(pieces) => match ready!(pieces.poll_recv(context)) {
                Some(Piece::Data(data)) => data,
                Some(Piece::End) => {
                    *this = Self::Whole(Bytes::new());
                    Bytes::new()
                }
                None => return Poll::Ready(Some(Err(io::ErrorKind::BrokenPipe.into()))),
            },
        };
        Poll::Ready((!data.is_empty()).then(|| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(whole) if whole.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => SizeHint::with_exact(whole.len() as u64),
            Self::Pieces(_) => SizeHint::default(),
        }
    }
}
