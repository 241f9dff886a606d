//! The answer: one JSON object per advert, without a line break, appended to the caller's buffer.
//! Decides nothing: order and sums are the engine's.

use crate::engine::{Classification, RuleId, RuleSet};
use crate::lang::FieldMask;

use super::{AdvertError, AdvertId};

/// Appends the answer to `out` as one JSON object without a line break. `version` is the store's
/// number of the rule set, `None` without a store. `cut` names the fields whose text was too long to be
/// read to its end; it is there only if there are such.
pub fn write_record(
    out: &mut Vec<u8>,
    id: Option<&AdvertId<'_>>,
    ruleset: &RuleSet,
    version: Option<i64>,
    classification: &Classification,
) {
    let rule_names = |out: &mut Vec<u8>, rules: &[RuleId]| {
        write_strings(out, rules.iter().map(|&rule| ruleset.rule_name(rule)));
    };
    let categories = classification.categories();
    write_start(out, id, if categories.is_empty() { "unmatched" } else { "matched" });
    out.extend_from_slice(b",\"ruleset\":{\"version\":");
    match version {
        Some(version) => write_integer(out, version),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"hash\":");
    write_string(out, ruleset.hash());
    out.extend_from_slice(b"},\"primary\":");
    match categories.first() {
        Some(primary) => write_string(out, ruleset.category_path(primary.category)),
        None => out.extend_from_slice(b"null"),
    }
    out.extend_from_slice(b",\"categories\":[");
    for (number, result) in categories.iter().enumerate() {
        out.extend_from_slice(if number == 0 { b"{\"path\":" } else { b",{\"path\":" });
        write_string(out, ruleset.category_path(result.category));
        out.extend_from_slice(b",\"score\":");
        write_thousandths(out, result.score);
        out.extend_from_slice(b",\"rules\":");
        rule_names(out, classification.category_rules(result));
        out.push(b'}');
    }
    out.extend_from_slice(b"],\"attributes\":{");
    for (number, (name, values)) in ruleset.attributes(classification).enumerate() {
        out.extend_from_slice(if number == 0 { b"" } else { b"," });
        write_string(out, name);
        out.push(b':');
        write_strings(out, values);
    }
    out.extend_from_slice(b"},\"matched_rules\":");
    rule_names(out, classification.matched_rules());
    if classification.cut() != FieldMask::default() {
        out.extend_from_slice(b",\"cut\":");
        write_strings(out, ruleset.settings().fields.text_keys(classification.cut()));
    }
    out.push(b'}');
}

/// Appends the record of an advert that was refused: status `error` and an `error` object with code,
/// title, detail, and key and offset where they are known.
pub fn write_error_record(out: &mut Vec<u8>, id: Option<&AdvertId<'_>>, error: &AdvertError) {
    write_start(out, id, "error");
    out.extend_from_slice(b",\"error\":{\"code\":");
    write_string(out, error.code());
    out.extend_from_slice(b",\"title\":");
    write_string(out, error.title());
    out.extend_from_slice(b",\"detail\":");
    write_string(out, &error.to_string());
    if let Some(key) = error.key() {
        out.extend_from_slice(b",\"key\":");
        write_string(out, key);
    }
    if let Some(offset) = error.offset() {
        out.extend_from_slice(b",\"offset\":");
        write_integer(out, offset);
    }
    out.extend_from_slice(b"}}");
}

/// Up to and with the status.
fn write_start(out: &mut Vec<u8>, id: Option<&AdvertId<'_>>, status: &str) {
    out.push(b'{');
    if let Some(id) = id {
        out.extend_from_slice(b"\"id\":");
        match id {
            AdvertId::Text(text) => write_string(out, text),
            AdvertId::Integer(number) => write_integer(out, *number),
        }
        out.push(b',');
    }
    out.extend_from_slice(b"\"status\":");
    write_string(out, status);
}

fn write_strings(out: &mut Vec<u8>, strings: impl Iterator<Item = impl AsRef<str>>) {
    out.push(b'[');
    for (number, string) in strings.enumerate() {
        if number > 0 {
            out.push(b',');
        }
        write_string(out, string.as_ref());
    }
    out.push(b']');
}

fn write_string(out: &mut Vec<u8>, string: &str) {
    // Neither a string nor a vector can fail to be written.
    let _ = serde_json::to_writer(out, string);
}

fn write_integer(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// The shortest decimal: `2`, `0.5`, `-1.25`.
fn write_thousandths(out: &mut Vec<u8>, thousandths: i64) {
    if thousandths < 0 {
        out.push(b'-');
    }
    let magnitude = thousandths.unsigned_abs();
    write_integer(out, magnitude / 1000);
    let rest = magnitude % 1000;
    if rest > 0 {
        let digits = [rest / 100, rest / 10 % 10, rest % 10].map(|digit| b'0' + digit as u8);
        let length = digits.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
        out.push(b'.');
        out.extend_from_slice(&digits[..length]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Fields;

    #[test]
    fn scores_are_shortest_decimals() {
        let cases = [
            (0, "0"),
            (1, "0.001"),
            (2000, "2"),
            (500, "0.5"),
            (-1250, "-1.25"),
            (-5, "-0.005"),
            (1_000_000_000_010, "1000000000.01"),
            (i64::MIN, "-9223372036854775.808"),
        ];
        for (thousandths, expected) in cases {
            let mut out = Vec::new();
            write_thousandths(&mut out, thousandths);
            assert_eq!(String::from_utf8(out).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn an_error_record_names_code_key_and_offset() {
        let body = br#"{"id": "a\"1", "title": 5}"#;
        let error = super::super::Advert::from_json(body, &Fields::default())
            .expect_err("a number is no title");
        let mut out = Vec::new();
        write_error_record(&mut out, error.id().map(|id| id as _), &error);
        assert_eq!(
            String::from_utf8(out).as_deref(),
            Ok(concat!(
                r#"{"id":"a\"1","status":"error","error":{"code":"wrong-type","#,
                r#""title":"A value has the wrong type","detail":"The value of \"title\" must be a string "#,
                r#"or null, not a number (line 1, column 25, byte 24).","key":"title","offset":24}}"#
            ))
        );
    }
}
