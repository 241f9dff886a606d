//! From the bytes of a request to the bytes of its record: the only place where the server calls the
//! engine. A panic in there costs its request, not the server.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jobsieve_engine::engine::Scratch;
use jobsieve_engine::exchange::{Advert, AdvertError, write_record};

use crate::published::Live;

/// An advert's record.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) record: Bytes,
    /// Time in the engine: the advert's text was cut into words and tried against the rules.
    pub(crate) engine: Duration,
    pub(crate) categories: usize,
}

/// Why there is no record.
#[derive(Debug)]
pub(crate) enum Failure {
    Advert(AdvertError),
    /// The message of the panic.
    Panic(String),
}

/// What a thread reuses from request to request.
#[derive(Default)]
struct Workspace {
    scratch: Scratch,
    record: Vec<u8>,
}

thread_local! {
    static WORKSPACE: RefCell<Workspace> = RefCell::default();
}

/// Classifies the advert in `body`.
pub(crate) fn classify(live: &Live, body: &[u8]) -> Result<Answer, Failure> {
    guarded(|Workspace { scratch, record }| {
        let fields = &live.ruleset.settings().fields;
        let advert = Advert::from_json(body, fields).map_err(Failure::Advert)?;
        let started = Instant::now();
        let classification = live.ruleset.classify(&advert, scratch);
        let engine = started.elapsed();
        record.clear();
        write_record(record, advert.id.as_ref(), &live.ruleset, live.version, classification);
        let categories = classification.categories().len();
        Ok(Answer { record: Bytes::copy_from_slice(record), engine, categories })
    })
}

/// Runs `work` on this thread's workspace. A panic in it becomes a failure, and the workspace,
/// which it may have left half changed, is replaced.
fn guarded<T>(work: impl FnOnce(&mut Workspace) -> Result<T, Failure>) -> Result<T, Failure> {
    WORKSPACE.with_borrow_mut(|workspace| {
        catch_unwind(AssertUnwindSafe(|| work(workspace))).unwrap_or_else(|panic| {
            *workspace = Workspace::default();
            Err(Failure::Panic(message(&*panic)))
        })
    })
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without a message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_failure_and_leaves_a_fresh_workspace() {
        let failure = guarded::<()>(|workspace| {
            workspace.record.push(b'x');
            let nothing: &[u8] = &[];
            assert_eq!(nothing.len(), 1, "a fault of the engine");
            Ok(())
        });
        let Err(Failure::Panic(said)) = failure else { panic!("{failure:?}") };
        assert!(said.contains("a fault of the engine"), "{said}");
        let left = guarded(|workspace| Ok(workspace.record.len()));
        assert!(matches!(left, Ok(0)));
    }
}
