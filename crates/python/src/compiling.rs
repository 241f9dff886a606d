//! Rules from text, for Python: compiling, splitting, the codes of diagnostics.

use std::collections::HashMap;
use std::sync::Arc;

use jobsieve_engine::engine::{self, Settings, Source};
use jobsieve_engine::exchange::CodePoints;
use jobsieve_engine::lang::ast::Item;
use jobsieve_engine::lang::{self, Code, Diagnostic, Severity, Span};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedStr;
use pyo3::types::PyDict;

use crate::pool;
use crate::ruleset::RuleSet;

type RelatedPlace = (u32, usize, usize);
type RawDiagnostic =
    (&'static str, &'static str, u32, usize, usize, Py<PyDict>, Option<RelatedPlace>);

/// The settings of this JSON; without it all are at their defaults.
pub fn read_settings(json: Option<&[u8]>) -> PyResult<Settings> {
    Settings::from_json(json.unwrap_or(b"{}"))
        .map_err(|error| PyValueError::new_err(format!("the settings can't be read: {error}")))
}

/// Refuses settings that can't be read.
#[pyfunction]
pub fn check_settings(settings: &[u8]) -> PyResult<()> {
    read_settings(Some(settings)).map(drop)
}

/// Compiles `(file name, text)` pairs into one rule set.
#[pyfunction]
#[pyo3(signature = (sources, *, settings = None, previous = None))]
#[expect(clippy::needless_pass_by_value, reason = "what Python gives is converted into it")]
pub fn compile(
    py: Python<'_>,
    sources: Vec<(PyBackedStr, PyBackedStr)>,
    settings: Option<&[u8]>,
    previous: Option<Bound<'_, RuleSet>>,
) -> PyResult<(Option<RuleSet>, Vec<RawDiagnostic>)> {
    let settings = read_settings(settings)?;
    let previous = previous.map(|previous| previous.get().inner.clone());
    let (sources, compiled) = py.detach(|| {
        let sources = owned(&sources, previous.as_deref());
        let compiled = match &previous {
            None => pool::on_all_cores(|| engine::compile(&sources, &settings)),
            Some(previous) => {
                pool::on_one_thread(|| engine::recompile(&sources, &settings, previous))
            }
        };
        (sources, compiled)
    });
    let compiled = compiled?;
    let mut texts: HashMap<u32, CodePoints<'_>> = HashMap::new();
    let mut place = |number: u32, span: Span| {
        let Some(source) = sources.get(number as usize) else { return (0, 0) };
        let points = texts.entry(number).or_insert_with(|| CodePoints::new(&source.text));
        (points.before(span.start), points.before(span.end))
    };
    let mut raw = |found: Diagnostic| -> PyResult<RawDiagnostic> {
        let severity = match found.code.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let params = PyDict::new(py);
        for (name, value) in &found.params {
            params.set_item(name, value)?;
        }
        let (start, end) = place(found.source, found.span);
        let related = found.related.map(|(source, span)| {
            let (start, end) = place(source, span);
            (source, start, end)
        });
        let code = found.code.as_str();
        Ok((code, severity, found.source, start, end, params.unbind(), related))
    };
    let diagnostics = compiled.diagnostics.into_iter().map(&mut raw).collect::<PyResult<_>>()?;
    let ruleset = compiled.ruleset.map(|ruleset| RuleSet { inner: Arc::new(ruleset) });
    Ok((ruleset, diagnostics))
}

/// The sources as the engine takes them; texts that are those of `previous` are shared with it.
fn owned(
    sources: &[(PyBackedStr, PyBackedStr)],
    previous: Option<&engine::RuleSet>,
) -> Vec<Source> {
    let known = previous.into_iter().flat_map(engine::RuleSet::sources);
    let known: HashMap<&str, &Arc<str>> = known.map(|(name, text)| (&**name, text)).collect();
    let source = |(name, text): &(PyBackedStr, PyBackedStr)| {
        let same = known.get(&**name).filter(|same| ****same == **text);
        let text = same.map_or_else(|| Arc::from(&**text), |same| (*same).clone());
        Source { name: Arc::from(&**name), text }
    };
    sources.iter().map(source).collect()
}

/// Kind, name, start and end of an object of a rule file.
type Part = (&'static str, String, usize, usize);

/// Cuts a rule file into its objects; the parts join to the whole.
#[pyfunction]
#[pyo3(signature = (source, *, settings = None))]
pub fn split(py: Python<'_>, source: &str, settings: Option<&[u8]>) -> PyResult<Option<Vec<Part>>> {
    let fields = read_settings(settings)?.fields;
    Ok(py.detach(|| {
        let parsed = lang::parse(source, &fields);
        let failed = parsed.diagnostics.iter().any(|d| d.code.severity() == Severity::Error);
        if failed || parsed.items.is_empty() {
            return None;
        }
        let points = CodePoints::new(source);
        let ends = lang::split::ends(source, &parsed.items);
        let mut start = 0;
        let cut = parsed.items.iter().zip(ends).map(|(item, end)| {
            let kind = match item {
                Item::List(_) => "list",
                Item::Rule(_) => "rule",
            };
            let end = points.before(end as u32);
            let part = (kind, item.name().text.clone(), start, end);
            start = end;
            part
        });
        Some(cut.collect())
    }))
}

/// Every code that `compile` can give.
#[pyfunction]
pub fn diagnostic_codes() -> Vec<&'static str> {
    Code::ALL.iter().map(|code| code.as_str()).collect()
}
