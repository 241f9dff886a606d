//! The words of English and their irregular forms, and WordNet's way to reduce a form to its base:
//! exactly NLTK's (3.9 and later), for all four parts of speech. `data/lexicon.txt` is derived from
//! WordNet 3.0 by `scripts/derive_lexicon.py`, which documents its form.

use std::borrow::Cow;
use std::fmt::Write;
use std::hash::BuildHasher;
use std::sync::{Arc, LazyLock};

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashTable};
use sha2::{Digest, Sha256};

/// The parts of speech of WordNet; satellite adjectives count as adjectives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartOfSpeech {
    /// Nouns.
    Noun,
    /// Verbs.
    Verb,
    /// Adjectives.
    Adjective,
    /// Adverbs.
    Adverb,
}

use PartOfSpeech::{Adjective, Adverb, Noun, Verb};

/// Endings and what replaces them, in WordNet's order.
type Rules = &'static [(&'static str, &'static str)];

const NOUN_RULES: Rules = &[
    ("s", ""),
    ("ses", "s"),
    ("ves", "f"),
    ("xes", "x"),
    ("zes", "z"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("men", "man"),
    ("ies", "y"),
];
const VERB_RULES: Rules = &[
    ("s", ""),
    ("ies", "y"),
    ("es", "e"),
    ("es", ""),
    ("ed", "e"),
    ("ed", ""),
    ("ing", "e"),
    ("ing", ""),
];
const ADJECTIVE_RULES: Rules = &[("er", ""), ("est", ""), ("er", "e"), ("est", "e")];

impl PartOfSpeech {
    /// The endings that WordNet's rules replace, each once.
    #[must_use]
    pub fn rules(self) -> Rules {
        match self {
            Noun => NOUN_RULES,
            Verb => VERB_RULES,
            Adjective => ADJECTIVE_RULES,
            Adverb => &[],
        }
    }

    fn of_letter(letter: &str) -> Option<Self> {
        match letter {
            "n" => Some(Noun),
            "v" => Some(Verb),
            "a" => Some(Adjective),
            "r" => Some(Adverb),
            _ => None,
        }
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

#[derive(Debug, Clone, Copy)]
struct Word {
    start: u32,
    end: u32,
    parts: u8,
}

/// Irregular forms of one part of speech, and the way back.
#[derive(Debug, Default)]
struct Exceptions {
    bases: HashMap<Box<str>, Box<[Box<str>]>>,
    forms: HashMap<Box<str>, Vec<Box<str>>>,
}

/// Words with their parts of speech, and irregular forms. Immutable.
#[derive(Debug)]
pub struct Lexicon {
    hasher: FixedState,
    words: HashTable<Word>,
    text: String,
    exceptions: [Exceptions; 4],
    checksum: String,
}

static WORDNET: LazyLock<Arc<Lexicon>> = LazyLock::new(|| {
    // The file is part of the program; a test reads it, so it can't be malformed here.
    Arc::new(Lexicon::read(include_str!("../../data/lexicon.txt")).unwrap_or_default())
});

/// By what they hold: the text that they were read from is the same.
impl PartialEq for Lexicon {
    fn eq(&self, other: &Self) -> bool {
        self.checksum == other.checksum
    }
}

impl Eq for Lexicon {}

impl Default for Lexicon {
    /// A lexicon without words.
    fn default() -> Self {
        Self {
            hasher: FixedState::default(),
            words: HashTable::new(),
            text: String::new(),
            exceptions: std::array::from_fn(|_| Exceptions::default()),
            checksum: String::new(),
        }
    }
}

impl Lexicon {
    /// The lexicon of WordNet 3.0 that comes with the crate; read at its first use.
    #[must_use]
    pub fn wordnet() -> &'static Arc<Self> {
        &WORDNET
    }

    /// Reads the form that `scripts/derive_lexicon.py` writes.
    ///
    /// # Errors
    /// Names the line that can't be read.
    pub fn read(source: &str) -> Result<Self, String> {
        let mut lexicon = Self::default();
        let mut lines = (1..).zip(source.lines());
        let fault = |line: usize| format!("line {line} of the lexicon can't be read");
        let header = |line: Option<(usize, &str)>, name: &str| -> Result<usize, String> {
            let (number, line) = line.ok_or("the lexicon ends too soon")?;
            let value = line.strip_prefix(name).and_then(|rest| rest.trim().parse().ok());
            value.ok_or_else(|| fault(number))
        };
        if header(lines.next(), "jobsieve-lexicon ")? != 1 {
            return Err("the lexicon has a form that this version does not read".to_owned());
        }
        let count = header(lines.next(), "words ")?;
        let mut word = String::new();
        for (number, line) in lines.by_ref().take(count) {
            lexicon.read_word(line, &mut word).ok_or_else(|| fault(number))?;
        }
        let count = header(lines.next(), "exceptions ")?;
        for (number, line) in lines.by_ref().take(count) {
            lexicon.read_exception(line).ok_or_else(|| fault(number))?;
        }
        for byte in Sha256::digest(source.as_bytes()) {
            let _ = write!(lexicon.checksum, "{byte:02x}");
        }
        Ok(lexicon)
    }

    fn read_word(&mut self, line: &str, word: &mut String) -> Option<()> {
        let mut cells = line.split(' ');
        let shared: usize = cells.next()?.parse().ok()?;
        let rest = cells.next()?;
        let parts = cells.next()?.parse().ok()?;
        if !word.is_char_boundary(shared) {
            return None;
        }
        word.truncate(shared);
        word.push_str(rest);
        let start = self.text.len() as u32;
        self.text.push_str(word);
        let entry = Word { start, end: self.text.len() as u32, parts };
        let hash = self.hasher.hash_one(word.as_bytes());
        let (text, hasher) = (&self.text, &self.hasher);
        let rehash = |word: &Word| hasher.hash_one(slice(text, *word).as_bytes());
        self.words.insert_unique(hash, entry, rehash);
        Some(())
    }

    fn read_exception(&mut self, line: &str) -> Option<()> {
        let mut cells = line.split(' ');
        let part = PartOfSpeech::of_letter(cells.next()?)?;
        let form: Box<str> = cells.next()?.into();
        let bases: Box<[Box<str>]> = cells.map(Box::from).collect();
        let exceptions = &mut self.exceptions[part as usize];
        for base in &bases {
            exceptions.forms.entry(base.clone()).or_default().push(form.clone());
        }
        exceptions.bases.insert(form, bases);
        Some(())
    }

    /// SHA-256 of the file, in hexadecimal.
    #[must_use]
    pub fn checksum(&self) -> &str {
        &self.checksum
    }

    /// How many words it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    fn parts(&self, word: &str) -> u8 {
        let hash = self.hasher.hash_one(word.as_bytes());
        let found = self.words.find(hash, |entry| slice(&self.text, *entry) == word);
        found.map_or(0, |entry| entry.parts)
    }

    /// Whether the word is a base form of any part of speech.
    #[must_use]
    pub fn knows(&self, word: &str) -> bool {
        self.parts(word) != 0
    }

    /// Whether the word is a base form of this part of speech.
    #[must_use]
    pub fn is(&self, word: &str, part: PartOfSpeech) -> bool {
        self.parts(word) & part.bit() != 0
    }

    /// The base forms of an irregular form, in WordNet's order.
    #[must_use]
    pub fn bases(&self, form: &str, part: PartOfSpeech) -> Option<&[Box<str>]> {
        self.exceptions[part as usize].bases.get(form).map(|bases| &**bases)
    }

    /// The irregular forms of a base form.
    #[must_use]
    pub fn irregular_forms(&self, base: &str, part: PartOfSpeech) -> &[Box<str>] {
        self.exceptions[part as usize].forms.get(base).map_or(&[], |forms| forms)
    }

    /// The base forms that `form` may have: NLTK's `_morphy`. The form itself comes first if it is
    /// one; rules are not applied to irregular forms.
    #[must_use]
    pub fn morphy<'a>(&self, form: &'a str, part: PartOfSpeech) -> Vec<Cow<'a, str>> {
        let mut found = Vec::new();
        self.each_base(form, part, |base| {
            if !found.contains(&base) {
                found.push(base);
            }
        });
        found
    }

    /// The shortest of [`Self::morphy`], the first of equals, else `form`: NLTK's `lemmatize`.
    #[must_use]
    pub fn lemma<'a>(&self, form: &'a str, part: PartOfSpeech) -> Cow<'a, str> {
        let mut best: Option<(usize, Cow<'a, str>)> = None;
        self.each_base(form, part, |base| {
            let length = base.chars().count();
            if best.as_ref().is_none_or(|(shortest, _)| length < *shortest) {
                best = Some((length, base));
            }
        });
        best.map_or(Cow::Borrowed(form), |(_, base)| base)
    }

    fn each_base<'a>(
        &self,
        form: &'a str,
        part: PartOfSpeech,
        mut found: impl FnMut(Cow<'a, str>),
    ) {
        if self.is(form, part) {
            found(Cow::Borrowed(form));
        }
        if let Some(bases) = self.bases(form, part) {
            for base in bases.iter().filter(|base| self.is(base, part)) {
                found(Cow::Owned(base.to_string()));
            }
            return;
        }
        for (ending, replacement) in part.rules() {
            let Some(stem) = form.strip_suffix(ending) else { continue };
            let base = if replacement.is_empty() {
                Cow::Borrowed(stem)
            } else {
                Cow::Owned(format!("{stem}{replacement}"))
            };
            if self.is(&base, part) {
                found(base);
            }
        }
    }
}

fn slice(text: &str, word: Word) -> &str {
    &text[word.start as usize..word.end as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lexicon_of_the_crate_can_be_read() {
        let read = Lexicon::read(include_str!("../../data/lexicon.txt"));
        assert!(read.is_ok_and(|lexicon| lexicon.len() > 80_000 && lexicon.checksum.len() == 64));
    }

    #[test]
    fn a_broken_lexicon_is_named_with_its_line() {
        let broken = "jobsieve-lexicon 1\nwords 2\n0 ab 1\n5 c 1\nexceptions 0\n";
        assert_eq!(Lexicon::read(broken).unwrap_err(), "line 4 of the lexicon can't be read");
        assert!(Lexicon::read("").is_err());
    }

    #[test]
    fn lemmas_are_those_of_nltk() {
        let lexicon = Lexicon::wordnet();
        let nouns = [
            ("nurses", "nurse"),
            ("men", "men"),
            ("boss", "bos"),
            ("us", "u"),
            ("carers", "carers"),
            ("midwives", "midwife"),
            ("buses", "bus"),
            ("media", "medium"),
            ("nursing", "nursing"),
            ("companies", "company"),
        ];
        for (form, lemma) in nouns {
            assert_eq!(lexicon.lemma(form, Noun), lemma, "{form}");
        }
        assert_eq!(lexicon.lemma("cooking", Verb), "cook");
        assert_eq!(lexicon.lemma("better", Adjective), "good");
        assert!(lexicon.morphy("offer", Adjective).is_empty());
    }
}
