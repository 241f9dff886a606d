//! What capitals tell of a word. A word that WordNet does not know and that ends like a plural may be a
//! name (Brantocks, BACS); its capitals show that, but only where they are unusual: the title `Night
//! Carers` has capitals throughout, and means carers.

use super::Token;

/// In a sentence with a word this long that begins small, capitals tell.
const LONG: usize = 4;

/// Sets [`Token::name_like`] for the words of one sentence: those all in capitals where other words are
/// not, and those with a first capital, other than the sentence's first, where longer words go without.
pub(super) fn mark_names(text: &str, sentence: &mut [Token]) {
    let shape = |token: &Token| Shape::of(&text[token.start as usize..token.end as usize]);
    let (mut some_small, mut some_not_shouted, mut some_capital) = (false, false, false);
    for token in &*sentence {
        let shape = shape(token);
        some_small |= shape.letters >= LONG && !shape.capital;
        some_not_shouted |= shape.letters >= 2 && !shape.shouted;
        some_capital |= shape.capital;
    }
    if !some_capital || !(some_small || some_not_shouted) {
        return;
    }
    for (index, token) in sentence.iter_mut().enumerate() {
        let shape = shape(token);
        let acronym = shape.shouted && shape.letters >= 2 && some_not_shouted;
        token.name_like = acronym || (shape.capital && index > 0 && some_small);
    }
}

struct Shape {
    /// How many characters; bytes for ASCII.
    letters: usize,
    capital: bool,
    shouted: bool,
}

impl Shape {
    fn of(word: &str) -> Self {
        let bytes = word.as_bytes();
        if word.is_ascii() {
            let capital = bytes.first().is_some_and(u8::is_ascii_uppercase);
            let shouted = capital && !bytes.iter().any(u8::is_ascii_lowercase);
            return Self { letters: bytes.len(), capital, shouted };
        }
        let capital = word.chars().next().is_some_and(char::is_uppercase);
        let shouted = capital && !word.chars().any(char::is_lowercase);
        Self { letters: word.chars().count(), capital, shouted }
    }
}
