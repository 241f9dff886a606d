//! Resolves what rules name: terms become units, lists their members, categories and attributes numbers.
//! Many resolvers work at once, each on its share of the rules; what they make is joined in order.

use hashbrown::HashMap;

use crate::lang::ast::{Action, Count, Expr, ExprKind, ListItem, RuleItem, Term};
use crate::lang::{Code, Diagnostic, FieldMask, Fields, Span, path_fault, print};
use crate::text::Analyzer;

use super::identity::digest;
use super::rulebook::{List, Rule, Rulebook, Run};
use super::taxonomy::{Fault, Taxonomy};
use super::terms::Terms;
use super::tree::{NodeId, NodeKind};
use super::units::{UnitBuilder, UnitId, Units};

/// How many references to lists, or to categories, that do not exist come with the names of those that do.
const SUGGESTIONS: usize = 20;

/// A rule or list, and the source and byte at which the text begins that it was read from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Located<'a, T> {
    pub(super) item: &'a T,
    pub(super) source: u32,
    pub(super) offset: u32,
}

impl<T> Located<'_, T> {
    /// The place of a part in the whole source.
    pub(super) fn place(&self, span: Span) -> Span {
        span.behind(self.offset)
    }

    fn diagnostic(&self, code: Code, span: Span) -> Diagnostic {
        Diagnostic { source: self.source, ..Diagnostic::new(code, self.place(span)) }
    }
}

/// What all resolvers of a build know.
pub(super) struct Known<'a> {
    pub(super) analyzer: &'a Analyzer,
    pub(super) fields: &'a Fields,
    pub(super) taxonomy: Option<&'a Taxonomy>,
    /// Holds all categories, strings and lists.
    pub(super) book: &'a Rulebook,
    pub(super) lists: HashMap<&'a str, &'a List>,
}

/// What one resolver made.
#[derive(Default)]
pub(super) struct Part {
    /// Its rules; nothing of it but what belongs to them.
    pub(super) book: Rulebook,
    pub(super) units: Units,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Resolves rules one after the other.
pub(super) struct Resolver<'a> {
    known: &'a Known<'a>,
    terms: Terms<'a>,
    part: Rulebook,
    unknown_lists: usize,
    unlisted: usize,
    diagnostics: Vec<Diagnostic>,
}

/// Resolves lists: their units and what was found. Equal names are the caller's affair.
pub(super) fn resolve_lists(
    analyzer: &Analyzer,
    lists: &[Located<'_, ListItem>],
) -> (Vec<List>, Units, Vec<Diagnostic>) {
    let mut terms = Terms::new(analyzer, UnitBuilder::default());
    let mut diagnostics = Vec::new();
    let resolved = lists.iter().map(|list| {
        let item = list.item;
        let mut read = |term| read_term(&mut terms, list, term, &mut diagnostics);
        let members: Vec<UnitId> = item.terms.iter().filter_map(&mut read).collect();
        List {
            name: item.name.text.as_str().into(),
            unit: terms.units.list(members.clone()),
            members,
            source: list.source,
            span: list.place(item.span),
            name_span: list.place(item.name.span),
            digest: digest(&print::list(item)),
        }
    });
    let resolved = resolved.collect();
    (resolved, terms.units.finish(), diagnostics)
}

/// The word or phrase of a term; reported and `None` where it holds no word.
fn read_term<T>(
    terms: &mut Terms<'_>,
    of: &Located<'_, T>,
    term: &Term,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<UnitId> {
    let unit = terms.unit(term);
    if unit.is_none() {
        let diagnostic = of.diagnostic(Code::NoWord, term.span);
        diagnostics.push(diagnostic.with("term", term.text.as_str()));
    } else if !term.text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ') {
        let signs = terms.ignored_signs(term);
        if !signs.is_empty() {
            let diagnostic = of.diagnostic(Code::SignsIgnored, term.span).with("signs", signs);
            diagnostics.push(diagnostic.with("term", term.text.as_str()));
        }
    }
    unit
}

impl<'a> Resolver<'a> {
    /// Goes on numbering where `units` ends.
    pub(super) fn new(known: &'a Known<'a>, units: UnitBuilder) -> Self {
        Self {
            known,
            terms: Terms::new(known.analyzer, units),
            part: Rulebook::default(),
            unknown_lists: 0,
            unlisted: 0,
            diagnostics: Vec::new(),
        }
    }

    /// Resolves rules in the order given.
    pub(super) fn run(mut self, rules: &[Located<'a, RuleItem>]) -> Part {
        for rule in rules {
            self.rule(rule);
        }
        let units = self.terms.units.finish();
        Part { book: self.part, units, diagnostics: self.diagnostics }
    }

    fn rule(&mut self, rule: &Located<'a, RuleItem>) {
        let item = rule.item;
        item.actions.iter().for_each(|action| self.check_action(rule, action));
        let when = self.condition(rule, &item.when);
        let unless = item.unless.as_ref().map(|unless| self.condition(rule, unless));
        let (Some(when), Some(unless)) = (when, unless.map_or(Some(None), |u| u.map(Some))) else {
            return;
        };
        if self.part.trees.holds(when, &mut |_, _| false) {
            self.diagnostics.push(rule.diagnostic(Code::PurelyNegative, item.when.span));
        }
        let known = self.known.book;
        let (mut adds, mut removals, mut sets) = (Vec::new(), Vec::new(), Vec::new());
        for action in &item.actions {
            match action {
                Action::AddCategory { path, score } => {
                    adds.extend(known.category(&path.text).map(|category| (category, *score)));
                }
                Action::RemoveCategory { path } => removals.push(path.text.as_str().into()),
                Action::Set { name, value } => {
                    sets.extend(known.string(&name.text).zip(known.string(value)));
                }
            }
        }
        let part = &mut self.part;
        let name = Run { start: part.names.len() as u32, len: item.name.text.len() as u32 };
        part.names.push_str(&item.name.text);
        part.rules.push(Rule {
            name,
            source: rule.source,
            span: rule.place(item.span),
            when,
            unless,
            layer: 0,
            adds: Run::push(&mut part.adds, adds),
            removals: Run::push(&mut part.removals, removals),
            sets: Run::push(&mut part.sets, sets),
            digest: digest(&print::rule(item, self.known.fields)),
        });
    }

    /// `None` where a leaf can't be read; that is reported.
    fn condition(&mut self, rule: &Located<'a, RuleItem>, expr: &Expr) -> Option<NodeId> {
        let span = expr.span.relative_to(rule.item.span.start);
        let kind = match &expr.kind {
            ExprKind::And(parts) => {
                let (start, len) = self.conditions(rule, parts)?;
                NodeKind::And { start, len }
            }
            ExprKind::Or(parts) => {
                let (start, len) = self.conditions(rule, parts)?;
                NodeKind::Or { start, len }
            }
            ExprKind::Not(inner) => NodeKind::Not(self.condition(rule, inner)?),
            ExprKind::AtLeast { count, of } => {
                let (start, len) = self.conditions(rule, of)?;
                NodeKind::AtLeast { count: *count, start, len }
            }
            ExprKind::OfList { count, fields, name } => {
                let list = self.list(rule, name, expr.span)?;
                return Some(self.of_list(rule, list, *count, *fields, expr.span));
            }
            ExprKind::Term { .. } | ExprKind::List { .. } | ExprKind::Near { .. } => {
                let unit = self.unit(rule, expr)?;
                NodeKind::Leaf { unit, fields: expr.fields() }
            }
            ExprKind::Category { path } => {
                self.check_category(rule, path, expr.span, true);
                let unit = self.terms.units.category(path);
                NodeKind::Leaf { unit, fields: FieldMask(u32::MAX) }
            }
            ExprKind::Compare { field, test } => {
                let unit = self.terms.units.comparison(*field, test);
                NodeKind::Leaf { unit, fields: FieldMask(u32::MAX) }
            }
        };
        Some(self.part.trees.push(kind, span))
    }

    fn conditions(&mut self, rule: &Located<'a, RuleItem>, parts: &[Expr]) -> Option<(u32, u32)> {
        // Every part is read before giving up, so that every error is reported.
        let nodes: Vec<_> = parts.iter().map(|part| self.condition(rule, part)).collect();
        let nodes: Vec<NodeId> = nodes.into_iter().collect::<Option<_>>()?;
        Some(self.part.trees.push_children(&nodes))
    }

    /// The unit of what stands at a place in the text.
    fn unit(&mut self, rule: &Located<'a, RuleItem>, expr: &Expr) -> Option<UnitId> {
        match &expr.kind {
            ExprKind::Term { term, .. } => {
                read_term(&mut self.terms, rule, term, &mut self.diagnostics)
            }
            ExprKind::List { name, .. } => Some(self.list(rule, name, expr.span)?.unit),
            ExprKind::Or(parts) => {
                let units: Vec<_> = parts.iter().map(|part| self.unit(rule, part)).collect();
                Some(self.terms.units.list(units.into_iter().collect::<Option<_>>()?))
            }
            ExprKind::Near { ordered, distance, left, right } => {
                let (left, right) = (self.unit(rule, left), self.unit(rule, right));
                Some(self.terms.units.near(left?, right?, *distance, *ordered))
            }
            // The grammar lets nothing else stand here.
            _ => None,
        }
    }

    fn check_action(&mut self, rule: &Located<'a, RuleItem>, action: &Action) {
        let (Action::AddCategory { path, .. } | Action::RemoveCategory { path }) = action else {
            return;
        };
        let branch = path.text.strip_suffix("/*");
        let named = branch.unwrap_or(&path.text);
        // What is no path was reported when it was read.
        if path_fault(named).is_none() {
            self.check_category(rule, named, path.span, branch.is_some());
        }
    }

    /// Reports a category that the taxonomy does not list, or lists as retired.
    fn check_category(
        &mut self,
        rule: &Located<'a, RuleItem>,
        path: &str,
        span: Span,
        with_those_below: bool,
    ) {
        let Some(taxonomy) = self.known.taxonomy else { return };
        let fault =
            if with_those_below { taxonomy.fault_within(path) } else { taxonomy.fault_of(path) };
        let found = match fault {
            None => return,
            Some(Fault::Retired(redirect)) => rule
                .diagnostic(Code::RetiredCategory, span)
                .with("redirect", redirect.unwrap_or_default())
                .with("reason", if redirect.is_some() { "redirect" } else { "alone" }),
            Some(Fault::Unlisted) => {
                self.unlisted += 1;
                let suggest = self.unlisted <= SUGGESTIONS;
                let known: Vec<&str> = taxonomy.paths().filter(|_| suggest).collect();
                rule.diagnostic(Code::UnlistedCategory, span).with("known", known.join("\n"))
            }
        };
        self.diagnostics.push(found.with("path", path));
    }

    /// The list of this name; reported and `None` where there is none.
    fn list(&mut self, rule: &Located<'a, RuleItem>, name: &str, span: Span) -> Option<&'a List> {
        if let Some(list) = self.known.lists.get(name) {
            return Some(list);
        }
        self.unknown_lists += 1;
        // The names serve to suggest one. Thousands of wrong references must not copy them each time.
        let suggest = self.unknown_lists <= SUGGESTIONS;
        let names = self.known.lists.keys().copied().filter(|_| suggest);
        let mut names: Vec<&str> = names.collect();
        names.sort_unstable();
        let diagnostic = rule.diagnostic(Code::UnknownList, span);
        self.diagnostics.push(diagnostic.with("name", name).with("known", names.join("\n")));
        None
    }

    /// So many terms of a list.
    fn of_list(
        &mut self,
        rule: &Located<'a, RuleItem>,
        list: &List,
        count: Count,
        fields: FieldMask,
        span: Span,
    ) -> NodeId {
        let members = &list.members;
        let asked = match count {
            Count::All => members.len(),
            Count::AtLeast(count) => count as usize,
        };
        if asked > members.len() {
            let diagnostic = rule.diagnostic(Code::BadCount, span).with("found", asked.to_string());
            self.diagnostics.push(diagnostic.with("size", members.len().to_string()));
        }
        let span = span.relative_to(rule.item.span.start);
        let trees = &mut self.part.trees;
        let leaf = |&unit: &UnitId| trees.push(NodeKind::Leaf { unit, fields }, span);
        let leaves: Vec<NodeId> = members.iter().map(leaf).collect();
        let (start, len) = trees.push_children(&leaves);
        trees.push(NodeKind::AtLeast { count: asked as u32, start, len }, span)
    }
}
