//! What capitals tell of a word. A word that WordNet does not know and that ends like a plural may be a
//! name (Brantocks, BACS); its capitals show that, but only where they are unusual: the title `Night
//! Carers` has capitals throughout, and means carers.

use super::Token;

/// In a sentence with a word this long that begins small, capitals tell. Shorter ones (`with`, `from`)
/// begin small in titles that have capitals throughout, too.
const LONG: usize = 5;

/// The capitals of one word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// How many characters.
    pub(super) letters: usize,
    /// The first is a capital.
    pub(super) capital: bool,
    /// The first is a capital and none is small.
    pub(super) shouted: bool,
}

impl Shape {
    /// That of a word of ASCII.
    pub(super) fn of_ascii(word: &[u8]) -> Self {
        let capital = word.first().is_some_and(u8::is_ascii_uppercase);
        let shouted = capital && !word.iter().any(u8::is_ascii_lowercase);
        Self { letters: word.len(), capital, shouted }
    }

    pub(super) fn of(word: &str) -> Self {
        let capital = word.chars().next().is_some_and(char::is_uppercase);
        let shouted = capital && !word.chars().any(char::is_lowercase);
        Self { letters: word.chars().count(), capital, shouted }
    }
}

/// The capitals of one sentence.
#[derive(Debug, Default)]
pub(super) struct Capitals {
    /// Which words begin with one, and whether they are acronyms if any word is none.
    words: Vec<(u32, bool)>,
    some_small: bool,
    some_not_shouted: bool,
}

impl Capitals {
    pub(super) fn clear(&mut self) {
        self.words.clear();
        self.some_small = false;
        self.some_not_shouted = false;
    }

    /// Adds the word at `index` of the text.
    pub(super) fn add(&mut self, index: u32, shape: Shape) {
        self.some_small |= shape.letters >= LONG && !shape.capital;
        self.some_not_shouted |= shape.letters >= 2 && !shape.shouted;
        if shape.capital {
            self.words.push((index, shape.shouted && shape.letters >= 2));
        }
    }

    /// Ends the sentence whose first word is at `first`. [`Token::name_like`] is set for the words all
    /// in capitals where other words are not, and for those with a first capital, other than the
    /// sentence's first, where longer words go without.
    pub(super) fn mark_names(&mut self, tokens: &mut [Token], first: u32) {
        for &(index, shouted) in &self.words {
            if let Some(token) = tokens.get_mut(index as usize) {
                let acronym = shouted && self.some_not_shouted;
                token.name_like = acronym || (index > first && self.some_small);
            }
        }
        self.clear();
    }
}
