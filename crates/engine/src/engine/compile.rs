//! Makes a [`RuleSet`] from sources: all rules or none. Lists may be used before they are defined and
//! from any source; every error of every source is reported in one pass.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::lang::ast::{Action, Count, Expr, ExprKind, Item, ListItem, RuleItem, Term};
use crate::lang::{Code, Diagnostic, FieldMask, Severity, Span, parse, print};
use crate::text::Analyzer;

use super::identity::Identity;
use super::layers::{is_within, layers};
use super::phrases::{PhraseKey, Phrases};
use super::program::{FAILS, HOLDS, Programs};
use super::ruleset::{Category, CategoryId, Posting, Rule, RuleId, RuleSet};
use super::select::{Access, Rarity};
use super::settings::Settings;
use super::terms::Terms;
use super::tree::{NodeId, NodeKind, Trees};
use super::units::{Filed, Unit, UnitId, Units};

/// A text of rules and the name that people know it by, a file's say.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name.
    pub name: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
}

/// The outcome of a build.
#[derive(Debug)]
pub struct Compiled {
    /// The rule set, unless a finding is an error.
    pub ruleset: Option<RuleSet>,
    /// The findings, by source and place.
    pub diagnostics: Vec<Diagnostic>,
}

/// Compiles the sources into one rule set.
#[must_use]
pub fn compile(sources: &[Source], settings: &Settings) -> Compiled {
    let mut compiler = Compiler::new(settings);
    let mut parsed = Vec::new();
    for (number, source) in (0u32..).zip(sources) {
        let found = parse(&source.text, &settings.fields);
        let numbered = found.diagnostics.into_iter();
        compiler
            .diagnostics
            .extend(numbered.map(|d| Diagnostic { source: number, ..renumber(d, number) }));
        parsed.push(found.items);
    }
    let mut rules = Vec::new();
    for (number, items) in (0u32..).zip(&parsed) {
        for item in items {
            match item {
                Item::List(list) => compiler.list(number, list),
                Item::Rule(rule) => rules.push((number, rule)),
            }
        }
    }
    rules.sort_by(|a, b| a.1.name.text.cmp(&b.1.name.text));
    compiler.check_names(&rules);
    compiler.number(&rules);
    let layers = compiler.layers(&rules);
    for (&(number, rule), layer) in rules.iter().zip(layers) {
        compiler.rule(number, rule, layer);
    }
    let mut diagnostics = std::mem::take(&mut compiler.diagnostics);
    diagnostics.sort_by_key(|d| (d.source, d.span.start));
    let failed = diagnostics.iter().any(|d| d.code.severity() == Severity::Error);
    let ruleset = (!failed).then(|| compiler.finish(sources));
    Compiled { ruleset, diagnostics }
}

fn renumber(mut diagnostic: Diagnostic, source: u32) -> Diagnostic {
    if let Some((related, _)) = &mut diagnostic.related {
        *related = source;
    }
    diagnostic
}

/// A list and where it is defined.
struct List {
    unit: UnitId,
    /// The unit of each term, as listed.
    members: Vec<UnitId>,
    source: u32,
    span: Span,
}

struct Compiler<'a> {
    settings: &'a Settings,
    terms: Terms,
    lists: HashMap<String, List>,
    unknown_lists: usize,
    /// Paths in code-point order; a category's number is its place.
    categories: Vec<String>,
    /// Names and values of attributes in code-point order, likewise.
    strings: Vec<String>,
    trees: Trees,
    programs: Programs,
    rules: Vec<Rule>,
    identity: Identity,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Compiler<'a> {
    fn new(settings: &'a Settings) -> Self {
        Self {
            settings,
            terms: Terms::new(Analyzer::new(&settings.analysis)),
            lists: HashMap::new(),
            unknown_lists: 0,
            categories: Vec::new(),
            strings: Vec::new(),
            trees: Trees::default(),
            programs: Programs::default(),
            rules: Vec::new(),
            identity: Identity::default(),
            diagnostics: Vec::new(),
        }
    }

    fn report(&mut self, source: u32, diagnostic: Diagnostic) {
        self.diagnostics.push(Diagnostic { source, ..diagnostic });
    }

    fn list(&mut self, source: u32, list: &ListItem) {
        self.identity.add(&print::list(list));
        let mut members = Vec::with_capacity(list.terms.len());
        for term in &list.terms {
            members.extend(self.term(source, term));
        }
        if let Some(first) = self.lists.get(&list.name.text) {
            let mut diagnostic = Diagnostic::new(Code::DuplicateList, list.name.span);
            diagnostic.related = Some((first.source, first.span));
            self.report(source, diagnostic.with("name", list.name.text.as_str()));
        } else {
            let unit = self.terms.units.list(members.clone());
            let list_of = List { unit, members, source, span: list.name.span };
            self.lists.insert(list.name.text.clone(), list_of);
        }
    }

    /// `rules` are in the order of their names.
    fn check_names(&mut self, rules: &[(u32, &RuleItem)]) {
        for same in rules.chunk_by(|a, b| a.1.name.text == b.1.name.text) {
            let Some(((first_source, first), others)) = same.split_first() else { continue };
            for (source, other) in others {
                let mut diagnostic = Diagnostic::new(Code::DuplicateRule, other.name.span);
                diagnostic.related = Some((*first_source, first.name.span));
                self.report(*source, diagnostic.with("name", other.name.text.as_str()));
            }
        }
    }

    /// Numbers the categories that rules add and the attributes that they set.
    fn number(&mut self, rules: &[(u32, &RuleItem)]) {
        for action in rules.iter().flat_map(|(_, rule)| &rule.actions) {
            match action {
                Action::AddCategory { path, .. } => self.categories.push(path.text.clone()),
                Action::RemoveCategory { .. } => {}
                Action::Set { name, value } => {
                    self.strings.extend([name.text.clone(), value.clone()]);
                }
            }
        }
        for names in [&mut self.categories, &mut self.strings] {
            names.sort_unstable();
            names.dedup();
        }
    }

    /// The layer of each rule; all 0 where they form a cycle, which is reported.
    fn layers(&mut self, rules: &[(u32, &RuleItem)]) -> Vec<u32> {
        let items: Vec<&RuleItem> = rules.iter().map(|(_, rule)| *rule).collect();
        layers(&items).unwrap_or_else(|cycle| {
            let names: Vec<&str> = cycle.iter().map(|&at| items[at].name.text.as_str()).collect();
            if let Some(&first) = cycle.first() {
                let (source, rule) = rules[first];
                let diagnostic = Diagnostic::new(Code::CategoryCycle, rule.name.span);
                self.report(source, diagnostic.with("cycle", names.join(" → ")));
            }
            vec![0; rules.len()]
        })
    }

    /// The categories that are `path` or lie below it.
    fn within(&self, path: &str) -> Vec<CategoryId> {
        let numbered = (0..).map(CategoryId).zip(&self.categories);
        numbered.filter(|(_, known)| is_within(known, path)).map(|(number, _)| number).collect()
    }

    fn rule(&mut self, source: u32, rule: &RuleItem, layer: u32) {
        self.identity.add(&print::rule(rule, &self.settings.fields));
        let when = self.condition(source, &rule.when);
        let unless = rule.unless.as_ref().map(|unless| self.condition(source, unless));
        let (Some(when), Some(unless)) = (when, unless.map_or(Some(None), |u| u.map(Some))) else {
            return;
        };
        if self.trees.holds(when, &mut |_, _| false) {
            self.report(source, Diagnostic::new(Code::PurelyNegative, rule.when.span));
        }
        // Whoever meets the exception fails; whoever does not has met the condition before.
        let after =
            unless.map_or(HOLDS, |unless| self.programs.add(&self.trees, unless, FAILS, HOLDS));
        let entry = self.programs.add(&self.trees, when, after, FAILS);
        let (mut adds, mut removes, mut sets) = (Vec::new(), Vec::new(), Vec::new());
        let place = |names: &[String], name: &str| {
            names.binary_search_by(|known| known.as_str().cmp(name)).ok().map(|at| at as u32)
        };
        for action in &rule.actions {
            match action {
                Action::AddCategory { path, score } => {
                    let category = place(&self.categories, &path.text).map(CategoryId);
                    adds.extend(category.map(|category| (category, *score)));
                }
                Action::RemoveCategory { path } => match path.text.strip_suffix("/*") {
                    Some(root) => removes.extend(self.within(root)),
                    // Of a category that no rule adds there is nothing to remove.
                    None => removes.extend(place(&self.categories, &path.text).map(CategoryId)),
                },
                Action::Set { name, value } => {
                    sets.extend(place(&self.strings, &name.text).zip(place(&self.strings, value)));
                }
            }
        }
        self.rules.push(Rule {
            name: rule.name.text.as_str().into(),
            source,
            span: rule.span,
            when,
            unless,
            entry,
            layer,
            adds: adds.into(),
            removes: removes.into(),
            sets: sets.into(),
        });
    }

    /// `None` where a leaf can't be read; that is reported.
    fn condition(&mut self, source: u32, expr: &Expr) -> Option<NodeId> {
        let kind = match &expr.kind {
            ExprKind::And(parts) => {
                let (start, len) = self.conditions(source, parts)?;
                NodeKind::And { start, len }
            }
            ExprKind::Or(parts) => {
                let (start, len) = self.conditions(source, parts)?;
                NodeKind::Or { start, len }
            }
            ExprKind::Not(inner) => NodeKind::Not(self.condition(source, inner)?),
            ExprKind::AtLeast { count, of } => {
                let (start, len) = self.conditions(source, of)?;
                NodeKind::AtLeast { count: *count, start, len }
            }
            ExprKind::OfList { count, fields, name } => {
                self.known_list(source, name, expr.span)?;
                return self.of_list(source, *count, *fields, name, expr.span);
            }
            ExprKind::Term { .. } | ExprKind::List { .. } | ExprKind::Near { .. } => {
                let unit = self.unit(source, expr)?;
                NodeKind::Leaf { unit, fields: expr.fields() }
            }
            ExprKind::Category { path } => {
                let set = self.within(path);
                let unit = self.terms.units.category(path, || set);
                NodeKind::Leaf { unit, fields: FieldMask(u32::MAX) }
            }
        };
        Some(self.trees.push(kind, expr.span))
    }

    fn conditions(&mut self, source: u32, parts: &[Expr]) -> Option<(u32, u32)> {
        // Every part is read before giving up, so that every error is reported.
        let nodes: Vec<_> = parts.iter().map(|part| self.condition(source, part)).collect();
        let nodes: Vec<NodeId> = nodes.into_iter().collect::<Option<_>>()?;
        Some(self.trees.push_children(&nodes))
    }

    /// The unit of what stands at a place in the text.
    fn unit(&mut self, source: u32, expr: &Expr) -> Option<UnitId> {
        match &expr.kind {
            ExprKind::Term { term, .. } => self.term(source, term),
            ExprKind::List { name, .. } => self.known_list(source, name, expr.span),
            ExprKind::Or(parts) => {
                let units: Vec<_> = parts.iter().map(|part| self.unit(source, part)).collect();
                Some(self.terms.units.list(units.into_iter().collect::<Option<_>>()?))
            }
            ExprKind::Near { ordered, distance, left, right } => {
                let (left, right) = (self.unit(source, left), self.unit(source, right));
                Some(self.terms.units.near(left?, right?, *distance, *ordered))
            }
            // The grammar lets nothing else stand here.
            _ => None,
        }
    }

    /// The unit of a list; reported and `None` where there is none of that name.
    fn known_list(&mut self, source: u32, name: &str, span: Span) -> Option<UnitId> {
        if let Some(list) = self.lists.get(name) {
            return Some(list.unit);
        }
        self.unknown_lists += 1;
        // The names serve to suggest one. Thousands of wrong references must not copy them each time.
        let mut known: Vec<&str> = match self.unknown_lists {
            ..=20 => self.lists.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        known.sort_unstable();
        let known = known.join("\n");
        let diagnostic = Diagnostic::new(Code::UnknownList, span);
        self.report(source, diagnostic.with("name", name).with("known", known));
        None
    }

    /// So many terms of a list.
    fn of_list(
        &mut self,
        source: u32,
        count: Count,
        fields: FieldMask,
        name: &str,
        span: Span,
    ) -> Option<NodeId> {
        let members = self.lists.get(name)?.members.clone();
        let asked = match count {
            Count::All => members.len(),
            Count::AtLeast(count) => count as usize,
        };
        if asked > members.len() {
            let diagnostic = Diagnostic::new(Code::BadCount, span).with("found", asked.to_string());
            self.report(source, diagnostic.with("size", members.len().to_string()));
        }
        let leaf = |unit| self.trees.push(NodeKind::Leaf { unit, fields }, span);
        let leaves: Vec<NodeId> = members.into_iter().map(leaf).collect();
        let (start, len) = self.trees.push_children(&leaves);
        let kind = NodeKind::AtLeast { count: asked as u32, start, len };
        Some(self.trees.push(kind, span))
    }

    /// The word or phrase of a term; reported and `None` where it holds no word.
    fn term(&mut self, source: u32, term: &Term) -> Option<UnitId> {
        let unit = self.terms.unit(term);
        if unit.is_none() {
            let diagnostic = Diagnostic::new(Code::NoWord, term.span);
            self.report(source, diagnostic.with("term", term.text.as_str()));
        } else if !term.text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ') {
            let signs = self.terms.ignored_signs(term);
            if !signs.is_empty() {
                let diagnostic =
                    Diagnostic::new(Code::SignsIgnored, term.span).with("signs", signs);
                self.report(source, diagnostic.with("term", term.text.as_str()));
            }
        }
        unit
    }

    fn finish(self, sources: &[Source]) -> RuleSet {
        let settings_text = describe(self.settings, &self.terms.analyzer);
        let (analyzer, units, vocabulary) = self.terms.finish();
        let uses = count_uses(&units, &self.trees, &self.rules);
        let rarity = Rarity::from_rules(&units, &uses);
        let count = units.len();
        let (phrases, lists) = file_parts(&units, &rarity);
        let (mut postings, mut always) = (Vec::new(), Vec::new());
        for (number, rule) in (0..).map(RuleId).zip(&self.rules) {
            match rarity.access(&self.trees, rule.when) {
                Access::Units { keys, .. } => postings.extend(
                    keys.into_iter().map(|(unit, fields)| (unit, Posting { rule: number, fields })),
                ),
                Access::Always => always.push(number),
            }
        }
        let categories = self
            .categories
            .into_iter()
            .map(|path| Category { depth: path.split('/').count() as u32, path: path.into() });
        RuleSet {
            hash: self.identity.finish(&settings_text),
            settings: self.settings.clone(),
            analyzer,
            sources: sources.iter().map(|s| (s.name.clone(), s.text.clone())).collect(),
            layers: self.rules.iter().map(|rule| rule.layer + 1).max().unwrap_or(1),
            rules: self.rules,
            categories: categories.collect(),
            strings: self.strings.into_iter().map(String::into_boxed_str).collect(),
            trees: self.trees,
            programs: self.programs,
            vocabulary,
            phrases: Phrases::new(count, phrases),
            lists: Filed::new(count, lists),
            postings: Filed::new(count, postings),
            always,
            units,
        }
    }
}

/// The settings as text, for the identity: equal texts analyse equally.
fn describe(settings: &Settings, analyzer: &Analyzer) -> String {
    format!(
        "settings {}\ndata {}\nfields {}\ndefaults {}",
        settings.to_json(),
        analyzer.data_checksum(),
        settings.fields.names().join(" "),
        settings.fields.defaults().0
    )
}

/// How many leaves of conditions name each unit, alone or within another.
fn count_uses(units: &Units, trees: &Trees, rules: &[Rule]) -> Vec<u32> {
    fn count(units: &Units, unit: UnitId, uses: &mut [u32]) {
        uses[unit as usize] += 1;
        for &part in units.parts(unit) {
            count(units, part, uses);
        }
    }
    let mut uses = vec![0u32; units.len()];
    for rule in rules {
        trees.visit_leaves(rule.when, &mut |unit| count(units, unit, &mut uses));
    }
    uses
}

type FiledPhrases = Vec<(UnitId, UnitId, PhraseKey)>;

/// Phrases under the pairs by which they are looked for, lists under their members.
fn file_parts(units: &Units, rarity: &Rarity<'_>) -> (FiledPhrases, Vec<(UnitId, UnitId)>) {
    let (mut phrases, mut lists) = (Vec::new(), Vec::new());
    for (unit, kind) in units.iter() {
        let parts = units.parts(unit);
        match kind {
            Unit::Phrase { .. } => {
                // The pair that begins with the rarest word, or ends with it if it is the last.
                let offset = rarity.key_word(parts).min(parts.len() - 2);
                let key = PhraseKey { phrase: unit, offset: offset as u32 };
                phrases.push((parts[offset], parts[offset + 1], key));
            }
            Unit::List { .. } => lists.extend(parts.iter().map(|&member| (member, unit))),
            _ => {}
        }
    }
    (phrases, lists)
}
