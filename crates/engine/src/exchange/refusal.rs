//! How a seed refuses a JSON value: at its first byte, with the key and what was expected instead.

use serde::de::Error;

use super::fault::AdvertError;

/// Writes the methods of a [`Visitor`] for the kinds of JSON values that it does not take.
macro_rules! refuse {
    (bool) => {
        fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
            Err(self.refuse("a boolean"))
        }
    };
    (integer) => {
        fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
            Err(self.refuse("a number"))
        }
        fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
            Err(self.refuse("a number"))
        }
    };
    (float) => {
        fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
            Err(self.refuse("a number"))
        }
    };
    (string) => {
        fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
            Err(self.refuse("a string"))
        }
    };
    (null) => {
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Err(self.refuse("null"))
        }
    };
    (array) => {
        fn visit_seq<A: SeqAccess<'a>>(self, _: A) -> Result<Self::Value, A::Error> {
            Err(self.refuse("an array"))
        }
    };
    (object) => {
        fn visit_map<A: MapAccess<'a>>(self, _: A) -> Result<Self::Value, A::Error> {
            Err(self.refuse("an object"))
        }
    };
    ($($kind:tt)*) => { $(refuse!($kind);)* };
}

pub(super) use refuse;

/// What a seed refuses: its kind and key go into `fault`, the parser only learns that it must stop.
pub(super) struct Refusal<'f> {
    fault: &'f mut Option<AdvertError>,
    key: Option<&'f str>,
    /// The key is one of the declared fields.
    is_field: bool,
    expected: &'static str,
}

impl<'f> Refusal<'f> {
    /// Of the advert as a whole.
    pub(super) fn of_advert(fault: &'f mut Option<AdvertError>, expected: &'static str) -> Self {
        Self { fault, key: None, is_field: false, expected }
    }

    /// Of the value of a key of the advert.
    pub(super) fn of_key(
        fault: &'f mut Option<AdvertError>,
        key: &'f str,
        expected: &'static str,
    ) -> Self {
        Self { fault, key: Some(key), is_field: false, expected }
    }

    /// Of the value of a declared field.
    pub(super) fn of_field(
        fault: &'f mut Option<AdvertError>,
        name: &'f str,
        expected: &'static str,
    ) -> Self {
        Self { fault, key: Some(name), is_field: true, expected }
    }

    pub(super) fn refuse<E: Error>(self, found: &'static str) -> E {
        let key = match self.key {
            Some(name) if self.is_field => Some(format!("fields.{name}")),
            key => key.map(str::to_owned),
        };
        *self.fault = Some(AdvertError::wrong_type(key.as_deref(), self.expected, found));
        stop()
    }
}

/// The parser stops; the fault is told elsewhere.
pub(super) fn stop<E: Error>() -> E {
    E::custom("refused")
}
