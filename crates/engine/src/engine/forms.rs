//! Every surface form that the words of a rule set must catch, as the [`vocabulary`](super::vocabulary)
//! files them. Listing them costs the lemmatiser, so that they are kept from one build to the next.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::text::Analyzer;

use super::memory::{of_texts, of_vec};
use super::units::{By, UnitId, Word};
use super::vocabulary::{Use, When};

/// The forms of words.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Forms {
    /// Folded surface forms with what they stand for, by text and number.
    pub(super) whole: Vec<(Box<str>, Use)>,
    /// Folded beginnings.
    pub(super) prefixes: Vec<(Box<str>, UnitId)>,
    /// Beginnings as written.
    pub(super) written_prefixes: Vec<(Box<str>, UnitId)>,
}

impl Forms {
    /// Adds the forms of further words.
    pub(super) fn add(&mut self, analyzer: &Analyzer, words: &[(UnitId, Word)]) {
        /// Words that one task lists the forms of.
        const TOGETHER: usize = 256;
        let listed: Vec<Self> = words
            .par_chunks(TOGETHER)
            .map(|words| {
                let mut forms = Self::default();
                for (unit, word) in words {
                    forms.push(analyzer, word, *unit);
                }
                forms
            })
            .collect();
        for Self { whole, prefixes, written_prefixes } in listed {
            self.whole.extend(whole);
            self.prefixes.extend(prefixes);
            self.written_prefixes.extend(written_prefixes);
        }
        self.whole.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.word.cmp(&b.1.word)));
    }

    /// The bytes that they take.
    pub(super) fn memory(&self) -> usize {
        let beginnings = self.prefixes.iter().chain(&self.written_prefixes);
        let whole = self.whole.iter().map(|(text, _)| &**text);
        of_texts(whole.chain(beginnings.map(|(text, _)| &**text)))
            + of_vec(&self.whole)
            + of_vec(&self.prefixes)
            + of_vec(&self.written_prefixes)
    }

    /// Every surface form of a word, with when it is one.
    fn push(&mut self, analyzer: &Analyzer, word: &Word, unit: UnitId) {
        let first = self.whole.len();
        self.push_by(analyzer, &word.by, unit);
        if let Some(signs) = word.signs.as_deref() {
            for (_, meaning) in &mut self.whole[first..] {
                meaning.signs = Some(Box::new((signs.0.as_str().into(), signs.1.as_str().into())));
            }
        }
    }

    fn push_by(&mut self, analyzer: &Analyzer, by: &By, unit: UnitId) {
        let mut push = |folded: &str, when: When| {
            self.whole.push((folded.into(), Use { word: unit, when, signs: None }));
        };
        let (surfaces, spelling) = match by {
            By::Lemma { lemma, spelling } => (analyzer.surfaces(lemma), spelling.as_ref()),
            By::AnyForm(folded) => (analyzer.any_forms(folded), None),
            By::Written(surface) => {
                return push(&analyzer.fold(surface), When::Written(surface.as_str().into()));
            }
            By::Exact(folded) => return push(folded, When::Always),
            By::Prefix(text) => return self.prefixes.push((text.as_str().into(), unit)),
            By::WrittenPrefix(text) => {
                return self.written_prefixes.push((text.as_str().into(), unit));
            }
        };
        for amount in surfaces.iter().flat_map(|surface| analyzer.amounts(&surface.folded)) {
            push(&amount, When::Always);
        }
        for surface in surfaces {
            if Some(&surface.folded) != spelling {
                let name_like = surface.unless_name_like;
                push(&surface.folded, if name_like { When::UnlessNameLike } else { When::Always });
            }
        }
        if let Some(spelling) = spelling {
            push(spelling, When::Always);
        }
    }
}
