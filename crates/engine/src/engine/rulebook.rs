//! What the rules of a rule set say, with every name replaced by a number: the outcome of reading them.
//! A [`RuleSet`](super::ruleset::RuleSet) is [linked](super::link) from it. It is what a
//! [bundle](super::bundle) keeps and what a [rebuild](super::rebuild) goes on from, so that all is in
//! flat arrays, cheap to copy.

use std::cmp::Reverse;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use crate::lang::{Diagnostic, Span};

use super::forms::Forms;
use super::layers::is_within;
use super::ruleset::{CategoryId, RuleId, StringId};
use super::table::{self, Row};
use super::tree::{NodeId, Trees};
use super::units::{UnitId, Units};

/// SHA-256 of an object's canonical form.
pub(super) type Digest = [u8; 32];

/// A stretch of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Run {
    pub(super) start: u32,
    pub(super) len: u32,
}

impl Run {
    /// Appends `values` to `all`: where they stand there.
    pub(super) fn push<T>(all: &mut Vec<T>, values: impl IntoIterator<Item = T>) -> Self {
        let start = all.len() as u32;
        all.extend(values);
        Self { start, len: all.len() as u32 - start }
    }

    pub(super) fn of<T>(self, all: &[T]) -> &[T] {
        &all[self.start as usize..(self.start + self.len) as usize]
    }

    pub(super) fn of_mut<T>(self, all: &mut [T]) -> &mut [T] {
        &mut all[self.start as usize..(self.start + self.len) as usize]
    }

    pub(super) fn of_text(self, all: &str) -> &str {
        &all[self.start as usize..(self.start + self.len) as usize]
    }

    fn behind(self, length: usize) -> Self {
        Self { start: self.start + length as u32, ..self }
    }
}

/// A rule. The spans of its nodes count from where it starts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// In [`Rulebook::names`].
    pub(super) name: Run,
    /// Which source it stands in, and where.
    pub(super) source: u32,
    pub(super) span: Span,
    pub(super) when: NodeId,
    pub(super) unless: Option<NodeId>,
    /// When it is tried: after all rules of lower layers, whose categories its condition names.
    pub(super) layer: u32,
    /// The categories it adds, in [`Rulebook::adds`].
    pub(super) adds: Run,
    /// What it removes, in [`Rulebook::removals`].
    pub(super) removals: Run,
    /// The attributes it sets, in [`Rulebook::sets`].
    pub(super) sets: Run,
    /// Zero in what comes from a bundle, which tells the hash of the whole.
    pub(super) digest: Digest,
}

impl Row<13> for Rule {
    fn to_row(&self) -> [u32; 13] {
        let Self { name, source, span, when, unless, adds, removals, sets, .. } = *self;
        let unless = unless.map_or(0, |unless| unless + 1);
        let [name, adds, removals, sets] =
            [name, adds, removals, sets].map(|run| [run.start, run.len]);
        [
            name[0],
            name[1],
            source,
            span.start,
            span.end,
            when,
            unless,
            adds[0],
            adds[1],
            removals[0],
            removals[1],
            sets[0],
            sets[1],
        ]
    }

    fn from_row(row: [u32; 13]) -> Option<Self> {
        let [n, name, source, start, end, when, unless, a, adds, r, removals, s, sets] = row;
        let run = |start, len| Run { start, len };
        Some(Self {
            name: run(n, name),
            source,
            span: Span { start, end },
            when,
            unless: unless.checked_sub(1),
            layer: 0,
            adds: run(a, adds),
            removals: run(r, removals),
            sets: run(s, sets),
            digest: Digest::default(),
        })
    }
}

/// A named list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct List {
    pub(super) name: Box<str>,
    pub(super) unit: UnitId,
    /// The unit of each term, as listed.
    pub(super) members: Vec<UnitId>,
    pub(super) source: u32,
    pub(super) span: Span,
    /// The place of its name.
    pub(super) name_span: Span,
    /// As of a [`Rule`].
    #[serde(skip)]
    pub(super) digest: Digest,
}

impl List {
    /// Gives units their new numbers.
    pub(super) fn renumber(&mut self, numbers: &[UnitId]) {
        self.unit = numbers[self.unit as usize];
        self.members.iter_mut().for_each(|member| *member = numbers[*member as usize]);
    }
}

/// A category.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Category {
    pub(super) path: Box<str>,
    pub(super) depth: u32,
}

impl Category {
    pub(super) fn new(path: &str) -> Self {
        Self { path: path.into(), depth: path.split('/').count() as u32 }
    }
}

/// What rules say.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Rulebook {
    #[serde(deserialize_with = "sources")]
    pub(super) sources: Sources,
    /// By name.
    #[serde(with = "table")]
    pub(super) rules: Vec<Rule>,
    pub(super) names: String,
    /// By name.
    pub(super) lists: Arc<Vec<List>>,
    // Kept apart in a bundle, so that all parts are read at once.
    #[serde(skip)]
    pub(super) trees: Trees,
    #[serde(skip)]
    pub(super) units: Units,
    /// The surface forms of the units that are words.
    #[serde(skip)]
    pub(super) forms: Arc<Forms>,
    /// Categories with scores in thousandths.
    #[serde(with = "table")]
    pub(super) adds: Vec<(CategoryId, i64)>,
    /// Paths as written: `a/*` is `a` and all below it.
    pub(super) removals: Vec<Box<str>>,
    /// Names and values of attributes.
    #[serde(with = "table")]
    pub(super) sets: Vec<(StringId, StringId)>,
    /// What rules add, by path.
    pub(super) categories: Arc<Vec<Category>>,
    /// Names and values of attributes, in code-point order.
    pub(super) strings: Arc<Vec<Box<str>>>,
    /// The findings in its sources, none of them an error; `None` where they were not kept.
    #[serde(skip)]
    pub(super) warnings: Option<Vec<Diagnostic>>,
    /// How many rules were replaced since everything was built; their remains are carried along.
    #[serde(skip)]
    pub(super) replaced: usize,
}

/// Names and texts.
pub(super) type Sources = Vec<(Arc<str>, Arc<str>)>;

/// Copies each text once.
fn sources<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Sources, D::Error> {
    let sources = Vec::<(&str, &str)>::deserialize(deserializer)?;
    Ok(sources.into_iter().map(|(name, text)| (name.into(), text.into())).collect())
}

impl Row<3> for (CategoryId, i64) {
    fn to_row(&self) -> [u32; 3] {
        let score = self.1.cast_unsigned();
        [self.0.0, score as u32, (score >> u32::BITS) as u32]
    }

    fn from_row([category, low, high]: [u32; 3]) -> Option<Self> {
        let score = u64::from(high) << u32::BITS | u64::from(low);
        Some((CategoryId(category), score.cast_signed()))
    }
}

impl Rulebook {
    pub(super) fn rule(&self, rule: RuleId) -> &Rule {
        &self.rules[rule.0 as usize]
    }

    pub(super) fn name(&self, rule: &Rule) -> &str {
        rule.name.of_text(&self.names)
    }

    /// The rule of this name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.rules.binary_search_by(|rule| self.name(rule).cmp(name)).ok()
    }

    pub(super) fn adds(&self, rule: &Rule) -> &[(CategoryId, i64)] {
        rule.adds.of(&self.adds)
    }

    pub(super) fn sets(&self, rule: &Rule) -> &[(StringId, StringId)] {
        rule.sets.of(&self.sets)
    }

    pub(super) fn removals(&self, rule: &Rule) -> &[Box<str>] {
        rule.removals.of(&self.removals)
    }

    /// Appends rules with what they are made of; `numbers` are the numbers here of the units there.
    pub(super) fn absorb(&mut self, part: Self, numbers: &[UnitId]) {
        let nodes = self.trees.absorb(&part.trees, numbers);
        let (names, adds) = (self.names.len(), self.adds.len());
        let (removals, sets) = (self.removals.len(), self.sets.len());
        self.names.push_str(&part.names);
        self.adds.extend_from_slice(&part.adds);
        self.removals.extend(part.removals);
        self.sets.extend_from_slice(&part.sets);
        self.rules.extend(part.rules.iter().map(|rule| Rule {
            name: rule.name.behind(names),
            when: rule.when + nodes,
            unless: rule.unless.map(|unless| unless + nodes),
            adds: rule.adds.behind(adds),
            removals: rule.removals.behind(removals),
            sets: rule.sets.behind(sets),
            ..*rule
        }));
    }

    /// Numbers the units by how many leaves name each (`uses`), words first: an advert meets the words that
    /// rules name often more than others, and what is kept of them then lies together.
    pub(super) fn order_units(&mut self, uses: &[u32]) {
        let words = self.units.words().iter().map(|(unit, _)| *unit);
        let mut words: Vec<UnitId> = words.collect();
        words.sort_by_key(|&word| Reverse(uses[word as usize]));
        let numbers = self.units.renumber(&words);
        let trees = std::mem::take(&mut self.trees);
        self.trees.absorb(&trees, &numbers);
        for list in Arc::make_mut(&mut self.lists) {
            list.renumber(&numbers);
        }
    }

    /// The categories that are `path` or lie below it.
    pub(super) fn within(&self, path: &str) -> Vec<CategoryId> {
        let known = &self.categories;
        let number = |at: usize| CategoryId(at as u32);
        let mut found: Vec<CategoryId> = self.category(path).into_iter().collect();
        let below = format!("{path}/");
        let first = known.partition_point(|category| *category.path < *below);
        let rest = known[first..].iter().take_while(|category| is_within(&category.path, path));
        found.extend((first..).zip(rest).map(|(at, _)| number(at)));
        found
    }

    /// The category of exactly this path.
    pub(super) fn category(&self, path: &str) -> Option<CategoryId> {
        let found = self.categories.binary_search_by(|known| (*known.path).cmp(path)).ok()?;
        Some(CategoryId(found as u32))
    }

    /// The number of the name or value of an attribute.
    pub(super) fn string(&self, text: &str) -> Option<StringId> {
        let found = self.strings.binary_search_by(|known| (**known).cmp(text)).ok()?;
        Some(found as StringId)
    }
}
