//! The conditions of a rule set laid open, for tools that reason about rules and not about adverts: which
//! rules are equal, which contain each other. Equal things have one number, so that `"nurse"` and
//! `"nurses"` are seen to be the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::lang::{FieldMask, Span};

use super::ruleset::{RuleId, RuleSet};
use super::tree::{NodeId, NodeKind};
use super::units::{Unit, UnitId};
use super::vocabulary::{Use, When};

/// What a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitKind {
    /// One word.
    Word,
    /// Words that follow each other.
    Phrase,
    /// Words in order, with at most so many others between them.
    Slop(u32),
    /// Any of several units.
    List,
    /// Two units with at most so many words between them.
    Near(u32),
    /// The same, the first before the second.
    Before(u32),
    /// Any of so many categories.
    Category(u32),
    /// A value of the advert meets a test.
    Comparison,
}

/// A condition: what it is, where it stands in its rule's source, and its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What it is.
    pub kind: ConditionKind,
    /// Where it stands.
    pub span: Span,
    /// What it joins; empty for a leaf.
    pub parts: Vec<Condition>,
}

/// How a condition joins its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionKind {
    /// All hold.
    And,
    /// One holds.
    Or,
    /// The one part does not hold.
    Not,
    /// So many hold.
    AtLeast(u32),
    /// The unit of this number stands in one of the fields.
    Leaf(u32, FieldMask),
}

/// A rule as its condition has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSkeleton {
    /// Which.
    pub rule: RuleId,
    /// The number of its source.
    pub source: u32,
    /// The condition.
    pub when: Condition,
    /// The exception.
    pub unless: Option<Condition>,
    /// It is tried on every advert.
    pub always_tried: bool,
}

impl RuleSet {
    /// Every unit by number: what it is, and the numbers of its parts.
    #[must_use]
    pub fn unit_shapes(&self) -> impl ExactSizeIterator<Item = (UnitKind, &[u32])> {
        (0..self.book.units.len() as u32).map(|unit| {
            let kind = match self.book.units.kind(unit) {
                Unit::Word => UnitKind::Word,
                Unit::Phrase { .. } => UnitKind::Phrase,
                Unit::Slop { slop, .. } => UnitKind::Slop(slop),
                Unit::List { .. } | Unit::Any { .. } => UnitKind::List,
                Unit::Near { distance, ordered: false, .. } => UnitKind::Near(distance),
                Unit::Near { distance, ordered: true, .. } => UnitKind::Before(distance),
                Unit::Category { set } => {
                    UnitKind::Category(self.book.units.category_set(set).len() as u32)
                }
                Unit::Comparison { .. } => UnitKind::Comparison,
            };
            (kind, self.book.units.parts(unit))
        })
    }

    /// For each word the other words that every token is which is this one, where there are any: `exact
    /// "nurses"` is `"nurse"`, and `"nursing"` is `"nurs*"`. They follow from the surface forms that the
    /// vocabulary files, and from nothing else.
    #[must_use]
    pub fn word_implications(&self) -> BTreeMap<u32, BTreeSet<u32>> {
        let forms = &self.book.forms;
        let mut by_word: BTreeMap<UnitId, Vec<(&str, &Use)>> = BTreeMap::new();
        for (text, meaning) in &forms.whole {
            by_word.entry(meaning.word).or_default().push((text, meaning));
        }
        let beginnings = |of: &[(Box<str>, UnitId)], text: &str| -> BTreeSet<UnitId> {
            let from = of.iter().filter(|(beginning, _)| text.starts_with(&**beginning));
            from.map(|&(_, unit)| unit).collect()
        };
        let mut found = BTreeMap::new();
        for (&word, own) in &by_word {
            let mut common: Option<BTreeSet<UnitId>> = None;
            for &(text, meaning) in own {
                let start = forms.whole.partition_point(|(other, _)| **other < *text);
                let same = forms.whole[start..].iter().take_while(|(other, _)| **other == *text);
                let others = same.filter(|(_, other)| covers(other, meaning));
                let mut these: BTreeSet<UnitId> = others.map(|(_, other)| other.word).collect();
                these.extend(beginnings(&forms.prefixes, text));
                if let When::Written(written) = &meaning.when {
                    these.extend(beginnings(&forms.written_prefixes, written));
                }
                common = Some(match common {
                    None => these,
                    Some(before) => before.intersection(&these).copied().collect(),
                });
                if common.as_ref().is_some_and(|common| common.len() < 2) {
                    break;
                }
            }
            found.insert(word, common.unwrap_or_default());
        }
        for (text, word) in &forms.prefixes {
            found.insert(*word, beginnings(&forms.prefixes, text));
        }
        for (text, word) in &forms.written_prefixes {
            found.insert(*word, beginnings(&forms.written_prefixes, text));
        }
        for (word, others) in &mut found {
            others.remove(word);
        }
        found.retain(|_, others| !others.is_empty());
        found
    }

    /// Every rule, by name.
    pub fn skeletons(&self) -> impl Iterator<Item = RuleSkeleton> {
        let mut always = vec![false; self.book.rules.len()];
        for rule in &self.always {
            always[rule.0 as usize] = true;
        }
        (0..).map(RuleId).zip(&self.book.rules).map(move |(number, rule)| RuleSkeleton {
            rule: number,
            source: rule.source,
            when: self.bones(rule.when, rule.span.start),
            unless: rule.unless.map(|unless| self.bones(unless, rule.span.start)),
            always_tried: always[number.0 as usize],
        })
    }

    /// The condition at `node` of a rule that begins at `start` in its source.
    fn bones(&self, node: NodeId, start: u32) -> Condition {
        let found = self.book.trees.get(node);
        let of = |first, len| -> Vec<Condition> {
            let children = self.book.trees.children(first, len).iter();
            children.map(|&child| self.bones(child, start)).collect()
        };
        let (kind, parts) = match found.kind {
            NodeKind::And { start: first, len } => (ConditionKind::And, of(first, len)),
            NodeKind::Or { start: first, len } => (ConditionKind::Or, of(first, len)),
            NodeKind::Not(inner) => (ConditionKind::Not, vec![self.bones(inner, start)]),
            NodeKind::AtLeast { count, start: first, len } => {
                (ConditionKind::AtLeast(count), of(first, len))
            }
            NodeKind::Leaf { unit, fields } => (ConditionKind::Leaf(unit, fields), Vec::new()),
        };
        Condition { kind, span: found.span.behind(start), parts }
    }
}

/// Whether a token that stands for `this` stands for the other, too; both are of one surface form.
fn covers(other: &Use, this: &Use) -> bool {
    let when = other.when == When::Always || other.when == this.when;
    when && (other.signs.is_none() || other.signs == this.signs)
}
