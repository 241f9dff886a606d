//! Rules from text, for Python: compiling, splitting, the codes of diagnostics.

use std::sync::Arc;

use jobsieve_engine::engine::{self, Settings, Source};
use jobsieve_engine::exchange::CodePoints;
use jobsieve_engine::lang::ast::Item;
use jobsieve_engine::lang::{self, Code, Diagnostic, Severity, Span};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

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
#[pyo3(signature = (sources, *, settings = None))]
pub fn compile(
    py: Python<'_>,
    sources: Vec<(String, String)>,
    settings: Option<&[u8]>,
) -> PyResult<(Option<RuleSet>, Vec<RawDiagnostic>)> {
    let settings = read_settings(settings)?;
    let (sources, compiled) = py.detach(|| {
        let sources: Vec<Source> = sources
            .into_iter()
            .map(|(name, text)| Source { name: name.into(), text: text.into() })
            .collect();
        let compiled = engine::compile(&sources, &settings);
        (sources, compiled)
    });
    let texts: Vec<CodePoints<'_>> =
        sources.iter().map(|source| CodePoints::new(&source.text)).collect();
    let place = |source: u32, span: Span| {
        let points = texts.get(source as usize);
        points.map_or((0, 0), |points| (points.before(span.start), points.before(span.end)))
    };
    let raw = |found: Diagnostic| -> PyResult<RawDiagnostic> {
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
    let diagnostics = compiled.diagnostics.into_iter().map(raw).collect::<PyResult<_>>()?;
    let ruleset = compiled.ruleset.map(|ruleset| RuleSet { inner: Arc::new(ruleset) });
    Ok((ruleset, diagnostics))
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
