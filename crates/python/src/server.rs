//! The data plane's handle for the control plane. Its threads never take the GIL.

use std::time::Duration;

use jobsieve_server as server;
use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::ruleset::RuleSet;

/// A running HTTP server.
#[pyclass(frozen, module = "jobsieve._core")]
pub struct Server {
    inner: server::Server,
}

#[pymethods]
impl Server {
    #[staticmethod]
    fn start(py: Python<'_>, settings: &[u8]) -> PyResult<Self> {
        let settings = read(settings)?;
        let started = py.detach(|| server::Server::start(settings));
        Ok(Self { inner: started.map_err(|error| not_started(&error))? })
    }

    #[getter]
    fn address(&self) -> Option<(String, u16)> {
        let address = self.inner.address()?;
        Some((address.ip().to_string(), address.port()))
    }

    fn publish(
        &self,
        py: Python<'_>,
        ruleset: &RuleSet,
        version: Option<i64>,
        status: Vec<u8>,
        metrics: String,
    ) -> PyResult<()> {
        let ruleset = ruleset.inner.clone();
        let status = server::Status { document: status.into(), metrics: metrics.into() };
        // Freeing the rule set before may take a while.
        py.detach(|| self.inner.publish(ruleset, version, status)).map_err(after_fork)
    }

    fn set_status(&self, status: Vec<u8>, metrics: String) -> PyResult<()> {
        let status = server::Status { document: status.into(), metrics: metrics.into() };
        self.inner.set_status(status).map_err(after_fork)
    }

    fn renew(&self, py: Python<'_>, settings: &[u8]) -> PyResult<()> {
        let settings = read(settings)?;
        py.detach(|| self.inner.renew(&settings)).map_err(|error| not_started(&error))
    }

    fn probe(&self, py: Python<'_>, deadline: f64) -> PyResult<bool> {
        let deadline = seconds("deadline", deadline)?;
        py.detach(|| self.inner.probe(deadline)).map_err(after_fork)
    }

    fn log(&self, line: String) -> PyResult<()> {
        self.inner.log(line).map_err(after_fork)
    }

    fn drain(&self, py: Python<'_>, deadline: f64) -> PyResult<bool> {
        let deadline = seconds("deadline", deadline)?;
        py.detach(|| self.inner.drain(deadline)).map_err(after_fork)
    }

    fn flush_log(&self, py: Python<'_>, deadline: f64) -> PyResult<bool> {
        let deadline = seconds("deadline", deadline)?;
        py.detach(|| self.inner.flush_log(deadline)).map_err(after_fork)
    }
}

fn read(settings: &[u8]) -> PyResult<server::ServerSettings> {
    server::ServerSettings::from_json(settings).map_err(PyValueError::new_err)
}

fn not_started(error: &server::StartError) -> PyErr {
    match error.raw_os_error() {
        Some(number) => PyOSError::new_err((number, error.to_string())),
        None => PyOSError::new_err(error.to_string()),
    }
}

fn seconds(name: &str, value: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(value)
        .map_err(|error| PyValueError::new_err(format!("{name} can't be {value} seconds: {error}")))
}

fn after_fork(error: server::UsedAfterFork) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}
