//! How do adverts come in and answers go out? One JSON schema for the HTTP service, the command line
//! and Python: [`Advert::from_json`] reads a request, [`write_record`] writes its answer.

use std::borrow::Cow;

use crate::engine::{Classification, RuleSet};

/// The caller's name for an advert, given back as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdvertId<'a> {
    /// A JSON string.
    Text(Cow<'a, str>),
    /// A JSON integer.
    Integer(i64),
}

/// One advert as its caller gave it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Advert<'a> {
    /// The caller's name for it.
    pub id: Option<AdvertId<'a>>,
    /// The job title, plain or HTML.
    pub title: Option<Cow<'a, str>>,
    /// The description, plain or HTML.
    pub description: Option<Cow<'a, str>>,
}

/// Why a body is not an advert. [`std::fmt::Display`] is one full English sentence that names the
/// key and the place; [`AdvertError::code`] is stable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdvertError {}

impl std::fmt::Display for AdvertError {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}

impl AdvertError {
    /// A stable name: `invalid-utf8`, `invalid-json`, `wrong-type`, `unknown-key`, `duplicate-key`,
    /// `undeclared-field`, `no-text`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        todo!()
    }
    /// A short title for people, constant per code.
    #[must_use]
    pub fn title(&self) -> &'static str {
        todo!()
    }
    /// The key at fault (`title`, `fields.salary`), where one is known.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        todo!()
    }
    /// Byte offset of the fault in the body, where one is known.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        todo!()
    }
}

impl<'a> Advert<'a> {
    /// Reads `{id?, title?, description?, fields?: {}}`. No coercion: an unknown key, a key given twice
    /// or a wrong type is an error.
    ///
    /// # Errors
    /// [`AdvertError`] names the key or the byte at fault.
    pub fn from_json(_body: &'a [u8]) -> Result<Self, AdvertError> {
        todo!()
    }
}

/// Appends the answer to `out` as one JSON object without a line break. `version` is the store's
/// number of the rule set, `None` without a store.
pub fn write_record(
    _out: &mut Vec<u8>,
    _id: Option<&AdvertId<'_>>,
    _ruleset: &RuleSet,
    _version: Option<i64>,
    _classification: &Classification,
) {
    todo!()
}
