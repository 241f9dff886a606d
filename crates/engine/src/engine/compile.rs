//! Makes a [`RuleSet`] from sources: all rules or none. Lists may be used before they are defined and
//! from any source; every error of every source is reported in one pass. Reading and resolving use all
//! cores of the rayon pool that it is called in; the outcome does not depend on their number.

use std::sync::Arc;

use hashbrown::HashMap;
use rayon::prelude::*;

use crate::lang::ast::{Action, Item, ListItem, RuleItem};
use crate::lang::lexer::lex;
use crate::lang::{Code, Diagnostic, Span};
use crate::text::Analyzer;

use super::forms::Forms;
use super::layers::layers;
use super::link::{count_uses, link};
use super::reading::{Piece, has_error, read};
use super::rebuild::rebuild;
use super::resolve::{Known, Located, Part, Resolver, resolve_lists};
use super::rulebook::{Category, List, Rule, Rulebook};
use super::ruleset::RuleSet;
use super::settings::Settings;
use super::units::{UnitBuilder, Units};

/// How many shares the rules are resolved in: more would analyse the same words again.
const SHARES: usize = 8;
/// The least that is worth a share of its own, in bytes of source.
const SMALLEST_SHARE: usize = 32 * 1024;

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
    /// How many rules were taken over from an earlier build; see [`recompile`].
    pub taken_over: usize,
}

/// Compiles the sources into one rule set.
#[must_use]
pub fn compile(sources: &[Source], settings: &Settings) -> Compiled {
    let pieces = read(sources, &settings.fields);
    let found = pieces.iter().flat_map(|piece| &piece.diagnostics);
    let mut diagnostics: Vec<Diagnostic> = found.cloned().collect();
    let analyzer = Analyzer::new(&settings.analysis);
    let mut rules = located_rules(&pieces);
    rules.par_sort_by(|a, b| a.item.name.text.cmp(&b.item.name.text));
    diagnostics.extend(duplicates(&rules));

    let lists = located_lists(&pieces);
    let mut builder = UnitBuilder::default();
    let resolved: Vec<(Vec<List>, Units, Vec<Diagnostic>)> = shares(&lists, |list| list.span)
        .into_par_iter()
        .map(|share| resolve_lists(&analyzer, share))
        .collect();
    let mut all_lists = Vec::with_capacity(lists.len());
    for (mut lists, units, found) in resolved {
        let numbers = builder.absorb(&units, 0);
        for list in &mut lists {
            list.renumber(&numbers);
        }
        all_lists.extend(lists);
        diagnostics.extend(found);
    }
    let (categories, strings) = number(&rules);
    let mut book = Rulebook {
        sources: sources.iter().map(|s| (s.name.clone(), s.text.clone())).collect(),
        lists: Arc::new(named(all_lists, &mut diagnostics)),
        categories: Arc::new(categories),
        strings: Arc::new(strings),
        ..Rulebook::default()
    };

    let first = builder.units().len();
    let shared = Known {
        analyzer: &analyzer,
        fields: &settings.fields,
        taxonomy: settings.taxonomy.as_ref(),
        lists: book.lists.iter().map(|list| (&*list.name, list)).collect(),
        book: &book,
    };
    let parts: Vec<Part> = shares(&rules, |rule| rule.span)
        .into_par_iter()
        .map(|share| Resolver::new(&shared, builder.clone()).run(share))
        .collect();
    drop(shared);
    for part in parts {
        diagnostics.extend(part.diagnostics);
        let numbers = builder.absorb(&part.units, first);
        book.absorb(part.book, &numbers);
    }
    book.units = builder.finish();
    find_layers(&mut book, &mut diagnostics);
    diagnostics.sort_by_key(|d| (d.source, d.span.start));
    if has_error(&diagnostics) {
        return Compiled { ruleset: None, diagnostics, taken_over: 0 };
    }
    book.order_units(&count_uses(&book));
    let mut forms = Forms::default();
    forms.add(&analyzer, book.units.words());
    book.forms = Arc::new(forms);
    book.warnings = Some(diagnostics.clone());
    let uses = count_uses(&book);
    let ruleset = Some(link(book, uses, None, settings, analyzer));
    // Freeing the trees as read takes as long as some steps above.
    pieces.into_par_iter().for_each(drop);
    Compiled { ruleset, diagnostics, taken_over: 0 }
}

/// Compiles the sources as [`compile`] does; where they differ in few rules from those of `previous`,
/// what is the same is taken over.
#[must_use]
pub fn recompile(sources: &[Source], settings: &Settings, previous: &RuleSet) -> Compiled {
    rebuild(sources, settings, previous).unwrap_or_else(|| compile(sources, settings))
}

pub(super) fn located_rules(pieces: &[Piece]) -> Vec<Located<'_, RuleItem>> {
    let items = pieces.iter().flat_map(|piece| piece.items.iter().map(move |item| (piece, item)));
    let rules = items.filter_map(|(piece, item)| match item {
        Item::Rule(item) => Some(Located { item, source: piece.source, offset: piece.offset }),
        Item::List(_) => None,
    });
    rules.collect()
}

fn located_lists(pieces: &[Piece]) -> Vec<Located<'_, ListItem>> {
    let items = pieces.iter().flat_map(|piece| piece.items.iter().map(move |item| (piece, item)));
    let lists = items.filter_map(|(piece, item)| match item {
        Item::List(item) => Some(Located { item, source: piece.source, offset: piece.offset }),
        Item::Rule(_) => None,
    });
    lists.collect()
}

/// What is wrong with the names of rules, which are given in the order of their names.
fn duplicates(rules: &[Located<'_, RuleItem>]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for same in rules.chunk_by(|a, b| a.item.name.text == b.item.name.text) {
        let Some((first, others)) = same.split_first() else { continue };
        for other in others {
            let name = &other.item.name;
            found.push(Diagnostic {
                source: other.source,
                related: Some((first.source, first.place(first.item.name.span))),
                ..Diagnostic::new(Code::DuplicateRule, other.place(name.span))
                    .with("name", name.text.as_str())
            });
        }
    }
    found
}

/// The lists by name; of equal names the first, the others are reported.
fn named(lists: Vec<List>, diagnostics: &mut Vec<Diagnostic>) -> Vec<List> {
    let mut places: HashMap<Box<str>, usize> = HashMap::new();
    let mut kept: Vec<List> = Vec::with_capacity(lists.len());
    for list in lists {
        if let Some(&first) = places.get(&list.name) {
            diagnostics.push(Diagnostic {
                source: list.source,
                related: Some((kept[first].source, kept[first].name_span)),
                ..Diagnostic::new(Code::DuplicateList, list.name_span).with("name", &*list.name)
            });
        } else {
            places.insert(list.name.clone(), kept.len());
            kept.push(list);
        }
    }
    kept.sort_by(|a, b| a.name.cmp(&b.name));
    kept
}

/// The categories that rules add and the names and values of attributes that they set, in order.
fn number(rules: &[Located<'_, RuleItem>]) -> (Vec<Category>, Vec<Box<str>>) {
    let (mut paths, mut strings) = (Vec::new(), Vec::new());
    for action in rules.iter().flat_map(|rule| &rule.item.actions) {
        match action {
            Action::AddCategory { path, .. } => paths.push(path.text.as_str()),
            Action::RemoveCategory { .. } => {}
            Action::Set { name, value } => strings.extend([name.text.as_str(), value.as_str()]),
        }
    }
    for names in [&mut paths, &mut strings] {
        names.par_sort_unstable();
        names.dedup();
    }
    (paths.into_iter().map(Category::new).collect(), strings.into_iter().map(Box::from).collect())
}

/// Shares of about equal length in bytes, whatever the machine, so that numbers do not depend on it.
fn shares<'i, 'a, T>(
    items: &'i [Located<'a, T>],
    span: impl Fn(&T) -> Span,
) -> Vec<&'i [Located<'a, T>]> {
    let length = |item: &Located<'_, T>| {
        let span = span(item.item);
        (span.end - span.start) as usize
    };
    let most = (items.iter().map(length).sum::<usize>() / SHARES).max(SMALLEST_SHARE);
    let mut shares = Vec::new();
    let (mut start, mut size) = (0, 0);
    for (at, item) in items.iter().enumerate() {
        size += length(item);
        if size > most {
            shares.push(&items[start..=at]);
            (start, size) = (at + 1, 0);
        }
    }
    shares.push(&items[start..]);
    shares
}

/// The place of a rule's name: its second symbol.
fn name_span(book: &Rulebook, rule: &Rule) -> Span {
    let source = book.sources.get(rule.source as usize);
    let symbols = source.map(|(_, text)| lex(rule.span.of(text)).0).unwrap_or_default();
    symbols.get(1).map_or(rule.span, |name| name.span.behind(rule.span.start))
}

/// Sets the layer of each rule; a cycle is reported.
pub(super) fn find_layers(book: &mut Rulebook, diagnostics: &mut Vec<Diagnostic>) {
    match layers(book) {
        Ok(layers) => {
            for (rule, layer) in book.rules.iter_mut().zip(layers) {
                rule.layer = layer;
            }
        }
        Err(cycle) => {
            let rules: Vec<_> = cycle.iter().filter_map(|&at| book.rules.get(at)).collect();
            let names: Vec<&str> = rules.iter().map(|rule| book.name(rule)).collect();
            if let Some(first) = rules.first() {
                diagnostics.push(Diagnostic {
                    source: first.source,
                    ..Diagnostic::new(Code::CategoryCycle, name_span(book, first))
                        .with("cycle", names.join(" → "))
                        .with("reason", if names.len() > 1 { "several" } else { "one" })
                });
            }
        }
    }
}
