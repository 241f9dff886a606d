//! What stands in the advert at hand: the words, phrases and lists that rules look for, and how many of
//! each set that `at least` counts.
//!
//! A mark carries the number of its advert (the epoch), so that nothing is cleared between adverts. Most
//! questions are about units that are not there: two bits for each unit answer these, as small as that
//! so that those of a hundred thousand rules stay in a core's own cache.

use crate::lang::{FieldMask, Fields};

use super::roles::Role;
use super::ruleset::RuleSet;
use super::tallies::{Tally, TallyId};
use super::units::UnitId;

/// In which fields of the advert numbered `epoch` a unit stands.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    epoch: u32,
    fields: FieldMask,
}

/// A unit that stands in the title or in one of the other fields, as a question that two bits answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sign {
    unit: UnitId,
    /// The bits of the fields that are asked about; 0 asks nothing and is always met.
    bits: u8,
}

impl Sign {
    /// That of no unit, which every advert has.
    pub(super) const NONE: Self = Self { unit: 0, bits: 0 };
    const TITLE: u8 = 1;
    const OTHER: u8 = 2;

    /// That of a unit which is marked where it stands in one of the fields.
    pub(super) fn of(unit: UnitId, fields: FieldMask) -> Self {
        let title = 1 << Fields::TITLE;
        let in_title = if fields.0 & title == 0 { 0 } else { Self::TITLE };
        let elsewhere = if fields.0 & !title == 0 { 0 } else { Self::OTHER };
        Self { unit, bits: in_title | elsewhere }
    }

    /// Where its bits lie among those of all units.
    fn place(unit: UnitId) -> (usize, u32) {
        const UNITS: u32 = u64::BITS / 2;
        ((unit / UNITS) as usize, unit % UNITS * 2)
    }
}

/// The marks of one advert.
#[derive(Debug, Default)]
pub(super) struct Marks {
    epoch: u32,
    by_unit: Vec<Mark>,
    /// In title and elsewhere, two bits for each unit.
    bits: Vec<u64>,
    /// The units whose bits are set.
    standing: Vec<UnitId>,
    /// The units that stand in the advert and under which rules are filed; some more than once.
    pub(super) filed: Vec<UnitId>,
    tallies: Vec<Tally>,
    /// The sets of which something stands in the advert, each once.
    pub(super) counted: Vec<TallyId>,
}

impl Marks {
    /// Begins the advert numbered `epoch`, which is higher than any before.
    pub(super) fn begin(&mut self, ruleset: &RuleSet, epoch: u32) {
        self.epoch = epoch;
        for &unit in &self.standing {
            self.bits[Sign::place(unit).0] = 0;
        }
        self.standing.clear();
        self.filed.clear();
        self.counted.clear();
        let units = ruleset.book.units.len();
        if self.by_unit.len() < units {
            self.by_unit.resize(units, Mark::default());
            self.bits.resize(Sign::place(units as UnitId).0 + 1, 0);
        }
        if self.tallies.len() < ruleset.programs.tallies.len() {
            self.tallies.resize(ruleset.programs.tallies.len(), Tally::default());
        }
    }

    /// Marks a word or phrase that has this role in the field at hand, and every list that it is in.
    pub(super) fn mark(&mut self, ruleset: &RuleSet, unit: UnitId, field: usize, role: u8) {
        if self.set(ruleset, unit, field, role) && role & Role::LISTED != 0 {
            for &list in ruleset.lists.of(unit) {
                self.set(ruleset, list, field, ruleset.roles.of(list, field));
            }
        }
    }

    /// True if that is news.
    fn set(&mut self, ruleset: &RuleSet, unit: UnitId, field: usize, role: u8) -> bool {
        let mark = &mut self.by_unit[unit as usize];
        if mark.epoch != self.epoch {
            *mark = Mark { epoch: self.epoch, fields: FieldMask::default() };
            self.standing.push(unit);
        }
        let bit = 1 << field;
        let before = mark.fields.0;
        if before & bit != 0 {
            return false;
        }
        mark.fields.0 |= bit;
        let (word, shift) = Sign::place(unit);
        self.bits[word] |= u64::from(Sign::of(unit, FieldMask(bit)).bits) << shift;
        if role & Role::FILED != 0 {
            self.filed.push(unit);
        }
        if role & Role::TALLIED != 0 {
            self.count(ruleset, unit, field, before);
        }
        true
    }

    /// Counts a unit in the sets that look for it in this field, but not again where it stood in another
    /// of their fields `before`.
    fn count(&mut self, ruleset: &RuleSet, unit: UnitId, field: usize, before: u32) {
        for &(number, fields) in ruleset.tallied.of(unit) {
            if fields.0 >> field & 1 == 0 || fields.0 & before != 0 {
                continue;
            }
            let tally = &mut self.tallies[number as usize];
            if tally.epoch != self.epoch {
                *tally = Tally { epoch: self.epoch, count: 0 };
                self.counted.push(number);
            }
            tally.count += 1;
        }
    }

    /// Whether a marked unit stands in the title or elsewhere, as the sign asks.
    pub(super) fn shows(&self, sign: Sign) -> bool {
        let (word, shift) = Sign::place(sign.unit);
        sign.bits == 0 || self.bits[word] >> shift & u64::from(sign.bits) != 0
    }

    /// Whether a unit that is marked wherever it stands does so in one of the fields.
    pub(super) fn stands(&self, unit: UnitId, fields: FieldMask) -> bool {
        self.shows(Sign::of(unit, fields)) && self.fields(unit).0 & fields.0 != 0
    }

    /// The fields in which a unit is marked.
    pub(super) fn fields(&self, unit: UnitId) -> FieldMask {
        self.known(unit).unwrap_or_default()
    }

    /// The same; `None` where nothing was noted of it.
    pub(super) fn known(&self, unit: UnitId) -> Option<FieldMask> {
        let mark = self.by_unit[unit as usize];
        (mark.epoch == self.epoch).then_some(mark.fields)
    }

    /// Notes in which fields a unit stands that was looked for when a rule asked.
    pub(super) fn note(&mut self, unit: UnitId, fields: FieldMask) {
        self.by_unit[unit as usize] = Mark { epoch: self.epoch, fields };
    }

    /// How many of a set stand.
    pub(super) fn tally(&self, tally: TallyId) -> u32 {
        self.tallies[tally as usize].of(self.epoch)
    }
}
