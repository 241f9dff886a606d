//! What is to be done where a unit stands in an advert: a byte for each unit, so that for most words one
//! look tells that nothing is. A word that rules use in phrases alone needs no mark, and a word of a
//! title's phrases is no reason to look for these in a description.

use crate::lang::{FieldMask, Fields};

use super::filed::Filed;
use super::memory::of_vec;
use super::phrases::Phrases;
use super::rulebook::{Rule, Rulebook};
use super::ruleset::Posting;
use super::tallies::TallyId;
use super::units::{Unit, UnitId};

/// What is to be done, as bits: those of the title, then those of all other fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Role(u8);

impl Role {
    /// Some leaf looks at its mark, or another unit does that it is a part of.
    pub(super) const MARKED: u8 = 1;
    /// Rules are filed under it.
    pub(super) const FILED: u8 = 2;
    /// A pair by which phrases are looked for begins with it.
    pub(super) const PAIRED: u8 = 4;
    /// Lists are filed under it. The same in every field.
    pub(super) const LISTED: u8 = 8;
    /// It counts in some set. The same in every field.
    pub(super) const TALLIED: u8 = 128;
    /// Of the bits in fields other than the title.
    const OTHER: u32 = 4;

    /// The bits of one field.
    fn within(self, field: usize) -> u8 {
        let everywhere = self.0 & (Self::LISTED | Self::TALLIED);
        let own = if field == Fields::TITLE { self.0 } else { self.0 >> Self::OTHER };
        own & (Self::MARKED | Self::FILED | Self::PAIRED) | everywhere
    }

    fn add(&mut self, bit: u8, fields: FieldMask) {
        let title = 1 << Fields::TITLE;
        if fields.0 & title != 0 {
            self.0 |= bit;
        }
        if fields.0 & !title != 0 {
            self.0 |= bit << Self::OTHER;
        }
    }
}

/// What is to be done where each unit stands.
#[derive(Debug)]
pub(super) struct Roles {
    roles: Vec<Role>,
    /// In which fields rules look for each unit.
    looked_at: Vec<FieldMask>,
}

impl Roles {
    /// The roles after `added` rules came to what was looked at before.
    pub(super) fn new<'a>(
        book: &Rulebook,
        added: impl Iterator<Item = &'a Rule>,
        before: &[FieldMask],
        phrases: &Phrases,
        postings: &[(UnitId, Posting)],
        tallied: &Filed<(TallyId, FieldMask)>,
    ) -> Self {
        let units = &book.units;
        let mut roles = vec![Role::default(); units.len()];
        let mut looked_at = before.to_vec();
        looked_at.resize(units.len(), FieldMask::default());
        for rule in added {
            for node in [Some(rule.when), rule.unless].into_iter().flatten() {
                let visit = &mut |unit, fields: FieldMask| looked_at[unit as usize].0 |= fields.0;
                book.trees.visit_leaves(node, visit);
            }
        }
        for (unit, posting) in postings {
            looked_at[*unit as usize].0 |= posting.fields.0;
            roles[*unit as usize].add(Role::FILED, posting.fields);
        }
        for (unit, _) in tallied.iter() {
            roles[unit as usize].0 |= Role::TALLIED;
        }
        // A unit has a higher number than its parts: what it hands on to them is complete.
        for (unit, kind) in units.iter().rev() {
            let fields = looked_at[unit as usize];
            let parts = match kind {
                Unit::List { .. } | Unit::Any { .. } | Unit::Slop { .. } | Unit::Near { .. } => {
                    units.parts(unit)
                }
                Unit::Word
                | Unit::Phrase { .. }
                | Unit::Category { .. }
                | Unit::Comparison { .. } => &[],
            };
            for &part in parts {
                looked_at[part as usize].0 |= fields.0;
                if let Unit::List { .. } = kind {
                    roles[part as usize].0 |= Role::LISTED;
                }
            }
        }
        for (first, phrase) in phrases.iter() {
            roles[first as usize].add(Role::PAIRED, looked_at[phrase as usize]);
        }
        for (role, fields) in roles.iter_mut().zip(&looked_at) {
            role.add(Role::MARKED, *fields);
        }
        Self { roles, looked_at }
    }

    /// The bytes that they take.
    pub(super) fn memory(&self) -> usize {
        of_vec(&self.roles) + of_vec(&self.looked_at)
    }

    /// What was looked at, for a rebuild.
    pub(super) fn looked_at(&self) -> &[FieldMask] {
        &self.looked_at
    }

    /// The role of a unit in one field, as bits.
    pub(super) fn of(&self, unit: UnitId, field: usize) -> u8 {
        self.roles[unit as usize].within(field)
    }
}
