//! The things a condition looks for, each known by a number: words, phrases, lists, terms near each
//! other, categories of other rules. Equal things share a number over the whole rule set, so
//! that an advert answers each once.

use hashbrown::HashMap;

use super::ruleset::CategoryId;

/// Number of a word, phrase or list.
pub(super) type UnitId = u32;

/// What a unit is. Ranges point into [`Units::parts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

/// All units of a rule set.
#[derive(Debug, Default)]
pub(super) struct Units {
    kinds: Vec<Unit>,
    parts: Vec<UnitId>,
    category_sets: Vec<Box<[CategoryId]>>,
}

impl Units {
    pub(super) fn len(&self) -> usize {
        self.kinds.len()
    }

    pub(super) fn kind(&self, unit: UnitId) -> Unit {
        self.kinds[unit as usize]
    }

    /// The words of a phrase, the members of a list, the sides of a proximity.
    pub(super) fn parts(&self, unit: UnitId) -> &[UnitId] {
        let (start, len) = match self.kind(unit) {
            Unit::Word | Unit::Category { .. } => return &[],
            Unit::Phrase { start, len }
            | Unit::List { start, len }
            | Unit::Slop { start, len, .. }
            | Unit::Any { start, len } => (start, len),
            Unit::Near { start, .. } => (start, 2),
        };
        &self.parts[start as usize..(start + len) as usize]
    }

    /// The categories any of which makes a category unit hold.
    pub(super) fn category_set(&self, set: u32) -> &[CategoryId] {
        &self.category_sets[set as usize]
    }

    /// Whether every advert's units of this kind are found while its tokens are walked once. The others
    /// are looked for when a rule asks.
    pub(super) fn is_eager(&self, unit: UnitId) -> bool {
        matches!(self.kind(unit), Unit::Word | Unit::Phrase { .. } | Unit::List { .. })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (UnitId, Unit)> {
        (0..).zip(self.kinds.iter().copied())
    }
}

/// A word that rules look for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Word {
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

/// Numbers units while rules are compiled.
#[derive(Default)]
pub(super) struct UnitBuilder {
    units: Units,
    words: HashMap<Word, UnitId>,
    phrases: HashMap<Vec<UnitId>, UnitId>,
    lists: HashMap<Vec<UnitId>, UnitId>,
    others: HashMap<(Vec<UnitId>, u32, bool), UnitId>,
    categories: HashMap<String, UnitId>,
}

impl UnitBuilder {
    pub(super) fn word(&mut self, word: Word) -> UnitId {
        if let Some(&unit) = self.words.get(&word) {
            return unit;
        }
        let unit = self.push(Unit::Word);
        self.words.insert(word, unit);
        unit
    }

    /// A phrase; one word alone is itself.
    pub(super) fn phrase(&mut self, words: Vec<UnitId>) -> UnitId {
        if let [word] = words[..] {
            return word;
        }
        if let Some(&unit) = self.phrases.get(&words) {
            return unit;
        }
        let (start, len) = self.append(&words);
        let unit = self.push(Unit::Phrase { start, len });
        self.phrases.insert(words, unit);
        unit
    }

    /// A phrase with slop; one word alone is itself.
    pub(super) fn slop(&mut self, words: Vec<UnitId>, slop: u32) -> UnitId {
        if words.len() == 1 || slop == 0 {
            return self.phrase(words);
        }
        let key = (words, slop, true);
        if let Some(&unit) = self.others.get(&key) {
            return unit;
        }
        let (start, len) = self.append(&key.0);
        let unit = self.push(Unit::Slop { start, len, slop });
        self.others.insert(key, unit);
        unit
    }

    /// Two units near each other.
    pub(super) fn near(
        &mut self,
        left: UnitId,
        right: UnitId,
        distance: u32,
        ordered: bool,
    ) -> UnitId {
        let key = (vec![left, right], distance | NEAR, ordered);
        if let Some(&unit) = self.others.get(&key) {
            return unit;
        }
        let (start, _) = self.append(&key.0);
        let unit = self.push(Unit::Near { start, distance, ordered });
        self.others.insert(key, unit);
        unit
    }

    /// A list of units; one alone is itself.
    pub(super) fn list(&mut self, mut members: Vec<UnitId>) -> UnitId {
        members.sort_unstable();
        members.dedup();
        if let [member] = members[..] {
            return member;
        }
        if let Some(&unit) = self.lists.get(&members) {
            return unit;
        }
        let plain =
            |unit: &UnitId| matches!(self.units.kind(*unit), Unit::Word | Unit::Phrase { .. });
        let eager = members.iter().all(plain);
        let (start, len) = self.append(&members);
        let unit =
            self.push(if eager { Unit::List { start, len } } else { Unit::Any { start, len } });
        self.lists.insert(members, unit);
        unit
    }

    /// A category, which holds if one of `set` does.
    pub(super) fn category(&mut self, path: &str, set: impl FnOnce() -> Vec<CategoryId>) -> UnitId {
        if let Some(&unit) = self.categories.get(path) {
            return unit;
        }
        self.units.category_sets.push(set().into());
        let unit = self.push(Unit::Category { set: self.units.category_sets.len() as u32 - 1 });
        self.categories.insert(path.to_owned(), unit);
        unit
    }

    /// The units, and what every word is.
    pub(super) fn finish(self) -> (Units, Vec<(Word, UnitId)>) {
        (self.units, self.words.into_iter().collect())
    }

    fn append(&mut self, parts: &[UnitId]) -> (u32, u32) {
        let start = self.units.parts.len() as u32;
        self.units.parts.extend_from_slice(parts);
        (start, parts.len() as u32)
    }

    fn push(&mut self, kind: Unit) -> UnitId {
        self.units.kinds.push(kind);
        self.units.kinds.len() as u32 - 1
    }
}

/// Tells proximities from phrases with slop among the keys of [`UnitBuilder`].
const NEAR: u32 = 1 << 31;

/// Values filed under units: for each unit a slice, all slices in one block of memory.
#[derive(Debug)]
pub(super) struct Filed<T> {
    starts: Vec<u32>,
    values: Vec<T>,
}

impl<T> Filed<T> {
    /// Files `pairs` under the units below `count`; the order under one unit is kept.
    pub(super) fn new(count: usize, mut pairs: Vec<(UnitId, T)>) -> Self {
        pairs.sort_by_key(|(unit, _)| *unit);
        let mut starts = vec![0; count + 1];
        for (unit, _) in &pairs {
            starts[*unit as usize + 1] += 1;
        }
        for index in 0..count {
            starts[index + 1] += starts[index];
        }
        Self { starts, values: pairs.into_iter().map(|(_, value)| value).collect() }
    }

    pub(super) fn of(&self, unit: UnitId) -> &[T] {
        let unit = unit as usize;
        &self.values[self.starts[unit] as usize..self.starts[unit + 1] as usize]
    }
}
