//! The data plane's handle for the control plane. Its threads never take the GIL.

use std::num::NonZeroUsize;
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
    #[pyo3(signature = (
        host,
        port,
        *,
        max_body_bytes,
        header_timeout,
        body_timeout,
        max_connections,
        threads,
        access_log,
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python gives them by name")]
    fn start(
        py: Python<'_>,
        host: String,
        port: u16,
        max_body_bytes: usize,
        header_timeout: f64,
        body_timeout: f64,
        max_connections: usize,
        threads: usize,
        access_log: bool,
    ) -> PyResult<Self> {
        let settings = server::ServerSettings {
            host,
            port,
            max_body_bytes,
            header_timeout: seconds("header_timeout", header_timeout)?,
            body_timeout: seconds("body_timeout", body_timeout)?,
            max_connections,
            workers: NonZeroUsize::new(threads),
            access_log,
            ..server::ServerSettings::default()
        };
        let started = py.detach(|| server::Server::start(settings));
        let inner = started.map_err(|error| match error.raw_os_error() {
            Some(number) => PyOSError::new_err((number, error.to_string())),
            None => PyOSError::new_err(error.to_string()),
        })?;
        Ok(Self { inner })
    }

    #[getter]
    fn address(&self) -> (String, u16) {
        let address = self.inner.address();
        (address.ip().to_string(), address.port())
    }

    #[pyo3(signature = (ruleset, version, status))]
    fn publish(
        &self,
        py: Python<'_>,
        ruleset: &RuleSet,
        version: Option<i64>,
        status: Vec<u8>,
    ) -> PyResult<()> {
        let ruleset = ruleset.inner.clone();
        // Freeing the rule set before may take a while.
        py.detach(|| self.inner.publish(ruleset, version, status)).map_err(after_fork)
    }

    fn set_status(&self, status: Vec<u8>) -> PyResult<()> {
        self.inner.set_status(status).map_err(after_fork)
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

fn seconds(name: &str, value: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(value)
        .map_err(|error| PyValueError::new_err(format!("{name} can't be {value} seconds: {error}")))
}

fn after_fork(error: server::UsedAfterFork) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}
