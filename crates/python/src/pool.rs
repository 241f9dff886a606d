//! The threads that builds and batches work on. They belong to a process: a fork leaves them behind, so
//! that a child, where waiting for them would never end, makes its own.

use std::sync::{Arc, LazyLock};

use arc_swap::ArcSwapOption;
use pyo3::PyResult;
use pyo3::exceptions::PyRuntimeError;
use rayon::{ThreadPool, ThreadPoolBuilder};

struct Pool {
    process: u32,
    threads: ThreadPool,
}

static POOL: LazyLock<ArcSwapOption<Pool>> = LazyLock::new(ArcSwapOption::empty);

/// Does `work` on one thread for each core.
pub fn on_all_cores<T: Send>(work: impl FnOnce() -> T + Send) -> PyResult<T> {
    let process = std::process::id();
    if let Some(pool) = POOL.load_full().filter(|pool| pool.process == process) {
        return Ok(pool.threads.install(work));
    }
    let pool = Arc::new(Pool { process, threads: make(0)? });
    let former = POOL.swap(Some(pool.clone()));
    // Its threads are those of the parent: it can't be ended here.
    std::mem::forget(former.filter(|former| former.process != process));
    Ok(pool.threads.install(work))
}

/// Does `work` on one thread more, of the priority of the thread that calls.
pub fn on_one_thread<T: Send>(work: impl FnOnce() -> T + Send) -> PyResult<T> {
    Ok(make(1)?.install(work))
}

fn make(threads: usize) -> PyResult<ThreadPool> {
    let name = |number| format!("jobsieve-{number}");
    let built = ThreadPoolBuilder::new().num_threads(threads).thread_name(name).build();
    built.map_err(|error| PyRuntimeError::new_err(format!("no thread can be started: {error}")))
}
