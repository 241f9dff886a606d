//! The chain: source to normalised text to words, words to lemmas. One analyser serves rules and adverts.

use std::borrow::Cow;
use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};

use super::compounds::{COMPOUND_LIST, Gap};
use super::entities;
use super::html;
use super::lemma::{FUNCTION_WORD_LIST, Lemmatizer, Step};
use super::lexemes::{LEXEME_LIST, Lexemes};
use super::names::Names;
use super::normalize::{Normalized, fold};
use super::offsets::OffsetMap;
use super::scan::Scan;
use super::signs::{CURRENCIES, signs_around};
use super::tokens::{ABBREVIATION_LIST, tokenize};
use super::{AnalysisSettings, Markup, Surface, Token};

/// A text after analysis, with the buffers that made it; reuse it, so that steady work allocates nothing.
#[derive(Debug, Default)]
pub struct Text {
    normalized: Normalized,
    breaks: Vec<u32>,
    folded: String,
    tokens: Vec<Token>,
    scans: html::Scans,
    wordless: Scan,
    names: Names,
    /// A field that was escaped as a whole, unescaped; and the way back.
    unescaped: String,
    escapes: OffsetMap,
    was_escaped: bool,
    is_cut: bool,
}

impl Text {
    /// The words, by position.
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Whether the source, or what normalising made of it, was too long, so that its end was left out.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The word as written, after normalisation.
    #[must_use]
    pub fn surface(&self, token: &Token) -> &str {
        self.normalized.text.get(token.start as usize..token.end as usize).unwrap_or("")
    }

    /// The word with case and accents folded.
    #[must_use]
    pub fn folded(&self, token: &Token) -> &str {
        self.folded.get(token.folded_start as usize..token.folded_end as usize).unwrap_or("")
    }

    /// The 16 bytes of the folded text from the word's first on.
    pub(crate) fn folded_block(&self, token: &Token) -> &[u8; 16] {
        let rest = self.folded.as_bytes().get(token.folded_start as usize..);
        rest.and_then(<[u8]>::first_chunk).unwrap_or(&[0; 16])
    }

    /// Whether its capitals mark a word as a name or an acronym: what looks like a plural unknown to
    /// `WordNet` is then left alone (`Brantocks`, `BACS`). False where capitals tell nothing.
    #[must_use]
    pub fn is_name_like(&self, token: &Token) -> bool {
        self.names.hold(&self.normalized.text, &self.tokens, token)
    }

    /// The signs (`+`, `&` and their like) right before and right behind a word that are part of no word:
    /// of `r&d2` the `&` behind `r` and before `d2`.
    #[must_use]
    pub fn signs(&self, token: &Token) -> (&str, &str) {
        signs_around(&self.normalized.text, token)
    }

    /// What stands between two words.
    #[must_use]
    pub fn gap(&self, before: &Token, after: &Token) -> Gap {
        let between = self.normalized.text.get(before.end as usize..after.start as usize);
        if before.sentence == after.sentence {
            between.map_or(Gap::Other, Gap::of)
        } else {
            Gap::Other
        }
    }

    /// Where `start..end` of the normalised text lies in the source given to [`Analyzer::read`], in
    /// bytes, on character boundaries of the source.
    #[must_use]
    pub fn source_span(&self, start: u32, end: u32) -> (u32, u32) {
        let (start, end) = self.normalized.map.source(start, end);
        if self.was_escaped { self.escapes.source(start, end) } else { (start, end) }
    }
}

/// Turns text into tokens and words into lemmas. Immutable; shared by all threads.
#[derive(Debug, Clone)]
pub struct Analyzer {
    lemmatizer: Lemmatizer,
    lexemes: Arc<Lexemes>,
    compounds: bool,
    longest: usize,
}

impl Analyzer {
    /// An analyser for these settings.
    #[must_use]
    pub fn new(settings: &AnalysisSettings) -> Self {
        Self {
            lemmatizer: Lemmatizer::new(settings),
            lexemes: Lexemes::with(&settings.lexemes),
            compounds: settings.compounds,
            longest: settings.max_text_bytes,
        }
    }

    /// Reads `source` into `text`, replacing what it held: that of an advert up to the limit of
    /// [`AnalysisSettings::max_text_bytes`], that of a rule whole. See [`Text::is_cut`].
    pub fn read(&self, whole: &str, markup: Markup, text: &mut Text) {
        let longest = match markup {
            Markup::Html => self.longest,
            Markup::Plain => AnalysisSettings::LONGEST,
        };
        let source = cut(whole, longest);
        text.normalized.clear(source.len(), longest);
        text.breaks.clear();
        text.names.clear();
        text.was_escaped = markup == Markup::Html && html::is_escaped(source);
        if text.was_escaped {
            unescape(source, &mut text.unescaped, &mut text.escapes);
            html::strip(&text.unescaped, &mut text.scans, &mut text.normalized, &mut text.breaks);
        } else if markup == Markup::Html {
            html::strip(source, &mut text.scans, &mut text.normalized, &mut text.breaks);
        } else {
            text.normalized.push_source(source);
        }
        text.normalized.finish();
        let (normalized, breaks) = (&text.normalized.text, &text.breaks);
        tokenize(
            normalized,
            breaks,
            &self.lexemes,
            &mut text.folded,
            &mut text.tokens,
            &mut text.wordless,
        );
        text.is_cut = source.len() < whole.len() || text.normalized.is_cut();
        // Half a word is another word.
        if text.is_cut
            && text.tokens.last().is_some_and(|last| last.end as usize == normalized.len())
        {
            text.tokens.pop();
        }
    }

    /// The lemma of a folded word.
    #[must_use]
    pub fn lemma<'a>(&self, folded: &'a str, name_like: bool) -> Cow<'a, str> {
        self.lemmatizer.lemma(folded, name_like).0
    }

    /// The lemma of a folded word, and the step that gave it.
    #[must_use]
    pub fn explain_lemma<'a>(&self, folded: &'a str, name_like: bool) -> (Cow<'a, str>, Step) {
        self.lemmatizer.lemma(folded, name_like)
    }

    /// Every folded form whose lemma is `lemma` where the word is not name-like, each once: the inverse
    /// of [`Analyzer::lemma`] over all strings.
    #[must_use]
    pub fn surfaces(&self, lemma: &str) -> Vec<Surface> {
        self.lemmatizer.surfaces(lemma)
    }

    /// The verb lemma of a folded word.
    #[must_use]
    pub fn verb_lemma<'a>(&self, folded: &'a str) -> Cow<'a, str> {
        self.lemmatizer.verb_lemma(folded)
    }

    /// Every folded form that shares its spelling, noun lemma or verb lemma with one of `folded`'s.
    #[must_use]
    pub fn any_forms(&self, folded: &str) -> Vec<Surface> {
        self.lemmatizer.any_forms(folded)
    }

    /// The pairs of words that a word of a rule may be written as.
    #[must_use]
    pub fn splits(&self, folded: &str) -> Vec<(String, String)> {
        if self.compounds { self.lemmatizer.splits(folded) } else { Vec::new() }
    }

    /// What two words of a rule that follow each other may be written as.
    #[must_use]
    pub fn joined(&self, head: &str, tail: &str, gap: Gap) -> Option<String> {
        self.lemmatizer.joined(head, tail, gap).filter(|_| self.compounds)
    }

    /// The amounts of money that a folded word of a rule means, too: `35k` means `£35k`, not the other way.
    pub fn amounts(&self, folded: &str) -> impl Iterator<Item = String> {
        let number = folded.starts_with(|c: char| c.is_ascii_digit()).then(|| folded.to_owned());
        number
            .into_iter()
            .flat_map(|number| CURRENCIES.iter().map(move |sign| format!("{sign}{number}")))
    }

    /// A normalised word with case and accents taken off.
    #[must_use]
    pub fn fold(&self, word: &str) -> String {
        let mut folded = String::new();
        fold(word, &mut folded);
        folded
    }

    /// SHA-256 of all data that words depend on: the lexicon and the lists of function words,
    /// abbreviations, lexemes and compounds; in lower-case hexadecimal. Part of a rule set's identity.
    #[must_use]
    pub fn data_checksum(&self) -> String {
        let mut digest = Sha256::new();
        digest.update(self.lemmatizer.lexicon().checksum());
        for list in [FUNCTION_WORD_LIST, ABBREVIATION_LIST, LEXEME_LIST, COMPOUND_LIST] {
            digest.update(list);
        }
        digest.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }
}

/// Reads [`AnalysisSettings::max_text_bytes`].
pub(super) fn deserialize_limit<'de, D: Deserializer<'de>>(reader: D) -> Result<usize, D::Error> {
    let limit = usize::deserialize(reader)?;
    if (1..=AnalysisSettings::LONGEST).contains(&limit) {
        Ok(limit)
    } else {
        let longest = AnalysisSettings::LONGEST;
        Err(D::Error::custom(format!("it must be from 1 to {longest}, not {limit}")))
    }
}

/// Decodes all references once.
fn unescape(source: &str, out: &mut String, map: &mut OffsetMap) {
    out.clear();
    map.clear();
    // Where the text begins that is not copied yet.
    let mut start = 0;
    for special in memchr::memchr_iter(b'&', source.as_bytes()) {
        // A reference holds no `&` but its first byte: none is looked at twice.
        let Some(reference) = entities::once(&source[special..]) else { continue };
        if start < special {
            map.copied(out.len(), start);
            out.push_str(&source[start..special]);
        }
        start = special + reference.length;
        map.replaced(out.len(), special, start);
        out.push(reference.chars.0);
        out.extend(reference.chars.1);
    }
    if start < source.len() {
        map.copied(out.len(), start);
        out.push_str(&source[start..]);
    }
}

fn cut(source: &str, limit: usize) -> &str {
    let longest = limit.min(source.len());
    let end = (0..=longest).rev().find(|&end| source.is_char_boundary(end));
    &source[..end.unwrap_or(0)]
}
