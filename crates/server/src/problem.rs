//! What is told to a client whose request can't be answered: an RFC 9457 problem document. Types
//! and titles are stable. Text of a request appears in it only as the name of a key, escaped.

use std::borrow::Cow;

use bytes::Bytes;
use hyper::StatusCode;
use jobsieve_engine::exchange::AdvertError;
use serde::Serialize;

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Problem {
    Advert(AdvertError),
    BodyTooLarge {
        limit: usize,
    },
    BodyTooSlow {
        seconds: f64,
    },
    BodyCut,
    ContentType {
        wanted: &'static str,
    },
    ContentEncoding,
    BrokenEncoding,
    UnknownPath,
    Method {
        allowed: &'static str,
    },
    /// `name` is what the client wrote, cut.
    Query {
        name: String,
        reason: &'static str,
    },
    UnknownRule {
        name: String,
    },
    Unauthorized,
    Forbidden,
    NoRuleset,
    NoStatus,
    Draining,
    TooManyConnections {
        limit: usize,
    },
    TooManyRequests {
        limit: usize,
    },
    Internal,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<usize>,
}

impl Problem {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Advert(error) if error.is_too_long() => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Advert(_)
            | Self::BodyCut
            | Self::BrokenEncoding
            | Self::Query { .. }
            | Self::UnknownRule { .. } => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyTooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
            Self::ContentType { .. } | Self::ContentEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::UnknownPath => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoRuleset
            | Self::NoStatus
            | Self::Draining
            | Self::TooManyConnections { .. }
            | Self::TooManyRequests { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Its type is `/problems/` and this.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Advert(error) => error.code(),
            Self::BodyTooLarge { .. } => "body-too-large",
            Self::BodyTooSlow { .. } => "body-too-slow",
            Self::BodyCut => "body-cut",
            Self::ContentType { .. } => "content-type",
            Self::ContentEncoding => "content-encoding",
            Self::BrokenEncoding => "broken-encoding",
            Self::UnknownPath => "unknown-path",
            Self::Method { .. } => "method",
            Self::Query { .. } => "query",
            Self::UnknownRule { .. } => "unknown-rule",
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NoRuleset => "no-ruleset",
            Self::NoStatus => "no-status",
            Self::Draining => "draining",
            Self::TooManyConnections { .. } => "too-many-connections",
            Self::TooManyRequests { .. } => "too-many-requests",
            Self::Internal => "internal",
        }
    }

    pub(crate) fn title(&self) -> &'static str {
        match self {
            Self::Advert(error) => error.title(),
            Self::BodyTooLarge { .. } => "The body is too large",
            Self::BodyTooSlow { .. } => "The body arrives too slowly",
            Self::BodyCut => "The body is incomplete",
            Self::ContentType { .. } => "The body is of another type",
            Self::ContentEncoding => "The body is encoded in an unknown way",
            Self::BrokenEncoding => "The compressed body is broken",
            Self::UnknownPath => "There is nothing at this path",
            Self::Method { .. } => "The method is not allowed here",
            Self::Query { .. } => "A parameter of the query is wrong",
            Self::UnknownRule { .. } => "There is no such rule",
            Self::Unauthorized => "A token is needed",
            Self::Forbidden => "The token does not allow this",
            Self::NoRuleset => "No rule set is active yet",
            Self::NoStatus => "Nothing is known of the rule set yet",
            Self::Draining => "The server is shutting down",
            Self::TooManyConnections { .. } => "Too many connections are open",
            Self::TooManyRequests { .. } => "Too many requests are under way",
            Self::Internal => "The server failed on this request",
        }
    }

    pub(crate) fn detail(&self) -> Cow<'static, str> {
        match self {
            Self::Advert(error) => error.to_string().into(),
            Self::BodyTooLarge { limit } => {
                format!("A body may have at most {limit} bytes; send a shorter advert.").into()
            }
            Self::BodyTooSlow { seconds } => {
                format!("The body was not complete after {seconds} seconds; send it at once.")
                    .into()
            }
            Self::BodyCut => {
                "The connection ended or its framing broke before the body did.".into()
            }
            Self::ContentType { wanted } => {
                format!("Send it as {wanted} in UTF-8, or leave Content-Type out.").into()
            }
            Self::ContentEncoding => {
                "Content-Encoding may be gzip, zstd or identity; send one of these.".into()
            }
            Self::BrokenEncoding => {
                "The body is not what Content-Encoding says, or it is cut off; compress it anew."
                    .into()
            }
            Self::UnknownPath => "Adverts are classified at POST /v1/classify.".into(),
            Self::Method { allowed } => format!("Use {allowed} here.").into(),
            Self::Query { name, reason } => format!("The parameter {name:?} {reason}.").into(),
            Self::UnknownRule { name } => {
                format!("The rule set that answers has no rule {name:?}.").into()
            }
            Self::Unauthorized => {
                "Send \"Authorization: Bearer TOKEN\" with a token that is known here.".into()
            }
            Self::Forbidden => "Use a token with the right to inspect.".into(),
            Self::NoRuleset => {
                "No rule set has been published since the start; try again soon.".into()
            }
            Self::NoStatus => "Nothing has been published since the start; try again soon.".into(),
            Self::Draining => "Send the request to another server.".into(),
            Self::TooManyConnections { limit } => {
                format!("At most {limit} connections are served at once; try again soon.").into()
            }
            Self::TooManyRequests { limit } => {
                format!("At most {limit} requests are worked on at once; try again soon.").into()
            }
            Self::Internal => {
                "The request met a fault of the server, which goes on; the log names it under the \
                 X-Request-Id of this answer."
                    .into()
            }
        }
    }

    /// The document as JSON.
    pub(crate) fn document(&self) -> Bytes {
        let (key, offset) = match self {
            Self::Advert(error) => (error.key(), error.offset()),
            _ => (None, None),
        };
        let document = Document {
            r#type: format!("/problems/{}", self.code()),
            title: self.title(),
            status: self.status().as_u16(),
            detail: self.detail(),
            key,
            offset,
        };
        // Strings and numbers can't fail to be written.
        serde_json::to_vec(&document).unwrap_or_default().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jobsieve_engine::exchange::Advert;
    use jobsieve_engine::lang::Fields;

    #[test]
    fn a_refused_advert_becomes_a_document_with_key_and_offset() {
        let error = Advert::from_json(b"{\"\\u0007\\\"<\":1}", &Fields::default())
            .expect_err("unknown key");
        let document = Problem::Advert(error).document();
        assert_eq!(
            String::from_utf8_lossy(&document),
            concat!(
                r#"{"type":"/problems/unknown-key","title":"A key is unknown","status":400,"#,
                r#""detail":"The key \"\\u{7}\\\"<\" is unknown; an advert has \"id\", \"title\", "#,
                r#"\"description\" and \"fields\" (line 1, column 12, byte 11).","#,
                r#""key":"\u0007\"<","offset":11}"#
            )
        );
    }
}
