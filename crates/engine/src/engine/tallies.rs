//! How many of a set of things stand in an advert, which is what `at least` asks. The members of a set
//! are counted as they are marked: one that is not in the advert costs nothing, and a set that many rules
//! ask about is counted once.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::lang::FieldMask;

use super::filed::Filed;
use super::memory::{of_table, of_vec};
use super::program::Step;
use super::ruleset::RuleId;
use super::tree::{NodeId, NodeKind, Trees};
use super::units::{UnitId, Units};

/// Number of a set in [`Tallies`].
pub(super) type TallyId = u32;

/// A unit that counts where it stands in one of the fields.
type Member = (UnitId, FieldMask);

/// The sets that rules count. Equal sets share a number.
#[derive(Debug, Clone, Default)]
pub(super) struct Tallies {
    members: Vec<Member>,
    /// Where the members of each set end; they begin where those of the set before it end.
    ends: Vec<u32>,
    known: HashTable<TallyId>,
}

/// A rule, filed under a set of which so many must stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct TallyPosting {
    pub(super) least: u32,
    pub(super) rule: RuleId,
    /// Where its evaluation begins, as in [`Posting`](super::ruleset::Posting).
    pub(super) start: Step,
}

/// How many members of a set stand in the advert of this epoch.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) epoch: u32,
    pub(super) count: u32,
}

impl Tally {
    /// How many stand in the advert numbered `epoch`.
    pub(super) fn of(self, epoch: u32) -> u32 {
        if self.epoch == epoch { self.count } else { 0 }
    }
}

impl Tallies {
    /// The number of the set that these nodes are, added if need be. `None` where one of them is more than
    /// a unit that is marked wherever it stands.
    pub(super) fn add(
        &mut self,
        trees: &Trees,
        units: &Units,
        nodes: &[NodeId],
    ) -> Option<TallyId> {
        let members = members(trees, units, nodes)?;
        if let Some(known) = self.number(&members) {
            return Some(known);
        }
        let number = self.ends.len() as TallyId;
        self.members.extend_from_slice(&members);
        self.ends.push(self.members.len() as u32);
        let Self { members: all, ends, known } = self;
        let rehash = |&tally: &TallyId| hash(of(all, ends, tally));
        known.insert_unique(hash(&members), number, rehash);
        Some(number)
    }

    /// The number of the set that these nodes are, if it was added.
    pub(super) fn find(&self, trees: &Trees, units: &Units, nodes: &[NodeId]) -> Option<TallyId> {
        if self.ends.is_empty() {
            return None;
        }
        self.number(&members(trees, units, nodes)?)
    }

    fn number(&self, members: &[Member]) -> Option<TallyId> {
        let same = |&tally: &TallyId| of(&self.members, &self.ends, tally) == members;
        self.known.find(hash(members), same).copied()
    }

    /// How many sets there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The sets that each unit counts in, and in which fields.
    pub(super) fn by_unit(&self) -> Filed<(TallyId, FieldMask)> {
        let sets = (0..self.ends.len() as TallyId)
            .flat_map(|tally| of(&self.members, &self.ends, tally).iter().map(move |m| (tally, m)));
        let pairs: Vec<_> = sets.map(|(tally, &(unit, fields))| (unit, (tally, fields))).collect();
        let count = pairs.iter().map(|(unit, _)| *unit as usize + 1).max().unwrap_or(0);
        Filed::new(count, &pairs)
    }

    /// The bytes that they take.
    pub(super) fn memory(&self) -> usize {
        of_vec(&self.members) + of_vec(&self.ends) + of_table::<TallyId>(self.known.capacity())
    }
}

fn members(trees: &Trees, units: &Units, nodes: &[NodeId]) -> Option<Vec<Member>> {
    let member = |&node: &NodeId| match trees.get(node).kind {
        NodeKind::Leaf { unit, fields } if units.is_eager(unit) => Some((unit, fields)),
        _ => None,
    };
    nodes.iter().map(member).collect()
}

fn of<'a>(members: &'a [Member], ends: &[u32], tally: TallyId) -> &'a [Member] {
    let start = tally.checked_sub(1).map_or(0, |before| ends[before as usize]);
    &members[start as usize..ends[tally as usize] as usize]
}

fn hash(members: &[Member]) -> u64 {
    FixedState::default().hash_one(members)
}
