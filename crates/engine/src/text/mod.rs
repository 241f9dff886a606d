//! How does an advert's text become words? Markup is stripped, characters are normalised, words are
//! cut and reduced to lemmas; every word keeps its place in the text as given.
//!
//! Flow: [`Analyzer::read`] fills a reusable [`Text`] with tokens; [`Analyzer::lemma`] is the forward
//! reduction of one word; [`Analyzer::surfaces`] is its inverse, used when rules are compiled, so
//! that no lemmatiser runs while adverts are classified. Both directions agree for every word.

mod analyzer;
pub mod compounds;
mod elements;
mod entities;
mod html;
pub mod lemma;
mod lexemes;
pub mod lexicon;
mod names;
mod normalize;
mod offsets;
mod scan;
mod signs;
mod tokens;
mod wordnet;

pub use analyzer::{Analyzer, Text};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use lexicon::Lexicon;

/// How words are reduced to the form under which rules and adverts meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LemmaMode {
    /// The noun lemma of NLTK 3.9 or later over `WordNet` 3.0, bit for bit.
    #[serde(rename = "wordnet")]
    WordNet,
    /// `WordNet` with irregular plurals, plurals unknown to it, and function words put right.
    #[default]
    #[serde(rename = "wordnet-plus")]
    WordNetPlus,
    /// Words are compared as written, case and accents folded.
    Off,
}

/// All that decides how text becomes tokens. Part of a rule set's identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnalysisSettings {
    /// How words are reduced.
    pub lemmas: LemmaMode,
    /// The site's own names with signs, each one word, beside those that come with the crate.
    #[serde(deserialize_with = "lexemes::deserialize")]
    pub lexemes: BTreeSet<String>,
    /// The site's own lemmas: word → lemma. They win over every other step.
    pub lemma_overrides: BTreeMap<String, String>,
    /// The words of English: in JSON `wordnet`, the folder of a WordNet database that is read in place
    /// of the crate's. What is read, not the folder's name, is part of a rule set's identity.
    #[serde(rename = "wordnet", skip_serializing, deserialize_with = "wordnet::deserialize")]
    pub lexicon: Arc<Lexicon>,
    /// Whether a rule's word meets its spellings joined, hyphenated and in two words.
    pub compounds: bool,
    /// The longest text of an advert that is read, in bytes: as given, and as normalised. At most
    /// [`AnalysisSettings::LONGEST`].
    #[serde(deserialize_with = "analyzer::deserialize_limit")]
    pub max_text_bytes: usize,
    /// What becomes of an advert with a longer text.
    pub too_long: TooLong,
}

/// What becomes of an advert with a text beyond the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TooLong {
    /// It is refused.
    #[default]
    Refuse,
    /// It is classified by the part up to the limit, and the answer says so.
    Cut,
}

impl AnalysisSettings {
    /// The greatest limit of a text, in bytes: offsets are 32 bits wide, and normalising may double a text.
    pub const LONGEST: usize = 256 * 1024 * 1024;
}

impl Default for AnalysisSettings {
    fn default() -> Self {
        Self {
            lemmas: LemmaMode::default(),
            lexemes: BTreeSet::new(),
            lemma_overrides: BTreeMap::new(),
            lexicon: Arc::clone(Lexicon::wordnet()),
            compounds: true,
            max_text_bytes: 1024 * 1024,
            too_long: TooLong::default(),
        }
    }
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
}

impl Token {
    /// Bytes in the folded text.
    pub(crate) fn folded_len(&self) -> usize {
        (self.folded_end - self.folded_start) as usize
    }
}

/// A surface form that reduces to some lemma.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surface {
    /// The folded form.
    pub folded: String,
    /// Only where the token does not [look like a name](Text::is_name_like); else it is its own lemma.
    pub unless_name_like: bool,
}
