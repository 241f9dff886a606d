//! Decodes HTML character references as browsers do: all names of HTML, numbers in both bases, the old
//! names also without a semicolon.

use std::sync::LazyLock;

use entities::{Codepoints, ENTITIES};
use hashbrown::HashMap;

/// Names without `&`, with their semicolon where they have one.
static NAMES: LazyLock<HashMap<&'static str, &'static Codepoints>> = LazyLock::new(|| {
    ENTITIES.iter().map(|entity| (&entity.entity[1..], &entity.codepoints)).collect()
});

/// The longest name with its semicolon: `CounterClockwiseContourIntegral;`.
const LONGEST: usize = 32;

/// A decoded reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reference {
    /// What it stands for.
    pub(super) chars: (char, Option<char>),
    /// Its length in the source, in bytes, with `&` and semicolon.
    pub(super) length: usize,
}

/// The reference at the start of `source`, which begins with `&`. One that was escaped twice
/// (`&amp;nbsp;`) is decoded to the end.
pub(super) fn decode(source: &str) -> Option<Reference> {
    let first = once(source)?;
    // Feeds escape text that was escaped already; `&amp;nbsp;` is never meant as it stands.
    if first.chars == ('&', None) && source.as_bytes().get(first.length - 1) == Some(&b';') {
        let rest = &source[first.length..];
        let goes_on = |byte: u8| byte == b'#' || byte.is_ascii_alphabetic();
        if rest.bytes().next().is_some_and(goes_on)
            && let Some(second) = once_behind_ampersand(rest)
            && rest.as_bytes().get(second.length - 2) == Some(&b';')
        {
            return Some(Reference { length: first.length + second.length - 1, ..second });
        }
    }
    Some(first)
}

/// As [`decode`], one level only.
pub(super) fn once(source: &str) -> Option<Reference> {
    once_behind_ampersand(source.strip_prefix('&')?)
}

/// `rest` is what follows the `&`; the length counts it.
fn once_behind_ampersand(rest: &str) -> Option<Reference> {
    // What nearly every advert holds is found without a look at the table.
    let (char, length) = match rest.as_bytes() {
        [b'a', b'm', b'p', b';', ..] => ('&', 5),
        [b'n', b'b', b's', b'p', b';', ..] => ('\u{A0}', 6),
        [b'l', b't', b';', ..] => ('<', 4),
        [b'g', b't', b';', ..] => ('>', 4),
        [b'q', b'u', b'o', b't', b';', ..] => ('"', 6),
        [b'#', ..] => return number(rest),
        [first, ..] if first.is_ascii_alphabetic() => return name(rest),
        _ => return None,
    };
    Some(Reference { chars: (char, None), length })
}

fn name(rest: &str) -> Option<Reference> {
    let bytes = rest.as_bytes();
    let length = bytes.iter().take(LONGEST).position(|b| !b.is_ascii_alphanumeric());
    let length = length.unwrap_or(bytes.len().min(LONGEST));
    let found = |name: &str| {
        let chars = match **NAMES.get(name)? {
            Codepoints::Single(code) => (char::from_u32(code)?, None),
            Codepoints::Double(first, second) => {
                (char::from_u32(first)?, Some(char::from_u32(second)?))
            }
        };
        Some(Reference { chars, length: 1 + name.len() })
    };
    if bytes.get(length) == Some(&b';') {
        return found(&rest[..=length]);
    }
    // Without a semicolon the longest of the old names counts (`&ampersand` is `&` and `ersand`).
    (2..=length.min(6)).rev().find_map(|length| found(&rest[..length]))
}

fn number(rest: &str) -> Option<Reference> {
    let hexadecimal = matches!(rest.as_bytes().get(1), Some(b'x' | b'X'));
    let (skipped, radix) = if hexadecimal { (2, 16) } else { (1, 10) };
    let digits = rest.get(skipped..)?;
    let length = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    if length == 0 {
        return None;
    }
    let semicolon = digits.as_bytes().get(length) == Some(&b';');
    // Numbers beyond Unicode, and those too long to be read, stand for the replacement character.
    let code = u32::from_str_radix(digits[..length].get(..8.min(length))?, radix).ok();
    let code = code.filter(|_| digits[..length].trim_start_matches('0').len() <= 8);
    let char = code.map_or('\u{FFFD}', windows_1252);
    Some(Reference { chars: (char, None), length: 1 + skipped + length + usize::from(semicolon) })
}

/// Numbers 128 to 159 are read as Windows-1252, since that is what their authors meant.
fn windows_1252(code: u32) -> char {
    const TABLE: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž',
        '\u{8F}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}',
        'ž', 'Ÿ',
    ];
    match code {
        0 => '\u{FFFD}',
        128..=159 => TABLE[code as usize - 128],
        _ => char::from_u32(code).unwrap_or('\u{FFFD}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_decoded_as_browsers_do() {
        let table = [
            ("&amp; x", '&', 5),
            ("&eacute;s", 'é', 8),
            ("&pound35k", '£', 6),
            ("&ampersand", '&', 4),
            ("&#163;5", '£', 6),
            ("&#xA3 5", '£', 5),
            ("&#146;s", '’', 6),
            ("&amp;nbsp;x", '\u{A0}', 10),
            ("&amp;#8217;x", '’', 11),
            ("&#99999999999999;", '\u{FFFD}', 17),
            ("&CounterClockwiseContourIntegral;", '∳', 33),
        ];
        for (source, char, length) in table {
            let found = decode(source).unwrap();
            assert_eq!((found.chars.0, found.length), (char, length), "{source}");
        }
    }

    #[test]
    fn what_is_none_is_left_alone() {
        for source in ["&", "& co", "&#", "&#x", "&#;", "&unknown;", "&x", "&;", "&é"] {
            assert_eq!(decode(source), None, "{source}");
        }
        assert_eq!(decode("&amp;E").unwrap().chars.0, '&');
    }
}
