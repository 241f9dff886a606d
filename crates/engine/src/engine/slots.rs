//! A table that is probed for many keys at a time. Whether a key is there is as good as random, and a
//! processor that guesses wrong has waited for memory in vain: so a probe is arithmetic without decisions,
//! and those of several keys are under way at once.

use super::memory::of_vec;

/// How many keys are probed at a time.
pub(super) const TOGETHER: usize = 16;

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
    seed: [u64; 2],
}

impl<K: Key, V: Copy + Default> Slots<K, V> {
    /// Files pairs, whose keys differ.
    pub(super) fn new(pairs: impl IntoIterator<Item = (K, V)>, mut seed: [u64; 2]) -> Self {
        let mut entries = vec![(K::default(), V::default())];
        entries.extend(pairs);
        loop {
            if let Some(buckets) = filed(&entries, seed) {
                return Self { buckets, entries, seed };
            }
            // Two keys have one tag, once in ten thousand tables.
            seed[0] = seed[0].wrapping_add(1);
        }
    }

    /// The values of some keys, the default for what is not there.
    #[inline]
    pub(super) fn of_all(&self, keys: &[K; TOGETHER]) -> [V; TOGETHER] {
        let hashes = keys.map(|key| key.hash(self.seed));
        let entries = hashes.map(|hash| self.entry(hash));
        let mut values = [V::default(); TOGETHER];
        for ((value, key), entry) in values.iter_mut().zip(keys).zip(entries) {
            let (found, of_found) = self.entries[entry as usize];
            *value = if found == *key { of_found } else { V::default() };
        }
        values
    }

    /// What is filed.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(K, V)> {
        self.entries.iter().skip(1)
    }

    /// The bytes that it takes.
    pub(super) fn memory(&self) -> usize {
        of_vec(&self.buckets) + of_vec(&self.entries)
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
