//! Tables from a number to the values that are filed under it.

use super::memory::of_vec;
use super::prefetch::prefetch;
use super::rulebook::Run;
use super::units::UnitId;

/// Values filed under units: for each unit a slice, all slices in one block of memory.
#[derive(Debug)]
pub(super) struct Filed<T> {
    starts: Vec<u32>,
    values: Vec<T>,
}

impl<T> Filed<T> {
    /// Files `pairs` under the units below `count`; the order under one unit is kept.
    pub(super) fn new(count: usize, pairs: &[(UnitId, T)]) -> Self
    where
        T: Copy,
    {
        let mut starts = vec![0; count + 1];
        for (unit, _) in pairs {
            starts[*unit as usize + 1] += 1;
        }
        for index in 0..count {
            starts[index + 1] += starts[index];
        }
        let Some(&(_, any)) = pairs.first() else { return Self { starts, values: Vec::new() } };
        let mut values = vec![any; pairs.len()];
        let mut next = starts.clone();
        for &(unit, value) in pairs {
            let place = &mut next[unit as usize];
            values[*place as usize] = value;
            *place += 1;
        }
        Self { starts, values }
    }

    /// The bytes that they take.
    pub(super) fn memory(&self) -> usize {
        of_vec(&self.starts) + of_vec(&self.values)
    }

    /// Every value with the unit it is filed under.
    pub(super) fn iter(&self) -> impl Iterator<Item = (UnitId, &T)> {
        self.slices().flat_map(|(unit, values)| values.iter().map(move |value| (unit, value)))
    }

    /// The values of each unit.
    pub(super) fn slices(&self) -> impl Iterator<Item = (UnitId, &[T])> {
        let ends = self.starts.windows(2);
        (0..).zip(ends.map(|ends| &self.values[ends[0] as usize..ends[1] as usize]))
    }

    /// Sorts the values of each unit.
    pub(super) fn sort_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        for ends in self.starts.windows(2) {
            self.values[ends[0] as usize..ends[1] as usize].sort_unstable_by_key(&key);
        }
    }

    pub(super) fn of(&self, unit: UnitId) -> &[T] {
        // Of many rule sets no rule removes a category: nothing need be read then.
        if self.values.is_empty() { &[] } else { self.within(self.run(unit)) }
    }

    /// Asks for what tells where the values under a unit lie.
    pub(super) fn prefetch(&self, unit: UnitId) {
        prefetch(self.starts.get(unit as usize));
    }

    /// Asks for the first of the values that lie there.
    pub(super) fn prefetch_within(&self, run: Run) {
        prefetch(self.values.get(run.start as usize));
    }

    /// Where the values under a unit lie.
    pub(super) fn run(&self, unit: UnitId) -> Run {
        let start = self.starts[unit as usize];
        Run { start, len: self.starts[unit as usize + 1] - start }
    }

    /// The values that lie there.
    pub(super) fn within(&self, run: Run) -> &[T] {
        run.of(&self.values)
    }
}
