//! Classifies an advert. Its words are looked up in the vocabulary; the words, phrases and lists that
//! stand in it are marked; rules filed under them are tried; the matched ones add up categories.
//!
//! All working memory is in a [`Scratch`] that its thread reuses. What it notes carries the number of the
//! advert (its epoch) or is taken back at the next, so that a scratch serves any rule set.

use crate::exchange::{Advert, AdvertError, Given};
use crate::lang::{FieldMask, Fields};
use crate::text::{Markup, Text, TooLong};

use super::classification::{CategoryResult, Classification};
use super::comparisons::Found;
use super::marks::{Marks, Sign};
use super::phrases::{Pair, PairProbes};
use super::places::Place;
use super::prefetch::prefetch;
use super::program::{self, Step};
use super::roles::Role;
use super::rulebook::Run;
use super::ruleset::{CategoryId, Posting, RuleId, RuleSet};
use super::slots::push_if;
use super::tallies::{TallyId, TallyPosting};
use super::units::{Unit, UnitId};
use super::vocabulary::WordProbes;

/// A token that some rule may look for.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownToken {
    /// The range of its words in [`FieldText::words`].
    pub(super) words: (u32, u32),
    /// Its number among all tokens of its field.
    pub(super) position: u32,
    pub(super) sentence: u32,
}

/// One field of the advert at hand.
#[derive(Debug, Default)]
pub(super) struct FieldText {
    pub(super) text: Text,
    pub(super) tokens: Vec<KnownToken>,
    pub(super) words: Vec<UnitId>,
}

/// What is looked up for one field. It is begun for all fields before it is needed for one, so that the few
/// words of a title do not wait for memory by themselves.
#[derive(Debug, Default)]
struct Lookup {
    words: WordProbes,
    /// The pairs of words by which phrases are looked for, and the number of the first token.
    asked: Vec<(Pair, usize)>,
    pairs: PairProbes,
}

/// The working memory of one thread's classifications; reused, so that steady work allocates nothing.
#[derive(Debug, Default)]
pub struct Scratch {
    epoch: u32,
    /// The texts of the rule set's fields.
    pub(super) fields: Vec<FieldText>,
    lookups: Vec<Lookup>,
    values: Vec<Found>,
    folded: String,
    /// The words to mark in the field at hand, with their roles; some more than once.
    looked_at: Vec<(UnitId, u8)>,
    marks: Marks,
    /// Where the rules are that are filed under the units that stand in the advert.
    filings: Vec<(Run, UnitId)>,
    /// Those of them that can match, some more than once, and where their evaluation begins.
    reached: Vec<(RuleId, Step)>,
    /// A bit for each rule that was reached.
    tried: Vec<u64>,
    /// The rules to try, each once.
    waiting: Vec<Candidate>,
    /// The epochs at which each category was last added and removed.
    added: Vec<u32>,
    removed: Vec<u32>,
    additions: Vec<Addition>,
    places: Vec<Place>,
    classification: Classification,
}

/// A rule to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    /// That of the rule, where there are several.
    layer: u32,
    rule: RuleId,
    start: Step,
}

/// A matched rule's addition to a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Addition {
    category: CategoryId,
    rule: RuleId,
    score: i64,
}

impl RuleSet {
    /// Classifies one advert. The answer depends on nothing but the advert and the rule set.
    ///
    /// # Errors
    /// A text is too long, and the settings say that such an advert is refused.
    pub fn classify<'s>(
        &self,
        advert: &Advert<'_>,
        scratch: &'s mut Scratch,
    ) -> Result<&'s Classification, AdvertError> {
        scratch.begin(self);
        self.read(advert, scratch)?;
        self.mark(scratch);
        scratch.collect_candidates(self);
        self.try_candidates(scratch, |_, _| ());
        Ok(self.conclude(scratch))
    }

    /// Cuts the advert's texts into words and keeps those that some rule looks for; reads its values.
    pub(super) fn read(
        &self,
        advert: &Advert<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), AdvertError> {
        let longest = self.settings.analysis.max_text_bytes;
        let refuses = self.settings.analysis.too_long == TooLong::Refuse;
        scratch.classification.cut = FieldMask::default();
        for (number, field) in scratch.fields.iter_mut().enumerate() {
            let declared = || {
                advert.fields.iter().find_map(|given| match given {
                    Given::Text(given, text) if *given == number => Some(&**text),
                    _ => None,
                })
            };
            let source = match number {
                Fields::TITLE => advert.title.as_deref(),
                Fields::DESCRIPTION => advert.description.as_deref(),
                _ => declared(),
            };
            let source = source.unwrap_or("");
            // What is refused for its length is not read first.
            let too_long = refuses && source.len() > longest;
            if !too_long {
                self.analyzer.read(source, Markup::Html, &mut field.text);
            }
            if too_long || field.text.is_cut() {
                scratch.classification.cut.0 |= 1 << number;
            }
        }
        let cut = scratch.classification.cut;
        if let Some(key) = self.settings.fields.text_keys(cut).next().filter(|_| refuses) {
            return Err(AdvertError::text_too_long(&key, longest).of(advert.id.clone()));
        }
        for (field, lookup) in scratch.fields.iter().zip(&mut scratch.lookups) {
            self.vocabulary.sift(&field.text, &mut lookup.words);
        }
        for (field, lookup) in scratch.fields.iter_mut().zip(&mut scratch.lookups) {
            let FieldText { text, tokens, words } = field;
            tokens.clear();
            words.clear();
            self.vocabulary.push_words(text, &mut lookup.words, words, tokens);
        }
        scratch.values.clear();
        self.comparisons.read(&advert.fields, &mut scratch.folded, &mut scratch.values);
        Ok(())
    }

    /// Marks every unit that some rule looks for where it stands.
    pub(super) fn mark(&self, scratch: &mut Scratch) {
        let Scratch { fields, lookups, marks, looked_at, .. } = scratch;
        for (number, (field, lookup)) in fields.iter().zip(&mut *lookups).enumerate() {
            self.sort_words(field, number, looked_at, &mut lookup.asked);
            self.phrases.sift(lookup.asked.iter().map(|(pair, _)| *pair), &mut lookup.pairs);
            for (word, role) in looked_at.drain(..) {
                marks.mark(self, word, number, role);
            }
        }
        for (number, (field, lookup)) in fields.iter().zip(lookups).enumerate() {
            self.mark_phrases(field, number, lookup, marks);
        }
    }

    /// Gives to `looked_at` the words of the field of this number whose marks some rule looks at, and to
    /// `asked` the pairs of them by which phrases are looked for: two words that follow each other.
    fn sort_words(
        &self,
        field: &FieldText,
        number: usize,
        looked_at: &mut Vec<(UnitId, u8)>,
        asked: &mut Vec<(Pair, usize)>,
    ) {
        asked.clear();
        for (index, token) in field.tokens.iter().enumerate() {
            let next = field.tokens.get(index + 1).unwrap_or(token);
            let (follows, is_near) =
                (next.position == token.position + 1, next.sentence == token.sentence);
            for &word in field.words(token) {
                let role = self.roles.of(word, number);
                push_if(looked_at, (word, role), role & Role::MARKED != 0);
                let is_first = role & Role::PAIRED != 0;
                for &beside in field.words(next) {
                    push_if(asked, (Pair::new(word, beside), index), follows & is_near & is_first);
                }
            }
        }
    }

    /// Marks the phrases that stand around the pairs.
    fn mark_phrases(
        &self,
        field: &FieldText,
        number: usize,
        lookup: &mut Lookup,
        marks: &mut Marks,
    ) {
        let Lookup { asked, pairs, .. } = lookup;
        self.phrases.find(pairs, |found, keys| {
            let (_, index) = asked[found as usize];
            for key in keys {
                let stands = key.length == 2 || {
                    let words = self.book.units.parts(key.phrase);
                    let first = usize::checked_sub(index, key.offset as usize);
                    let window = first.and_then(|at| field.tokens.get(at..at + words.len()));
                    window.is_some_and(|window| field.are_words(window, words))
                };
                if stands {
                    marks.mark(self, key.phrase, number, self.roles.of(key.phrase, number));
                }
            }
        });
    }

    /// Tries the rules that were collected, layer after layer. `tried` is told of each,
    /// and whether it matched.
    pub(super) fn try_candidates(
        &self,
        scratch: &mut Scratch,
        mut tried: impl FnMut(RuleId, bool),
    ) {
        let mut waiting = std::mem::take(&mut scratch.waiting);
        for candidate in &waiting {
            if let Some(unit) = self.programs.sought(candidate.start) {
                self.book.units.prefetch(unit);
            }
        }
        for candidate in &waiting {
            let mut evidence = Evidence { ruleset: self, scratch };
            let holds = self.programs.run(&self.book, candidate.start, &mut evidence);
            if holds {
                scratch.settle(self, candidate.rule);
            }
            tried(candidate.rule, holds);
        }
        waiting.clear();
        scratch.waiting = waiting;
    }

    /// Adds up the categories of the matched rules.
    pub(super) fn conclude<'s>(&self, scratch: &'s mut Scratch) -> &'s Classification {
        let Scratch { additions, classification, removed, epoch, .. } = scratch;
        let Classification { matched, categories, category_rules, attributes, .. } = classification;
        matched.sort_unstable();
        for &number in &*matched {
            prefetch(self.book.adds.get(self.book.rule(number).adds.start as usize));
        }
        for &number in &*matched {
            let rule = self.book.rule(number);
            let kept = |category: CategoryId| removed[category.0 as usize] != *epoch;
            let adds = self.book.adds(rule).iter().filter(|(category, _)| kept(*category));
            additions.extend(adds.map(|&(category, score)| Addition {
                category,
                rule: number,
                score,
            }));
            attributes.extend_from_slice(self.book.sets(rule));
        }
        attributes.sort_unstable();
        attributes.dedup();
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
        let depth =
            |result: &CategoryResult| self.book.categories[result.category.0 as usize].depth;
        categories.sort_unstable_by(|a, b| {
            (b.score, depth(b)).cmp(&(a.score, depth(a))).then(a.category.cmp(&b.category))
        });
        classification
    }
}

/// Where the bit of a rule lies.
fn tried_place(rule: RuleId) -> (usize, u32) {
    ((rule.0 / u64::BITS) as usize, rule.0 % u64::BITS)
}

impl Scratch {
    /// Begins a new advert.
    pub(super) fn begin(&mut self, ruleset: &RuleSet) {
        if self.epoch == u32::MAX {
            // Marks of four billion adverts ago would count again.
            *self = Self::default();
        }
        self.epoch += 1;
        self.marks.begin(ruleset, self.epoch);
        let texts = ruleset.settings.fields.texts().len();
        self.fields.resize_with(texts, FieldText::default);
        self.lookups.resize_with(texts, Lookup::default);
        for (rule, _) in self.reached.drain(..) {
            self.tried[tried_place(rule).0] = 0;
        }
        let (last, _) = tried_place(RuleId(ruleset.book.rules.len() as u32));
        if self.tried.len() <= last {
            self.tried.resize(last + 1, 0);
        }
        if self.added.len() < ruleset.book.categories.len() {
            self.added.resize(ruleset.book.categories.len(), 0);
            self.removed.resize(ruleset.book.categories.len(), 0);
        }
        self.waiting.clear();
        self.additions.clear();
        self.classification.matched.clear();
        self.classification.categories.clear();
        self.classification.category_rules.clear();
        self.classification.attributes.clear();
    }

    /// Collects the rules to try: those filed under what stands in the advert, by layer. Each step goes over
    /// all there is, so that what waits for memory holds nothing else up.
    pub(super) fn collect_candidates(&mut self, ruleset: &RuleSet) {
        let Self { marks, filings, reached, tried, waiting, .. } = self;
        filings.clear();
        for &unit in &marks.filed {
            ruleset.postings.prefetch(unit);
        }
        filings.extend(marks.filed.iter().map(|&unit| {
            let run = ruleset.postings.run(unit);
            ruleset.postings.prefetch_within(run);
            (run, unit)
        }));
        for &(run, unit) in &*filings {
            let fields = marks.fields(unit);
            for &Posting { rule, fields: asked, start, beside } in ruleset.postings.within(run) {
                let leads = (fields.0 & asked.0 != 0) & marks.show(beside);
                push_if(reached, (rule, start), leads);
            }
        }
        for &tally in &marks.counted {
            let count = marks.tally(tally);
            for &TallyPosting { least, rule, start } in ruleset.tally_postings.of(tally) {
                push_if(reached, (rule, start), count >= least);
            }
        }
        let layer = |rule: RuleId| match ruleset.layers {
            1 => 0,
            _ => ruleset.book.rules[rule.0 as usize].layer,
        };
        for &(rule, start) in &*reached {
            let (word, bit) = tried_place(rule);
            let is_new = tried[word] >> bit & 1 == 0;
            tried[word] |= 1 << bit;
            push_if(waiting, Candidate { layer: layer(rule), rule, start }, is_new);
            ruleset.programs.prefetch(start);
        }
        let always = ruleset.always.iter().map(|&rule| {
            let start = ruleset.entries[rule.0 as usize].condition;
            Candidate { layer: layer(rule), rule, start }
        });
        waiting.extend(always);
        if ruleset.layers > 1 {
            waiting.sort_unstable();
        }
    }

    /// Whether a unit that is looked for when asked stands in one of the fields; a category or comparison
    /// that holds does in every one.
    fn finds(&mut self, ruleset: &RuleSet, unit: UnitId, fields: FieldMask) -> bool {
        let units = &ruleset.book.units;
        match units.kind(unit) {
            // Not noted: a category may be added and removed until the layer of the rule that asks.
            Unit::Category { set } => return self.category_holds(units.category_set(set)),
            Unit::Comparison { number } => return self.comparison_holds(ruleset, number),
            _ => {}
        }
        if let Some(known) = self.marks.noted(unit) {
            return known.0 & fields.0 != 0;
        }
        let mut found = self.may_stand(ruleset, unit);
        for (number, field) in self.fields.iter().enumerate() {
            if found.0 >> number & 1 == 1 {
                ruleset.append_places(unit, field, &mut self.places);
                if self.places.is_empty() {
                    found.0 &= !(1 << number);
                }
                self.places.clear();
            }
        }
        self.marks.note(unit, found);
        found.0 & fields.0 != 0
    }

    /// The fields that hold the parts of a unit, near each other or not.
    fn may_stand(&self, ruleset: &RuleSet, unit: UnitId) -> FieldMask {
        let parts = ruleset.book.units.parts(unit).iter();
        let parts = parts.map(|&part| self.may_stand(ruleset, part));
        match ruleset.book.units.kind(unit) {
            Unit::Slop { .. } | Unit::Near { .. } => {
                parts.fold(FieldMask(u32::MAX), |all, part| FieldMask(all.0 & part.0))
            }
            Unit::Any { .. } => {
                parts.fold(FieldMask::default(), |any, part| FieldMask(any.0 | part.0))
            }
            Unit::Word
            | Unit::Phrase { .. }
            | Unit::List { .. }
            | Unit::Category { .. }
            | Unit::Comparison { .. } => self.marks.fields(unit),
        }
    }

    /// The rules that matched so far.
    pub(super) fn matched(&self) -> &[RuleId] {
        &self.classification.matched
    }

    /// Whether a value of the advert meets the comparison.
    pub(super) fn comparison_holds(&self, ruleset: &RuleSet, number: u32) -> bool {
        ruleset.comparisons.holds(number, &self.values)
    }

    /// Whether one of the categories was added and not removed.
    pub(super) fn category_holds(&self, categories: &[CategoryId]) -> bool {
        categories.iter().any(|category| {
            let category = category.0 as usize;
            self.added[category] == self.epoch && self.removed[category] != self.epoch
        })
    }

    /// Notes that a rule matched, for rules of later layers and for the answer.
    pub(super) fn settle(&mut self, ruleset: &RuleSet, number: RuleId) {
        self.classification.matched.push(number);
        prefetch(ruleset.book.rules.get(number.0 as usize));
        if ruleset.layers > 1 {
            for (category, _) in ruleset.book.adds(ruleset.book.rule(number)) {
                self.added[category.0 as usize] = self.epoch;
            }
        }
        for category in ruleset.removes.of(number.0) {
            self.removed[category.0 as usize] = self.epoch;
        }
    }
}

/// What programs ask, answered for the advert at hand.
struct Evidence<'a> {
    ruleset: &'a RuleSet,
    scratch: &'a mut Scratch,
}

impl program::Evidence for Evidence<'_> {
    fn stands(&mut self, unit: UnitId, fields: FieldMask) -> bool {
        self.scratch.marks.show(Sign { unit, fields })
    }

    fn finds(&mut self, unit: UnitId, fields: FieldMask) -> bool {
        self.scratch.finds(self.ruleset, unit, fields)
    }

    fn tally(&mut self, tally: TallyId) -> u32 {
        self.scratch.marks.tally(tally)
    }
}
