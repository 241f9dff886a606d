//! Every surface form that a rule's word must catch. A word of an advert costs one probe; a word that
//! no rule uses is dropped there and then. Lemmas were worked out when the rules were compiled.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::units::UnitId;

/// Number of a surface form.
pub(super) type FormId = u32;

/// What a surface form stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Use {
    /// The word.
    pub(super) word: UnitId,
    /// Only where the token is not name-like.
    pub(super) unless_name_like: bool,
}

#[derive(Debug)]
struct Form {
    text: (u32, u32),
    uses: (u32, u32),
}

/// The surface forms of a rule set.
#[derive(Debug)]
pub(super) struct Vocabulary {
    // The seed is random, so that nobody can write an advert whose words collide.
    hasher: RandomState,
    table: HashTable<FormId>,
    forms: Vec<Form>,
    text: String,
    uses: Vec<Use>,
}

impl Vocabulary {
    /// From pairs of a folded surface form and what it stands for.
    pub(super) fn new(mut pairs: Vec<(String, Use)>) -> Self {
        pairs.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.word.cmp(&b.1.word)));
        let mut vocabulary = Self {
            hasher: RandomState::default(),
            table: HashTable::new(),
            forms: Vec::new(),
            text: String::new(),
            uses: Vec::with_capacity(pairs.len()),
        };
        for chunk in pairs.chunk_by(|a, b| a.0 == b.0) {
            vocabulary.push(chunk);
        }
        vocabulary
    }

    fn push(&mut self, pairs: &[(String, Use)]) {
        let Some((text, _)) = pairs.first() else { return };
        let text_start = self.text.len() as u32;
        self.text.push_str(text);
        let uses_start = self.uses.len() as u32;
        self.uses.extend(pairs.iter().map(|(_, meaning)| *meaning));
        let form = self.forms.len() as FormId;
        self.forms.push(Form {
            text: (text_start, self.text.len() as u32),
            uses: (uses_start, self.uses.len() as u32),
        });
        let (forms, all, hasher) = (&self.forms, &self.text, &self.hasher);
        let rehash = |&form: &FormId| hasher.hash_one(text_of(forms, all, form));
        self.table.insert_unique(hasher.hash_one(text.as_bytes()), form, rehash);
    }

    /// The form, if a rule uses it.
    pub(super) fn find(&self, folded: &str) -> Option<FormId> {
        let hash = self.hasher.hash_one(folded.as_bytes());
        let same = |&form: &FormId| text_of(&self.forms, &self.text, form) == folded.as_bytes();
        self.table.find(hash, same).copied()
    }

    /// The words that a token of this form is.
    pub(super) fn words(&self, form: FormId, name_like: bool) -> impl Iterator<Item = UnitId> {
        let (start, end) = self.forms[form as usize].uses;
        let uses = self.uses[start as usize..end as usize].iter();
        uses.filter(move |meaning| !(name_like && meaning.unless_name_like))
            .map(|meaning| meaning.word)
    }
}

fn text_of<'a>(forms: &[Form], text: &'a str, form: FormId) -> &'a [u8] {
    let (start, end) = forms[form as usize].text;
    &text.as_bytes()[start as usize..end as usize]
}
