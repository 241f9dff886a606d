//! The things a condition looks for, each known by a number: a word (by its lemma), a phrase of
//! words, or a list of words and phrases. Equal things share a number over the whole rule set, so
//! that an advert answers each once.

use hashbrown::HashMap;

/// Number of a word, phrase or list.
pub(super) type UnitId = u32;

/// What a unit is. Ranges point into [`Units::parts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// A token whose lemma is this word.
    Word,
    /// Successive words in one sentence.
    Phrase { start: u32, len: u32 },
    /// Any of these words and phrases.
    List { start: u32, len: u32 },
}

/// All units of a rule set.
#[derive(Debug, Default)]
pub(super) struct Units {
    kinds: Vec<Unit>,
    parts: Vec<UnitId>,
}

impl Units {
    pub(super) fn len(&self) -> usize {
        self.kinds.len()
    }

    pub(super) fn kind(&self, unit: UnitId) -> Unit {
        self.kinds[unit as usize]
    }

    /// The words of a phrase or the members of a list; nothing for a word.
    pub(super) fn parts(&self, unit: UnitId) -> &[UnitId] {
        match self.kind(unit) {
            Unit::Word => &[],
            Unit::Phrase { start, len } | Unit::List { start, len } => {
                &self.parts[start as usize..(start + len) as usize]
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (UnitId, Unit)> {
        (0..).zip(self.kinds.iter().copied())
    }
}

/// A word that rules look for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Word {
    pub(super) lemma: String,
    /// Its folded spelling, where a token of that spelling can have another lemma.
    pub(super) spelling: Option<String>,
}

/// Numbers units while rules are compiled.
#[derive(Default)]
pub(super) struct UnitBuilder {
    units: Units,
    words: HashMap<Word, UnitId>,
    phrases: HashMap<Vec<UnitId>, UnitId>,
    lists: HashMap<Vec<UnitId>, UnitId>,
}

impl UnitBuilder {
    /// A word by its lemma; `spelling` is given where that spelling alone, too, must be met.
    pub(super) fn word(&mut self, lemma: &str, spelling: Option<&str>) -> UnitId {
        let word = Word { lemma: lemma.to_owned(), spelling: spelling.map(str::to_owned) };
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

    /// A list of words and phrases; one alone is itself.
    pub(super) fn list(&mut self, mut members: Vec<UnitId>) -> UnitId {
        members.sort_unstable();
        members.dedup();
        if let [member] = members[..] {
            return member;
        }
        if let Some(&unit) = self.lists.get(&members) {
            return unit;
        }
        let (start, len) = self.append(&members);
        let unit = self.push(Unit::List { start, len });
        self.lists.insert(members, unit);
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
