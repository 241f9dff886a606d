//! The binding: the only crate that knows Python. Plain data crosses the border, the GIL is released
//! around all work, and byte offsets of the engine become code points. It decides nothing itself.

mod adverts;
mod bundle;
mod compiling;
mod faults;
mod inspection;
mod outline;
mod pool;
mod ruleset;
mod server;

/// Jobsieve's compiled module; `python/jobsieve/_core.pyi` documents it.
#[pyo3::pymodule(gil_used = false)]
mod _core {
    #[pymodule_export]
    use super::bundle::inspect_bundle;
    #[pymodule_export]
    use super::compiling::{check_settings, compile, diagnostic_codes, split};
    #[pymodule_export]
    use super::faults::{AdvertError, BundleError, JobsieveError};
    #[pymodule_export]
    use super::inspection::{Token, analyze, canonical, joined, parse, splits, wordnet_lemmas};
    #[pymodule_export]
    use super::outline::{outline, skeleton};
    #[pymodule_export]
    use super::ruleset::{CategoryScore, Classification, RuleSet};
    #[pymodule_export]
    use super::server::Server;
}
