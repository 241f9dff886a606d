//! Names with symbols that are one word each, such as C++, .NET and A&E: the list is
//! `data/lexemes.txt`.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use serde::de::{Deserialize, Deserializer, Error};

use super::lemma::entries;

/// The list as the file says.
pub(super) const LEXEME_LIST: &str = include_str!("../../data/lexemes.txt");

/// The site's own, as settings name them.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<BTreeSet<String>, D::Error> {
    let names = BTreeSet::<String>::deserialize(from)?;
    let fits = |name: &&String| {
        let bare = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        !bare && name.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match names.iter().find(|name| !fits(name)) {
        Some(name) => Err(D::Error::custom(format!(
            "{name:?} is no lexeme: one has a sign such as +, is ASCII and holds no white space"
        ))),
        None => Ok(names),
    }
}

/// Lexemes by their first byte, the longest first; lower case, ASCII, without white space.
#[derive(Debug)]
pub(super) struct Lexemes {
    by_first: Vec<Vec<Lexeme>>,
    /// Whether some lexeme has this byte behind its first letters and digits. Most words end at none of
    /// these, so that they are not looked for.
    goes_on: [bool; 256],
}

#[derive(Debug, Clone)]
struct Lexeme {
    name: Box<str>,
    /// The first bytes as a number, and the bits of it that the name has; one comparison turns nearly all
    /// words away.
    start: u64,
    mask: u64,
}

impl Lexeme {
    fn new(name: String) -> Self {
        let mask = start_of(&[u8::MAX; 8][..name.len().min(8)]);
        Self { start: start_of(name.as_bytes()), mask, name: name.into_boxed_str() }
    }
}

/// The first eight bytes as a number; those that are missing count as zeros.
fn start_of(bytes: &[u8]) -> u64 {
    let first = bytes.first_chunk().copied().unwrap_or_else(|| {
        let mut first = [0; 8];
        first[..bytes.len()].copy_from_slice(bytes);
        first
    });
    u64::from_le_bytes(first)
}

impl Lexemes {
    /// Those that come with the crate, and the site's own.
    pub(super) fn with(own: &BTreeSet<String>) -> Arc<Self> {
        static BUILT_IN: LazyLock<Arc<Lexemes>> =
            LazyLock::new(|| Arc::new(Lexemes::new(entries(LEXEME_LIST))));
        if own.is_empty() {
            return Arc::clone(&BUILT_IN);
        }
        let mut names: Vec<&str> = entries(LEXEME_LIST).collect();
        names.extend(own.iter().map(String::as_str));
        Arc::new(Self::new(names.into_iter()))
    }

    pub(super) fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let mut by_first: Vec<Vec<Lexeme>> = vec![Vec::new(); 128];
        let mut goes_on = [false; 256];
        for name in names.map(str::to_ascii_lowercase) {
            if let Some(list) = name.bytes().next().and_then(|b| by_first.get_mut(usize::from(b))) {
                let mark = name.bytes().find(|byte| !byte.is_ascii_alphanumeric());
                goes_on[usize::from(mark.unwrap_or(b' '))] = true;
                list.push(Lexeme::new(name));
            }
        }
        for list in &mut by_first {
            list.sort_by_key(|lexeme| std::cmp::Reverse(lexeme.name.len()));
        }
        Self { by_first, goes_on }
    }

    /// The length of the longest lexeme that begins at `at` and ends at the edge of a word. `folded`
    /// is in lower case; the caller knows that no word goes on before `at`.
    pub(super) fn at(&self, folded: &[u8], at: usize) -> Option<usize> {
        let rest = &folded[at..];
        let list = self.by_first.get(usize::from(*rest.first()?))?;
        let start = start_of(rest);
        let begun = list.iter().filter(|lexeme| start & lexeme.mask == lexeme.start);
        begun.map(|lexeme| lexeme.name.as_bytes()).find(|name| stands(rest, name)).map(<[u8]>::len)
    }

    /// Whether some lexeme begins with this byte.
    pub(super) fn begins(&self, byte: u8) -> bool {
        self.by_first.get(usize::from(byte)).is_some_and(|list| !list.is_empty())
    }

    /// Whether some lexeme has this byte behind its first letters and digits.
    pub(super) fn goes_on(&self, byte: u8) -> bool {
        self.goes_on[usize::from(byte)]
    }
}

fn stands(rest: &[u8], name: &[u8]) -> bool {
    rest.starts_with(name)
        && rest.get(name.len()).is_none_or(|&next| {
            let symbol = !name[name.len() - 1].is_ascii_alphanumeric();
            // `C+++` is no C++, `C#5` no C#.
            !(next.is_ascii_alphanumeric()
                || next == b'_'
                || !next.is_ascii()
                || (symbol && (next == name[name.len() - 1])))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_at_the_edges_of_words_counts() {
        let own = BTreeSet::from(["T-SQL".to_owned()]);
        let lexemes = Lexemes::with(&own);
        let find = |text: &str| lexemes.at(text.as_bytes(), 0);
        assert_eq!(find("c++ and c"), Some(3));
        assert_eq!(find("c#/.net"), Some(2));
        assert_eq!(find("asp.net core"), Some(7));
        assert_eq!(find("node.js,"), Some(7));
        assert_eq!(find("a&e"), Some(3));
        assert_eq!(find("t&cs"), Some(4));
        assert_eq!(find("t-sql,"), Some(5));
        for text in ["c", "c+", "c+++", "c#5", "a&eb", "netball", ""] {
            assert_eq!(find(text), None, "{text}");
        }
    }
}
