//! All that the meaning of rules depends on beside their text. It crosses borders as one JSON document
//! and is part of a rule set's identity.

use serde::{Deserialize, Serialize};

use crate::lang::Fields;
use crate::text::AnalysisSettings;

use super::taxonomy::Taxonomy;

/// What equal rules need to give equal answers. A key that JSON leaves out has its default.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How text becomes words.
    pub analysis: AnalysisSettings,
    /// What adverts consist of.
    pub fields: Fields,
    /// The categories that rules may name; without it all may be named. It comes with the rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taxonomy: Option<Taxonomy>,
}

impl Settings {
    /// Reads settings from JSON.
    ///
    /// # Errors
    /// Names the key that is unknown or has a wrong value.
    pub fn from_json(json: &[u8]) -> Result<Self, String> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let settings = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let key = error.path().to_string();
            match key.as_str() {
                "." => error.into_inner().to_string(),
                _ => format!("{key}: {}", error.into_inner()),
            }
        })?;
        reader.end().map_err(|error| error.to_string())?;
        Ok(settings)
    }

    /// The canonical form: every key in order, without white space.
    #[must_use]
    pub fn to_json(&self) -> String {
        // A map of strings to plain values always has a form in JSON.
        serde_json::to_value(self).map_or_else(|_| String::new(), |value| value.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::LemmaMode;

    #[test]
    fn settings_survive_the_way_through_json() {
        assert_eq!(Settings::from_json(b"{}").unwrap(), Settings::default());
        let json = br#"{"analysis": {"lemmas": "off", "lexemes": ["T-SQL"],
            "lemma_overrides": {"sales": "sales"}, "compounds": false}}"#;
        let settings = Settings::from_json(json).unwrap();
        assert_eq!(settings.analysis.lemmas, LemmaMode::Off);
        assert_eq!(Settings::from_json(settings.to_json().as_bytes()).unwrap(), settings);
        assert!(!settings.to_json().contains("taxonomy"));
        let with = Settings::from_json(br#"{"taxonomy": {"paths": ["b", "a"]}}"#).unwrap();
        assert!(with.to_json().ends_with(r#""taxonomy":{"paths":["a","b"],"retired":{}}}"#));
        assert_eq!(Settings::from_json(with.to_json().as_bytes()).unwrap(), with);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_key() {
        let table = [
            (r#"{"analysis": {"lemma": 1}}"#, "analysis.lemma: unknown field `lemma`"),
            (r#"{"analysis": {"lemmas": "all"}}"#, "analysis.lemmas: unknown variant `all`"),
            (r#"{"analysis": {"lexemes": ["c++", "x"]}}"#, "analysis.lexemes: \"x\" is no lexeme"),
            (r#"{"analysis": 1}"#, "analysis: invalid type"),
            (r#"{"fields": {"salary": "money"}}"#, "fields.salary: unknown variant `money`"),
            (r#"{"fields": {"and": "text"}}"#, "fields: \"and\" can't be a field"),
            (r#"{"taxonomy": {"path": []}}"#, "taxonomy.path: unknown field `path`"),
            (r#"{"server": {}}"#, "server: unknown field `server`"),
            ("{} {}", "trailing characters"),
            ("", "EOF"),
        ];
        for (json, expected) in table {
            let error = Settings::from_json(json.as_bytes()).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
