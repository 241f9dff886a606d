//! How does an advert's text become words? Markup is stripped, characters are normalised, words are
//! cut and reduced to lemmas; every word keeps its place in the text as given.
//!
//! Flow: [`Analyzer::read`] fills a reusable [`Text`] with tokens; [`Analyzer::lemma`] is the forward
//! reduction of one word; [`Analyzer::surfaces`] is its inverse, used when rules are compiled, so
//! that no lemmatiser runs while adverts are classified. Both directions agree for every word.

use std::borrow::Cow;

/// How words are reduced to the form under which rules and adverts meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LemmaMode {
    /// The noun lemma of NLTK 3.9 or later over WordNet 3.0, bit for bit.
    WordNet,
    /// `WordNet` with irregular plurals, plurals unknown to WordNet, and function words put right.
    #[default]
    WordNetPlus,
    /// Words are compared as written, case and accents folded.
    Off,
}

/// All that decides how text becomes tokens. Part of a rule set's identity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnalysisSettings {
    /// How words are reduced.
    pub lemmas: LemmaMode,
}

/// Whether a text may hold HTML: adverts may, the words of a rule may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// Tags are stripped, entities decoded, block tags end a sentence.
    Html,
    /// Taken literally.
    Plain,
}

/// One word of a text. Offsets are bytes; `start..end` lies in the normalised text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// First byte in the normalised text.
    pub start: u32,
    /// One past the last byte in the normalised text.
    pub end: u32,
    /// First byte in the folded text.
    pub folded_start: u32,
    /// One past the last byte in the folded text.
    pub folded_end: u32,
    /// Number of the word in its field, from 0. Phrases need successive positions.
    pub position: u32,
    /// Number of the sentence, list item or block in the field. Phrases do not cross it.
    pub sentence: u32,
    /// Its capitals mark it as a name or an acronym: a plural ending that WordNet does not know is
    /// left alone (`Siemens`, `BACS`). False where capitals tell nothing (see ruling in `shape`).
    pub name_like: bool,
}

/// A text after analysis, with the buffers that made it; reuse it, so that steady work allocates nothing.
#[derive(Debug, Default)]
pub struct Text {}

impl Text {
    /// The words, by position.
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        todo!()
    }
    /// The word as written, after normalisation.
    #[must_use]
    pub fn surface(&self, _token: &Token) -> &str {
        todo!()
    }
    /// The word with case and accents folded.
    #[must_use]
    pub fn folded(&self, _token: &Token) -> &str {
        todo!()
    }
    /// Where `start..end` of the normalised text lies in the source given to [`Analyzer::read`], in
    /// bytes, on character boundaries of the source.
    #[must_use]
    pub fn source_span(&self, _start: u32, _end: u32) -> (u32, u32) {
        todo!()
    }
}

/// A surface form that reduces to some lemma.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surface {
    /// The folded form.
    pub folded: String,
    /// It reduces to the lemma only where the token is not [`Token::name_like`].
    pub unless_name_like: bool,
}

/// Turns text into tokens and words into lemmas. Immutable; shared by all threads.
#[derive(Debug)]
pub struct Analyzer {}

impl Analyzer {
    /// An analyser for these settings over the WordNet data that comes with the crate.
    #[must_use]
    pub fn new(_settings: &AnalysisSettings) -> Self {
        todo!()
    }
    /// Reads `source` into `text`, replacing what it held.
    pub fn read(&self, _source: &str, _markup: Markup, _text: &mut Text) {
        todo!()
    }
    /// The lemma of a folded word.
    #[must_use]
    pub fn lemma<'a>(&self, _folded: &'a str, _name_like: bool) -> Cow<'a, str> {
        todo!()
    }
    /// Every folded form whose lemma is `lemma`, without duplicates: exactly the inverse of
    /// [`Analyzer::lemma`] over all strings.
    #[must_use]
    pub fn surfaces(&self, _lemma: &str) -> Vec<Surface> {
        todo!()
    }
    /// SHA-256 of the lexicon data, as lower-case hexadecimal. Part of a rule set's identity.
    #[must_use]
    pub fn lexicon_checksum(&self) -> &str {
        todo!()
    }
}
