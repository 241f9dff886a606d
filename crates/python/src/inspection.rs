//! The parts of the engine laid open, for tools and for the independent matcher of the tests: how a
//! text is cut into words, how a rule is read, how WordNet reduces a word.

use jobsieve_engine::exchange::CodePoints;
use jobsieve_engine::lang::ast::{Action, Count, Expr, ExprKind, Form, Item, Term, Test, Value};
use jobsieve_engine::lang::{Fields, parse as parse_source, print};
use jobsieve_engine::text::compounds::Gap;
use jobsieve_engine::text::lexicon::{Lexicon, PartOfSpeech};
use jobsieve_engine::text::{Analyzer, Markup, Text};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::compiling::read_settings;

/// A word of a text, and how it came about.
#[pyclass(frozen, get_all, module = "jobsieve._core")]
pub struct Token {
    surface: String,
    folded: String,
    lemma: String,
    verb_lemma: String,
    how: &'static str,
    signs: (String, String),
    name_like: bool,
    start: usize,
    end: usize,
    position: u32,
    sentence: u32,
}

#[pymethods]
impl Token {
    fn __repr__(&self) -> String {
        format!("<Token {:?} at {}>", self.surface, self.start)
    }
}

/// The words of an advert's text, or of a term of a rule.
#[pyfunction]
#[pyo3(signature = (text, *, settings = None, rule = false))]
pub fn analyze(
    py: Python<'_>,
    text: &str,
    settings: Option<&[u8]>,
    rule: bool,
) -> PyResult<Vec<Token>> {
    let settings = read_settings(settings)?.analysis;
    let markup = if rule { Markup::Plain } else { Markup::Html };
    Ok(py.detach(|| {
        let analyzer = Analyzer::new(&settings);
        let mut read = Text::default();
        analyzer.read(text, markup, &mut read);
        let points = CodePoints::new(text);
        let tokens = read.tokens().iter().map(|token| {
            let folded = read.folded(token);
            let (start, end) = read.source_span(token.start, token.end);
            let name_like = !rule && read.is_name_like(token);
            let (lemma, step) = analyzer.explain_lemma(folded, name_like);
            let (before, after) = read.signs(token);
            Token {
                surface: read.surface(token).to_owned(),
                folded: folded.to_owned(),
                lemma: lemma.into_owned(),
                verb_lemma: analyzer.verb_lemma(folded).into_owned(),
                how: step.as_str(),
                signs: (before.to_owned(), after.to_owned()),
                name_like,
                start: points.before(start),
                end: points.before(end),
                position: token.position,
                sentence: token.sentence,
            }
        });
        tokens.collect()
    }))
}

/// The pairs of words that a folded word of a rule may be written as.
#[pyfunction]
#[pyo3(signature = (word, *, settings = None))]
pub fn splits(word: &str, settings: Option<&[u8]>) -> PyResult<Vec<(String, String)>> {
    Ok(Analyzer::new(&read_settings(settings)?.analysis).splits(word))
}

/// What two folded words of a rule that follow each other may be written as.
#[pyfunction]
#[pyo3(signature = (head, tail, *, hyphen, settings = None))]
pub fn joined(
    head: &str,
    tail: &str,
    hyphen: bool,
    settings: Option<&[u8]>,
) -> PyResult<Option<String>> {
    let gap = if hyphen { Gap::Hyphen } else { Gap::Space };
    Ok(Analyzer::new(&read_settings(settings)?.analysis).joined(head, tail, gap))
}

/// The objects of a rule file as nested tuples; what has errors is left out.
#[pyfunction]
#[pyo3(signature = (source, *, settings = None))]
pub fn parse(py: Python<'_>, source: &str, settings: Option<&[u8]>) -> PyResult<Vec<Py<PyAny>>> {
    let fields = read_settings(settings)?.fields;
    let parsed = parse_source(source, &fields);
    let items = parsed.items.iter().map(|item| -> PyResult<Py<PyAny>> {
        let tuple = match item {
            Item::List(list) => {
                let terms: Vec<RawTerm<'_>> = list.terms.iter().map(raw_term).collect();
                ("list", &list.name.text, terms).into_pyobject(py)?
            }
            Item::Rule(rule) => {
                let when = tree(py, &rule.when, &fields)?;
                let unless =
                    rule.unless.as_ref().map(|expr| tree(py, expr, &fields)).transpose()?;
                let actions: Vec<(&str, &str, String)> = rule.actions.iter().map(action).collect();
                return Ok(("rule", &rule.name.text, when, unless, actions)
                    .into_pyobject(py)?
                    .into_any()
                    .unbind());
            }
        };
        Ok(tuple.into_any().unbind())
    });
    items.collect()
}

/// The canonical form of each object of a rule file, one a line.
#[pyfunction]
#[pyo3(signature = (source, *, settings = None))]
pub fn canonical(source: &str, settings: Option<&[u8]>) -> PyResult<Vec<String>> {
    let fields = read_settings(settings)?.fields;
    let items = parse_source(source, &fields).items;
    let form = |item: &Item| match item {
        Item::List(list) => print::list(list),
        Item::Rule(rule) => print::rule(rule, &fields),
    };
    Ok(items.iter().map(form).collect())
}

/// Text, form, slop.
type RawTerm<'a> = (&'a str, &'static str, Option<u32>);

fn raw_term(term: &Term) -> RawTerm<'_> {
    (&term.text, form_name(term.form), term.slop)
}

/// How Python knows a form of words.
pub fn form_name(form: Form) -> &'static str {
    match form {
        Form::Lemma => "lemma",
        Form::Exact => "exact",
        Form::Case => "case",
        Form::AnyForm => "any form",
    }
}

fn action(action: &Action) -> (&str, &str, String) {
    match action {
        Action::AddCategory { path, score } => {
            ("add category", &path.text, print::Thousandths(*score).to_string())
        }
        Action::RemoveCategory { path } => ("remove category", &path.text, String::new()),
        Action::Set { name, value } => ("set", &name.text, value.clone()),
    }
}

fn tree<'py>(py: Python<'py>, expr: &Expr, fields: &Fields) -> PyResult<Bound<'py, PyTuple>> {
    let names = |mask| -> Vec<&str> { fields.names_of(mask).collect() };
    let trees = |parts: &[Expr]| -> PyResult<Vec<Bound<'py, PyTuple>>> {
        parts.iter().map(|part| tree(py, part, fields)).collect()
    };
    match &expr.kind {
        ExprKind::And(parts) => ("and", trees(parts)?).into_pyobject(py),
        ExprKind::Or(parts) => ("or", trees(parts)?).into_pyobject(py),
        ExprKind::Not(inner) => ("not", trees(std::slice::from_ref(inner))?).into_pyobject(py),
        ExprKind::AtLeast { count, of } => ("at least", count, trees(of)?).into_pyobject(py),
        ExprKind::Term { fields, term } => {
            ("term", names(*fields), raw_term(term)).into_pyobject(py)
        }
        ExprKind::List { fields, name } => ("list", names(*fields), name).into_pyobject(py),
        ExprKind::OfList { count, fields, name } => {
            let count = match count {
                Count::All => None,
                Count::AtLeast(count) => Some(*count),
            };
            ("of list", count, names(*fields), name).into_pyobject(py)
        }
        ExprKind::Near { ordered, distance, left, right } => {
            let sides = (tree(py, left, fields)?, tree(py, right, fields)?);
            let name = if *ordered { "before" } else { "near" };
            (name, distance, names(expr.fields()), sides.0, sides.1).into_pyobject(py)
        }
        ExprKind::Category { path } => ("category", path).into_pyobject(py),
        ExprKind::Compare { field, test } => {
            let name = fields.value_name(*field);
            let (operator, values) = match test {
                Test::Is(operator, value) => (operator.as_str(), std::slice::from_ref(value)),
                Test::Between(low, high) => ("between", &[low.clone(), high.clone()][..]),
                Test::In(values) => ("in", &values[..]),
            };
            let values: PyResult<Vec<_>> =
                values.iter().map(|value| raw_value(py, value)).collect();
            ("compare", name, operator, values?).into_pyobject(py)
        }
    }
}

fn raw_value<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Number(number) => number.into_pyobject(py)?.into_any(),
        Value::Keyword(text) => text.into_pyobject(py)?.into_any(),
        Value::Date(date) => date.to_string().into_pyobject(py)?.into_any(),
        Value::Boolean(value) => value.into_pyobject(py)?.to_owned().into_any(),
    })
}

/// The lemma of each word by WordNet's rules, as NLTK gives it; `pos` is n, v, a or r.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "what Python gives is converted into it")]
pub fn wordnet_lemmas(py: Python<'_>, words: Vec<String>, pos: &str) -> PyResult<Vec<String>> {
    let pos = match pos {
        "n" => PartOfSpeech::Noun,
        "v" => PartOfSpeech::Verb,
        "a" => PartOfSpeech::Adjective,
        "r" => PartOfSpeech::Adverb,
        _ => return Err(PyValueError::new_err(format!("pos must be n, v, a or r, not {pos:?}"))),
    };
    let lexicon = Lexicon::wordnet();
    Ok(py.detach(|| words.iter().map(|word| lexicon.lemma(word, pos).to_string()).collect()))
}
