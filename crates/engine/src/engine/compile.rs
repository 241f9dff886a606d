//! Makes a [`RuleSet`] from sources: all rules or none. Lists may be used before they are defined and
//! from any source; every error of every source is reported in one pass.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::lang::ast::{Action, Expr, ExprKind, Item, ListItem, RuleItem};
use crate::lang::{Code, Diagnostic, Severity, Span, parse, print};
use crate::text::{Analyzer, Markup, Text};

use super::identity::Identity;
use super::program::{FAILS, HOLDS, Programs};
use super::ruleset::{Category, CategoryId, PhraseKey, Posting, Rule, RuleId, RuleSet, Settings};
use super::select::{Access, Rarity};
use super::tree::{NodeId, NodeKind, Trees};
use super::units::{Filed, Unit, UnitBuilder, UnitId, Units, Word};
use super::vocabulary::{Use, Vocabulary};

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
    compiler.number_categories(&rules);
    for &(number, rule) in &rules {
        compiler.rule(number, rule);
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

struct Compiler<'a> {
    settings: &'a Settings,
    analyzer: Analyzer,
    text: Text,
    units: UnitBuilder,
    /// List name → its unit and the place of its definition.
    lists: HashMap<String, (UnitId, u32, Span)>,
    /// Term as written → its unit; `None` where it holds no word.
    terms: HashMap<String, Option<UnitId>>,
    categories: HashMap<String, CategoryId>,
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
            analyzer: Analyzer::new(&settings.analysis),
            text: Text::default(),
            units: UnitBuilder::default(),
            lists: HashMap::new(),
            terms: HashMap::new(),
            categories: HashMap::new(),
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
            members.extend(self.term(source, &term.text, term.span));
        }
        if let Some(&(_, first_source, first)) = self.lists.get(&list.name.text) {
            let mut diagnostic = Diagnostic::new(Code::DuplicateList, list.name.span);
            diagnostic.related = Some((first_source, first));
            self.report(source, diagnostic.with("name", list.name.text.as_str()));
        } else {
            let unit = self.units.list(members);
            self.lists.insert(list.name.text.clone(), (unit, source, list.name.span));
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

    fn number_categories(&mut self, rules: &[(u32, &RuleItem)]) {
        let actions = rules.iter().flat_map(|(_, rule)| &rule.actions);
        let mut paths: Vec<&str> = actions
            .map(|action| {
                let Action::AddCategory { path, .. } = action;
                path.text.as_str()
            })
            .collect();
        paths.sort_unstable();
        paths.dedup();
        let numbers = (0..).map(CategoryId);
        self.categories = paths.into_iter().map(str::to_owned).zip(numbers).collect();
    }

    fn rule(&mut self, source: u32, rule: &RuleItem) {
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
        let adds = rule.actions.iter().filter_map(|action| {
            let Action::AddCategory { path, score } = action;
            Some((*self.categories.get(&path.text)?, *score))
        });
        self.rules.push(Rule {
            name: rule.name.text.as_str().into(),
            source,
            span: rule.span,
            when,
            unless,
            entry,
            adds: adds.collect(),
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
            ExprKind::Term { fields, text } => {
                let unit = self.term(source, text, expr.span)?;
                NodeKind::Leaf { unit, fields: *fields }
            }
            ExprKind::List { fields, name } => {
                let Some(&(unit, ..)) = self.lists.get(name) else {
                    self.unknown_list(source, name, expr.span);
                    return None;
                };
                NodeKind::Leaf { unit, fields: *fields }
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

    fn unknown_list(&mut self, source: u32, name: &str, span: Span) {
        let mut known: Vec<&str> = self.lists.keys().map(String::as_str).collect();
        known.sort_unstable();
        let known = known.join("\n");
        let diagnostic = Diagnostic::new(Code::UnknownList, span);
        self.report(source, diagnostic.with("name", name).with("known", known));
    }

    /// The word or phrase of a term; reported and `None` where it holds no word.
    fn term(&mut self, source: u32, text: &str, span: Span) -> Option<UnitId> {
        if let Some(&known) = self.terms.get(text) {
            if known.is_none() {
                self.no_word(source, text, span);
            }
            return known;
        }
        self.analyzer.read(text, Markup::Plain, &mut self.text);
        let mut words = Vec::new();
        for token in self.text.tokens() {
            // In a rule capitals tell nothing: `CARERS` means carers. Where an advert's capitals make
            // such a word a name (`at Brantocks`), it is its own lemma; the rule means that too.
            let folded = self.text.folded(token);
            let lemma = self.analyzer.lemma(folded, false);
            let as_name = self.analyzer.lemma(folded, true);
            let spelling = (as_name != lemma).then_some(folded);
            words.push(self.units.word(&lemma, spelling));
        }
        let unit = (!words.is_empty()).then(|| self.units.phrase(words));
        self.terms.insert(text.to_owned(), unit);
        if unit.is_none() {
            self.no_word(source, text, span);
        }
        unit
    }

    fn no_word(&mut self, source: u32, text: &str, span: Span) {
        self.report(source, Diagnostic::new(Code::NoWord, span).with("term", text));
    }

    fn finish(self, sources: &[Source]) -> RuleSet {
        let settings_text = describe(self.settings, &self.analyzer);
        let (units, words) = self.units.finish();
        let forms = words.iter().flat_map(|(word, unit)| forms(&self.analyzer, word, *unit));
        let vocabulary = Vocabulary::new(forms.collect());
        let uses = count_uses(&units, &self.trees, &self.rules);
        let rarity = Rarity::from_rules(&units, &uses);
        let count = units.len();
        let (phrases, lists) = file_parts(&units, &rarity);
        let mut postings = Vec::new();
        for (number, rule) in (0..).map(RuleId).zip(&self.rules) {
            // A purely negative condition has been refused, so there is something to look up.
            if let Access::Units { keys, .. } = rarity.access(&self.trees, rule.when) {
                let filed = keys.into_iter();
                postings
                    .extend(filed.map(|(unit, fields)| (unit, Posting { rule: number, fields })));
            }
        }
        let mut categories: Vec<_> = self.categories.into_iter().collect();
        categories.sort_unstable_by_key(|(_, id)| *id);
        let categories = categories
            .into_iter()
            .map(|(path, _)| Category { depth: path.split('/').count() as u32, path: path.into() });
        RuleSet {
            hash: self.identity.finish(&settings_text),
            settings: self.settings.clone(),
            analyzer: self.analyzer,
            sources: sources.iter().map(|s| (s.name.clone(), s.text.clone())).collect(),
            rules: self.rules,
            categories: categories.collect(),
            trees: self.trees,
            programs: self.programs,
            vocabulary,
            phrases: Filed::new(count, phrases),
            lists: Filed::new(count, lists),
            postings: Filed::new(count, postings),
            units,
        }
    }
}

/// The surface forms of a word.
fn forms(analyzer: &Analyzer, word: &Word, unit: UnitId) -> Vec<(String, Use)> {
    let own = word.spelling.as_deref();
    let others = analyzer.surfaces(&word.lemma).into_iter();
    let others = others.filter(|surface| Some(surface.folded.as_str()) != own);
    let mut forms: Vec<_> = others
        .map(|surface| {
            let unless_name_like = surface.unless_name_like;
            (surface.folded, Use { word: unit, unless_name_like })
        })
        .collect();
    forms.extend(own.map(|own| (own.to_owned(), Use { word: unit, unless_name_like: false })));
    forms
}

/// The settings as text, for the identity: equal texts analyse equally.
fn describe(settings: &Settings, analyzer: &Analyzer) -> String {
    format!(
        "lemmas {:?}\nlexicon {}\nfields {}\ndefaults {}",
        settings.analysis.lemmas,
        analyzer.lexicon_checksum(),
        settings.fields.names().join(" "),
        settings.fields.defaults().0
    )
}

/// How many leaves of conditions name each unit, alone or within a phrase or list.
fn count_uses(units: &Units, trees: &Trees, rules: &[Rule]) -> Vec<u32> {
    let mut uses = vec![0u32; units.len()];
    for rule in rules {
        trees.visit_leaves(rule.when, &mut |unit| {
            uses[unit as usize] += 1;
            for &part in units.parts(unit) {
                uses[part as usize] += 1;
                for &word in units.parts(part) {
                    uses[word as usize] += 1;
                }
            }
        });
    }
    uses
}

type Pairs<T> = Vec<(UnitId, T)>;

/// Phrases under the words by which they are looked for, lists under their members.
fn file_parts(units: &Units, rarity: &Rarity<'_>) -> (Pairs<PhraseKey>, Pairs<UnitId>) {
    let (mut phrases, mut lists) = (Vec::new(), Vec::new());
    for (unit, kind) in units.iter() {
        let parts = units.parts(unit);
        match kind {
            Unit::Word => {}
            Unit::Phrase { .. } => {
                let offset = rarity.key_word(parts);
                let beside = parts[offset.checked_sub(1).unwrap_or(1)];
                let key = PhraseKey { phrase: unit, offset: offset as u32, beside };
                phrases.push((parts[offset], key));
            }
            Unit::List { .. } => lists.extend(parts.iter().map(|&member| (member, unit))),
        }
    }
    (phrases, lists)
}
