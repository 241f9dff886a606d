//! Phrases, filed under two words that follow each other in them: an advert's pair of words costs one
//! probe, however many phrases share either word.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::units::UnitId;

/// A phrase under one of its pairs.
#[derive(Debug, Clone, Copy)]
pub(super) struct PhraseKey {
    pub(super) phrase: UnitId,
    /// Which word of the phrase the pair begins with.
    pub(super) offset: u32,
}

/// The phrases of a rule set.
#[derive(Debug)]
pub(super) struct Phrases {
    // Only numbers of the rule set's own words are looked up, so the seed need not be secret.
    pairs: HashMap<(UnitId, UnitId), (u32, u32), FixedState>,
    keys: Vec<PhraseKey>,
    /// Whether a pair begins with the unit.
    begins: Vec<bool>,
}

impl Phrases {
    /// Files phrases, given as their first word of the pair, second word and key; `count` is the number
    /// of units.
    pub(super) fn new(count: usize, mut filed: Vec<(UnitId, UnitId, PhraseKey)>) -> Self {
        filed.sort_by_key(|(first, second, key)| (*first, *second, key.phrase));
        let mut pairs = HashMap::with_hasher(FixedState::default());
        let mut begins = vec![false; count];
        let mut start = 0;
        for same in filed.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let end = start + same.len() as u32;
            if let Some((first, second, _)) = same.first() {
                pairs.insert((*first, *second), (start, end));
                begins[*first as usize] = true;
            }
            start = end;
        }
        Self { pairs, keys: filed.into_iter().map(|(_, _, key)| key).collect(), begins }
    }

    /// Whether some phrase is looked for by a pair that begins with this word.
    pub(super) fn begins(&self, word: UnitId) -> bool {
        self.begins[word as usize]
    }

    /// The phrases that are looked for by this pair.
    pub(super) fn of(&self, first: UnitId, second: UnitId) -> &[PhraseKey] {
        let range = self.pairs.get(&(first, second));
        range.map_or(&[], |&(start, end)| &self.keys[start as usize..end as usize])
    }
}
