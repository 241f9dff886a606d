//! The connection as bytes: over TCP or a Unix socket, plain or encrypted; and which version of HTTP
//! its client speaks.

use std::io;
use std::net::{IpAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncRead, AsyncWrite, Interest};

/// A connection that was accepted and not yet read from. Does not block.
#[derive(Debug)]
pub(crate) enum Arrival {
    Tcp(TcpStream, IpAddr),
    Unix(UnixStream),
}

impl Arrival {
    pub(crate) fn client(&self) -> Option<IpAddr> {
        match self {
            Self::Tcp(_, client) => Some(*client),
            Self::Unix(_) => None,
        }
    }
}

/// Anything that bytes can be read from and written to.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for S {}

/// A version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    Http1,
    Http2,
}

impl Version {
    pub(crate) async fn of_tcp(stream: &tokio::net::TcpStream) -> io::Result<Self> {
        stream.async_io(Interest::READABLE, || Self::look(stream.as_fd())).await
    }

    pub(crate) async fn of_unix(stream: &tokio::net::UnixStream) -> io::Result<Self> {
        stream.async_io(Interest::READABLE, || Self::look(stream.as_fd())).await
    }

    /// What the client of a plain connection begins to speak: HTTP/2 has a fixed first line, `PRI * …`, and
    /// no method of HTTP/1.1 begins so. The bytes stay where they are, so that reading a request costs
    /// nothing more.
    fn look(stream: BorrowedFd<'_>) -> io::Result<Self> {
        let mut start = [0; 3];
        let (_, count) = recv(stream, &mut start[..], RecvFlags::PEEK)?;
        match &start[..count] {
            b"PRI" => Ok(Self::Http2),
            b"P" | b"PR" => Err(io::ErrorKind::WouldBlock.into()),
            _ => Ok(Self::Http1),
        }
    }
}
