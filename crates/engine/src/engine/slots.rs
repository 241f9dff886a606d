//! A table that is probed for many keys at a time. Whether a key is there is as good as random, and a
//! processor that guesses wrong has waited for memory in vain: so what is not there is sifted out by
//! arithmetic without decisions, one bit of a filter for each key, and reads for several keys are under way
//! at once. The filter also tells where a key's value lies: the entries stand in the order of their bits, so
//! that a key that is there costs one line of memory beside it.

use super::memory::of_vec;
use super::prefetch::prefetch;

/// What values are filed under. The default stands for no key: nothing can be filed under it.
pub(super) trait Key: Copy + Default + PartialEq {
    /// All bits of the result depend on all of the key and the seed.
    fn hash(self, seed: [u64; 2]) -> u64;
}

/// Values by key.
#[derive(Debug)]
pub(super) struct Slots<K, V> {
    /// The bits to which the hashes of the keys lead; a power of two of words.
    filter: Vec<u64>,
    /// How many bits are set before each word.
    before: Vec<u32>,
    /// A key and its value for each bit that is set, and behind them one that no key has.
    entries: Vec<(K, V)>,
    /// The keys that lead to a bit of another one, with a seed of their own: one of thirty or fewer.
    more: Option<Box<Slots<K, V>>>,
    seed: [u64; 2],
}

/// How many bits the filter has for each key, at least: of sixteen keys that are not there one passes.
const FILTER_BITS: usize = 16;

/// The working memory of many probes.
#[derive(Debug)]
pub(super) struct Probes<K, V> {
    /// Those whose keys the filter lets pass.
    passed: Vec<Probe<K>>,
    /// The numbers of the keys that are there, rising, with their values.
    pub(super) found: Vec<(u32, V)>,
}

#[derive(Debug, Clone, Copy)]
struct Probe<K> {
    key: K,
    /// Its hash, then the number of the entry to which that leads.
    leads_to: u64,
    number: u32,
    always: bool,
}

impl<K, V> Default for Probes<K, V> {
    fn default() -> Self {
        Self { passed: Vec::new(), found: Vec::new() }
    }
}

/// Pushed in any case, and taken back where it is not wanted: no decision to guess at.
#[inline]
pub(super) fn push_if<T>(all: &mut Vec<T>, value: T, wanted: bool) {
    let before = all.len();
    all.push(value);
    all.truncate(before + usize::from(wanted));
}

impl<K: Key, V: Copy + Default> Slots<K, V> {
    /// Files pairs, whose keys differ.
    pub(super) fn new(pairs: &[(K, V)], seed: [u64; 2]) -> Self {
        let words = (pairs.len() * FILTER_BITS).div_ceil(64).next_power_of_two();
        let mut filter = vec![0; words];
        for (key, _) in pairs {
            let (word, bit) = place(key.hash(seed), words);
            filter[word] |= 1 << bit;
        }
        let mut sum = 0;
        let before = filter.iter().map(|bits: &u64| {
            sum += bits.count_ones();
            sum - bits.count_ones()
        });
        let before = before.collect();
        let entries = vec![(K::default(), V::default()); sum as usize + 1];
        let mut slots = Self { filter, before, entries, more: None, seed };
        let mut more = Vec::new();
        for &(key, value) in pairs {
            let entry = slots.entry(key.hash(seed));
            if slots.entries[entry].0 == K::default() {
                slots.entries[entry] = (key, value);
            } else {
                more.push((key, value));
            }
        }
        if !more.is_empty() {
            let seed =
                seed.map(|part| (part ^ 0x9E37_79B9_7F4A_7C15).wrapping_mul(0xD6E8_FEB8_6659_FD93));
            slots.more = Some(Box::new(Self::new(&more, seed)));
        }
        slots
    }

    /// Begins to look all keys up, of which those that say so count as found in any case.
    #[inline]
    pub(super) fn sift(&self, keys: impl Iterator<Item = (K, bool)>, probes: &mut Probes<K, V>) {
        let Probes { passed, found } = probes;
        passed.clear();
        found.clear();
        for (number, (key, always)) in (0..).zip(keys) {
            let hash = key.hash(self.seed);
            let (word, bit) = place(hash, self.filter.len());
            let passes = self.filter[word] >> bit & 1 != 0;
            push_if(passed, Probe { key, leads_to: hash, number, always }, passes | always);
        }
        for probe in &mut *passed {
            let entry = self.entry(probe.leads_to);
            // They may lie in two lines of the cache.
            let (key, value) = &self.entries[entry];
            prefetch(Some(key));
            prefetch(Some(value));
            probe.leads_to = entry as u64;
        }
    }

    /// Finds those of the keys given to [`Slots::sift`] last that are there, and with the default those that
    /// count as found.
    #[inline]
    pub(super) fn find(&self, probes: &mut Probes<K, V>) {
        let Probes { passed, found } = probes;
        for &Probe { key, leads_to, number, always } in &*passed {
            let value = self.get(key, leads_to as usize);
            push_if(found, (number, value.unwrap_or_default()), value.is_some() | always);
        }
    }

    /// What is filed.
    pub(super) fn iter(&self) -> Box<dyn Iterator<Item = &(K, V)> + '_> {
        let own = self.entries.iter().take(self.entries.len() - 1);
        match &self.more {
            Some(more) => Box::new(own.chain(more.iter())),
            None => Box::new(own),
        }
    }

    /// The bytes that it takes.
    pub(super) fn memory(&self) -> usize {
        let more = self.more.as_ref().map_or(0, |more| more.memory());
        of_vec(&self.filter) + of_vec(&self.before) + of_vec(&self.entries) + more
    }

    /// The value of a key that leads to this entry.
    #[inline]
    fn get(&self, key: K, entry: usize) -> Option<V> {
        let (of, value) = self.entries[entry];
        if of == key { Some(value) } else { self.get_more(key) }
    }

    fn get_more(&self, key: K) -> Option<V> {
        let more = self.more.as_ref()?;
        let hash = key.hash(more.seed);
        let (word, bit) = place(hash, more.filter.len());
        if more.filter[word] >> bit & 1 == 0 { None } else { more.get(key, more.entry(hash)) }
    }

    /// The number of the entry to whose bit a hash leads, or of the next one.
    #[inline]
    fn entry(&self, hash: u64) -> usize {
        let (word, bit) = place(hash, self.filter.len());
        let below = self.filter[word] & ((1 << bit) - 1);
        (self.before[word] + below.count_ones()) as usize
    }
}

/// The word of a filter of a power of two of them, and the bit in it, where a hash leads.
fn place(hash: u64, words: usize) -> (usize, u32) {
    ((hash >> 6) as usize & (words - 1), hash as u32 & 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, Copy, Default, PartialEq)]
    struct Number(u64);

    impl Key for Number {
        fn hash(self, seed: [u64; 2]) -> u64 {
            let product = u128::from(self.0 ^ seed[0]) * u128::from(seed[1]);
            product as u64 ^ (product >> 64) as u64
        }
    }

    #[test]
    fn each_key_has_its_value_and_no_other_has_one() {
        for count in [0, 1, 2, 100, 5000] {
            let pairs: Vec<_> = (1..=count).map(|key| (Number(key * 3), key as u32)).collect();
            let slots = Slots::new(&pairs, [7, 0x9E37_79B9_7F4A_7C15]);
            assert_eq!(slots.iter().count() as u64, count);
            let mut probes = Probes::default();
            let keys = (1..=count * 3 + 9).map(|key| (Number(key), key % 50 == 1));
            slots.sift(keys, &mut probes);
            slots.find(&mut probes);
            let expected = (1..=count * 3 + 9).filter_map(|key| {
                let value = if key % 3 == 0 && key <= count * 3 { key / 3 } else { 0 };
                (value > 0 || key % 50 == 1).then_some((key as u32 - 1, value as u32))
            });
            assert_eq!(probes.found, expected.collect::<Vec<_>>());
        }
    }
}
