//! How much memory a rule set takes, by adding up its parts. What an allocator adds to each is not counted,
//! so that the parts are few and large where it matters. And copies of parts that can grow.

use std::mem::size_of;

use super::rulebook::Rulebook;
use super::ruleset::RuleSet;

/// The bytes of a vector's memory.
pub(super) fn of_vec<T>(values: &Vec<T>) -> usize {
    values.capacity() * size_of::<T>()
}

/// A copy with room for some more values: adding them does not copy all again.
pub(super) fn roomy<T: Clone>(values: &[T]) -> Vec<T> {
    let mut copy = Vec::with_capacity(values.len() + values.len() / 64 + 64);
    copy.extend_from_slice(values);
    copy
}

/// The bytes of a hash table's memory: a control byte for each place.
pub(super) fn of_table<T>(capacity: usize) -> usize {
    // Tables are filled to seven eighths at most.
    (capacity * 8 / 7).next_power_of_two() * (size_of::<T>() + 1)
}

/// The bytes of many texts.
pub(super) fn of_texts<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(str::len).sum()
}

impl RuleSet {
    /// The bytes of memory that it takes, its sources included. Rule sets of which one was rebuilt from the
    /// other share some of it.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>()
            + self.book.memory()
            + of_vec(&self.entries)
            + self.programs.memory()
            + self.removes.memory()
            + self.vocabulary.memory()
            + self.phrases.memory()
            + self.lists.memory()
            + self.roles.memory()
            + self.postings.memory()
            + self.tallied.memory()
            + self.tally_postings.memory()
            + of_vec(&self.always)
            + of_vec(&self.uses)
    }
}

impl Rulebook {
    fn memory(&self) -> usize {
        let sources = self.sources.iter().flat_map(|(name, text)| [&**name, &**text]);
        let texts = self.categories.iter().map(|category| &*category.path);
        let texts = texts.chain(self.strings.iter().chain(&self.removals).map(|text| &**text));
        of_texts(sources.chain(texts))
            + of_vec(&self.sources)
            + of_vec(&self.rules)
            + self.names.capacity()
            + of_vec(&self.lists)
            + self.lists.iter().map(|list| list.name.len() + of_vec(&list.members)).sum::<usize>()
            + self.trees.memory()
            + self.units.memory()
            + self.forms.memory()
            + of_vec(&self.adds)
            + of_vec(&self.removals)
            + of_vec(&self.sets)
            + of_vec(&self.categories)
            + of_vec(&self.strings)
            + self.warnings.as_ref().map_or(0, of_vec)
    }
}
