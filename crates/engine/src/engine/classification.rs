//! The answer to one advert.

use std::ops::Range;

use crate::lang::FieldMask;

use super::ruleset::{CategoryId, RuleId, StringId};

/// A category of an advert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryResult {
    /// Which.
    pub category: CategoryId,
    /// The sum of its rules' scores, in thousandths.
    pub score: i64,
    /// Where its rules stand; see [`Classification::category_rules`].
    pub(super) rules: Range<usize>,
}

/// What the rules say of one advert; lives in a [`Scratch`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Classification {
    pub(super) matched: Vec<RuleId>,
    pub(super) categories: Vec<CategoryResult>,
    pub(super) category_rules: Vec<RuleId>,
    pub(super) attributes: Vec<(StringId, StringId)>,
    pub(super) cut: FieldMask,
}

impl Classification {
    /// The categories, the primary one first: by score, then depth, then path.
    #[must_use]
    pub fn categories(&self) -> &[CategoryResult] {
        &self.categories
    }

    /// The rules that added a category, by name.
    #[must_use]
    pub fn category_rules(&self, result: &CategoryResult) -> &[RuleId] {
        self.category_rules.get(result.rules.clone()).unwrap_or(&[])
    }

    /// All rules that matched, by name.
    #[must_use]
    pub fn matched_rules(&self) -> &[RuleId] {
        &self.matched
    }

    /// The fields whose text was too long, so that its end was left out.
    #[must_use]
    pub fn cut(&self) -> FieldMask {
        self.cut
    }
}
