//! What stands in the advert at hand: the words, phrases and lists that rules look for, and how many of
//! each set that `at least` counts.
//!
//! A unit's mark is a bit for each text field, no more, so that the marks of a hundred thousand rules stay
//! in a core's own cache. Bits are cleared where they were set. What is noted otherwise carries the number
//! of its advert (the epoch) and is never cleared.

use crate::lang::FieldMask;

use super::roles::Role;
use super::ruleset::RuleSet;
use super::slots::push_if;
use super::tallies::{Tally, TallyId};
use super::units::UnitId;

/// That a unit stands in one of the fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sign {
    pub(super) unit: UnitId,
    pub(super) fields: FieldMask,
}

/// In which fields of the advert numbered `epoch` a unit stands that was looked for when a rule asked.
#[derive(Debug, Clone, Copy, Default)]
struct Note {
    epoch: u32,
    fields: FieldMask,
}

/// The marks of one advert.
#[derive(Debug, Default)]
pub(super) struct Marks {
    epoch: u32,
    /// How many bits each unit has, as the power of 2: no mark lies in two words.
    width: u32,
    bits: Vec<u64>,
    /// The places of [`Marks::bits`] where some are set, some more than once.
    touched: Vec<u32>,
    notes: Vec<Note>,
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
        for word in self.touched.drain(..) {
            self.bits[word as usize] = 0;
        }
        self.filed.clear();
        self.counted.clear();
        let units = ruleset.book.units.len();
        let texts = ruleset.settings.fields.texts().len() as u32;
        self.width = texts.next_power_of_two().trailing_zeros();
        if self.notes.len() < units {
            self.notes.resize(units, Note::default());
        }
        let (last, _) = self.place(units as UnitId);
        if self.bits.len() <= last {
            self.bits.resize(last + 1, 0);
        }
        if self.tallies.len() < ruleset.programs.tallies.len() {
            self.tallies.resize(ruleset.programs.tallies.len(), Tally::default());
        }
    }

    /// Where the bits of a unit lie.
    fn place(&self, unit: UnitId) -> (usize, u32) {
        let first = u64::from(unit) << self.width;
        ((first / u64::from(u64::BITS)) as usize, (first % u64::from(u64::BITS)) as u32)
    }

    /// Marks a unit that has this role in the field at hand, and every list that it is in, unless it is marked
    /// or no rule looks at it. That is no decision for each word of a text: what is not to be noted is taken
    /// back.
    #[inline]
    pub(super) fn mark(&mut self, ruleset: &RuleSet, unit: UnitId, field: usize, role: u8) {
        let (word, first) = self.place(unit);
        let shift = first + field as u32;
        let (is_looked_at, is_filed) = (role & Role::MARKED != 0, role & Role::FILED != 0);
        let is_unmarked = self.bits[word] >> shift & 1 == 0;
        let is_new = is_looked_at & is_unmarked;
        self.bits[word] |= u64::from(is_new) << shift;
        push_if(&mut self.touched, word as u32, is_new);
        push_if(&mut self.filed, unit, is_new & is_filed);
        if is_new && role & (Role::LISTED | Role::TALLIED) != 0 {
            self.pass_on(ruleset, unit, field, role);
        }
    }

    /// Counts a unit that was just marked in the sets, and marks the lists, that it is in.
    fn pass_on(&mut self, ruleset: &RuleSet, unit: UnitId, field: usize, role: u8) {
        if role & Role::TALLIED != 0 {
            let before = self.fields(unit).0 & !(1 << field);
            self.count(ruleset, unit, field, before);
        }
        if role & Role::LISTED != 0 {
            for &list in ruleset.lists.of(unit) {
                if self.fields(list).0 >> field & 1 == 0 {
                    let role = ruleset.roles.of(list, field) | Role::MARKED;
                    self.mark(ruleset, list, field, role);
                }
            }
        }
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

    /// The fields in which a unit is marked.
    pub(super) fn fields(&self, unit: UnitId) -> FieldMask {
        let (word, shift) = self.place(unit);
        let all = (1u64 << (1 << self.width)) - 1;
        FieldMask((self.bits[word] >> shift & all) as u32)
    }

    /// Whether a unit that is marked wherever it stands does so in one of the fields.
    pub(super) fn show(&self, Sign { unit, fields }: Sign) -> bool {
        self.fields(unit).0 & fields.0 != 0
    }

    /// What was noted of a unit in this advert.
    pub(super) fn noted(&self, unit: UnitId) -> Option<FieldMask> {
        let note = self.notes[unit as usize];
        (note.epoch == self.epoch).then_some(note.fields)
    }

    /// Notes in which fields a unit stands that was looked for when a rule asked.
    pub(super) fn note(&mut self, unit: UnitId, fields: FieldMask) {
        self.notes[unit as usize] = Note { epoch: self.epoch, fields };
    }

    /// How many of a set stand.
    pub(super) fn tally(&self, tally: TallyId) -> u32 {
        self.tallies[tally as usize].of(self.epoch)
    }
}
