//! Chooses the units a rule is filed under: of an `and` the rarest operand, of an `or` all operands.
//! An advert in which none of them stands can't match the rule, so it is not tried.

use crate::lang::{FieldMask, Fields};

use super::tree::{NodeId, NodeKind, Trees};
use super::units::{Unit, UnitId, Units};

/// What must stand in an advert for a rule to be tried.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Access {
    /// One of these units, in one of its fields. `cost` estimates how often that is so.
    Units { keys: Vec<(UnitId, FieldMask)>, cost: f64 },
    /// Nothing in particular: the rule would be tried on every advert.
    Always,
}

/// How often units stand in fields: estimates, as good as what is known of the adverts.
pub(super) struct Rarity<'a> {
    units: &'a Units,
    uses: &'a [u32],
}

impl<'a> Rarity<'a> {
    /// Estimates from the rules alone: `uses` counts the leaves that name each unit. A word that many
    /// rules name is a poor key, since each of its adverts would try them all.
    pub(super) fn from_rules(units: &'a Units, uses: &'a [u32]) -> Self {
        Self { units, uses }
    }

    fn cost(&self, unit: UnitId, fields: FieldMask) -> f64 {
        // A title has about 5 words and a description 350 (research on real adverts), so a word is
        // some 70 times rarer in a title.
        const TITLE: f64 = 1.0;
        const OTHER: f64 = 70.0;
        // Of the adverts that hold a word, few hold it beside a given other word.
        const NEXT_WORD: f64 = 0.05;
        let field = if fields.0 == 1 << Fields::TITLE { TITLE } else { OTHER };
        let parts = self.units.parts(unit);
        let word = |unit: UnitId| field * (1.0 + f64::from(self.uses[unit as usize]));
        match self.units.kind(unit) {
            Unit::Word => word(unit),
            Unit::Phrase { .. } => {
                let rarest = parts.iter().map(|&part| word(part)).fold(f64::INFINITY, f64::min);
                parts.iter().skip(1).fold(rarest, |cost, _| cost * NEXT_WORD)
            }
            Unit::List { .. } => parts.iter().map(|&part| self.cost(part, fields)).sum(),
        }
    }

    /// The number of the word by which a phrase is looked for: its rarest.
    pub(super) fn key_word(&self, words: &[UnitId]) -> usize {
        let uses = words.iter().map(|&word| self.uses[word as usize]);
        uses.enumerate().min_by_key(|&(_, uses)| uses).map_or(0, |(index, _)| index)
    }

    /// What must stand in an advert for the condition at `node` to hold.
    pub(super) fn access(&self, trees: &Trees, node: NodeId) -> Access {
        match trees.get(node).kind {
            NodeKind::Leaf { unit, fields } => {
                Access::Units { keys: vec![(unit, fields)], cost: self.cost(unit, fields) }
            }
            // What is absent can't be looked up.
            NodeKind::Not(_) => Access::Always,
            NodeKind::And { start, len } => {
                let mut best = Access::Always;
                for &operand in trees.children(start, len) {
                    let access = self.access(trees, operand);
                    if access.cost() < best.cost() {
                        best = access;
                    }
                }
                best
            }
            NodeKind::Or { start, len } => {
                let (mut all, mut sum) = (Vec::new(), 0.0);
                for &operand in trees.children(start, len) {
                    let Access::Units { keys, cost } = self.access(trees, operand) else {
                        return Access::Always;
                    };
                    all.extend(keys);
                    sum += cost;
                }
                Access::Units { keys: all, cost: sum }
            }
        }
    }
}

impl Access {
    fn cost(&self) -> f64 {
        match self {
            Self::Units { cost, .. } => *cost,
            Self::Always => f64::INFINITY,
        }
    }
}
