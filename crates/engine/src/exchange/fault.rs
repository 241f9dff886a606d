//! Why a request is not an advert: a stable code, a sentence for people, and where the fault lies.
//! Never holds more of the request than the start of one key.

use std::fmt;

use super::AdvertId;

/// How much of a key that the caller made up is given back.
const LONGEST_KEY: usize = 80;

/// Why a body is not an advert. [`std::fmt::Display`] is one full English sentence that names the
/// key and the place; [`AdvertError::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdvertError(Box<Fault>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Fault {
    kind: Kind,
    key: Option<String>,
    place: Option<Place>,
    id: Option<AdvertId<'static>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    InvalidUtf8,
    InvalidJson { reason: String },
    WrongType { expected: &'static str, found: &'static str },
    UnknownKey,
    DuplicateKey,
    UndeclaredField,
    NoText,
    TextTooLong { limit: usize },
}

/// The last byte that was read before the fault was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    offset: usize,
    line: usize,
    column: usize,
}

impl Place {
    /// The place at byte `offset` of `body`.
    pub(super) fn at(body: &[u8], offset: usize) -> Self {
        let before = &body[..offset.min(body.len())];
        let line_start =
            before.iter().rposition(|&byte| byte == b'\n').map_or(0, |found| found + 1);
        let line = before.split(|&byte| byte == b'\n').count();
        Self { offset, line, column: before.len() - line_start + 1 }
    }

    /// The place of a line and a column, both from 1, the column in bytes, as `serde_json` counts them.
    pub(super) fn of_line(body: &[u8], line: usize, column: usize) -> Self {
        let breaks = body.iter().enumerate().filter(|&(_, &byte)| byte == b'\n');
        let line_start = match line.checked_sub(2) {
            None => 0,
            Some(skipped) => breaks.map(|(index, _)| index + 1).nth(skipped).unwrap_or(0),
        };
        Self::at(body, (line_start + column).saturating_sub(1))
    }
}

impl AdvertError {
    fn new(kind: Kind, key: Option<&str>) -> Self {
        Self(Box::new(Fault { kind, key: key.map(shortened), place: None, id: None }))
    }

    pub(super) fn invalid_utf8(place: Place) -> Self {
        Self::new(Kind::InvalidUtf8, None).at(place)
    }

    /// `reason` holds no text of the request.
    pub(super) fn invalid_json(reason: String, place: Place) -> Self {
        Self::new(Kind::InvalidJson { reason }, None).at(place)
    }

    /// The value of `key`, or the whole advert, is no JSON value of the expected kind.
    #[must_use]
    pub fn wrong_type(key: Option<&str>, expected: &'static str, found: &'static str) -> Self {
        Self::new(Kind::WrongType { expected, found }, key)
    }

    pub(super) fn unknown_key(key: &str) -> Self {
        Self::new(Kind::UnknownKey, Some(key))
    }

    pub(super) fn duplicate_key(key: &str) -> Self {
        Self::new(Kind::DuplicateKey, Some(key))
    }

    /// The rules declare no field of this name.
    #[must_use]
    pub fn undeclared_field(name: &str) -> Self {
        Self::new(Kind::UndeclaredField, Some(&format!("fields.{name}")))
    }

    /// Neither a title nor a description, or both blank.
    #[must_use]
    pub fn no_text() -> Self {
        Self::new(Kind::NoText, Some("title"))
    }

    /// The text of a field is longer than the rules' settings allow, as given or once it is normalised;
    /// `limit` is in bytes.
    #[must_use]
    pub fn text_too_long(field: &str, limit: usize) -> Self {
        Self::new(Kind::TextTooLong { limit }, Some(field))
    }

    pub(super) fn at(mut self, place: Place) -> Self {
        self.0.place = Some(place);
        self
    }

    /// Keeps the advert's name, where it was read before the fault.
    #[must_use]
    pub(crate) fn of(mut self, id: Option<AdvertId<'_>>) -> Self {
        self.0.id = id.map(AdvertId::into_owned);
        self
    }

    /// A stable name: `invalid-utf8`, `invalid-json`, `wrong-type`, `unknown-key`, `duplicate-key`,
    /// `undeclared-field`, `no-text`, `text-too-long`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self.0.kind {
            Kind::InvalidUtf8 => "invalid-utf8",
            Kind::InvalidJson { .. } => "invalid-json",
            Kind::WrongType { .. } => "wrong-type",
            Kind::UnknownKey => "unknown-key",
            Kind::DuplicateKey => "duplicate-key",
            Kind::UndeclaredField => "undeclared-field",
            Kind::NoText => "no-text",
            Kind::TextTooLong { .. } => "text-too-long",
        }
    }

    /// Whether it is a good advert, and only longer than the settings allow.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        matches!(self.0.kind, Kind::TextTooLong { .. })
    }

    /// A short title for people, constant per code.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self.0.kind {
            Kind::InvalidUtf8 => "The advert is not valid UTF-8",
            Kind::InvalidJson { .. } => "The advert is not valid JSON",
            Kind::WrongType { .. } => "A value has the wrong type",
            Kind::UnknownKey => "A key is unknown",
            Kind::DuplicateKey => "A key is given twice",
            Kind::UndeclaredField => "A field is not declared",
            Kind::NoText => "The advert has no text",
            Kind::TextTooLong { .. } => "A text is too long",
        }
    }

    /// The key at fault (`title`, `fields.salary`), where one is known. One that the caller made up is
    /// given as it came, cut after 80 characters; escape it for the place where it goes.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// Offset of the last byte that was read before the fault was noticed: the bad byte of a text that
    /// is not UTF-8 or JSON, the end of a wrong key or value. `None` for faults of no one place.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        self.0.place.map(|place| place.offset)
    }

    /// The advert's name, where it was read before the fault.
    #[must_use]
    pub fn id(&self) -> Option<&AdvertId<'static>> {
        self.0.id.as_ref()
    }
}

impl fmt::Display for AdvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { kind, key, place, .. } = &*self.0;
        let key = key.as_deref().unwrap_or_default();
        match kind {
            Kind::InvalidUtf8 => f.write_str("The advert is not valid UTF-8")?,
            Kind::InvalidJson { reason } => write!(f, "The advert is not valid JSON: {reason}")?,
            Kind::WrongType { expected, found } if key.is_empty() => {
                write!(f, "An advert must be {expected}, not {found}")?;
            }
            Kind::WrongType { expected, found } => {
                write!(f, "The value of {key:?} must be {expected}, not {found}")?;
            }
            Kind::UnknownKey => write!(
                f,
                "The key {key:?} is unknown; an advert has \"id\", \"title\", \"description\" and \"fields\""
            )?,
            Kind::DuplicateKey => write!(f, "The key {key:?} is given twice")?,
            Kind::UndeclaredField => write!(f, "The rules declare no field {key:?}")?,
            Kind::NoText => f.write_str(
                "The advert has no text; at least one of \"title\" and \"description\" must not be blank",
            )?,
            Kind::TextTooLong { limit } => write!(
                f,
                "The text of {key:?} is longer than {limit} bytes, as given or normalised, or grows to more \
                 than twice its length; shorten it, or see analysis.max_text_bytes and analysis.too_long"
            )?,
        }
        match place {
            Some(Place { offset, line, column }) => {
                write!(f, " (line {line}, column {column}, byte {offset}).")
            }
            None => f.write_str("."),
        }
    }
}

impl std::error::Error for AdvertError {}

fn shortened(key: &str) -> String {
    match key.char_indices().nth(LONGEST_KEY) {
        Some((end, _)) => format!("{}…", &key[..end]),
        None => key.to_owned(),
    }
}
