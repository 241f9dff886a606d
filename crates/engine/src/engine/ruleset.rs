//! The immutable rule set: what [`compile`](super::compile) makes and the matcher reads. Threads
//! share it without locks; a new one replaces it whole.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::lang::FieldMask;
use crate::text::Analyzer;

use super::classification::Classification;
use super::comparisons::Comparisons;
use super::filed::Filed;
use super::marks::Sign;
use super::phrases::Phrases;
use super::program::{Entry, Programs, Step};
use super::roles::Roles;
use super::rulebook::Rulebook;
use super::settings::Settings;
use super::tallies::{TallyId, TallyPosting};
use super::units::UnitId;
use super::vocabulary::Vocabulary;

/// Number of a rule; rules are numbered in the code-point order of their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub u32);

/// Number of a category; categories are numbered in the code-point order of their paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CategoryId(pub u32);

/// Number of the name or value of an attribute; in code-point order.
pub(super) type StringId = u32;

/// A rule, filed under a unit without which it can't match.
#[derive(Debug, Clone, Copy)]
pub(super) struct Posting {
    pub(super) rule: RuleId,
    pub(super) fields: FieldMask,
    /// Where its evaluation begins: at the exception if the unit proves the condition.
    pub(super) start: Step,
    /// What must stand as well; the unit itself where nothing must.
    pub(super) beside: Sign,
}

/// An immutable, compiled set of rules. Shared by all threads, never locked.
#[derive(Debug)]
pub struct RuleSet {
    pub(super) hash: String,
    pub(super) settings: Settings,
    pub(super) analyzer: Analyzer,
    /// What its rules say.
    pub(super) book: Rulebook,
    pub(super) entries: Vec<Entry>,
    pub(super) programs: Programs,
    /// Rule → categories it removes.
    pub(super) removes: Filed<CategoryId>,
    pub(super) vocabulary: Arc<Vocabulary>,
    /// Two words → phrases to look for where they follow each other.
    pub(super) phrases: Arc<Phrases>,
    /// Word or phrase → lists that it is in.
    pub(super) lists: Arc<Filed<UnitId>>,
    /// What is to be done where a unit stands.
    pub(super) roles: Roles,
    /// Unit → rules to try where it stands.
    pub(super) postings: Filed<Posting>,
    /// Unit → sets that it counts in, and in which fields.
    pub(super) tallied: Filed<(TallyId, FieldMask)>,
    /// Set → rules to try where so many of it stand.
    pub(super) tally_postings: Filed<TallyPosting>,
    /// Rules that can only be tried on every advert.
    pub(super) always: Vec<RuleId>,
    /// How many leaves named each unit when all was built.
    pub(super) uses: Vec<u32>,
    /// What rules ask of values, in numbers.
    pub(super) comparisons: Comparisons,
    /// How many layers there are.
    pub(super) layers: u32,
}

impl RuleSet {
    /// The content hash: `sha256:` and 64 hexadecimal digits. Equal hashes give equal answers.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// What its meaning depends on beside the rules.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many rules there are.
    #[must_use]
    pub fn rule_count(&self) -> usize {
        self.book.rules.len()
    }

    /// A rule's name.
    #[must_use]
    pub fn rule_name(&self, rule: RuleId) -> &str {
        self.book.name(self.book.rule(rule))
    }

    /// The rule of this name.
    #[must_use]
    pub fn find_rule(&self, name: &str) -> Option<RuleId> {
        self.book.find(name).map(|found| RuleId(found as u32))
    }

    /// The names of all rules, in order.
    #[must_use]
    pub fn rule_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.book.rules.iter().map(|rule| self.book.name(rule))
    }

    /// The texts of all sources, by number.
    #[must_use]
    pub fn source_texts(&self) -> impl ExactSizeIterator<Item = &str> {
        self.book.sources.iter().map(|(_, text)| &**text)
    }

    /// The names and texts of all sources, by number.
    #[must_use]
    pub fn sources(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.book.sources
    }

    /// A category's path.
    #[must_use]
    pub fn category_path(&self, category: CategoryId) -> &str {
        &self.book.categories[category.0 as usize].path
    }

    /// The attributes of an answer: names in order, with their values in order.
    pub fn attributes<'a>(
        &'a self,
        classification: &'a Classification,
    ) -> impl Iterator<Item = (&'a str, impl ExactSizeIterator<Item = &'a str>)> {
        let names = classification.attributes.chunk_by(|a, b| a.0 == b.0);
        names.filter_map(|same| {
            let (name, _) = same.first()?;
            let values = same.iter().map(|(_, value)| &*self.book.strings[*value as usize]);
            Some((&*self.book.strings[*name as usize], values))
        })
    }

    /// How many categories the rules name.
    #[must_use]
    pub fn category_count(&self) -> usize {
        self.book.categories.len()
    }
}
