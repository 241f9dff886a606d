//! Tells why: for every rule that matched, and for one that did not, each clause of its condition as
//! written, whether it holds, and where in the advert it was found; of a rule that did not match also what
//! stands in place of a clause that fails. The tokens are those on which the verdict was given, so the
//! places shown can't disagree with it.

use std::sync::Arc;

use crate::exchange::{Advert, AdvertError};
use crate::lang::{Span, ValueId};

use super::classification::Classification;
pub use super::instead::{Difference, Instead};
use super::matcher::Scratch;
use super::ruleset::{CategoryId, RuleId, RuleSet};
use super::tree::{NodeId, NodeKind};
use super::units::{Unit, UnitId};

/// How many places of one clause are listed.
const MAX_PLACES: usize = 100;

/// A place in the advert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The field's name.
    pub field: String,
    /// First byte in the field as given.
    pub start: u32,
    /// One past the last byte in the field as given.
    pub end: u32,
}

/// How a clause joins its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClauseKind {
    /// All parts hold.
    And,
    /// One part holds.
    Or,
    /// Its part does not hold.
    Not,
    /// So many parts hold.
    AtLeast(u32),
    /// A term or list stands in the advert.
    Leaf,
    /// Other rules added a category.
    Category,
    /// A value of this field meets a test.
    Comparison(ValueId),
}

/// A part of a condition and its verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// What it is.
    pub kind: ClauseKind,
    /// Where it stands in the rule's source.
    pub span: Span,
    /// Whether it holds for the advert.
    pub holds: bool,
    /// The fields it looks in; empty but for a leaf.
    pub fields: Vec<String>,
    /// Where it was found; empty but for a leaf.
    pub places: Vec<Place>,
    /// What stands there in place of a leaf whose failing keeps the rule from matching.
    pub instead: Option<Instead>,
    /// The matched rules that added a category; where it fails, those that removed it.
    pub rules: Vec<RuleId>,
    /// Its parts; empty for a leaf.
    pub parts: Vec<Clause>,
}

impl Clause {
    /// Counts its place from `start` bytes earlier.
    fn shift(&mut self, start: u32) {
        self.span = self.span.behind(start);
        for part in &mut self.parts {
            part.shift(start);
        }
    }
}

/// Why a rule matched or did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleExplanation {
    /// Which rule.
    pub rule: RuleId,
    /// The name of its source.
    pub source_name: Arc<str>,
    /// The whole text of its source; the spans of clauses point into it.
    pub source: Arc<str>,
    /// From `rule` to `;`.
    pub span: Span,
    /// Whether it matched.
    pub matched: bool,
    /// The condition.
    pub when: Clause,
    /// The exception.
    pub unless: Option<Clause>,
    /// The categories it adds, with the matched rules that removed each.
    pub adds: Vec<(CategoryId, Vec<RuleId>)>,
    /// The attributes it sets: name and value.
    pub sets: Vec<(String, String)>,
}

/// An advert's classification and its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The classification.
    pub classification: Classification,
    /// The matched rules by name, then the one that was asked for if it did not match.
    pub rules: Vec<RuleExplanation>,
}

impl RuleSet {
    /// Classifies one advert and tells why; also why `asked` did or did not match.
    ///
    /// # Errors
    /// As [`RuleSet::classify`].
    pub fn explain(
        &self,
        advert: &Advert<'_>,
        asked: Option<RuleId>,
        scratch: &mut Scratch,
    ) -> Result<Explanation, AdvertError> {
        let classification = self.classify(advert, scratch)?.clone();
        let mut ids = classification.matched_rules().to_vec();
        ids.extend(asked.filter(|rule| !ids.contains(rule)));
        let rules = ids.into_iter().map(|rule| self.explain_rule(rule, scratch)).collect();
        Ok(Explanation { classification, rules })
    }

    fn explain_rule(&self, id: RuleId, scratch: &Scratch) -> RuleExplanation {
        let rule = self.book.rule(id);
        let (source_name, source) = self.book.sources[rule.source as usize].clone();
        let mut when = self.clause(rule.when, scratch);
        let mut unless = rule.unless.map(|unless| self.clause(unless, scratch));
        when.shift(rule.span.start);
        if let Some(unless) = &mut unless {
            unless.shift(rule.span.start);
        }
        if !when.holds {
            self.look_instead(rule.when, &mut when, &source, scratch);
        }
        let removers = |category| self.deciding(&[category], false, scratch);
        let adds = self.book.adds(rule).iter().map(|&(path, _)| (path, removers(path)));
        let string = |number: u32| self.book.strings[number as usize].to_string();
        let sets = self.book.sets(rule).iter();
        let sets = sets.map(|&(name, value)| (string(name), string(value)));
        RuleExplanation {
            rule: id,
            source_name,
            source,
            span: rule.span,
            matched: when.holds && !unless.as_ref().is_some_and(|unless| unless.holds),
            when,
            unless,
            adds: adds.collect(),
            sets: sets.collect(),
        }
    }

    fn clause(&self, node: NodeId, scratch: &Scratch) -> Clause {
        let found = self.book.trees.get(node);
        let read = |children: &[NodeId]| -> Vec<Clause> {
            children.iter().map(|&child| self.clause(child, scratch)).collect()
        };
        let mut clause = Clause {
            kind: ClauseKind::Leaf,
            span: found.span,
            holds: false,
            fields: Vec::new(),
            places: Vec::new(),
            instead: None,
            rules: Vec::new(),
            parts: Vec::new(),
        };
        match found.kind {
            NodeKind::And { start, len } => {
                clause.kind = ClauseKind::And;
                clause.parts = read(self.book.trees.children(start, len));
                clause.holds = clause.parts.iter().all(|part| part.holds);
            }
            NodeKind::Or { start, len } => {
                clause.kind = ClauseKind::Or;
                clause.parts = read(self.book.trees.children(start, len));
                clause.holds = clause.parts.iter().any(|part| part.holds);
            }
            NodeKind::Not(inner) => {
                clause.kind = ClauseKind::Not;
                clause.parts = read(&[inner]);
                clause.holds = !clause.parts.iter().any(|part| part.holds);
            }
            NodeKind::AtLeast { count, start, len } => {
                clause.kind = ClauseKind::AtLeast(count);
                clause.parts = read(self.book.trees.children(start, len));
                let holding = clause.parts.iter().filter(|part| part.holds).count();
                clause.holds = holding >= count as usize;
            }
            NodeKind::Leaf { unit, fields } => {
                match self.book.units.kind(unit) {
                    Unit::Category { set } => {
                        clause.kind = ClauseKind::Category;
                        let categories = self.book.units.category_set(set);
                        clause.holds = scratch.category_holds(categories);
                        clause.rules = self.deciding(categories, clause.holds, scratch);
                        return clause;
                    }
                    Unit::Comparison { number } => {
                        clause.kind = ClauseKind::Comparison(self.comparisons.field(number));
                        clause.holds = scratch.comparison_holds(self, number);
                        return clause;
                    }
                    _ => {}
                }
                clause.fields = self.settings.fields.names_of(fields).map(str::to_owned).collect();
                for (number, name) in self.settings.fields.texts().iter().enumerate() {
                    if fields.0 >> number & 1 == 1 {
                        self.push_places(unit, number, name, scratch, &mut clause.places);
                    }
                }
                clause.holds = !clause.places.is_empty();
            }
        }
        clause
    }

    /// The matched rules that added one of the categories, or removed one.
    fn deciding(&self, categories: &[CategoryId], added: bool, scratch: &Scratch) -> Vec<RuleId> {
        let names_one = |number: &&RuleId| {
            let adds = self.book.adds(self.book.rule(**number));
            let adds = || adds.iter().any(|(category, _)| categories.contains(category));
            let mut removes = self.removes.of(number.0).iter();
            let mut removes = || removes.any(|category| categories.contains(category));
            if added { adds() } else { removes() }
        };
        scratch.matched().iter().filter(names_one).copied().collect()
    }

    /// Adds to each leaf below a clause that fails what stands there instead.
    fn look_instead(&self, node: NodeId, clause: &mut Clause, source: &str, scratch: &Scratch) {
        if clause.holds {
            return;
        }
        match self.book.trees.get(node).kind {
            NodeKind::And { start, len }
            | NodeKind::Or { start, len }
            | NodeKind::AtLeast { start, len, .. } => {
                let children = self.book.trees.children(start, len);
                for (&child, part) in children.iter().zip(&mut clause.parts) {
                    self.look_instead(child, part, source, scratch);
                }
            }
            // What should not stand there does.
            NodeKind::Not(_) => {}
            NodeKind::Leaf { unit, fields } => {
                clause.instead = self.instead(unit, fields, clause.span.of(source), scratch);
            }
        }
    }

    fn push_places(
        &self,
        unit: UnitId,
        number: usize,
        name: &str,
        scratch: &Scratch,
        places: &mut Vec<Place>,
    ) {
        let Some(field) = scratch.fields.get(number) else { return };
        for found in self.places(unit, field).into_iter().take(MAX_PLACES) {
            let (start, end) = field.span(found);
            let (start, end) = field.text.source_span(start, end);
            places.push(Place { field: name.to_owned(), start, end });
        }
    }
}
