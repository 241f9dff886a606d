//! `RuleSet` and the answers it gives, for Python.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jobsieve_engine::engine::{self, Cost, RuleId, Scratch};
use jobsieve_engine::exchange::{
    self, Advert, write_error_record, write_explanation, write_record,
};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict};
use rayon::prelude::*;

use crate::adverts::{self, Row, check_id};
use crate::bundle;
use crate::compiling::read_settings;
use crate::faults::{advert_error, of_row};
use crate::pool;

/// The fewest adverts that are worth another thread's attention.
const TOGETHER: usize = 8;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// An immutable, compiled set of rules.
#[pyclass(frozen, module = "jobsieve._core")]
pub struct RuleSet {
    pub inner: Arc<engine::RuleSet>,
}

#[pymethods]
impl RuleSet {
    #[getter]
    fn hash(&self) -> &str {
        self.inner.hash()
    }

    #[getter]
    fn rule_count(&self) -> usize {
        self.inner.rule_count()
    }

    #[getter]
    fn category_count(&self) -> usize {
        self.inner.category_count()
    }

    #[getter]
    fn settings<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.settings().to_json().as_bytes())
    }

    #[getter]
    fn fields(&self) -> BTreeMap<&str, &'static str> {
        let declared = self.inner.settings().fields.declared();
        declared.map(|(name, kind)| (name, kind.as_str())).collect()
    }

    #[getter]
    fn memory_bytes(&self) -> usize {
        self.inner.memory_bytes()
    }

    #[getter]
    fn rule_names(&self) -> Vec<&str> {
        self.inner.rule_names().collect()
    }

    #[pyo3(signature = (*, id = None, title = None, description = None, **fields))]
    fn classify(
        &self,
        py: Python<'_>,
        id: Option<&Bound<'_, PyAny>>,
        title: Option<&str>,
        description: Option<&str>,
        fields: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Classification> {
        if let Some(id) = id {
            check_id(id)?;
        }
        let declared = &self.inner.settings().fields;
        let advert = Advert {
            id: None,
            title: title.map(Cow::Borrowed),
            description: description.map(Cow::Borrowed),
            fields: match fields {
                Some(given) => adverts::fields(given, declared)?,
                None => Vec::new(),
            },
        };
        advert.require_text().map_err(|error| advert_error(py, &error))?;
        py.detach(|| self.answer(&advert)).map_err(|error| advert_error(py, &error))
    }

    fn classify_many(
        &self,
        py: Python<'_>,
        rows: &Bound<'_, PyAny>,
    ) -> PyResult<Vec<Classification>> {
        let declared = &self.inner.settings().fields;
        let read = |row: PyResult<Bound<'_, PyAny>>| {
            let row = Row::read(&row?, declared)?;
            row.advert().require_text().map_err(|error| advert_error(py, &error))?;
            Ok(row)
        };
        let rows: Vec<Row> = rows
            .try_iter()?
            .enumerate()
            .map(|(number, row)| read(row).map_err(|error| of_row(py, number, error)))
            .collect::<PyResult<_>>()?;
        let answers: Vec<Result<_, exchange::AdvertError>> = py.detach(|| {
            let answer = |row: &Row| self.answer(&row.advert());
            pool::on_all_cores(|| rows.par_iter().with_min_len(TOGETHER).map(answer).collect())
        })?;
        let numbered = answers.into_iter().enumerate();
        let refused = |number, error| of_row(py, number, advert_error(py, &error));
        numbered.map(|(number, answer)| answer.map_err(|error| refused(number, error))).collect()
    }

    #[pyo3(signature = (path, *, version = None))]
    #[expect(clippy::needless_pass_by_value, reason = "what Python gives is converted into it")]
    fn save(&self, py: Python<'_>, path: PathBuf, version: Option<i64>) -> PyResult<()> {
        let written = py.detach(|| {
            let bytes = engine::bundle::save(&self.inner, version);
            bundle::write(&path, &bytes)
        });
        written.map_err(|fault| fault.raised(&path))
    }

    #[staticmethod]
    #[pyo3(signature = (path, *, settings = None))]
    #[expect(clippy::needless_pass_by_value, reason = "what Python gives is converted into it")]
    fn load(py: Python<'_>, path: PathBuf, settings: Option<&[u8]>) -> PyResult<Self> {
        let settings = settings.map(|json| read_settings(Some(json))).transpose()?;
        let loaded = py.detach(|| pool::on_all_cores(|| bundle::load(&path, settings.as_ref())))?;
        let loaded = loaded.map_err(|fault| fault.raised(&path))?;
        Ok(Self { inner: Arc::new(loaded.ruleset) })
    }

    #[pyo3(signature = (body, *, version = None))]
    fn classify_json<'py>(
        &self,
        py: Python<'py>,
        body: &[u8],
        version: Option<i64>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let mut out = Vec::new();
        py.detach(|| self.record(body, version, &mut out))
            .map_err(|error| advert_error(py, &error))?;
        Ok(PyBytes::new(py, &out))
    }

    #[pyo3(signature = (lines, *, version = None))]
    #[expect(clippy::needless_pass_by_value, reason = "what Python gives is converted into it")]
    fn classify_lines(
        &self,
        py: Python<'_>,
        lines: Vec<PyBackedBytes>,
        version: Option<i64>,
    ) -> PyResult<Vec<Py<PyBytes>>> {
        let records: PyResult<Vec<Vec<u8>>> = py.detach(|| {
            let record = |line: &PyBackedBytes| {
                let mut out = Vec::with_capacity(512);
                if let Err(error) = self.record(line, version, &mut out) {
                    out.clear();
                    write_error_record(&mut out, error.id(), &error);
                }
                out
            };
            pool::on_all_cores(|| lines.par_iter().with_min_len(TOGETHER).map(record).collect())
        });
        Ok(records?.iter().map(|record| PyBytes::new(py, record).unbind()).collect())
    }

    #[pyo3(signature = (body, *, rule = None, version = None))]
    fn explain_json<'py>(
        &self,
        py: Python<'py>,
        body: &[u8],
        rule: Option<&str>,
        version: Option<i64>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let asked = match rule {
            None => None,
            Some(name) => Some(
                self.inner.find_rule(name).ok_or_else(|| PyKeyError::new_err(name.to_owned()))?,
            ),
        };
        let out = py.detach(|| {
            let advert = self.read(body)?;
            let explanation =
                SCRATCH.with_borrow_mut(|scratch| self.inner.explain(&advert, asked, scratch))?;
            let mut out = Vec::new();
            write_explanation(&mut out, &advert, &self.inner, version, &explanation);
            Ok(out)
        });
        let out = out.map_err(|error| advert_error(py, &error))?;
        Ok(PyBytes::new(py, &out))
    }

    /// What each rule costs on adverts, by number, and how many of these were refused.
    #[expect(clippy::needless_pass_by_value, reason = "what Python gives is converted into it")]
    fn costs(
        &self,
        py: Python<'_>,
        lines: Vec<PyBackedBytes>,
    ) -> (Vec<(&str, u64, u64, u64)>, usize) {
        let mut costs = vec![Cost::default(); self.inner.rule_count()];
        let refused = py.detach(|| {
            let mut add = |line: &PyBackedBytes| {
                let advert = self.read(line)?;
                SCRATCH
                    .with_borrow_mut(|scratch| self.inner.add_costs(&advert, scratch, &mut costs))
            };
            lines.iter().filter(|line| add(line).is_err()).count()
        });
        let told = |(name, cost): (_, Cost)| (name, cost.tried, cost.matched, cost.nanoseconds);
        (self.inner.rule_names().zip(costs).map(told).collect(), refused)
    }

    /// The answer found by trying every rule, without any selection; for tests.
    fn match_unfiltered(&self, py: Python<'_>, body: &[u8]) -> PyResult<Classification> {
        let answer = py.detach(|| {
            let advert = self.read(body)?;
            let result = SCRATCH.with_borrow_mut(|scratch| {
                self.inner.classify_unfiltered(&advert, scratch).cloned()
            })?;
            Ok(Classification { ruleset: self.inner.clone(), result })
        });
        answer.map_err(|error| advert_error(py, &error))
    }

    fn __repr__(&self) -> String {
        let hash = self.inner.hash();
        format!(
            "<RuleSet of {} rules, {}>",
            self.inner.rule_count(),
            hash.get(..19).unwrap_or(hash)
        )
    }
}

impl RuleSet {
    fn read<'a>(&self, body: &'a [u8]) -> Result<Advert<'a>, exchange::AdvertError> {
        Advert::from_json(body, &self.inner.settings().fields)
    }

    fn answer(&self, advert: &Advert<'_>) -> Result<Classification, exchange::AdvertError> {
        let result =
            SCRATCH.with_borrow_mut(|scratch| self.inner.classify(advert, scratch).cloned())?;
        Ok(Classification { ruleset: self.inner.clone(), result })
    }

    fn record(
        &self,
        body: &[u8],
        version: Option<i64>,
        out: &mut Vec<u8>,
    ) -> Result<(), exchange::AdvertError> {
        let advert = self.read(body)?;
        SCRATCH.with_borrow_mut(|scratch| {
            let found = self.inner.classify(&advert, scratch)?;
            write_record(out, advert.id.as_ref(), &self.inner, version, found);
            Ok(())
        })
    }
}

/// What the rules say of one advert.
#[pyclass(frozen, module = "jobsieve._core")]
pub struct Classification {
    ruleset: Arc<engine::RuleSet>,
    result: engine::Classification,
}

impl Classification {
    fn names(&self, rules: &[RuleId]) -> Vec<String> {
        rules.iter().map(|&rule| self.ruleset.rule_name(rule).to_owned()).collect()
    }
}

#[pymethods]
impl Classification {
    #[getter]
    fn status(&self) -> &'static str {
        if self.result.categories().is_empty() { "unmatched" } else { "matched" }
    }

    #[getter]
    fn primary(&self) -> Option<&str> {
        let first = self.result.categories().first()?;
        Some(self.ruleset.category_path(first.category))
    }

    #[getter]
    fn categories(&self) -> Vec<CategoryScore> {
        let score = |found: &engine::CategoryResult| CategoryScore {
            path: self.ruleset.category_path(found.category).to_owned(),
            score: found.score,
            rules: self.names(self.result.category_rules(found)),
        };
        self.result.categories().iter().map(score).collect()
    }

    #[getter]
    fn attributes(&self) -> BTreeMap<&str, Vec<&str>> {
        let attributes = self.ruleset.attributes(&self.result);
        attributes.map(|(name, values)| (name, values.collect())).collect()
    }

    #[getter]
    fn matched_rules(&self) -> Vec<String> {
        self.names(self.result.matched_rules())
    }

    #[getter]
    fn cut(&self) -> Vec<String> {
        self.ruleset.settings().fields.text_keys(self.result.cut()).collect()
    }

    fn __repr__(&self) -> String {
        let primary = self.primary().map_or_else(|| "None".to_owned(), |path| format!("{path:?}"));
        format!("<Classification {}, primary {primary}>", self.status())
    }
}

/// A category of an advert and why it has it.
#[pyclass(frozen, module = "jobsieve._core")]
pub struct CategoryScore {
    path: String,
    score: i64,
    rules: Vec<String>,
}

#[pymethods]
impl CategoryScore {
    #[getter]
    fn path(&self) -> &str {
        &self.path
    }

    #[getter]
    #[expect(clippy::cast_precision_loss, reason = "a sum of scores stays far below 2^53")]
    fn score(&self) -> f64 {
        self.score as f64 / 1000.0
    }

    #[getter]
    fn rules(&self) -> Vec<String> {
        self.rules.clone()
    }

    fn __repr__(&self) -> String {
        format!("<CategoryScore {:?} {}>", self.path, self.score())
    }
}
