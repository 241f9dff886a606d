//! What an advert consists of: texts, in which rules look for terms, and values, which rules compare.
//! `title` and `description` are always there; the settings declare others.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The most fields that may be declared.
pub const MAX_FIELDS: usize = 96;
/// The most texts that an advert may have, title and description included.
pub const MAX_TEXTS: usize = 32;
/// The longest name of a field, in bytes.
const MAX_NAME: usize = 64;

/// A set of text fields, one bit each, numbered as in [`Fields`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct FieldMask(pub u32);

/// Number of a declared field that holds values; in the order of the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ValueId(pub u32);

/// What a declared field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// Text like the title's.
    Text,
    /// Whole strings, one or several, compared without regard to case.
    Keyword,
    /// A number.
    Number,
    /// A day.
    Date,
    /// True or false.
    Boolean,
}

impl FieldKind {
    /// As settings name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Keyword => "keyword",
            Self::Number => "number",
            Self::Date => "date",
            Self::Boolean => "boolean",
        }
    }
}

/// A field that rules may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Its bit among the texts.
    Text(FieldMask),
    /// Its number among the values.
    Value(ValueId),
}

/// The fields of adverts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, FieldKind>", into = "BTreeMap<String, FieldKind>")]
pub struct Fields {
    texts: Vec<String>,
    values: Vec<(String, FieldKind)>,
    defaults: FieldMask,
}

impl Default for Fields {
    /// `title` and `description`, both looked in by default.
    fn default() -> Self {
        let texts = vec!["title".into(), "description".into()];
        Self { texts, values: Vec::new(), defaults: FieldMask(0b11) }
    }
}

impl Fields {
    /// The number of the title among the texts.
    pub const TITLE: usize = 0;
    /// The number of the description among the texts.
    pub const DESCRIPTION: usize = 1;

    /// The field of this name, in any case.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Field> {
        if let Some(text) = self.texts.iter().position(|known| known.eq_ignore_ascii_case(name)) {
            return Some(Field::Text(FieldMask(1 << text)));
        }
        let value = self.values.iter().position(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(Field::Value(ValueId(value as u32)))
    }

    /// A field that was declared under exactly this name.
    #[must_use]
    pub fn declared_field(&self, name: &str) -> Option<(Field, FieldKind)> {
        let field = self.find(name)?;
        match field {
            Field::Text(mask) => {
                let number = mask.0.trailing_zeros() as usize;
                let declared = number > Self::DESCRIPTION && self.texts[number] == name;
                declared.then_some((field, FieldKind::Text))
            }
            Field::Value(value) => {
                let (known, kind) = &self.values[value.0 as usize];
                (known == name).then_some((field, *kind))
            }
        }
    }

    /// The names of the texts, in the order of the bits.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Names and kinds of the fields that hold values, in the order of their numbers.
    #[must_use]
    pub fn values(&self) -> &[(String, FieldKind)] {
        &self.values
    }

    /// Every name: texts, then values.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let values = self.values.iter().map(|(name, _)| name);
        self.texts.iter().chain(values).map(String::as_str)
    }

    /// The name of a field that holds values.
    #[must_use]
    pub fn value_name(&self, value: ValueId) -> &str {
        self.values.get(value.0 as usize).map_or("", |(name, _)| name)
    }

    /// What a field of values holds.
    #[must_use]
    pub fn value_kind(&self, value: ValueId) -> FieldKind {
        self.values.get(value.0 as usize).map_or(FieldKind::Keyword, |(_, kind)| *kind)
    }

    /// Where a term is looked for that no field governs.
    #[must_use]
    pub fn defaults(&self) -> FieldMask {
        self.defaults
    }

    /// The names of the texts in `mask`.
    pub fn names_of(&self, mask: FieldMask) -> impl Iterator<Item = &str> {
        let bits = (0..).zip(&self.texts);
        bits.filter(move |(bit, _)| mask.0 >> bit & 1 == 1).map(|(_, name)| name.as_str())
    }

    /// The keys of a request under which the texts in `mask` are given: `title`, `fields.employer`.
    pub fn text_keys(&self, mask: FieldMask) -> impl Iterator<Item = String> {
        let bits = self.texts.iter().enumerate();
        bits.filter(move |(bit, _)| mask.0 >> bit & 1 == 1).map(|(bit, name)| {
            if bit > Self::DESCRIPTION { format!("fields.{name}") } else { name.clone() }
        })
    }

    /// The fields that were declared, by name.
    pub fn declared(&self) -> impl Iterator<Item = (&str, FieldKind)> {
        let texts = self.texts.iter().skip(2).map(|name| (name.as_str(), FieldKind::Text));
        texts.chain(self.values.iter().map(|(name, kind)| (name.as_str(), *kind)))
    }
}

/// Why fields can't be declared so; the text names the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldsError(String);

impl fmt::Display for FieldsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FieldsError {}

impl TryFrom<BTreeMap<String, FieldKind>> for Fields {
    type Error = FieldsError;

    fn try_from(declared: BTreeMap<String, FieldKind>) -> Result<Self, FieldsError> {
        let mut fields = Self::default();
        if declared.len() > MAX_FIELDS {
            let count = declared.len();
            return Err(FieldsError(format!("{count} fields are too many; {MAX_FIELDS} may be")));
        }
        for (name, kind) in declared {
            let refused =
                |why: String| Err(FieldsError(format!("{name:?} can't be a field: {why}")));
            if !is_name(&name) {
                return refused(format!(
                    "a name is a letter, then letters, digits, _ and -, at most {MAX_NAME}"
                ));
            }
            if RESERVED.iter().any(|word| name.eq_ignore_ascii_case(word)) {
                return refused("the word has a meaning in rules or in adverts".to_owned());
            }
            if fields.find(&name).is_some() {
                return refused("there is one of this name already, in whatever case".to_owned());
            }
            if kind != FieldKind::Text {
                fields.values.push((name, kind));
            } else if fields.texts.len() < MAX_TEXTS {
                fields.texts.push(name);
            } else {
                return refused(format!("there may be at most {} texts", MAX_TEXTS - 2));
            }
        }
        Ok(fields)
    }
}

impl From<Fields> for BTreeMap<String, FieldKind> {
    fn from(fields: Fields) -> Self {
        fields.declared().map(|(name, kind)| (name.to_owned(), kind)).collect()
    }
}

/// The keywords of the language, and the keys of an advert beside its texts.
const RESERVED: [&str; 37] = [
    "and",
    "or",
    "not",
    "list",
    "rule",
    "when",
    "unless",
    "then",
    "conditions",
    "actions",
    "exact",
    "case",
    "any",
    "form",
    "all",
    "none",
    "of",
    "at",
    "least",
    "category",
    "near",
    "before",
    "w",
    "within",
    "pre",
    "between",
    "in",
    "true",
    "false",
    "add",
    "remove",
    "set",
    "score",
    "id",
    "fields",
    "self",
    "version",
];

fn is_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    name.len() <= MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Fields, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn declared_fields_follow_title_and_description() {
        let fields =
            read(r#"{"salary":"number","company":"text","posted":"date"}"#).expect("fields");
        assert_eq!(fields.find("COMPANY"), Some(Field::Text(FieldMask(0b100))));
        assert_eq!(fields.find("salary"), Some(Field::Value(ValueId(1))));
        assert_eq!(fields.value_kind(ValueId(0)), FieldKind::Date);
        assert_eq!(fields.defaults(), FieldMask(0b11));
        assert_eq!(fields.find("town"), None);
        let again = serde_json::to_string(&fields).expect("JSON");
        assert_eq!(again, r#"{"company":"text","posted":"date","salary":"number"}"#);
        assert_eq!(read(&again), Ok(fields));
    }

    #[test]
    fn what_can_be_no_field_is_named() {
        let table = [
            (r#"{"And":"text"}"#, "\"And\" can't be a field: the word has a meaning"),
            (r#"{"Title":"keyword"}"#, "\"Title\" can't be a field: there is one"),
            (r#"{"a":"text","A":"date"}"#, "\"a\" can't be a field: there is one"),
            (r#"{"job type":"keyword"}"#, "\"job type\" can't be a field: a name is"),
            (r#"{"1st":"keyword"}"#, "\"1st\" can't be a field: a name is"),
            (r#"{"salary":"money"}"#, "unknown variant `money`"),
        ];
        for (json, expected) in table {
            let error = read(json).expect_err(json);
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
