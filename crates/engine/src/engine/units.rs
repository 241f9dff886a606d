//! The things a condition looks for, each known by a number: words, phrases, lists, terms near each
//! other, categories of other rules. Equal things share a number over the whole rule set, so
//! that an advert answers each once.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashTable};
use serde::{Deserialize, Serialize};

use crate::lang::ValueId;
use crate::lang::ast::Test;

use super::memory::{of_texts, of_vec};
use super::prefetch::prefetch;
use super::ruleset::CategoryId;
use super::table::{self, Row};

/// Number of a word, phrase or list.
pub(super) type UnitId = u32;

/// What a unit is. Ranges point into [`Units::parts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Unit {
    /// A token that is this word.
    Word,
    /// Successive words in one sentence.
    Phrase { start: u32, len: u32 },
    /// Any of these words and phrases.
    List { start: u32, len: u32 },
    /// Words in this order in one sentence, with at most `slop` others between them in all.
    Slop { start: u32, len: u32, slop: u32 },
    /// Any of these units, some of which are looked for only when asked.
    Any { start: u32, len: u32 },
    /// Two units in one sentence with at most `distance` words between them.
    Near { start: u32, distance: u32, ordered: bool },
    /// A category that other rules add: the number of a set in [`Units::category_sets`].
    Category { set: u32 },
    /// A value of the advert meets a test: the number of one of [`Units::comparisons`].
    Comparison { number: u32 },
}

impl Unit {
    /// Its range in [`Units::parts`]: start and length.
    fn range(self) -> (u32, u32) {
        match self {
            Self::Word | Self::Category { .. } | Self::Comparison { .. } => (0, 0),
            Self::Phrase { start, len }
            | Self::List { start, len }
            | Self::Slop { start, len, .. }
            | Self::Any { start, len } => (start, len),
            Self::Near { start, .. } => (start, 2),
        }
    }

    /// The same with its parts from `start` on.
    fn at(mut self, at: u32) -> Self {
        match &mut self {
            Self::Word | Self::Category { .. } | Self::Comparison { .. } => {}
            Self::Phrase { start, .. }
            | Self::List { start, .. }
            | Self::Slop { start, .. }
            | Self::Any { start, .. }
            | Self::Near { start, .. } => *start = at,
        }
        self
    }
}

impl Row<4> for Unit {
    fn to_row(&self) -> [u32; 4] {
        match *self {
            Self::Word => [0; 4],
            Self::Phrase { start, len } => [1, start, len, 0],
            Self::List { start, len } => [2, start, len, 0],
            Self::Slop { start, len, slop } => [3, start, len, slop],
            Self::Any { start, len } => [4, start, len, 0],
            Self::Near { start, distance, ordered } => [5 + u32::from(ordered), start, distance, 0],
            Self::Category { set } => [7, set, 0, 0],
            Self::Comparison { number } => [8, number, 0, 0],
        }
    }

    fn from_row([kind, start, second, third]: [u32; 4]) -> Option<Self> {
        Some(match kind {
            0 => Self::Word,
            1 => Self::Phrase { start, len: second },
            2 => Self::List { start, len: second },
            3 => Self::Slop { start, len: second, slop: third },
            4 => Self::Any { start, len: second },
            5 | 6 => Self::Near { start, distance: second, ordered: kind == 6 },
            7 => Self::Category { set: start },
            8 => Self::Comparison { number: start },
            _ => return None,
        })
    }
}

/// All units of a rule set. The parts of a unit have lower numbers than it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Units {
    #[serde(with = "table")]
    kinds: Vec<Unit>,
    #[serde(with = "table")]
    parts: Vec<UnitId>,
    /// What each word is, in the order of their numbers.
    words: Vec<(UnitId, Word)>,
    /// The path of each category that conditions name.
    category_paths: Vec<Box<str>>,
    /// The categories that are that path or lie below it.
    #[serde(skip)]
    category_sets: Vec<Box<[CategoryId]>>,
    /// What conditions ask of which fields.
    comparisons: Vec<(ValueId, Test)>,
    /// As many of the lowest numbers are known to be words: what they are need not be looked up.
    #[serde(skip)]
    leading_words: UnitId,
}

impl Units {
    pub(super) fn len(&self) -> usize {
        self.kinds.len()
    }

    /// The bytes that they take.
    pub(super) fn memory(&self) -> usize {
        of_vec(&self.kinds)
            + of_vec(&self.parts)
            + of_vec(&self.words)
            + self.words.iter().map(|(_, word)| word.memory()).sum::<usize>()
            + of_texts(self.category_paths.iter().map(|path| &**path))
            + of_vec(&self.category_paths)
            + of_vec(&self.category_sets)
            + of_vec(&self.comparisons)
            + self.category_sets.iter().map(|set| size_of_val(&**set)).sum::<usize>()
    }

    pub(super) fn kind(&self, unit: UnitId) -> Unit {
        if unit < self.leading_words { Unit::Word } else { self.kinds[unit as usize] }
    }

    /// Asks for what a unit is.
    pub(super) fn prefetch(&self, unit: UnitId) {
        prefetch(self.kinds.get(unit as usize));
    }

    /// The words of a phrase, the members of a list, the sides of a proximity.
    pub(super) fn parts(&self, unit: UnitId) -> &[UnitId] {
        let (start, len) = self.kind(unit).range();
        &self.parts[start as usize..(start + len) as usize]
    }

    /// Whether the parts of a unit lie within those that there are.
    pub(super) fn has_parts(&self, unit: UnitId) -> bool {
        let (start, len) = self.kind(unit).range();
        u64::from(start) + u64::from(len) <= self.parts.len() as u64
    }

    /// What each word is, by number.
    pub(super) fn words(&self) -> &[(UnitId, Word)] {
        &self.words
    }

    /// The path of each category that conditions name, by the number of its set.
    pub(super) fn category_paths(&self) -> &[Box<str>] {
        &self.category_paths
    }

    /// What conditions ask of which fields, by number.
    pub(super) fn comparisons(&self) -> &[(ValueId, Test)] {
        &self.comparisons
    }

    /// The categories any of which makes a category unit hold.
    pub(super) fn category_set(&self, set: u32) -> &[CategoryId] {
        &self.category_sets[set as usize]
    }

    /// Looks up the categories that each path means.
    pub(super) fn find_categories(&mut self, within: impl Fn(&str) -> Vec<CategoryId>) {
        let sets = self.category_paths.iter().map(|path| within(path).into());
        self.category_sets = sets.collect();
    }

    /// Counts the words that have the lowest numbers.
    pub(super) fn count_leading_words(&mut self) {
        let words = self.kinds.iter().take_while(|kind| **kind == Unit::Word);
        self.leading_words = words.count() as UnitId;
    }

    /// Whether every advert's units of this kind are found while its tokens are walked once. The others
    /// are looked for when a rule asks.
    pub(super) fn is_eager(&self, unit: UnitId) -> bool {
        matches!(self.kind(unit), Unit::Word | Unit::Phrase { .. } | Unit::List { .. })
    }

    /// The same units with new numbers: those of words come first, in the order that `words` gives, then
    /// those of the others in their old order. Gives the new number of each unit, by its old one.
    pub(super) fn renumber(&mut self, words: &[UnitId]) -> Vec<UnitId> {
        let mut numbers = vec![0; self.kinds.len()];
        for (new, &old) in (0..).zip(words) {
            numbers[old as usize] = new;
        }
        let composed = self.iter().filter(|(_, kind)| *kind != Unit::Word);
        for (new, (old, _)) in (words.len() as UnitId..).zip(composed) {
            numbers[old as usize] = new;
        }
        let mut kinds = vec![Unit::Word; self.kinds.len()];
        for (old, kind) in self.iter() {
            kinds[numbers[old as usize] as usize] = kind;
        }
        self.kinds = kinds;
        self.parts.iter_mut().for_each(|part| *part = numbers[*part as usize]);
        for kind in &self.kinds {
            // Their parts are kept in order, so that equal lists are equal.
            if let Unit::List { start, len } | Unit::Any { start, len } = *kind {
                self.parts[start as usize..(start + len) as usize].sort_unstable();
            }
        }
        self.words.iter_mut().for_each(|(unit, _)| *unit = numbers[*unit as usize]);
        self.words.sort_unstable_by_key(|(unit, _)| *unit);
        numbers
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (UnitId, Unit)> {
        (0..self.kinds.len() as UnitId).zip(self.kinds.iter().copied())
    }
}

/// A word that rules look for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Word {
    pub(super) by: By,
    /// The signs that must stand right before and right behind it.
    pub(super) signs: Option<Box<(String, String)>>,
}

/// How a word is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) enum By {
    /// By its lemma; also by its folded spelling, where a token of that spelling can have another.
    Lemma { lemma: String, spelling: Option<String> },
    /// By its folded spelling.
    Exact(String),
    /// By its spelling as written.
    Written(String),
    /// By its noun and verb lemmas; the folded spelling is given.
    AnyForm(String),
    /// By how its folded spelling begins.
    Prefix(String),
    /// By how its spelling as written begins.
    WrittenPrefix(String),
}

impl From<By> for Word {
    fn from(by: By) -> Self {
        Self { by, signs: None }
    }
}

impl Word {
    /// The bytes that it takes beside its own.
    fn memory(&self) -> usize {
        let own = match &self.by {
            By::Lemma { lemma, spelling } => {
                lemma.capacity() + spelling.as_ref().map_or(0, String::capacity)
            }
            By::Exact(text)
            | By::Written(text)
            | By::AnyForm(text)
            | By::Prefix(text)
            | By::WrittenPrefix(text) => text.capacity(),
        };
        let signs = self
            .signs
            .as_deref()
            .map_or(0, |signs| size_of_val(signs) + signs.0.capacity() + signs.1.capacity());
        own + signs
    }
}

/// Numbers units while rules are compiled: of each that is asked for, the number it has or gets.
#[derive(Clone, Default)]
pub(super) struct UnitBuilder {
    units: Units,
    /// Every unit with parts, by its kind and parts.
    composed: HashTable<UnitId>,
    /// The places of words in [`Units::words`].
    words: HashTable<u32>,
    categories: HashMap<Box<str>, UnitId>,
    /// By field and test as debugging shows them, which tells all apart.
    comparisons: HashMap<String, UnitId>,
    hasher: FixedState,
}

impl UnitBuilder {
    /// Goes on numbering where `units` ends.
    pub(super) fn from_units(units: Units) -> Self {
        let hasher = FixedState::default();
        let file_words = || {
            let mut words = HashTable::with_capacity(units.words.len());
            for (at, (_, word)) in (0..).zip(&units.words) {
                let rehash = |&at: &u32| hasher.hash_one(&units.words[at as usize].1);
                words.insert_unique(hasher.hash_one(word), at, rehash);
            }
            words
        };
        let file_others = || {
            let mut builder = Self { hasher: hasher.clone(), ..Self::default() };
            builder.composed.reserve(units.len() - units.words.len(), |_| 0);
            for (unit, kind) in units.iter() {
                match kind {
                    Unit::Word => {}
                    Unit::Category { set } => {
                        let path = units.category_paths[set as usize].clone();
                        builder.categories.insert(path, unit);
                    }
                    Unit::Comparison { number } => {
                        let key = format!("{:?}", units.comparisons[number as usize]);
                        builder.comparisons.insert(key, unit);
                    }
                    _ => {
                        let hash = composed_hash(&hasher, &units, unit);
                        let rehash = |&unit: &UnitId| composed_hash(&hasher, &units, unit);
                        builder.composed.insert_unique(hash, unit, rehash);
                    }
                }
            }
            builder
        };
        let (words, mut builder) = rayon::join(file_words, file_others);
        builder.words = words;
        builder.units = units;
        builder
    }

    pub(super) fn units(&self) -> &Units {
        &self.units
    }

    pub(super) fn finish(self) -> Units {
        self.units
    }

    pub(super) fn word(&mut self, word: Word) -> UnitId {
        let hash = self.hasher.hash_one(&word);
        let known = &self.units.words;
        if let Some(&at) = self.words.find(hash, |&at| known[at as usize].1 == word) {
            return known[at as usize].0;
        }
        let unit = self.push(Unit::Word);
        let at = self.units.words.len() as u32;
        self.units.words.push((unit, word));
        let (known, hasher) = (&self.units.words, &self.hasher);
        self.words.insert_unique(hash, at, |&at| hasher.hash_one(&known[at as usize].1));
        unit
    }

    /// A phrase; one word alone is itself.
    pub(super) fn phrase(&mut self, words: &[UnitId]) -> UnitId {
        if let [word] = words[..] {
            return word;
        }
        self.composed(Unit::Phrase { start: 0, len: words.len() as u32 }, words)
    }

    /// A phrase with slop; one word alone is itself.
    pub(super) fn slop(&mut self, words: &[UnitId], slop: u32) -> UnitId {
        if words.len() == 1 || slop == 0 {
            return self.phrase(words);
        }
        self.composed(Unit::Slop { start: 0, len: words.len() as u32, slop }, words)
    }

    /// Two units near each other.
    pub(super) fn near(
        &mut self,
        left: UnitId,
        right: UnitId,
        distance: u32,
        ordered: bool,
    ) -> UnitId {
        self.composed(Unit::Near { start: 0, distance, ordered }, &[left, right])
    }

    /// A list of units; one alone is itself. Lists among them give their own members.
    pub(super) fn list(&mut self, members: Vec<UnitId>) -> UnitId {
        let nested =
            |&unit: &UnitId| matches!(self.units.kind(unit), Unit::List { .. } | Unit::Any { .. });
        let mut members: Vec<UnitId> = if members.iter().any(nested) {
            let own = |unit: UnitId| match self.units.kind(unit) {
                Unit::List { .. } | Unit::Any { .. } => self.units.parts(unit).to_vec(),
                _ => vec![unit],
            };
            members.into_iter().flat_map(own).collect()
        } else {
            members
        };
        members.sort_unstable();
        members.dedup();
        if let [member] = members[..] {
            return member;
        }
        let plain =
            |unit: &UnitId| matches!(self.units.kind(*unit), Unit::Word | Unit::Phrase { .. });
        let eager = members.iter().all(plain);
        let (start, len) = (0, members.len() as u32);
        let kind = if eager { Unit::List { start, len } } else { Unit::Any { start, len } };
        self.composed(kind, &members)
    }

    /// A category, which holds if one at or below its path does.
    pub(super) fn category(&mut self, path: &str) -> UnitId {
        if let Some(&unit) = self.categories.get(path) {
            return unit;
        }
        self.units.category_paths.push(path.into());
        let unit = self.push(Unit::Category { set: self.units.category_paths.len() as u32 - 1 });
        self.categories.insert(path.into(), unit);
        unit
    }

    /// A comparison.
    pub(super) fn comparison(&mut self, field: ValueId, test: &Test) -> UnitId {
        let comparison = (field, test.clone());
        let key = format!("{comparison:?}");
        if let Some(&unit) = self.comparisons.get(&key) {
            return unit;
        }
        self.units.comparisons.push(comparison);
        let number = self.units.comparisons.len() as u32 - 1;
        let unit = self.push(Unit::Comparison { number });
        self.comparisons.insert(key, unit);
        unit
    }

    /// Adds what `other` has from its unit `first` on, which both number alike before; gives the
    /// number here of each unit there.
    pub(super) fn absorb(&mut self, other: &Units, first: usize) -> Vec<UnitId> {
        let mut numbers: Vec<UnitId> = (0..first as u32).collect();
        let from = other.words.partition_point(|(unit, _)| (*unit as usize) < first);
        let mut words = other.words[from..].iter();
        for (unit, kind) in other.iter().skip(first) {
            let parts = other.parts(unit).iter().map(|&part| numbers[part as usize]);
            let parts: Vec<UnitId> = parts.collect();
            numbers.push(match kind {
                Unit::Word => match words.next() {
                    Some((_, word)) => self.word(word.clone()),
                    None => self.push(Unit::Word),
                },
                Unit::List { .. } | Unit::Any { .. } => self.list(parts),
                Unit::Category { set } => self.category(&other.category_paths[set as usize]),
                Unit::Comparison { number } => {
                    let (field, test) = &other.comparisons[number as usize];
                    self.comparison(*field, test)
                }
                Unit::Phrase { .. } | Unit::Slop { .. } | Unit::Near { .. } => {
                    self.composed(kind.at(0), &parts)
                }
            });
        }
        numbers
    }

    /// The unit of this kind and these parts; the start of `kind` is 0.
    fn composed(&mut self, kind: Unit, parts: &[UnitId]) -> UnitId {
        let hash = self.hasher.hash_one((kind, parts));
        let units = &self.units;
        let same = |&unit: &UnitId| units.kind(unit).at(0) == kind && units.parts(unit) == parts;
        if let Some(&unit) = self.composed.find(hash, same) {
            return unit;
        }
        let start = self.units.parts.len() as u32;
        self.units.parts.extend_from_slice(parts);
        let unit = self.push(kind.at(start));
        let (units, hasher) = (&self.units, &self.hasher);
        self.composed.insert_unique(hash, unit, |&unit| composed_hash(hasher, units, unit));
        unit
    }

    fn push(&mut self, kind: Unit) -> UnitId {
        self.units.kinds.push(kind);
        self.units.kinds.len() as u32 - 1
    }
}

fn composed_hash(hasher: &FixedState, units: &Units, unit: UnitId) -> u64 {
    hasher.hash_one((units.kind(unit).at(0), units.parts(unit)))
}
