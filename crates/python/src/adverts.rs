//! Adverts that Python gives as keywords and mappings: the schema of requests, in Python's types.

use std::borrow::Cow;

use jobsieve_engine::exchange::{self, Advert, Given, expected_of};
use jobsieve_engine::lang::values::Date;
use jobsieve_engine::lang::{Field, FieldKind, Fields};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};

use crate::faults::advert_error;

/// One advert given as a mapping.
pub struct Row {
    title: Option<PyBackedStr>,
    description: Option<PyBackedStr>,
    fields: Vec<Given<'static>>,
}

impl Row {
    /// Reads the keys `id`, `title`, `description` and `fields`.
    pub fn read(row: &Bound<'_, PyAny>, declared: &Fields) -> PyResult<Self> {
        let Ok(mapping) = row.cast::<PyMapping>() else {
            return Err(wrong_type("an advert", "a mapping", row));
        };
        let mut read = Self { title: None, description: None, fields: Vec::new() };
        for item in mapping.items()?.iter() {
            let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
            let Ok(name) = key.extract::<PyBackedStr>() else {
                return Err(wrong_type("a key of an advert", "a str", &key));
            };
            match &*name {
                "id" => check_id(&value)?,
                "title" => read.title = text(&name, &value)?,
                "description" => read.description = text(&name, &value)?,
                "fields" => {
                    let Ok(fields) = value.cast::<PyMapping>() else {
                        return Err(wrong_type("the value of \"fields\"", "a mapping", &value));
                    };
                    for item in fields.items()?.iter() {
                        let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
                        let name = name.str()?;
                        read_field(&name.to_string_lossy(), &value, declared, &mut read.fields)?;
                    }
                }
                _ => {
                    let known = "\"id\", \"title\", \"description\" and \"fields\"";
                    let message = format!("{:?} is no key of an advert; it has {known}", &*name);
                    return Err(PyTypeError::new_err(message));
                }
            }
        }
        Ok(read)
    }

    /// The advert.
    pub fn advert(&self) -> Advert<'_> {
        Advert {
            id: None,
            title: self.title.as_deref().map(Cow::Borrowed),
            description: self.description.as_deref().map(Cow::Borrowed),
            fields: self.fields.clone(),
        }
    }
}

/// What keyword arguments give for declared fields.
pub fn fields(given: &Bound<'_, PyDict>, declared: &Fields) -> PyResult<Vec<Given<'static>>> {
    let mut read = Vec::new();
    for (name, value) in given.iter() {
        read_field(&name.str()?.to_string_lossy(), &value, declared, &mut read)?;
    }
    Ok(read)
}

fn read_field(
    name: &str,
    value: &Bound<'_, PyAny>,
    declared: &Fields,
    read: &mut Vec<Given<'static>>,
) -> PyResult<()> {
    let py = value.py();
    let Some((field, kind)) = declared.declared_field(name) else {
        return Err(advert_error(py, &exchange::AdvertError::undeclared_field(name)));
    };
    if value.is_none() {
        return Ok(());
    }
    let several = kind == FieldKind::Keyword
        && (value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>());
    let given: PyResult<Vec<_>> = if several {
        value.try_iter()?.map(|element| Ok(given(field, kind, &element?))).collect()
    } else {
        Ok(vec![given(field, kind, value)])
    };
    if let Some(given) = given?.into_iter().collect::<Option<Vec<_>>>() {
        read.extend(given);
        return Ok(());
    }
    let (key, expected) = (format!("fields.{name}"), expected_of(kind));
    let error = exchange::AdvertError::wrong_type(Some(&key), expected, found(value));
    Err(advert_error(py, &error))
}

/// A value of the field; `None` where it is none of the field's kind.
fn given(field: Field, kind: FieldKind, value: &Bound<'_, PyAny>) -> Option<Given<'static>> {
    let string = || value.cast::<PyString>().ok()?.to_str().ok().map(str::to_owned);
    match (kind, field) {
        (FieldKind::Text, Field::Text(mask)) => {
            Some(Given::Text(mask.0.trailing_zeros() as usize, Cow::Owned(string()?)))
        }
        (FieldKind::Keyword, Field::Value(field)) => {
            Some(Given::Keyword(field, Cow::Owned(string()?)))
        }
        (FieldKind::Number, Field::Value(field)) => {
            let number = value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>();
            if !number || value.is_instance_of::<PyBool>() {
                return None;
            }
            Given::number(field, value.extract().ok()?)
        }
        (FieldKind::Date, Field::Value(field)) => {
            // A `datetime.date` is written so; a `datetime.datetime` is longer and thus refused.
            let text = match string() {
                Some(text) => text,
                None => value.call_method0("isoformat").ok()?.extract().ok()?,
            };
            Date::parse(&text).ok().map(|date| Given::Date(field, date))
        }
        (FieldKind::Boolean, Field::Value(field)) => {
            value.cast::<PyBool>().ok().map(|value| Given::Boolean(field, value.is_true()))
        }
        _ => None,
    }
}

/// What a value is, for messages.
fn found(value: &Bound<'_, PyAny>) -> &'static str {
    if value.is_instance_of::<PyBool>() {
        "a bool"
    } else if value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>() {
        "such a number"
    } else if value.is_instance_of::<PyString>() {
        "such a str"
    } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        "such a list"
    } else {
        "a value of another type"
    }
}

fn text(key: &str, value: &Bound<'_, PyAny>) -> PyResult<Option<PyBackedStr>> {
    if value.is_none() {
        return Ok(None);
    }
    let Ok(text) = value.cast::<PyString>() else {
        return Err(wrong_type(&format!("the value of {key:?}"), "a str or None", value));
    };
    PyBackedStr::try_from(text.clone()).map(Some).map_err(|_| {
        PyValueError::new_err(format!(
            "the value of {key:?} holds half a surrogate pair, which is no text"
        ))
    })
}

/// The name that the caller has for an advert: answers of the Python interface come in order, without
/// it, but it is refused where the HTTP service would refuse it.
pub fn check_id(id: &Bound<'_, PyAny>) -> PyResult<()> {
    let is_integer = || !id.is_instance_of::<PyBool>() && id.extract::<i64>().is_ok();
    if id.is_none() || id.is_instance_of::<PyString>() || is_integer() {
        return Ok(());
    }
    Err(wrong_type("the value of \"id\"", "a str, an int of 64 bits or None", id))
}

fn wrong_type(what: &str, expected: &str, found: &Bound<'_, PyAny>) -> PyErr {
    let found = found.get_type().name().map_or_else(|_| String::new(), |name| name.to_string());
    PyTypeError::new_err(format!("{what} must be {expected}, not {found}"))
}
