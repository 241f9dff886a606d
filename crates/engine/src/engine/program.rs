//! A condition as a chain of tests. Each test looks at one unit and names the test to go to if it
//! stands in the advert and the one to go to if not; and, or and not need no instruction of their
//! own, and evaluation neither recurses nor looks at more leaves than the verdict needs.

use crate::lang::FieldMask;

use super::memory::{of_vec, roomy};
use super::prefetch::prefetch;
use super::rulebook::Rulebook;
use super::tallies::{Tallies, TallyId};
use super::tree::{NodeId, NodeKind};
use super::units::UnitId;

/// Where a program goes on; or one of the two ends.
pub(super) type Step = u32;

/// The condition holds.
pub(super) const HOLDS: Step = u32::MAX;
/// It does not.
pub(super) const FAILS: Step = u32::MAX - 1;

/// Where the evaluation of a rule begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// At its condition.
    pub(super) condition: Step,
    /// At its exception, where the condition is known to hold.
    pub(super) exception: Step,
}

impl Entry {
    /// That of a rule that is none.
    pub(super) const NONE: Self = Self { condition: FAILS, exception: FAILS };
}

/// What programs ask about an advert.
pub(super) trait Evidence {
    /// Whether a unit that is marked wherever it stands does so in one of the fields.
    fn stands(&mut self, unit: UnitId, fields: FieldMask) -> bool;
    /// The same of a unit that is looked for when asked.
    fn finds(&mut self, unit: UnitId, fields: FieldMask) -> bool;
    /// How many of a set stand.
    fn tally(&mut self, tally: TallyId) -> u32;
}

/// What a test looks at.
#[derive(Debug, Clone, Copy)]
enum Probe {
    /// Whether a unit that is marked wherever it stands does so in one of the fields.
    Marked(UnitId, FieldMask),
    /// The same of a unit that is looked for when asked.
    Sought(UnitId, FieldMask),
    /// Whether so many of a set stand.
    Tally(TallyId, u32),
    /// Whether a part of the tree holds that only counting can tell, of what is not just units.
    Node(NodeId),
}

#[derive(Debug, Clone, Copy)]
struct Test {
    probe: Probe,
    yes: Step,
    no: Step,
}

/// The programs of all rules.
#[derive(Debug, Default)]
pub(super) struct Programs {
    tests: Vec<Test>,
    /// What the tests count.
    pub(super) tallies: Tallies,
}

impl Clone for Programs {
    fn clone(&self) -> Self {
        Self { tests: roomy(&self.tests), tallies: self.tallies.clone() }
    }
}

impl Programs {
    /// Adds the condition at `node`: from its first test, evaluation ends in `yes` or `no`.
    pub(super) fn add(&mut self, book: &Rulebook, node: NodeId, yes: Step, no: Step) -> Step {
        let trees = &book.trees;
        match trees.get(node).kind {
            // Built from the last operand to the first, so that each knows where the next begins.
            NodeKind::And { start, len } => {
                let operands = trees.children(start, len).iter().rev();
                operands.fold(yes, |next, &operand| self.add(book, operand, next, no))
            }
            NodeKind::Or { start, len } => {
                let operands = trees.children(start, len).iter().rev();
                operands.fold(no, |next, &operand| self.add(book, operand, yes, next))
            }
            NodeKind::Not(inner) => self.add(book, inner, no, yes),
            NodeKind::AtLeast { count, start, len } => {
                let tally = self.tallies.add(trees, &book.units, trees.children(start, len));
                let probe = tally.map_or(Probe::Node(node), |tally| Probe::Tally(tally, count));
                self.push(probe, yes, no)
            }
            NodeKind::Leaf { unit, fields } if book.units.is_eager(unit) => {
                self.push(Probe::Marked(unit, fields), yes, no)
            }
            NodeKind::Leaf { unit, fields } => self.push(Probe::Sought(unit, fields), yes, no),
        }
    }

    /// The bytes that they take.
    pub(super) fn memory(&self) -> usize {
        of_vec(&self.tests) + self.tallies.memory()
    }

    fn push(&mut self, probe: Probe, yes: Step, no: Step) -> Step {
        self.tests.push(Test { probe, yes, no });
        self.tests.len() as Step - 1
    }

    /// Asks for the test at `entry`.
    pub(super) fn prefetch(&self, entry: Step) {
        prefetch(self.tests.get(entry as usize));
    }

    /// The unit that the test at `entry` looks for, if it is one that is looked for when asked.
    pub(super) fn sought(&self, entry: Step) -> Option<UnitId> {
        match self.tests.get(entry as usize)?.probe {
            Probe::Sought(unit, _) => Some(unit),
            Probe::Marked(..) | Probe::Tally(..) | Probe::Node(_) => None,
        }
    }

    /// Runs from `entry` on what an advert shows.
    pub(super) fn run(&self, book: &Rulebook, entry: Step, evidence: &mut impl Evidence) -> bool {
        let mut step = entry;
        while step < FAILS {
            let test = &self.tests[step as usize];
            let found = match test.probe {
                Probe::Marked(unit, fields) => evidence.stands(unit, fields),
                Probe::Sought(unit, fields) => evidence.finds(unit, fields),
                Probe::Tally(tally, least) => evidence.tally(tally) >= least,
                Probe::Node(node) => book.trees.holds(node, &mut |unit, fields| {
                    if book.units.is_eager(unit) {
                        evidence.stands(unit, fields)
                    } else {
                        evidence.finds(unit, fields)
                    }
                }),
            };
            step = if found { test.yes } else { test.no };
        }
        step == HOLDS
    }
}
