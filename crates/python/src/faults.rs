//! The engine's errors as Python exceptions.

use jobsieve_engine::exchange;
use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

create_exception!(jobsieve._core, JobsieveError, PyException);
create_exception!(jobsieve._core, AdvertError, JobsieveError);
create_exception!(jobsieve._core, BundleError, JobsieveError);

/// An `AdvertError` with `code`, `key` and `offset`.
#[cold]
pub fn advert_error(py: Python<'_>, error: &exchange::AdvertError) -> PyErr {
    let raised = AdvertError::new_err(error.to_string());
    let value = raised.value(py);
    let set = value
        .setattr("code", error.code())
        .and_then(|()| value.setattr("key", error.key()))
        .and_then(|()| value.setattr("offset", error.offset()));
    set.err().unwrap_or(raised)
}

/// The same error, with the row in front that it is about: `rows[3]: …`.
#[cold]
pub fn of_row(py: Python<'_>, number: usize, error: PyErr) -> PyErr {
    let value = error.value(py);
    let message = format!("rows[{number}]: {value}");
    match value.setattr("args", (message,)) {
        Ok(()) => error,
        Err(failed) => failed,
    }
}
