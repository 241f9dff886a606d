//! What the terms of rules look for: their words are read by the analyser that reads adverts.

use hashbrown::{Equivalent, HashMap};

use crate::lang::ast::{Form, Term};
use crate::lang::proximity::prefix;
use crate::text::compounds::Gap;
use crate::text::{Analyzer, Markup, Text};

use super::units::{By, UnitBuilder, UnitId, Word};

/// In how many ways a term may be written: as it stands, and with words joined and parted.
const MAX_SPELLINGS: usize = 16;

/// A longer term is met as it stands.
const MAX_WORDS: usize = 8;

/// A term without its place.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Key<T> {
    text: T,
    form: Form,
    slop: Option<u32>,
}

impl Equivalent<Key<Box<str>>> for Key<&str> {
    fn equivalent(&self, key: &Key<Box<str>>) -> bool {
        (self.text, self.form, self.slop) == (&*key.text, key.form, key.slop)
    }
}

/// Reads terms into units.
pub(super) struct Terms<'a> {
    analyzer: &'a Analyzer,
    pub(super) units: UnitBuilder,
    text: Text,
    /// `None` for a term that holds no word.
    known: HashMap<Key<Box<str>>, Option<UnitId>>,
}

impl<'a> Terms<'a> {
    /// Goes on numbering units where `units` ends.
    pub(super) fn new(analyzer: &'a Analyzer, units: UnitBuilder) -> Self {
        Self { analyzer, units, text: Text::default(), known: HashMap::new() }
    }

    /// The word or phrase of a term; `None` where it holds no word.
    pub(super) fn unit(&mut self, term: &Term) -> Option<UnitId> {
        let Term { form, slop, .. } = *term;
        if let Some(&known) = self.known.get(&Key { text: &*term.text, form, slop }) {
            return known;
        }
        let parts = self.parts(term).filter(|parts| !parts.is_empty());
        let unit = parts.map(|parts| {
            let spelling = Spelling { analyzer: self.analyzer, form, parts: &parts };
            let units = spelling.all().into_iter().map(|words| {
                let words = words.into_iter().map(|word| self.units.word(word));
                let words: Vec<UnitId> = words.collect();
                match slop {
                    Some(slop) => self.units.slop(&words, slop),
                    None => self.units.phrase(&words),
                }
            });
            let units = units.collect();
            self.units.list(units)
        });
        self.known.insert(Key { text: term.text.as_str().into(), form, slop }, unit);
        unit
    }

    /// The words of a term; `None` where a star stands behind no word.
    fn parts(&mut self, term: &Term) -> Option<Vec<Part>> {
        let mut parts = Vec::new();
        if !term.text.split_whitespace().any(|word| prefix(word).is_some()) {
            self.read(&term.text, term.form, &mut parts);
            return Some(parts);
        }
        for piece in term.text.split_whitespace() {
            let Some(stem) = prefix(piece) else {
                self.read(piece, term.form, &mut parts);
                continue;
            };
            self.read(stem, term.form, &mut parts);
            let last = parts.last_mut()?;
            let token = *self.text.tokens().last()?;
            last.compounds = false;
            last.word = if term.form == Form::Case {
                By::WrittenPrefix(self.text.surface(&token).to_owned()).into()
            } else {
                By::Prefix(self.text.folded(&token).to_owned()).into()
            };
        }
        Some(parts)
    }

    fn read(&mut self, text: &str, form: Form, parts: &mut Vec<Part>) {
        self.analyzer.read(&text.replace("\\*", "*"), Markup::Plain, &mut self.text);
        let tokens = self.text.tokens();
        for (index, token) in tokens.iter().enumerate() {
            let folded = self.text.folded(token);
            let word = match form {
                Form::Case => By::Written(self.text.surface(token).to_owned()).into(),
                form => of_form(self.analyzer, form, folded),
            };
            // What a rule writes at a word, an advert's word must have, too: `a+` is no `a`.
            let signs = match self.text.signs(token) {
                ("", "") => None,
                (before, after) => Some(Box::new((before.to_owned(), after.to_owned()))),
            };
            let compounds = signs.is_none() && matches!(form, Form::Lemma | Form::AnyForm);
            let next = tokens.get(index + 1);
            parts.push(Part {
                folded: folded.to_owned(),
                gap: next.map_or(Gap::Space, |next| self.text.gap(token, next)),
                word: Word { signs, ..word },
                compounds,
            });
        }
    }

    /// The signs at a word with a star, which adverts are not compared with.
    pub(super) fn ignored_signs(&mut self, term: &Term) -> String {
        let mut found = String::new();
        for stem in term.text.split_whitespace().filter_map(prefix) {
            self.analyzer.read(&stem.replace("\\*", "*"), Markup::Plain, &mut self.text);
            if let Some(last) = self.text.tokens().last() {
                let (before, after) = self.text.signs(last);
                found.extend([before, after]);
            }
        }
        found
    }
}

/// A word of a term, and what it may be a compound with.
struct Part {
    folded: String,
    word: Word,
    /// What stands between it and the next.
    gap: Gap,
    /// Whether it is met joined and parted, too: not where the term says how it is spelt.
    compounds: bool,
}

/// The ways in which a term may be written.
struct Spelling<'a> {
    analyzer: &'a Analyzer,
    form: Form,
    parts: &'a [Part],
}

impl Spelling<'_> {
    /// Each as its words; as the term stands comes first.
    fn all(&self) -> Vec<Vec<Word>> {
        if self.parts.len() > MAX_WORDS {
            return vec![self.parts.iter().map(|part| part.word.clone()).collect()];
        }
        let mut all = Vec::new();
        self.extend(&mut Vec::new(), 0, &mut all);
        all
    }

    fn extend(&self, begun: &mut Vec<Word>, at: usize, all: &mut Vec<Vec<Word>>) {
        if all.len() == MAX_SPELLINGS {
            return;
        }
        let Some(part) = self.parts.get(at) else {
            all.push(begun.clone());
            return;
        };
        let length = begun.len();
        begun.push(part.word.clone());
        self.extend(begun, at + 1, all);
        begun.truncate(length);
        if !part.compounds {
            return;
        }
        for (head, tail) in self.analyzer.splits(&part.folded) {
            begun.extend([By::Exact(head).into(), of_form(self.analyzer, self.form, &tail)]);
            self.extend(begun, at + 1, all);
            begun.truncate(length);
        }
        let Some(next) = self.parts.get(at + 1).filter(|next| next.compounds) else { return };
        let joined = self.analyzer.joined(&part.folded, &next.folded, part.gap);
        if let Some(joined) = joined {
            begun.push(of_form(self.analyzer, self.form, &joined));
            self.extend(begun, at + 2, all);
            begun.truncate(length);
        }
    }
}

fn of_form(analyzer: &Analyzer, form: Form, folded: &str) -> Word {
    match form {
        Form::Lemma => by_lemma(analyzer, folded),
        Form::Exact | Form::Case => By::Exact(folded.to_owned()).into(),
        Form::AnyForm => By::AnyForm(folded.to_owned()).into(),
    }
}

/// In a rule capitals tell nothing: `CARERS` means carers. Where an advert's capitals make such a word a
/// name (`at Brantocks`), it is its own lemma; the rule means that too.
fn by_lemma(analyzer: &Analyzer, folded: &str) -> Word {
    let lemma = analyzer.lemma(folded, false);
    let as_name = analyzer.lemma(folded, true);
    let spelling = (as_name != lemma).then(|| folded.to_owned());
    By::Lemma { lemma: lemma.into_owned(), spelling }.into()
}
