//! The request: one advert as JSON, read strictly. Strings without escapes are borrowed from the body.
//! A value that can't be part of an advert is refused at its first byte, so that no nesting is followed.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::lang::Fields;

use super::fault::{AdvertError, Place};
use super::refusal::{Refusal, refuse, stop};
use super::values::{FieldsSeed, Given};

/// The caller's name for an advert, given back as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdvertId<'a> {
    /// A JSON string.
    Text(Cow<'a, str>),
    /// A JSON integer.
    Integer(i64),
}

impl AdvertId<'_> {
    /// The same, free of the body.
    #[must_use]
    pub fn into_owned(self) -> AdvertId<'static> {
        match self {
            Self::Text(text) => AdvertId::Text(Cow::Owned(text.into_owned())),
            Self::Integer(number) => AdvertId::Integer(number),
        }
    }
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
    /// What it gives for declared fields.
    pub fields: Vec<Given<'a>>,
}

impl<'a> Advert<'a> {
    /// Reads `{id?, title?, description?, fields?: {}}`; `declared` says which fields there may be. No
    /// coercion: an unknown key, a key given twice or a wrong type is an error; `null` stands for an absent
    /// id, text or value.
    ///
    /// # Errors
    /// [`AdvertError`] names the key or the byte at fault.
    pub fn from_json(body: &'a [u8], declared: &Fields) -> Result<Self, AdvertError> {
        let text = std::str::from_utf8(body)
            .map_err(|error| AdvertError::invalid_utf8(Place::at(body, error.valid_up_to())))?;
        if text.starts_with('\u{feff}') {
            let reason = "it starts with a byte order mark; leave that out".to_owned();
            return Err(AdvertError::invalid_json(reason, Place::at(body, 0)));
        }
        let mut advert = Self::default();
        let mut fault = None;
        let mut json = serde_json::Deserializer::from_str(text);
        let read = AdvertSeed { advert: &mut advert, declared, fault: &mut fault }
            .deserialize(&mut json)
            .and_then(|()| json.end());
        if let Err(error) = read {
            let place = Place::of_line(body, error.line(), error.column());
            let error = match fault {
                Some(fault) => fault.at(place),
                None => AdvertError::invalid_json(reason(&error), place),
            };
            return Err(error.of(advert.id));
        }
        match advert.require_text() {
            Ok(()) => Ok(advert),
            Err(error) => Err(error.of(advert.id)),
        }
    }

    /// That the title or the description is more than white space.
    ///
    /// # Errors
    /// `no-text`.
    pub fn require_text(&self) -> Result<(), AdvertError> {
        let texts = [&self.title, &self.description];
        if texts.into_iter().flatten().any(|text| !text.trim_start().is_empty()) {
            Ok(())
        } else {
            Err(AdvertError::no_text())
        }
    }
}

/// What the parser says, without the place that it appends. Its syntax errors are fixed texts: only
/// errors of data would quote the request, and those are [`AdvertSeed::fault`]s.
fn reason(error: &serde_json::Error) -> String {
    let said = error.to_string();
    match said.rfind(" at line ") {
        Some(end) => said[..end].to_owned(),
        None => said,
    }
}

/// Reads the whole body into `advert`; what is JSON but no advert is left in `fault`.
struct AdvertSeed<'f, 'a> {
    advert: &'f mut Advert<'a>,
    declared: &'f Fields,
    fault: &'f mut Option<AdvertError>,
}

impl AdvertSeed<'_, '_> {
    fn refuse<E: Error>(self, found: &'static str) -> E {
        Refusal::of_advert(self.fault, "a JSON object").refuse(found)
    }
}

impl<'a> DeserializeSeed<'a> for AdvertSeed<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for AdvertSeed<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an advert")
    }

    refuse!(bool integer float string null array);

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { advert, declared, fault } = self;
        let mut seen = [false; 4];
        while let Some(Key(key)) = members.next_key_seed(KeySeed)? {
            let number = match &*key {
                "id" => 0,
                "title" => 1,
                "description" => 2,
                "fields" => 3,
                other => {
                    *fault = Some(AdvertError::unknown_key(other));
                    return Err(stop());
                }
            };
            if std::mem::replace(&mut seen[number], true) {
                *fault = Some(AdvertError::duplicate_key(&key));
                return Err(stop());
            }
            match number {
                0 => {
                    let expected = "a string, an integer of 64 bits or null";
                    let refusal = Refusal::of_key(fault, "id", expected);
                    advert.id = members.next_value_seed(IdSeed(refusal))?;
                }
                1 => {
                    let refusal = Refusal::of_key(fault, "title", TEXT);
                    advert.title = members.next_value_seed(TextSeed(refusal))?;
                }
                2 => {
                    let refusal = Refusal::of_key(fault, "description", TEXT);
                    advert.description = members.next_value_seed(TextSeed(refusal))?;
                }
                _ => {
                    let given = &mut advert.fields;
                    members.next_value_seed(FieldsSeed { declared, given, fault })?;
                }
            }
        }
        Ok(())
    }
}

const TEXT: &str = "a string or null";

/// A key of an object.
pub(super) struct Key<'a>(pub(super) Cow<'a, str>);

pub(super) struct KeySeed;

impl<'a> DeserializeSeed<'a> for KeySeed {
    type Value = Key<'a>;

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<Key<'a>, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for KeySeed {
    type Value = Key<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E: Error>(self, key: &'a str) -> Result<Key<'a>, E> {
        Ok(Key(Cow::Borrowed(key)))
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Key<'a>, E> {
        Ok(Key(Cow::Owned(key.to_owned())))
    }
}

/// A string or null.
struct TextSeed<'f>(Refusal<'f>);

impl TextSeed<'_> {
    fn refuse<E: Error>(self, found: &'static str) -> E {
        self.0.refuse(found)
    }
}

impl<'a> DeserializeSeed<'a> for TextSeed<'_> {
    type Value = Option<Cow<'a, str>>;

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for TextSeed<'_> {
    type Value = Option<Cow<'a, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(TEXT)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    refuse!(bool integer float array object);
}

/// A string, an integer or null.
struct IdSeed<'f>(Refusal<'f>);

impl IdSeed<'_> {
    fn refuse<E: Error>(self, found: &'static str) -> E {
        self.0.refuse(found)
    }
}

impl<'a> DeserializeSeed<'a> for IdSeed<'_> {
    type Value = Option<AdvertId<'a>>;

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for IdSeed<'_> {
    type Value = Option<AdvertId<'a>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Self::Value, E> {
        Ok(Some(AdvertId::Text(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(AdvertId::Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(AdvertId::Integer(number)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        match i64::try_from(number) {
            Ok(number) => Ok(Some(AdvertId::Integer(number))),
            Err(_) => Err(self.refuse("a greater number")),
        }
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Err(self.refuse("another number"))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    refuse!(bool array object);
}
