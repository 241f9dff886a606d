//! Where in a field a unit stands. What needs positions is looked for here, only when a rule asks:
//! phrases with slop, terms near each other. Explanations ask for the places of every unit.

use super::matcher::{FieldText, KnownToken};
use super::ruleset::RuleSet;
use super::units::{Unit, UnitId};

/// A stretch of one sentence, by the numbers of its first and last token in [`FieldText`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) first: usize,
    pub(super) last: usize,
}

impl RuleSet {
    /// Every place of the unit, by first and then last token, each once.
    pub(super) fn places(&self, unit: UnitId, field: &FieldText) -> Vec<Place> {
        let tokens = &field.tokens;
        let parts = self.book.units.parts(unit);
        match self.book.units.kind(unit) {
            Unit::Word => {
                let found =
                    (0..tokens.len()).filter(|&at| field.words(&tokens[at]).contains(&unit));
                found.map(|at| Place { first: at, last: at }).collect()
            }
            Unit::Phrase { .. } => {
                let stands = |&at: &usize| {
                    tokens.get(at..at + parts.len()).is_some_and(|w| field.are_words(w, parts))
                };
                let found = (0..tokens.len()).filter(stands);
                found.map(|at| Place { first: at, last: at + parts.len() - 1 }).collect()
            }
            Unit::Slop { slop, .. } => {
                let found = (0..tokens.len()).filter_map(|at| field.slop_end(at, parts, slop));
                found.collect()
            }
            Unit::List { .. } | Unit::Any { .. } => {
                let mut found: Vec<Place> =
                    parts.iter().flat_map(|&part| self.places(part, field)).collect();
                found.sort_unstable();
                found.dedup();
                found
            }
            Unit::Near { distance, ordered, .. } => {
                let [left, right] = [parts[0], parts[1]].map(|side| self.places(side, field));
                let mut found = pairs(tokens, &left, &right, distance);
                if !ordered {
                    found.extend(pairs(tokens, &right, &left, distance));
                }
                found.sort_unstable();
                found.dedup();
                found
            }
            // A category has no place.
            Unit::Category { .. } => Vec::new(),
        }
    }
}

/// What covers a place of `left` and one of `right` behind it, with at most `distance` words between.
fn pairs(tokens: &[KnownToken], left: &[Place], right: &[Place], distance: u32) -> Vec<Place> {
    let mut found = Vec::new();
    for &before in left {
        let end = tokens[before.last];
        let behind = right.partition_point(|place| place.first <= before.last);
        for &after in &right[behind..] {
            let start = tokens[after.first];
            if start.sentence != end.sentence || start.position - end.position - 1 > distance {
                break;
            }
            found.push(Place { first: before.first, last: after.last });
        }
    }
    found
}

impl FieldText {
    /// The words that a token is.
    pub(super) fn words(&self, token: &KnownToken) -> &[UnitId] {
        &self.words[token.words.0 as usize..token.words.1 as usize]
    }

    /// Whether the tokens are these words, one after the other, in one sentence.
    pub(super) fn are_words(&self, window: &[KnownToken], words: &[UnitId]) -> bool {
        let Some(first) = window.first() else { return false };
        let mut pairs = (0u32..).zip(window.iter().zip(words));
        pairs.all(|(step, (token, word))| {
            token.position == first.position + step
                && token.sentence == first.sentence
                && self.words(token).contains(word)
        })
    }

    /// The shortest stretch from the token at `at` that holds the words in order with at most `slop`
    /// others between them.
    fn slop_end(&self, at: usize, words: &[UnitId], slop: u32) -> Option<Place> {
        let (first_word, others) = words.split_first()?;
        let first = self.tokens.get(at)?;
        if !self.words(first).contains(first_word) {
            return None;
        }
        let longest = words.len() as u32 + slop;
        let mut last = at;
        for word in others {
            // The nearest place of each word leaves the most room for the next.
            let within = |token: &KnownToken| {
                token.sentence == first.sentence && token.position - first.position < longest
            };
            let mut rest = self.tokens[last + 1..].iter().take_while(|token| within(token));
            last += 1 + rest.position(|token| self.words(token).contains(word))?;
        }
        Some(Place { first: at, last })
    }
}
