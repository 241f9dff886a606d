//! The member `fields` of a request: the declared fields with values of their kinds, and no others.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::lang::fields::MAX_TEXTS;
use crate::lang::values::Date;
use crate::lang::{Field, FieldKind, Fields, ValueId};

use super::advert::{Key, KeySeed};
use super::fault::AdvertError;
use super::refusal::{Refusal, refuse, stop};

/// What an advert gives for a declared field; a field of several keywords is given several times.
#[derive(Debug, Clone, PartialEq)]
pub enum Given<'a> {
    /// A text, plain or HTML, by the number of its field among the texts.
    Text(usize, Cow<'a, str>),
    /// A whole string.
    Keyword(ValueId, Cow<'a, str>),
    /// A finite number, and not `-0`.
    Number(ValueId, f64),
    /// A day.
    Date(ValueId, Date),
    /// True or false.
    Boolean(ValueId, bool),
}

impl Given<'_> {
    /// A number; `None` where it is not finite.
    #[must_use]
    pub fn number(field: ValueId, number: f64) -> Option<Self> {
        number.is_finite().then_some(Self::Number(field, number + 0.0))
    }

    /// The field's number, unless it is a text.
    #[must_use]
    pub fn value(&self) -> Option<ValueId> {
        match self {
            Self::Text(..) => None,
            Self::Keyword(field, _)
            | Self::Number(field, _)
            | Self::Date(field, _)
            | Self::Boolean(field, _) => Some(*field),
        }
    }
}

/// What a field of this kind takes, for messages.
#[must_use]
pub fn expected_of(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "a string or null",
        FieldKind::Keyword => "a string, an array of strings or null",
        FieldKind::Number => "a number or null",
        FieldKind::Date => "a date such as \"2026-11-25\" or null",
        FieldKind::Boolean => "true, false or null",
    }
}

/// Reads the object of declared fields.
pub(super) struct FieldsSeed<'f, 'a> {
    pub(super) declared: &'f Fields,
    pub(super) given: &'f mut Vec<Given<'a>>,
    pub(super) fault: &'f mut Option<AdvertError>,
}

impl FieldsSeed<'_, '_> {
    fn refuse<E: Error>(self, found: &'static str) -> E {
        Refusal::of_key(self.fault, "fields", "an object").refuse(found)
    }
}

impl<'a> DeserializeSeed<'a> for FieldsSeed<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for FieldsSeed<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("fields")
    }

    refuse!(bool integer float string null array);

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { declared, given, fault } = self;
        let mut seen = 0u128;
        while let Some(Key(name)) = members.next_key_seed(KeySeed)? {
            let Some((field, kind)) = declared.declared_field(&name) else {
                *fault = Some(AdvertError::undeclared_field(&name));
                return Err(stop());
            };
            // The texts' bits are the lower ones; with the values there are 128 at most.
            let bit = match field {
                Field::Text(mask) => u128::from(mask.0),
                Field::Value(ValueId(number)) => 1u128 << (number as usize + MAX_TEXTS),
            };
            if seen & bit != 0 {
                *fault = Some(AdvertError::duplicate_key(&format!("fields.{name}")));
                return Err(stop());
            }
            seen |= bit;
            let (name, is_element) = (&*name, false);
            members.next_value_seed(ValueSeed { field, kind, name, given, fault, is_element })?;
        }
        Ok(())
    }
}

/// Reads the value of a field, or an element of its array.
struct ValueSeed<'f, 'a> {
    field: Field,
    kind: FieldKind,
    name: &'f str,
    given: &'f mut Vec<Given<'a>>,
    fault: &'f mut Option<AdvertError>,
    is_element: bool,
}

impl<'a> ValueSeed<'_, 'a> {
    fn refuse<E: Error>(self, found: &'static str) -> E {
        Refusal::of_field(self.fault, self.name, expected_of(self.kind)).refuse(found)
    }

    fn number<E: Error>(self, number: f64) -> Result<(), E> {
        match (self.kind, self.field) {
            (FieldKind::Number, Field::Value(field)) => {
                self.given.extend(Given::number(field, number));
                Ok(())
            }
            _ => Err(self.refuse("a number")),
        }
    }

    fn string<E: Error>(self, text: Cow<'a, str>) -> Result<(), E> {
        let given = match (self.kind, self.field) {
            (FieldKind::Text, Field::Text(mask)) => {
                Given::Text(mask.0.trailing_zeros() as usize, text)
            }
            (FieldKind::Keyword, Field::Value(field)) => Given::Keyword(field, text),
            (FieldKind::Date, Field::Value(field)) => match Date::parse(&text) {
                Ok(date) => Given::Date(field, date),
                Err("no-such-day") => return Err(self.refuse("a day that no calendar has")),
                Err(_) => return Err(self.refuse("another string")),
            },
            _ => return Err(self.refuse("a string")),
        };
        self.given.push(given);
        Ok(())
    }
}

impl<'a> DeserializeSeed<'a> for ValueSeed<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for ValueSeed<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        match (self.kind, self.field) {
            (FieldKind::Boolean, Field::Value(field)) => {
                self.given.push(Given::Boolean(field, value));
                Ok(())
            }
            _ => Err(self.refuse("a boolean")),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers have 64 bits, as in JSON at large")]
    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.number(number as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers have 64 bits, as in JSON at large")]
    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.number(number as f64)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.number(number)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<(), E> {
        self.string(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.string(Cow::Owned(text.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        if self.is_element { Err(self.refuse("an array that holds null")) } else { Ok(()) }
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut elements: A) -> Result<(), A::Error> {
        if self.kind != FieldKind::Keyword || self.is_element {
            return Err(self.refuse("an array"));
        }
        let Self { field, kind, name, given, fault, .. } = self;
        loop {
            let (given, fault) = (&mut *given, &mut *fault);
            let element = ValueSeed { field, kind, name, given, fault, is_element: true };
            if elements.next_element_seed(element)?.is_none() {
                return Ok(());
            }
        }
    }

    refuse!(object);
}
