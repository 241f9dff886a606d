//! A table that is probed for many keys at a time. Whether a key is there is as good as random, and a
//! processor that guesses wrong has waited for memory in vain: so a probe is arithmetic without decisions,
//! and those of several keys are under way at once. Most keys that are not there are told by one bit of a
//! filter, which lies in a core's own cache where the table is too large for it.

use super::memory::of_vec;

/// What values are filed under. The default stands for no key: nothing can be filed under it.
pub(super) trait Key: Copy + Default + PartialEq {
    /// All bits of the result depend on all of the key and the seed.
    fn hash(self, seed: [u64; 2]) -> u64;
}

const WIDTH: usize = 8;

/// The slots that a probe sees at one look: one line of a processor's cache.
#[derive(Debug, Clone, Copy, Default)]
#[repr(align(64))]
struct Bucket {
    /// A part of the hash of what is filed here, 0 where nothing is. They fill from the first on.
    tags: [u32; WIDTH],
    /// Its number among the entries.
    entries: [u32; WIDTH],
}

impl Bucket {
    /// The entry of this tag, 0 where there is none.
    #[inline]
    fn entry(&self, sought: u32) -> u32 {
        let pairs = self.tags.iter().zip(self.entries);
        pairs.fold(0, |all, (tag, entry)| all | if *tag == sought { entry } else { 0 })
    }

    fn is_full(&self) -> bool {
        self.tags[WIDTH - 1] != 0
    }
}

/// Values by key.
#[derive(Debug)]
pub(super) struct Slots<K, V> {
    /// A key is in that bucket where its hash leads, or in the next that was not full. No key's way meets
    /// its tag twice.
    buckets: Vec<Bucket>,
    /// In the order in which they were given, behind one that no key has.
    entries: Vec<(K, V)>,
    /// The bits to which the hashes of the keys lead; a power of two of words.
    filter: Vec<u64>,
    seed: [u64; 2],
}

/// How many bits the filter has for each key, at least: of eight keys that are not there one passes.
const FILTER_BITS: usize = 8;

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
    hash: u64,
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
    pub(super) fn new(pairs: impl IntoIterator<Item = (K, V)>, mut seed: [u64; 2]) -> Self {
        let mut entries = vec![(K::default(), V::default())];
        entries.extend(pairs);
        loop {
            if let Some(buckets) = filed(&entries, seed) {
                let words = (entries.len() * FILTER_BITS).div_ceil(64).next_power_of_two();
                let mut filter = vec![0; words];
                for (key, _) in &entries[1..] {
                    let (word, bit) = filter_place(key.hash(seed), words);
                    filter[word] |= 1 << bit;
                }
                return Self { buckets, entries, filter, seed };
            }
            // Two keys have one tag, once in ten thousand tables.
            seed[0] = seed[0].wrapping_add(1);
        }
    }

    /// Looks all keys up. Those that say so count as found in any case, with the default if they are not
    /// there.
    #[inline]
    pub(super) fn find(&self, keys: impl Iterator<Item = (K, bool)>, probes: &mut Probes<K, V>) {
        let Probes { passed, found } = probes;
        passed.clear();
        found.clear();
        for (number, (key, always)) in (0..).zip(keys) {
            let hash = key.hash(self.seed);
            let (word, bit) = filter_place(hash, self.filter.len());
            let passes = self.filter[word] >> bit & 1 != 0;
            push_if(passed, Probe { key, hash, number, always }, passes | always);
        }
        for &Probe { key, hash, number, always } in &*passed {
            let (of, value) = self.entries[self.entry(hash) as usize];
            let is_there = of == key;
            push_if(
                found,
                (number, if is_there { value } else { V::default() }),
                is_there | always,
            );
        }
    }

    /// What is filed.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(K, V)> {
        self.entries.iter().skip(1)
    }

    /// The bytes that it takes.
    pub(super) fn memory(&self) -> usize {
        of_vec(&self.buckets) + of_vec(&self.entries) + of_vec(&self.filter)
    }

    #[inline]
    fn entry(&self, hash: u64) -> u32 {
        let (mut at, tag) = place(hash, self.buckets.len());
        loop {
            let bucket = &self.buckets[at];
            let entry = bucket.entry(tag);
            // One bucket in fifty is full.
            if entry != 0 || !bucket.is_full() {
                return entry;
            }
            at = (at + 1) & (self.buckets.len() - 1);
        }
    }
}

/// The entries filed by their hash; None where two have one tag.
fn filed<K: Key, V>(entries: &[(K, V)], seed: [u64; 2]) -> Option<Vec<Bucket>> {
    // At most half full, so that few buckets spill over into the next.
    let count = (entries.len() * 2 / WIDTH + 1).next_power_of_two();
    let mut buckets = vec![Bucket::default(); count];
    for (number, (key, _)) in (0..).zip(entries).skip(1) {
        let (mut at, tag) = place(key.hash(seed), count);
        while buckets[at].is_full() {
            if buckets[at].tags.contains(&tag) {
                return None;
            }
            at = (at + 1) & (count - 1);
        }
        let bucket = &mut buckets[at];
        if bucket.tags.contains(&tag) {
            return None;
        }
        let free = bucket.tags.iter().position(|&tag| tag == 0)?;
        bucket.tags[free] = tag;
        bucket.entries[free] = number;
    }
    Some(buckets)
}

/// The bucket where a hash leads, of a power of two, and its tag, which is never 0.
fn place(hash: u64, buckets: usize) -> (usize, u32) {
    (hash as usize & (buckets - 1), (hash >> 32) as u32 | 1)
}

/// The word, of a power of two of them, and the bit of the filter for a hash.
fn filter_place(hash: u64, words: usize) -> (usize, u32) {
    ((hash >> 6) as usize & (words - 1), hash as u32 & 63)
}
