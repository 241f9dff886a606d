//! Where in a field a unit stands. What needs positions is looked for here, only when a rule asks:
//! phrases with slop, terms near each other. Explanations ask for the places of every unit.

use std::ops::Range;

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
        let mut places = Vec::new();
        self.append_places(unit, field, &mut places);
        places
    }

    /// Appends every place of the unit, by first and then last token, each once. What it needs for the
    /// time being is appended too and taken off again: a reused `out` makes it work without allocating.
    pub(super) fn append_places(&self, unit: UnitId, field: &FieldText, out: &mut Vec<Place>) {
        let tokens = &field.tokens;
        let parts = self.book.units.parts(unit);
        let start = out.len();
        match self.book.units.kind(unit) {
            Unit::Word => {
                out.extend(field.tokens_of(unit).map(|at| Place { first: at, last: at }));
            }
            Unit::Phrase { .. } => {
                let stands = |&at: &usize| {
                    tokens.get(at..at + parts.len()).is_some_and(|w| field.are_words(w, parts))
                };
                let found = field.tokens_of(parts[0]).filter(stands);
                out.extend(found.map(|at| Place { first: at, last: at + parts.len() - 1 }));
            }
            Unit::Slop { slop, .. } => {
                let found = field.tokens_of(parts[0]);
                out.extend(found.filter_map(|at| field.slop_end(at, parts, slop)));
            }
            Unit::List { .. } | Unit::Any { .. } => {
                for &part in parts {
                    self.append_places(part, field, out);
                }
                sort(out, start);
            }
            Unit::Near { distance, ordered, .. } => {
                self.append_places(parts[0], field, out);
                let left = start..out.len();
                self.append_places(parts[1], field, out);
                let right = left.end..out.len();
                push_pairs(tokens, left.clone(), right.clone(), distance, out);
                if !ordered {
                    push_pairs(tokens, right.clone(), left, distance, out);
                }
                out.drain(start..right.end);
                sort(out, start);
            }
            // These have no place.
            Unit::Category { .. } | Unit::Comparison { .. } => {}
        }
    }
}

/// Sorts the places from `start` on and drops those that are there twice.
fn sort(places: &mut Vec<Place>, start: usize) {
    places[start..].sort_unstable();
    let mut kept = start;
    for at in start..places.len() {
        if at == start || places[at] != places[kept - 1] {
            places[kept] = places[at];
            kept += 1;
        }
    }
    places.truncate(kept);
}

/// Appends what covers a place of `left` and one of `right` behind it, with at most `distance` words
/// between. Both are ranges of `places`, sorted.
fn push_pairs(
    tokens: &[KnownToken],
    left: Range<usize>,
    right: Range<usize>,
    distance: u32,
    places: &mut Vec<Place>,
) {
    for before in left {
        let before = places[before];
        let end = tokens[before.last];
        let behind = places[right.clone()].partition_point(|place| place.first <= before.last);
        for after in right.start + behind..right.end {
            let after = places[after];
            let start = tokens[after.first];
            if start.sentence != end.sentence || start.position - end.position - 1 > distance {
                break;
            }
            places.push(Place { first: before.first, last: after.last });
        }
    }
}

impl FieldText {
    /// The numbers of the tokens that are this word.
    fn tokens_of(&self, word: UnitId) -> impl Iterator<Item = usize> {
        // Compared so many at a time, which is a few instructions: most are others.
        const TOGETHER: usize = 16;
        let (chunks, rest) = self.words.as_chunks::<TOGETHER>();
        let holds = move |words: &[UnitId; TOGETHER]| {
            words.iter().fold(0, |all, other| all | u32::from(*other == word)) != 0
        };
        let with = (0..).step_by(TOGETHER).zip(chunks).filter(move |(_, words)| holds(words));
        let with = with.map(|(start, words)| (start, &words[..]));
        let start = chunks.len() * TOGETHER;
        let places = with.chain([(start as u32, rest)]).flat_map(move |(start, words)| {
            (start..).zip(words).filter(move |(_, other)| **other == word).map(|(at, _)| at)
        });
        places.map(|at: u32| self.tokens.partition_point(|token| token.words.1 <= at))
    }

    /// Where a place lies in the normalised text.
    pub(super) fn span(&self, place: Place) -> (u32, u32) {
        let [first, last] = [place.first, place.last]
            .map(|at| self.text.tokens()[self.tokens[at].position as usize]);
        (first.start, last.end)
    }

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

    /// The shortest stretch from the token at `at`, which is the first word, that holds the words in order
    /// with at most `slop` others between them.
    fn slop_end(&self, at: usize, words: &[UnitId], slop: u32) -> Option<Place> {
        let (_, others) = words.split_first()?;
        let first = self.tokens.get(at)?;
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
