//! The threads that builds and batches work on. They belong to a process: a fork leaves them behind, so
//! that a child, where waiting for them would never end, makes its own.

use std::cell::RefCell;
use std::rc::Rc;
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

thread_local! {
    /// Kept from one build to the next: threads that come and go spread what they build over all areas
    /// that malloc has for threads, and with each the memory grows.
    static ALONE: RefCell<Option<Rc<Pool>>> = const { RefCell::new(None) };
}

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

/// Does `work` on one thread more, which has the priority that the thread that calls had when it first did.
pub fn on_one_thread<T: Send>(work: impl FnOnce() -> T + Send) -> PyResult<T> {
    let process = std::process::id();
    let kept = ALONE.with_borrow(|kept| kept.clone().filter(|pool| pool.process == process));
    let pool = if let Some(pool) = kept {
        pool
    } else {
        let pool = Rc::new(Pool { process, threads: make(1)? });
        // As above: what is replaced is a parent's.
        std::mem::forget(ALONE.replace(Some(pool.clone())));
        pool
    };
    Ok(pool.threads.install(work))
}

fn make(threads: usize) -> PyResult<ThreadPool> {
    let name = |number| format!("jobsieve-{number}");
    let built = ThreadPoolBuilder::new().num_threads(threads).thread_name(name).build();
    built.map_err(|error| PyRuntimeError::new_err(format!("no thread can be started: {error}")))
}
