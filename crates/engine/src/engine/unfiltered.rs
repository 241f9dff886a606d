//! The matcher without any selection: every rule's condition is evaluated on the tokens themselves.
//! It gives the answers of [`matcher`](super::matcher) by a simpler way and is there to be compared
//! with it: a mistake in selection would be a match missed in silence.

use crate::exchange::{Advert, AdvertError};
use crate::lang::FieldMask;

use super::classification::Classification;
use super::matcher::Scratch;
use super::rulebook::Rule;
use super::ruleset::{RuleId, RuleSet};
use super::units::{Unit, UnitId};

impl RuleSet {
    /// Classifies one advert by trying every rule.
    ///
    /// # Errors
    /// As [`RuleSet::classify`].
    pub fn classify_unfiltered<'s>(
        &self,
        advert: &Advert<'_>,
        scratch: &'s mut Scratch,
    ) -> Result<&'s Classification, AdvertError> {
        scratch.begin(self);
        self.read(advert, scratch)?;
        for layer in 0..self.layers {
            for (number, rule) in (0..).map(RuleId).zip(&self.book.rules) {
                if rule.layer == layer && self.rule_holds(rule, scratch) {
                    scratch.settle(self, number);
                }
            }
        }
        Ok(self.conclude(scratch))
    }

    /// Whether a rule's condition holds and its exception does not.
    fn rule_holds(&self, rule: &Rule, scratch: &Scratch) -> bool {
        let mut leaf = |unit, fields| self.stands(unit, fields, scratch);
        self.book.trees.holds(rule.when, &mut leaf)
            && !rule.unless.is_some_and(|unless| self.book.trees.holds(unless, &mut leaf))
    }

    fn stands(&self, unit: UnitId, fields: FieldMask, scratch: &Scratch) -> bool {
        let units = &self.book.units;
        match units.kind(unit) {
            Unit::Category { set } => return scratch.category_holds(units.category_set(set)),
            Unit::Comparison { number } => return scratch.comparison_holds(self, number),
            _ => {}
        }
        let numbered = scratch.fields.iter().enumerate();
        numbered
            .filter(|(number, _)| fields.0 >> number & 1 == 1)
            .any(|(_, field)| !self.places(unit, field).is_empty())
    }
}
