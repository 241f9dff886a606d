//! What requests are read as, and what of them is refused where.

use std::borrow::Cow;

use crate::lang::Fields;

use super::{Advert, AdvertId};

/// Reads an advert where no field is declared.
fn read(body: &[u8]) -> Result<Advert<'_>, super::AdvertError> {
    Advert::from_json(body, &Fields::default())
}

/// Code, key and offset of the error.
fn refused(body: &str) -> (&'static str, Option<String>, Option<usize>) {
    let error = read(body.as_bytes()).expect_err(body);
    (error.code(), error.key().map(str::to_owned), error.offset())
}

#[test]
fn an_advert_borrows_what_holds_no_escapes() {
    let body = br#" {"title":"Chef de partie","description":"a\nb","id":-7,"fields":{}} "#;
    let advert = read(body).expect("an advert");
    assert!(matches!(advert.title, Some(Cow::Borrowed("Chef de partie"))));
    assert_eq!(advert.description.as_deref(), Some("a\nb"));
    assert_eq!(advert.id, Some(AdvertId::Integer(-7)));
}

#[test]
fn null_stands_for_an_absent_value() {
    let body = br#"{"id":null,"title":null,"\u0064escription":"x"}"#;
    let advert = read(body).expect("an advert");
    let expected = Advert { description: Some("x".into()), ..Advert::default() };
    assert_eq!(advert, expected);
}

#[test]
fn faults_name_code_key_and_last_byte_read() {
    let cases = [
        (r#"{"titel":"x"}"#, "unknown-key", Some("titel"), Some(7)),
        (r#"{"title":"x","title":"y"}"#, "duplicate-key", Some("title"), Some(19)),
        (r#"{"title":"x","t\u0069tle":"y"}"#, "duplicate-key", Some("title"), Some(24)),
        (r#"{"title":5}"#, "wrong-type", Some("title"), Some(9)),
        (r#"{"title":[["x"]]}"#, "wrong-type", Some("title"), Some(9)),
        (r#"{"description":{"x":1}}"#, "wrong-type", Some("description"), Some(15)),
        (r#"{"id":1.0}"#, "wrong-type", Some("id"), Some(8)),
        (r#"{"id":9223372036854775808}"#, "wrong-type", Some("id"), Some(24)),
        (r#"{"id":true}"#, "wrong-type", Some("id"), Some(9)),
        (r#"{"fields":null}"#, "wrong-type", Some("fields"), Some(13)),
        (r#"{"fields":{"salary":1}}"#, "undeclared-field", Some("fields.salary"), Some(18)),
        (r#"["title"]"#, "wrong-type", None, Some(0)),
        ("null", "wrong-type", None, Some(3)),
        ("{}", "no-text", Some("title"), None),
        (r#"{"title":" \n\u00a0","description":""}"#, "no-text", Some("title"), None),
        ("", "invalid-json", None, Some(0)),
        ("{\"title\":\n\"x\",}", "invalid-json", None, Some(14)),
        (r#"{"title":"x"} {}"#, "invalid-json", None, Some(14)),
        (r#"{"title":NaN}"#, "invalid-json", None, Some(9)),
        (r#"{"title":"\ud800"}"#, "invalid-json", None, Some(16)),
        (r#"{"title":"\ud800\u0041"}"#, "invalid-json", None, Some(21)),
        ("{\"title\":\"a\nb\"}", "invalid-json", None, Some(11)),
        ("\u{feff}{\"title\":\"x\"}", "invalid-json", None, Some(0)),
    ];
    for (body, code, key, offset) in cases {
        assert_eq!(refused(body), (code, key.map(str::to_owned), offset), "{body}");
    }
}

#[test]
fn invalid_utf8_names_its_first_bad_byte() {
    let error = read(b"{\n\"title\":\"caf\xe9\"}").expect_err("latin-1");
    assert_eq!((error.code(), error.offset()), ("invalid-utf8", Some(14)));
    assert_eq!(error.to_string(), "The advert is not valid UTF-8 (line 2, column 13, byte 14).");
}

#[test]
fn nesting_and_long_numbers_are_refused() {
    let depth = "[".repeat(100_000);
    for place in
        [r#"{"title":"#, r#"{"x":"#, r#"{"fields":"#, r#"{"fields":{"x":"#, "", r#"{"id":"#]
    {
        refused(&format!("{place}{depth}"));
        refused(&format!("{place}{}", r#"{"title":"#.repeat(100_000)));
        refused(&format!("{place}{}}}", "1".repeat(5_000)));
    }
}

#[test]
fn messages_hold_no_unescaped_text_of_the_request() {
    let error = read(r#"{"a\u001b[31m\u202e\"<b>":1}"#.as_bytes()).expect_err("key");
    let said = error.to_string();
    assert!(said.starts_with(r#"The key "a\u{1b}[31m\u{202e}\"<b>" is unknown"#), "{said}");
    let body = format!("{{\"{}\":1}}", "é".repeat(100_000));
    let error = read(body.as_bytes()).expect_err("key");
    assert_eq!(error.key().map(|key| key.chars().count()), Some(81));
}

#[test]
fn a_refused_advert_keeps_the_id_read_before() {
    let error = read(br#"{"id":"a1","titel":"x"}"#).expect_err("key");
    assert_eq!(error.id(), Some(&AdvertId::Text("a1".into())));
    assert_eq!(read(b"{\"id\":3}").expect_err("no text").id(), Some(&AdvertId::Integer(3)));
}

#[test]
fn damaged_bodies_are_adverts_or_errors_within_the_body() {
    let body = br#"{"id":12,"title":"Chef \u00e9\n","description":null,"fields":{}}"#;
    for end in 0..body.len() {
        let error = read(&body[..end]).expect_err("cut");
        assert!(error.offset().is_some_and(|offset| offset <= end));
        for byte in [0, b'"', b'\\', b'{', b'}', b'[', b',', b':', b'-', b'u', b'\n', 0x80, 0xff] {
            let mut damaged = body.to_vec();
            damaged[end] = byte;
            if let Err(error) = read(&damaged) {
                assert!(error.offset().is_none_or(|offset| offset <= body.len()));
                assert!(!error.to_string().is_empty());
            }
        }
    }
}
