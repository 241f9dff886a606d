//! Rules as the linter sees them: the objects of a file with the places of their parts, and the conditions
//! of a compiled rule set. Plain tuples; offsets are code points.

use std::collections::{BTreeMap, BTreeSet};

use jobsieve_engine::engine::skeleton::{Condition, ConditionKind, UnitKind};
use jobsieve_engine::exchange::CodePoints;
use jobsieve_engine::lang::ast::{Action, Expr, ExprKind, Item, Term};
use jobsieve_engine::lang::{Span, parse, print};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::compiling::read_settings;
use crate::inspection::form_name;
use crate::ruleset::RuleSet;

/// Text, form, start, end.
type OutlineTerm = (String, &'static str, usize, usize);
/// Name, start, end.
type OutlineList = (String, usize, usize);
/// Kind, category path or attribute, score or value, start, end.
type OutlineMention = (&'static str, String, String, usize, usize);
/// Kind, name, start and end of the object and of its name, and what stands in it.
type OutlineItem = (
    &'static str,
    String,
    (usize, usize),
    (usize, usize),
    Vec<OutlineTerm>,
    Vec<OutlineList>,
    Vec<OutlineMention>,
);

struct Outline<'a> {
    points: CodePoints<'a>,
    terms: Vec<OutlineTerm>,
    lists: Vec<OutlineList>,
    mentions: Vec<OutlineMention>,
}

impl Outline<'_> {
    fn place(&self, span: Span) -> (usize, usize) {
        (self.points.before(span.start), self.points.before(span.end))
    }

    fn term(&mut self, term: &Term) {
        let (start, end) = self.place(term.span);
        self.terms.push((term.text.clone(), form_name(term.form), start, end));
    }

    fn condition(&mut self, expr: &Expr) {
        let (start, end) = self.place(expr.span);
        match &expr.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) | ExprKind::AtLeast { of: parts, .. } => {
                for part in parts {
                    self.condition(part);
                }
            }
            ExprKind::Not(inner) => self.condition(inner),
            ExprKind::Term { term, .. } => self.term(term),
            ExprKind::List { name, .. } | ExprKind::OfList { name, .. } => {
                self.lists.push((name.clone(), start, end));
            }
            ExprKind::Near { left, right, .. } => {
                self.condition(left);
                self.condition(right);
            }
            ExprKind::Compare { .. } => {}
            ExprKind::Category { path } => {
                self.mentions.push(("category", path.clone(), String::new(), start, end));
            }
        }
    }

    fn action(&mut self, action: &Action) {
        let (kind, name, value) = match action {
            Action::AddCategory { path, score } => {
                ("add", path, print::Thousandths(*score).to_string())
            }
            Action::RemoveCategory { path } => ("remove", path, String::new()),
            Action::Set { name, value } => ("set", name, value.clone()),
        };
        let (start, end) = self.place(name.span);
        self.mentions.push((kind, name.text.clone(), value, start, end));
    }
}

/// The objects of a rule file that can be read, with the places of their parts.
#[pyfunction]
#[pyo3(signature = (source, *, settings = None))]
pub fn outline(
    py: Python<'_>,
    source: &str,
    settings: Option<&[u8]>,
) -> PyResult<Vec<OutlineItem>> {
    let fields = read_settings(settings)?.fields;
    Ok(py.detach(|| {
        let parsed = parse(source, &fields);
        let mut outline = Outline {
            points: CodePoints::new(source),
            terms: Vec::new(),
            lists: Vec::new(),
            mentions: Vec::new(),
        };
        let mut items = Vec::with_capacity(parsed.items.len());
        for item in &parsed.items {
            let kind = match item {
                Item::List(list) => {
                    for term in &list.terms {
                        outline.term(term);
                    }
                    "list"
                }
                Item::Rule(rule) => {
                    outline.condition(&rule.when);
                    if let Some(unless) = &rule.unless {
                        outline.condition(unless);
                    }
                    for action in &rule.actions {
                        outline.action(action);
                    }
                    "rule"
                }
            };
            items.push((
                kind,
                item.name().text.clone(),
                outline.place(item.span()),
                outline.place(item.name().span),
                std::mem::take(&mut outline.terms),
                std::mem::take(&mut outline.lists),
                std::mem::take(&mut outline.mentions),
            ));
        }
        items
    }))
}

/// Which words every token of a word is, too.
type Implications = BTreeMap<u32, BTreeSet<u32>>;

/// The units and conditions of a rule set, and what follows from its words.
#[pyfunction]
pub fn skeleton<'py>(
    py: Python<'py>,
    ruleset: &RuleSet,
) -> PyResult<(Bound<'py, PyList>, Bound<'py, PyList>, Implications)> {
    let ruleset = &*ruleset.inner;
    let units = PyList::empty(py);
    for (kind, parts) in ruleset.unit_shapes() {
        let (kind, number) = match kind {
            UnitKind::Word => ("word", 0),
            UnitKind::Phrase => ("phrase", 0),
            UnitKind::Slop(slop) => ("slop", slop),
            UnitKind::List => ("list", 0),
            UnitKind::Near(distance) => ("near", distance),
            UnitKind::Before(distance) => ("before", distance),
            UnitKind::Category(count) => ("category", count),
            UnitKind::Comparison => ("comparison", 0),
        };
        units.append((kind, number, PyTuple::new(py, parts)?))?;
    }
    let points: Vec<CodePoints<'_>> = ruleset.source_texts().map(CodePoints::new).collect();
    let rules = PyList::empty(py);
    for rule in ruleset.skeletons() {
        let Some(points) = points.get(rule.source as usize) else { continue };
        let when = condition(py, points, &rule.when)?;
        let unless =
            rule.unless.as_ref().map(|unless| condition(py, points, unless)).transpose()?;
        let name = ruleset.rule_name(rule.rule);
        rules.append((name, rule.source, when, unless, rule.always_tried))?;
    }
    Ok((units, rules, ruleset.word_implications()))
}

/// Kind, start, end, a number and the fields' bits of a leaf, parts.
fn condition<'py>(
    py: Python<'py>,
    points: &CodePoints<'_>,
    found: &Condition,
) -> PyResult<Bound<'py, PyTuple>> {
    let (kind, number, fields) = match found.kind {
        ConditionKind::And => ("and", 0, 0),
        ConditionKind::Or => ("or", 0, 0),
        ConditionKind::Not => ("not", 0, 0),
        ConditionKind::AtLeast(count) => ("at least", count, 0),
        ConditionKind::Leaf(unit, fields) => ("leaf", unit, fields.0),
    };
    let parts: Vec<_> =
        found.parts.iter().map(|part| condition(py, points, part)).collect::<PyResult<_>>()?;
    let (start, end) = (points.before(found.span.start), points.before(found.span.end));
    (kind, start, end, number, fields, PyTuple::new(py, parts)?).into_pyobject(py)
}
