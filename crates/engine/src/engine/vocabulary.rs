//! Every surface form that a rule's word must catch. A word of an advert costs one probe; a word that
//! no rule uses is dropped there and then. Lemmas were worked out when the rules were compiled.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashTable};
use serde::{Deserialize, Serialize};

use super::forms::Forms;
use super::units::UnitId;

/// When a token of a surface form is a word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum When {
    /// Whatever it looks like.
    Always,
    /// Where it is not name-like.
    UnlessNameLike,
    /// Where it is written so.
    Written(Box<str>),
}

/// What a surface form stands for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Use {
    pub(super) word: UnitId,
    pub(super) when: When,
}

/// A surface form. All that most tokens need lies in the slot of the table that the probe ends at.
#[derive(Debug, Clone, Copy)]
struct Form {
    /// Its range in [`Vocabulary::text`].
    text: (u32, u32),
    meaning: Meaning,
}

#[derive(Debug, Clone, Copy)]
enum Meaning {
    /// One word, whatever the token looks like.
    Always(UnitId),
    /// A range of [`Vocabulary::uses`].
    Uses(u32, u32),
}

/// The surface forms of a rule set, and the beginnings that a rule's star must catch.
#[derive(Debug)]
pub(super) struct Vocabulary {
    // The seed is random, so that nobody can write an advert whose words collide.
    hasher: RandomState,
    table: HashTable<Form>,
    text: String,
    uses: Vec<Use>,
    prefixes: Prefixes,
    written_prefixes: Prefixes,
}

/// Beginnings of words.
#[derive(Debug, Default)]
struct Prefixes {
    words: HashMap<Box<str>, UnitId>,
    /// The lengths that occur, in bytes, rising.
    lengths: Vec<usize>,
}

impl Prefixes {
    fn new(prefixes: &[(Box<str>, UnitId)]) -> Self {
        let mut lengths: Vec<usize> = prefixes.iter().map(|(text, _)| text.len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        Self { words: prefixes.iter().cloned().collect(), lengths }
    }

    fn push_of(&self, text: &str, out: &mut Vec<UnitId>) {
        let beginnings = self.lengths.iter().map_while(|&length| text.as_bytes().get(..length));
        let texts = beginnings.filter_map(|bytes| std::str::from_utf8(bytes).ok());
        out.extend(texts.filter_map(|beginning| self.words.get(beginning)));
    }
}

impl Vocabulary {
    /// Files every form.
    pub(super) fn new(forms: &Forms) -> Self {
        let all = &forms.whole;
        let mut vocabulary = Self {
            hasher: RandomState::default(),
            table: HashTable::with_capacity(all.len()),
            text: String::with_capacity(all.iter().map(|(text, _)| text.len()).sum()),
            uses: Vec::new(),
            prefixes: Prefixes::new(&forms.prefixes),
            written_prefixes: Prefixes::new(&forms.written_prefixes),
        };
        for same in all.chunk_by(|a, b| a.0 == b.0) {
            vocabulary.push(same);
        }
        vocabulary
    }

    fn push(&mut self, pairs: &[(Box<str>, Use)]) {
        let Some((text, first)) = pairs.first() else { return };
        let start = self.text.len() as u32;
        self.text.push_str(text);
        let meaning = if pairs.len() == 1 && first.when == When::Always {
            Meaning::Always(first.word)
        } else {
            let start = self.uses.len() as u32;
            self.uses.extend(pairs.iter().map(|(_, meaning)| meaning.clone()));
            Meaning::Uses(start, self.uses.len() as u32)
        };
        let form = Form { text: (start, self.text.len() as u32), meaning };
        let (all, hasher) = (&self.text, &self.hasher);
        let rehash = |form: &Form| hasher.hash_one(text_of(all, form));
        self.table.insert_unique(hasher.hash_one(text.as_bytes()), form, rehash);
    }

    /// Appends the words that a token is; `surface` is as written.
    pub(super) fn push_words(
        &self,
        folded: &str,
        surface: &str,
        name_like: bool,
        out: &mut Vec<UnitId>,
    ) {
        let hash = self.hasher.hash_one(folded.as_bytes());
        let same = |form: &Form| text_of(&self.text, form) == folded.as_bytes();
        match self.table.find(hash, same).map(|form| form.meaning) {
            None => {}
            Some(Meaning::Always(word)) => out.push(word),
            Some(Meaning::Uses(start, end)) => {
                let is = |meaning: &&Use| match &meaning.when {
                    When::Always => true,
                    When::UnlessNameLike => !name_like,
                    When::Written(written) => **written == *surface,
                };
                let uses = self.uses[start as usize..end as usize].iter().filter(is);
                out.extend(uses.map(|meaning| meaning.word));
            }
        }
        self.prefixes.push_of(folded, out);
        self.written_prefixes.push_of(surface, out);
    }
}

fn text_of<'a>(text: &'a str, form: &Form) -> &'a [u8] {
    let (start, end) = form.text;
    &text.as_bytes()[start as usize..end as usize]
}
