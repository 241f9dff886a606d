//! Every surface form that a rule's word must catch. A word of an advert costs one probe; a word that
//! no rule uses is dropped there and then. Lemmas were worked out when the rules were compiled.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashTable};

use super::units::UnitId;

/// Number of a surface form.
type FormId = u32;

/// When a token of a surface form is a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum When {
    /// Whatever it looks like.
    Always,
    /// Where it is not name-like.
    UnlessNameLike,
    /// Where it is written so.
    Written(Box<str>),
}

/// What a surface form stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) word: UnitId,
    pub(super) when: When,
}

#[derive(Debug)]
struct Form {
    text: (u32, u32),
    uses: (u32, u32),
}

/// The surface forms of a rule set, and the beginnings that a rule's star must catch.
#[derive(Debug)]
pub(super) struct Vocabulary {
    // The seed is random, so that nobody can write an advert whose words collide.
    hasher: RandomState,
    table: HashTable<FormId>,
    forms: Vec<Form>,
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
    fn new(prefixes: Vec<(String, UnitId)>) -> Self {
        let mut lengths: Vec<usize> = prefixes.iter().map(|(text, _)| text.len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        let words = prefixes.into_iter().map(|(text, word)| (text.into_boxed_str(), word));
        Self { words: words.collect(), lengths }
    }

    fn push_of(&self, text: &str, out: &mut Vec<UnitId>) {
        let beginnings = self.lengths.iter().map_while(|&length| text.as_bytes().get(..length));
        let texts = beginnings.filter_map(|bytes| std::str::from_utf8(bytes).ok());
        out.extend(texts.filter_map(|beginning| self.words.get(beginning)));
    }
}

impl Vocabulary {
    /// From folded surface forms with what they stand for, and from folded and written beginnings.
    pub(super) fn new(
        mut forms: Vec<(String, Use)>,
        prefixes: Vec<(String, UnitId)>,
        written_prefixes: Vec<(String, UnitId)>,
    ) -> Self {
        forms.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.word.cmp(&b.1.word)));
        let mut vocabulary = Self {
            hasher: RandomState::default(),
            table: HashTable::new(),
            forms: Vec::new(),
            text: String::new(),
            uses: Vec::with_capacity(forms.len()),
            prefixes: Prefixes::new(prefixes),
            written_prefixes: Prefixes::new(written_prefixes),
        };
        for same in forms.chunk_by(|a, b| a.0 == b.0) {
            vocabulary.push(same);
        }
        vocabulary
    }

    fn push(&mut self, pairs: &[(String, Use)]) {
        let Some((text, _)) = pairs.first() else { return };
        let text_start = self.text.len() as u32;
        self.text.push_str(text);
        let uses_start = self.uses.len() as u32;
        self.uses.extend(pairs.iter().map(|(_, meaning)| meaning.clone()));
        let form = self.forms.len() as FormId;
        self.forms.push(Form {
            text: (text_start, self.text.len() as u32),
            uses: (uses_start, self.uses.len() as u32),
        });
        let (forms, all, hasher) = (&self.forms, &self.text, &self.hasher);
        let rehash = |&form: &FormId| hasher.hash_one(text_of(forms, all, form));
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
        let same = |&form: &FormId| text_of(&self.forms, &self.text, form) == folded.as_bytes();
        if let Some(&form) = self.table.find(hash, same) {
            let (start, end) = self.forms[form as usize].uses;
            let is = |meaning: &&Use| match &meaning.when {
                When::Always => true,
                When::UnlessNameLike => !name_like,
                When::Written(written) => **written == *surface,
            };
            let uses = self.uses[start as usize..end as usize].iter().filter(is);
            out.extend(uses.map(|meaning| meaning.word));
        }
        self.prefixes.push_of(folded, out);
        self.written_prefixes.push_of(surface, out);
    }
}

fn text_of<'a>(forms: &[Form], text: &'a str, form: FormId) -> &'a [u8] {
    let (start, end) = forms[form as usize].text;
    &text.as_bytes()[start as usize..end as usize]
}
