//! Chooses the units a rule is filed under: of an `and` the rarest operand, of an `or` all operands.
//! An advert in which none of them stands can't match the rule, so it is not tried.

use crate::lang::{FieldMask, Fields};

use super::marks::Sign;
use super::tallies::{Tallies, TallyId};
use super::tree::{NodeId, NodeKind, Trees};
use super::units::{Unit, UnitId, Units};

/// What must stand in an advert for a rule to be tried.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Access {
    /// One of these. `cost` estimates how often that is so.
    Units { keys: Vec<Key>, cost: f64 },
    /// Nothing in particular: the rule would be tried on every advert.
    Always,
}

/// Something without which a condition can't hold, unless another key of it is met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Key {
    pub(super) target: Target,
    /// Where it is met, the condition holds.
    pub(super) proves: bool,
    /// What must stand as well for the condition to hold.
    pub(super) beside: Option<Sign>,
}

/// What must be met.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    /// A unit stands in one of the fields.
    Unit(UnitId, FieldMask),
    /// So many of a set stand.
    Tally(TallyId, u32),
}

/// How often units stand in fields: estimates, as good as what is known of the adverts.
pub(super) struct Rarity<'a> {
    units: &'a Units,
    uses: &'a [u32],
    tallies: &'a Tallies,
}

impl<'a> Rarity<'a> {
    /// Estimates from the rules alone: `uses` counts the leaves that name each unit. A word that many
    /// rules name is a poor key, since each of its adverts would try them all.
    pub(super) fn from_rules(units: &'a Units, uses: &'a [u32], tallies: &'a Tallies) -> Self {
        Self { units, uses, tallies }
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
        let rarest =
            |parts: &[UnitId]| parts.iter().map(|&part| word(part)).fold(f64::INFINITY, f64::min);
        match self.units.kind(unit) {
            Unit::Word => word(unit),
            Unit::Phrase { .. } => {
                parts.iter().skip(1).fold(rarest(parts), |cost, _| cost * NEXT_WORD)
            }
            Unit::Slop { .. } => rarest(parts),
            Unit::List { .. } | Unit::Any { .. } => {
                parts.iter().map(|&part| self.cost(part, fields)).sum()
            }
            Unit::Near { .. } => {
                parts.iter().map(|&part| self.cost(part, fields)).fold(f64::INFINITY, f64::min)
            }
            Unit::Category { .. } | Unit::Comparison { .. } => f64::INFINITY,
        }
    }

    /// What must stand in an advert for the unit to stand in one of the fields.
    fn unit_access(&self, unit: UnitId, fields: FieldMask) -> Access {
        let parts = self.units.parts(unit);
        match self.units.kind(unit) {
            Unit::Word | Unit::Phrase { .. } | Unit::List { .. } => {
                let keys =
                    vec![Key { target: Target::Unit(unit, fields), proves: true, beside: None }];
                Access::Units { keys, cost: self.cost(unit, fields) }
            }
            Unit::Slop { .. } => {
                unproven(self.unit_access(parts[key_word(parts, self.uses)], fields))
            }
            Unit::Any { .. } => {
                all_of(parts.iter().map(|&part| self.unit_access(part, fields)).collect())
            }
            Unit::Near { .. } => {
                cheapest(parts.iter().map(|&part| self.unit_access(part, fields)).collect())
            }
            // Other rules or values make it hold, not a word of the advert.
            Unit::Category { .. } | Unit::Comparison { .. } => Access::Always,
        }
    }

    /// What must stand in an advert for the condition at `node` to hold.
    pub(super) fn access(&self, trees: &Trees, node: NodeId) -> Access {
        self.access_to(trees, node, true)
    }

    /// What must stand for the condition to hold, or where `wanted` is false, to fail.
    fn access_to(&self, trees: &Trees, node: NodeId, wanted: bool) -> Access {
        let operands = |start, len| -> Vec<Access> {
            let children = trees.children(start, len).iter();
            children.map(|&child| self.access_to(trees, child, wanted)).collect()
        };
        match trees.get(node).kind {
            // What is absent can't be looked up.
            NodeKind::Leaf { .. } if !wanted => Access::Always,
            NodeKind::Leaf { unit, fields } => self.unit_access(unit, fields),
            NodeKind::Not(inner) => self.access_to(trees, inner, !wanted),
            NodeKind::And { start, len } if wanted => cheapest(operands(start, len)),
            NodeKind::Or { start, len } if !wanted => cheapest(operands(start, len)),
            NodeKind::And { start, len } | NodeKind::Or { start, len } => {
                all_of(operands(start, len))
            }
            NodeKind::AtLeast { count, start, len } => {
                // If `count` hold, then one does among any choice of all but `count - 1` of them; if
                // fewer hold, one fails among any choice of `count`.
                let nodes = trees.children(start, len);
                let tally = self.tallies.find(trees, self.units, nodes).filter(|_| wanted);
                let mut operands = operands(start, len);
                if let Some(tally) = tally {
                    // At most one in `count` of the members that stand leads to the rule.
                    let sum: f64 = operands.iter().map(Access::cost).sum();
                    let keys = vec![Key {
                        target: Target::Tally(tally, count),
                        proves: true,
                        beside: None,
                    }];
                    return Access::Units { keys, cost: sum / f64::from(count.max(1)) };
                }
                let chosen = if wanted { (len + 1).saturating_sub(count) } else { count };
                operands.sort_by(|a, b| a.cost().total_cmp(&b.cost()));
                operands.truncate(chosen.clamp(1, len.max(1)) as usize);
                if count == 1 && wanted { all_of(operands) } else { unproven(all_of(operands)) }
            }
        }
    }
}

/// The number of the word by which a phrase is looked for: its rarest.
pub(super) fn key_word(words: &[UnitId], uses: &[u32]) -> usize {
    let uses = words.iter().map(|&word| uses[word as usize]);
    uses.enumerate().min_by_key(|&(_, uses)| uses).map_or(0, |(index, _)| index)
}

/// The one that is tried least often, where all of several must hold; with it the rarest unit that must
/// stand for another of them.
fn cheapest(mut accesses: Vec<Access>) -> Access {
    if accesses.len() == 1 {
        return accesses.swap_remove(0);
    }
    accesses.sort_by(|a, b| a.cost().total_cmp(&b.cost()));
    let mut accesses = accesses.into_iter();
    let mut best = unproven(accesses.next().unwrap_or(Access::Always));
    let beside = accesses.find_map(Access::sign);
    if let Access::Units { keys, .. } = &mut best {
        for key in keys {
            key.beside = key.beside.or(beside);
        }
    }
    best
}

/// Where its keys stand, the condition may still fail.
fn unproven(mut access: Access) -> Access {
    if let Access::Units { keys, .. } = &mut access {
        for key in keys {
            key.proves = false;
        }
    }
    access
}

/// One that is met whenever any of these is.
fn all_of(accesses: Vec<Access>) -> Access {
    let (mut all, mut sum) = (Vec::new(), 0.0);
    for access in accesses {
        let Access::Units { keys, cost } = access else { return Access::Always };
        all.extend(keys);
        sum += cost;
    }
    Access::Units { keys: all, cost: sum }
}

impl Access {
    fn cost(&self) -> f64 {
        match self {
            Self::Units { cost, .. } => *cost,
            Self::Always => f64::INFINITY,
        }
    }
    /// The unit without which this can't be met, if it is one.
    fn sign(self) -> Option<Sign> {
        match self {
            Self::Units { keys, .. } => match keys[..] {
                [Key { target: Target::Unit(unit, fields), .. }] => Some(Sign { unit, fields }),
                _ => None,
            },
            Self::Always => None,
        }
    }
}
