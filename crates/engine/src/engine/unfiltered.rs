//! The matcher without any selection: every rule's condition is evaluated on the tokens themselves.
//! It gives the answers of [`matcher`](super::matcher) by a simpler way and is there to be compared
//! with it: a mistake in selection would be a match missed in silence.

use crate::exchange::Advert;
use crate::lang::FieldMask;

use super::matcher::{Classification, KnownToken, Scratch};
use super::ruleset::{Rule, RuleId, RuleSet};
use super::units::{Unit, UnitId};

impl RuleSet {
    /// Classifies one advert by trying every rule.
    pub fn classify_unfiltered<'s>(
        &self,
        advert: &Advert<'_>,
        scratch: &'s mut Scratch,
    ) -> &'s Classification {
        scratch.begin(self);
        self.read(advert, scratch);
        let rules = (0..).map(RuleId).zip(&self.rules);
        let matched = rules.filter(|(_, rule)| self.rule_holds(rule, scratch));
        let matched = matched.map(|(number, _)| number).collect();
        self.conclude_from(matched, scratch)
    }

    /// Whether a rule's condition holds and its exception does not.
    pub(super) fn rule_holds(&self, rule: &Rule, scratch: &Scratch) -> bool {
        let mut leaf = |unit, fields| self.stands(unit, fields, scratch);
        self.trees.holds(rule.when, &mut leaf)
            && !rule.unless.is_some_and(|unless| self.trees.holds(unless, &mut leaf))
    }

    fn stands(&self, unit: UnitId, fields: FieldMask, scratch: &Scratch) -> bool {
        let numbered = scratch.fields.iter().enumerate();
        numbered
            .filter(|(number, _)| fields.0 >> number & 1 == 1)
            .any(|(_, field)| self.first_in(unit, &field.tokens).is_some())
    }

    fn first_in(&self, unit: UnitId, tokens: &[KnownToken]) -> Option<usize> {
        (0..tokens.len()).find(|&index| self.length_at(unit, tokens, index).is_some())
    }

    /// How many tokens the unit covers from the token at `index` on, if it stands there.
    pub(super) fn length_at(
        &self,
        unit: UnitId,
        tokens: &[KnownToken],
        index: usize,
    ) -> Option<usize> {
        let parts = self.units.parts(unit);
        match self.units.kind(unit) {
            Unit::Word => {
                let window = tokens.get(index..=index)?;
                self.words_stand(window, &[unit]).then_some(1)
            }
            Unit::Phrase { .. } => {
                let window = tokens.get(index..index + parts.len())?;
                self.words_stand(window, parts).then_some(parts.len())
            }
            Unit::List { .. } => {
                parts.iter().filter_map(|&part| self.length_at(part, tokens, index)).max()
            }
        }
    }
}
