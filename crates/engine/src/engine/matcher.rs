//! Classifies an advert. Its words are looked up in the vocabulary; the words, phrases and lists that
//! stand in it are marked; rules filed under them are tried; the matched ones add up categories.
//!
//! All working memory is in a [`Scratch`] that its thread reuses. Marks carry the number of the advert
//! (its epoch), so that nothing is cleared between adverts and a scratch serves any rule set.

use std::ops::Range;

use crate::exchange::Advert;
use crate::lang::{FieldMask, Fields};
use crate::text::{Markup, Text};

use super::ruleset::{CategoryId, PhraseKey, RuleId, RuleSet};
use super::units::UnitId;
use super::vocabulary::FormId;

/// How many text fields an advert may have.
pub(super) const FIELDS: usize = 2;

/// A token that some rule may look for.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownToken {
    pub(super) form: FormId,
    pub(super) name_like: bool,
    pub(super) position: u32,
    pub(super) sentence: u32,
    /// Its place in the normalised text of its field.
    pub(super) start: u32,
    pub(super) end: u32,
}

/// One field of the advert at hand.
#[derive(Debug, Default)]
pub(super) struct FieldText {
    pub(super) text: Text,
    pub(super) tokens: Vec<KnownToken>,
}

/// In which fields of the advert numbered `epoch` a unit stands.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    epoch: u32,
    fields: FieldMask,
}

/// The working memory of one thread's classifications; reused, so that steady work allocates nothing.
#[derive(Debug, Default)]
pub struct Scratch {
    epoch: u32,
    pub(super) fields: [FieldText; FIELDS],
    marks: Vec<Mark>,
    /// The units that stand in the advert.
    marked: Vec<UnitId>,
    /// The epoch at which each rule was last tried.
    tried: Vec<u32>,
    additions: Vec<Addition>,
    classification: Classification,
}

/// A matched rule's addition to a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Addition {
    category: CategoryId,
    rule: RuleId,
    score: i64,
}

/// A category of an advert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryResult {
    /// Which.
    pub category: CategoryId,
    /// The sum of its rules' scores, in thousandths.
    pub score: i64,
    /// Where its rules stand; see [`Classification::category_rules`].
    rules: Range<usize>,
}

/// What the rules say of one advert; lives in a [`Scratch`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Classification {
    matched: Vec<RuleId>,
    categories: Vec<CategoryResult>,
    category_rules: Vec<RuleId>,
}

impl Classification {
    /// The categories, the primary one first: by score, then depth, then path.
    #[must_use]
    pub fn categories(&self) -> &[CategoryResult] {
        &self.categories
    }

    /// The rules that added a category, by name.
    #[must_use]
    pub fn category_rules(&self, result: &CategoryResult) -> &[RuleId] {
        self.category_rules.get(result.rules.clone()).unwrap_or(&[])
    }

    /// All rules that matched, by name.
    #[must_use]
    pub fn matched_rules(&self) -> &[RuleId] {
        &self.matched
    }
}

impl RuleSet {
    /// Classifies one advert. The answer depends on nothing but the advert and the rule set.
    pub fn classify<'s>(
        &self,
        advert: &Advert<'_>,
        scratch: &'s mut Scratch,
    ) -> &'s Classification {
        scratch.begin(self);
        self.read(advert, scratch);
        self.mark(scratch);
        self.try_candidates(scratch);
        self.conclude(scratch);
        &scratch.classification
    }

    /// Cuts the advert's fields into words and keeps those that some rule looks for.
    pub(super) fn read(&self, advert: &Advert<'_>, scratch: &mut Scratch) {
        let sources = [(Fields::TITLE, &advert.title), (Fields::DESCRIPTION, &advert.description)];
        for (field, source) in sources {
            let FieldText { text, tokens } = &mut scratch.fields[field];
            tokens.clear();
            let source = source.as_deref().unwrap_or("");
            self.analyzer.read(source, Markup::Html, text);
            let found = text.tokens().iter().filter_map(|token| {
                let form = self.vocabulary.find(text.folded(token))?;
                Some(KnownToken {
                    form,
                    name_like: token.name_like,
                    position: token.position,
                    sentence: token.sentence,
                    start: token.start,
                    end: token.end,
                })
            });
            tokens.extend(found);
        }
    }

    /// Marks every unit that stands in the advert with the fields where it does.
    fn mark(&self, scratch: &mut Scratch) {
        let Scratch { fields, marks, marked, epoch, .. } = scratch;
        let mut marking = Marking { ruleset: self, marks, marked, epoch: *epoch };
        for (number, field) in fields.iter().enumerate() {
            let bit = FieldMask(1 << number);
            for (index, token) in field.tokens.iter().enumerate() {
                for word in self.vocabulary.words(token.form, token.name_like) {
                    marking.mark(word, bit);
                    for key in self.phrases.of(word) {
                        if self.phrase_stands(&field.tokens, index, *key) {
                            marking.mark(key.phrase, bit);
                        }
                    }
                }
            }
        }
    }

    /// Whether the phrase stands where its key word is the token at `index`.
    fn phrase_stands(&self, tokens: &[KnownToken], index: usize, key: PhraseKey) -> bool {
        let beside = if key.offset == 0 { index + 1 } else { index.wrapping_sub(1) };
        let Some(beside) = tokens.get(beside) else { return false };
        if !self.vocabulary.words(beside.form, beside.name_like).any(|word| word == key.beside) {
            return false;
        }
        let words = self.units.parts(key.phrase);
        let Some(first) = index.checked_sub(key.offset as usize) else { return false };
        let Some(window) = tokens.get(first..first + words.len()) else { return false };
        self.words_stand(window, words)
    }

    /// Whether the tokens are these words, one after the other, in one sentence.
    pub(super) fn words_stand(&self, window: &[KnownToken], words: &[UnitId]) -> bool {
        let Some(first) = window.first() else { return false };
        let mut pairs = (0u32..).zip(window.iter().zip(words));
        pairs.all(|(step, (token, &word))| {
            token.position == first.position + step
                && token.sentence == first.sentence
                && self.vocabulary.words(token.form, token.name_like).any(|known| known == word)
        })
    }

    fn try_candidates(&self, scratch: &mut Scratch) {
        let Scratch { marks, marked, tried, epoch, classification, .. } = scratch;
        let stands = |unit: UnitId| {
            let mark = marks[unit as usize];
            if mark.epoch == *epoch { mark.fields } else { FieldMask::default() }
        };
        for &unit in &*marked {
            for posting in self.postings.of(unit) {
                let last = &mut tried[posting.rule.0 as usize];
                if *last == *epoch || stands(unit).0 & posting.fields.0 == 0 {
                    continue;
                }
                *last = *epoch;
                if self.programs.run(self.rules[posting.rule.0 as usize].entry, stands) {
                    classification.matched.push(posting.rule);
                }
            }
        }
    }

    /// Adds up the categories of the matched rules.
    fn conclude(&self, scratch: &mut Scratch) {
        let Scratch { additions, classification, .. } = scratch;
        let Classification { matched, categories, category_rules } = classification;
        matched.sort_unstable();
        for &rule in &*matched {
            let adds = self.rules[rule.0 as usize].adds.iter();
            additions.extend(adds.map(|&(category, score)| Addition { category, rule, score }));
        }
        additions.sort_unstable();
        for same in additions.chunk_by(|a, b| a.category == b.category) {
            let start = category_rules.len();
            category_rules.extend(same.iter().map(|addition| addition.rule));
            categories.push(CategoryResult {
                category: same[0].category,
                score: same.iter().map(|addition| addition.score).sum(),
                rules: start..category_rules.len(),
            });
        }
        let depth = |result: &CategoryResult| self.categories[result.category.0 as usize].depth;
        categories.sort_unstable_by(|a, b| {
            (b.score, depth(b)).cmp(&(a.score, depth(a))).then(a.category.cmp(&b.category))
        });
    }

    /// Concludes from rules that were found in another way; see [`unfiltered`](super::unfiltered).
    pub(super) fn conclude_from<'s>(
        &self,
        matched: Vec<RuleId>,
        scratch: &'s mut Scratch,
    ) -> &'s Classification {
        scratch.classification.matched = matched;
        self.conclude(scratch);
        &scratch.classification
    }
}

impl Scratch {
    /// Begins a new advert.
    pub(super) fn begin(&mut self, ruleset: &RuleSet) {
        if self.epoch == u32::MAX {
            // Marks of four billion adverts ago would count again.
            self.marks.fill(Mark::default());
            self.tried.fill(0);
            self.epoch = 0;
        }
        self.epoch += 1;
        if self.marks.len() < ruleset.units.len() {
            self.marks.resize(ruleset.units.len(), Mark::default());
        }
        if self.tried.len() < ruleset.rules.len() {
            self.tried.resize(ruleset.rules.len(), 0);
        }
        self.marked.clear();
        self.additions.clear();
        self.classification.matched.clear();
        self.classification.categories.clear();
        self.classification.category_rules.clear();
    }
}

struct Marking<'a> {
    ruleset: &'a RuleSet,
    marks: &'a mut [Mark],
    marked: &'a mut Vec<UnitId>,
    epoch: u32,
}

impl Marking<'_> {
    /// Marks a word or phrase and every list that it is in.
    fn mark(&mut self, unit: UnitId, field: FieldMask) {
        if self.set(unit, field) {
            for &list in self.ruleset.lists.of(unit) {
                self.set(list, field);
            }
        }
    }

    /// True if that is news.
    fn set(&mut self, unit: UnitId, field: FieldMask) -> bool {
        let mark = &mut self.marks[unit as usize];
        if mark.epoch != self.epoch {
            *mark = Mark { epoch: self.epoch, fields: field };
            self.marked.push(unit);
            return true;
        }
        let news = mark.fields.0 & field.0 == 0;
        mark.fields.0 |= field.0;
        news
    }
}
