//! What the terms of rules look for: their words are read by the analyser that reads adverts.

use hashbrown::{Equivalent, HashMap};

use crate::lang::ast::{Form, Term};
use crate::lang::proximity::prefix;
use crate::text::{Analyzer, Markup, Text};

use super::units::{UnitBuilder, UnitId, Word};

/// Signs that mean something to who writes them; others part words or end sentences.
const SIGNS: &str = "+#&@%£$€^=<>|~§°";

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
        let words = self.words(term);
        let unit = words.filter(|words| !words.is_empty()).map(|words| match slop {
            Some(slop) => self.units.slop(&words, slop),
            None => self.units.phrase(&words),
        });
        self.known.insert(Key { text: term.text.as_str().into(), form, slop }, unit);
        unit
    }

    /// The words of a term; `None` where a star stands behind no word.
    fn words(&mut self, term: &Term) -> Option<Vec<UnitId>> {
        let mut words = Vec::new();
        if !term.text.split_whitespace().any(|word| prefix(word).is_some()) {
            self.read(&term.text, term.form, &mut words);
            return Some(words);
        }
        for piece in term.text.split_whitespace() {
            let Some(stem) = prefix(piece) else {
                self.read(piece, term.form, &mut words);
                continue;
            };
            self.read(stem, term.form, &mut words);
            words.pop()?;
            let last = *self.text.tokens().last()?;
            words.push(self.units.word(if term.form == Form::Case {
                Word::WrittenPrefix(self.text.surface(&last).to_owned())
            } else {
                Word::Prefix(self.text.folded(&last).to_owned())
            }));
        }
        Some(words)
    }

    fn read(&mut self, text: &str, form: Form, words: &mut Vec<UnitId>) {
        self.analyzer.read(&text.replace("\\*", "*"), Markup::Plain, &mut self.text);
        for token in self.text.tokens() {
            let folded = self.text.folded(token);
            words.push(self.units.word(match form {
                Form::Lemma => by_lemma(self.analyzer, folded),
                Form::Exact => Word::Exact(folded.to_owned()),
                Form::Case => Word::Written(self.text.surface(token).to_owned()),
                Form::AnyForm => Word::AnyForm(folded.to_owned()),
            }));
        }
    }

    /// The signs of a term that no word of it holds, and that adverts are thus not compared with.
    pub(super) fn ignored_signs(&mut self, term: &Term) -> String {
        let text = term.text.replace("\\*", "").replace('*', "");
        self.analyzer.read(&text, Markup::Plain, &mut self.text);
        let of_words = |sign: &char| {
            self.text.tokens().iter().any(|token| self.text.surface(token).contains(*sign))
        };
        // A sign between spaces parts words: `food & beverage` meets that, and `food beverage`.
        let attached = text.split_whitespace().filter(|piece| piece.chars().count() > 1);
        let signs = attached.flat_map(str::chars).filter(|c| SIGNS.contains(*c));
        signs.filter(|sign| !of_words(sign)).collect()
    }
}

/// In a rule capitals tell nothing: `CARERS` means carers. Where an advert's capitals make such a word a
/// name (`at Brantocks`), it is its own lemma; the rule means that too.
fn by_lemma(analyzer: &Analyzer, folded: &str) -> Word {
    let lemma = analyzer.lemma(folded, false);
    let as_name = analyzer.lemma(folded, true);
    let spelling = (as_name != lemma).then(|| folded.to_owned());
    Word::Lemma { lemma: lemma.into_owned(), spelling }
}
