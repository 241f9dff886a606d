//! Phrases, filed under two words that follow each other in them: an advert's pair of words costs one
//! probe, however many phrases share either word.

use hashbrown::HashTable;

use super::memory::{of_table, of_vec};
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

/// The phrases of a rule set.
#[derive(Debug)]
pub(super) struct Phrases {
    pairs: HashTable<Pair>,
    keys: Vec<PhraseKey>,
}

/// Two words and the range of their phrases in [`Phrases::keys`].
#[derive(Debug, Clone, Copy)]
struct Pair {
    words: (UnitId, UnitId),
    keys: (u32, u32),
}

impl Phrases {
    /// Files phrases, given as their first word of the pair, second word and key.
    pub(super) fn new(mut filed: Vec<(UnitId, UnitId, PhraseKey)>) -> Self {
        filed.sort_by_key(|(first, second, key)| (*first, *second, key.phrase));
        let mut pairs = HashTable::new();
        let mut start = 0;
        for same in filed.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let end = start + same.len() as u32;
            if let Some(&(first, second, _)) = same.first() {
                let pair = Pair { words: (first, second), keys: (start, end) };
                pairs.insert_unique(hash(pair.words), pair, |pair| hash(pair.words));
            }
            start = end;
        }
        Self { pairs, keys: filed.into_iter().map(|(_, _, key)| key).collect() }
    }

    /// The first word of the pair by which each phrase is looked for, and the phrase.
    pub(super) fn iter(&self) -> impl Iterator<Item = (UnitId, UnitId)> {
        self.pairs.iter().flat_map(|pair| {
            let keys = &self.keys[pair.keys.0 as usize..pair.keys.1 as usize];
            keys.iter().map(|key| (pair.words.0, key.phrase))
        })
    }

    /// The bytes that they take.
    pub(super) fn memory(&self) -> usize {
        of_table::<Pair>(self.pairs.capacity()) + of_vec(&self.keys)
    }

    /// The phrases that are looked for by this pair.
    pub(super) fn of(&self, first: UnitId, second: UnitId) -> &[PhraseKey] {
        let words = (first, second);
        let pair = self.pairs.find(hash(words), |pair| pair.words == words);
        pair.map_or(&[], |pair| &self.keys[pair.keys.0 as usize..pair.keys.1 as usize])
    }
}

/// Only numbers of the rule set's own words are looked up, so no seed is needed.
fn hash((first, second): (UnitId, UnitId)) -> u64 {
    let product = (u64::from(first) << 32 | u64::from(second)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    product ^ product >> 32
}
