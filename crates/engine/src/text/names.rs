//! Which words look like names. A word that WordNet does not know and that ends like a plural may be a
//! name (Brantocks, BACS); its capitals show that, but only where they are unusual: the title `Night
//! Carers` has capitals throughout, and means carers.
//!
//! Rules ask that of few words, in one text of ten: it is found out when they ask, sentence by sentence.

use std::cell::Cell;

use super::Token;

/// In a sentence with a word this long that begins small, capitals tell. Shorter ones (`with`, `from`)
/// begin small in titles that have capitals throughout, too.
const LONG: usize = 5;

/// The capitals of that sentence of a text of which was asked last: whoever asks goes from the first word to
/// the last, so that each sentence is looked through once.
#[derive(Debug, Default)]
pub(super) struct Names {
    last: Cell<Option<Sentence>>,
}

#[derive(Debug, Clone, Copy)]
struct Sentence {
    number: u32,
    /// The position of its first word.
    first: u32,
    /// A long word begins small.
    some_small: bool,
    /// Of some word not all letters are capitals.
    some_not_shouted: bool,
}

impl Names {
    /// Another text is to come.
    pub(super) fn clear(&mut self) {
        self.last.set(None);
    }

    /// Whether a word of `text` looks like a name. Names are the words all in capitals where other words
    /// are not, and those with a first capital, other than the sentence's first, where longer words go
    /// without.
    pub(super) fn hold(&self, text: &str, tokens: &[Token], token: &Token) -> bool {
        let shape = Shape::of(text, token);
        if !shape.capital {
            return false;
        }
        let known = self.last.get().filter(|sentence| sentence.number == token.sentence);
        let sentence = known.unwrap_or_else(|| Sentence::around(text, tokens, token));
        self.last.set(Some(sentence));
        let acronym = shape.shouted && shape.letters >= 2 && sentence.some_not_shouted;
        acronym || (token.position > sentence.first && sentence.some_small)
    }
}

impl Sentence {
    fn around(text: &str, tokens: &[Token], token: &Token) -> Self {
        let number = token.sentence;
        let (before, behind) = tokens.split_at(tokens.len().min(token.position as usize));
        let is_other = |other: &Token| other.sentence != number;
        let start = before.iter().rposition(is_other).map_or(0, |other| other + 1);
        let end = behind.iter().position(is_other).unwrap_or(behind.len());
        let shapes = || before[start..].iter().chain(&behind[..end]).map(|of| Shape::of(text, of));
        Self {
            number,
            first: start as u32,
            some_small: shapes().any(|shape| shape.letters >= LONG && !shape.capital),
            some_not_shouted: shapes().any(|shape| shape.letters >= 2 && !shape.shouted),
        }
    }
}

/// The capitals of one word.
#[derive(Debug, Clone, Copy)]
struct Shape {
    /// How many characters.
    letters: usize,
    /// The first is a capital.
    capital: bool,
    /// The first is a capital and none is small.
    shouted: bool,
}

impl Shape {
    fn of(text: &str, token: &Token) -> Self {
        let word = text.get(token.start as usize..token.end as usize).unwrap_or("");
        let capital = word.chars().next().is_some_and(char::is_uppercase);
        let shouted = capital && !word.chars().any(char::is_lowercase);
        Self { letters: word.chars().count(), capital, shouted }
    }
}
