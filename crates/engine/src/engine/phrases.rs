//! Phrases, filed under two words that follow each other in them: an advert's pair of words costs one
//! probe, however many phrases share either word.

use super::filed::Filed;
use super::memory::of_vec;
use super::prefetch::prefetch;
use super::slots::{Key, Probes, Slots};
use super::units::UnitId;

/// A phrase under one of its pairs.
#[derive(Debug, Clone, Copy)]
pub(super) struct PhraseKey {
    pub(super) phrase: UnitId,
    /// Which word of the phrase the pair begins with.
    pub(super) offset: u32,
    /// How many words the phrase has.
    pub(super) length: u32,
}

/// Two words that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Pair(u64);

impl Pair {
    pub(super) fn new(first: UnitId, second: UnitId) -> Self {
        // No pair is the default.
        Self((u64::from(first) + 1) << 32 | u64::from(second))
    }

    fn first(self) -> UnitId {
        ((self.0 >> 32) - 1) as UnitId
    }
}

impl Key for Pair {
    /// Only numbers of the rule set's own words are looked up: nobody can choose them so that they collide.
    #[inline]
    fn hash(self, seed: [u64; 2]) -> u64 {
        let product = u128::from(self.0 ^ seed[0]) * u128::from(seed[1]);
        product as u64 ^ (product >> 64) as u64
    }
}

/// The working memory of looking up pairs.
#[derive(Debug, Default)]
pub(super) struct PairProbes(Probes<Pair, (u32, u32)>);

/// The phrases of a rule set.
#[derive(Debug)]
pub(super) struct Phrases {
    /// For each pair a range of `keys`.
    pairs: Slots<Pair, (u32, u32)>,
    keys: Vec<PhraseKey>,
}

impl Phrases {
    /// Files phrases, given as their first word of the pair, which is below `count`, second word and key.
    pub(super) fn new(count: usize, phrases: &[(UnitId, (UnitId, PhraseKey))]) -> Self {
        let mut by_first = Filed::new(count, phrases);
        by_first.sort_by_key(|(second, key)| (*second, key.phrase));
        let mut pairs = Vec::with_capacity(phrases.len());
        let mut keys = Vec::with_capacity(phrases.len());
        for (first, of_first) in by_first.slices() {
            for same in of_first.chunk_by(|a, b| a.0 == b.0) {
                let start = keys.len() as u32;
                keys.extend(same.iter().map(|(_, key)| *key));
                pairs.push((Pair::new(first, same[0].0), (start, keys.len() as u32)));
            }
        }
        Self { pairs: Slots::new(&pairs, [0, 0x9E37_79B9_7F4A_7C15]), keys }
    }

    /// The first word of the pair by which each phrase is looked for, and the phrase.
    pub(super) fn iter(&self) -> impl Iterator<Item = (UnitId, UnitId)> {
        self.pairs.iter().flat_map(|(pair, (start, end))| {
            let keys = &self.keys[*start as usize..*end as usize];
            keys.iter().map(|key| (pair.first(), key.phrase))
        })
    }

    /// The bytes that they take.
    pub(super) fn memory(&self) -> usize {
        self.pairs.memory() + of_vec(&self.keys)
    }

    /// Begins to look pairs up.
    pub(super) fn sift(&self, pairs: impl Iterator<Item = Pair>, probes: &mut PairProbes) {
        self.pairs.sift(pairs.map(|pair| (pair, false)), &mut probes.0);
    }

    /// Calls `found` for each of the pairs given to [`Phrases::sift`] last by which phrases are looked for, with
    /// its number and those.
    pub(super) fn find(&self, probes: &mut PairProbes, mut found: impl FnMut(u32, &[PhraseKey])) {
        self.pairs.find(&mut probes.0);
        for &(_, (start, _)) in &probes.0.found {
            prefetch(self.keys.get(start as usize));
        }
        for &(number, (start, end)) in &probes.0.found {
            found(number, &self.keys[start as usize..end as usize]);
        }
    }
}
