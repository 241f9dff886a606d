//! Bundles on disk: written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use jobsieve_engine::engine::Settings;
use jobsieve_engine::engine::bundle::{self, About, BundleError, Loaded};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::faults;

/// Why a bundle could not be read or written.
pub enum Fault {
    File(io::Error),
    Content(BundleError),
}

impl Fault {
    /// As Python sees it; names the file.
    pub fn raised(self, path: &Path) -> PyErr {
        match self {
            Self::Content(error) => {
                faults::BundleError::new_err(format!("cannot use {}: {error}", path.display()))
            }
            Self::File(error) => match error.raw_os_error() {
                Some(number) => {
                    let text = io::Error::from_raw_os_error(number).to_string();
                    let text = text.split(" (os error").next().unwrap_or_default().to_owned();
                    PyOSError::new_err((number, text, path.to_owned()))
                }
                None => PyOSError::new_err(format!("{}: {error}", path.display())),
            },
        }
    }
}

/// Writes beside the file and renames, so that whoever reads it sees the old or the new one, also after a
/// power cut.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let part = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = write_part(&part, bytes).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // What is wrong is told by the first error.
        let _ = fs::remove_file(&part);
    }
    written.and_then(|()| sync_folder(path)).map_err(Fault::File)
}

fn write_part(part: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(part)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the new name last, too.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

pub fn load(path: &Path, settings: Option<&Settings>) -> Result<Loaded, Fault> {
    let bytes = fs::read(path).map_err(Fault::File)?;
    bundle::load(&bytes, settings).map_err(Fault::Content)
}

/// What a bundle says of itself.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "what Python gives is converted into it")]
pub fn inspect_bundle(py: Python<'_>, path: PathBuf) -> PyResult<Bound<'_, PyDict>> {
    let read = || {
        let bytes = fs::read(&path).map_err(Fault::File)?;
        Ok((bytes.len(), bundle::inspect(&bytes).map_err(Fault::Content)?))
    };
    let (size, about) = py.detach(read).map_err(|fault: Fault| fault.raised(&path))?;
    let About { hash, version, settings, data, rules, categories, sources } = about;
    let told = PyDict::new(py);
    told.set_item("format", bundle::FORMAT)?;
    told.set_item("hash", hash)?;
    told.set_item("version", version)?;
    told.set_item("rules", rules)?;
    told.set_item("categories", categories)?;
    told.set_item("settings", settings)?;
    told.set_item("data", data)?;
    told.set_item("sources", sources)?;
    told.set_item("bytes", size)?;
    Ok(told)
}
