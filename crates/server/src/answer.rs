//! From the bytes of a request to the bytes of its record: the only place where the server calls the
//! engine. A panic in there costs its request, not the server.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use bytes::Bytes;
use jobsieve_engine::engine::{Classification, Scratch};
use jobsieve_engine::exchange::{
    Advert, AdvertError, write_error_record, write_explanation, write_record,
};

use crate::counters::Counters;
use crate::decision::{self, Decision};
use crate::problem::Problem;
use crate::published::Live;

/// An advert's record.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) record: Bytes,
    /// Time in the engine: the advert's text was cut into words and tried against the rules.
    pub(crate) engine: Duration,
    pub(crate) categories: usize,
    pub(crate) decision: Option<Decision>,
}

/// The records of lines of a batch.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) lines: Vec<u8>,
    pub(crate) adverts: usize,
    pub(crate) engine: Duration,
    pub(crate) decisions: Vec<Decision>,
    /// The messages of panics.
    pub(crate) panics: Vec<String>,
}

/// Why there is no record.
#[derive(Debug)]
pub(crate) enum Failure {
    Advert(AdvertError),
    UnknownRule,
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

/// Classifies the advert in `body`; `sampled` ones come with the decision.
pub(crate) fn classify(
    live: &Live,
    body: &[u8],
    counters: &Counters,
    sampled: bool,
) -> Result<Answer, Failure> {
    guarded(|Workspace { scratch, record }| {
        record.clear();
        let one = classify_into(record, scratch, live, body, counters, sampled)?;
        Ok(Answer { record: Bytes::copy_from_slice(record), ..one })
    })
}

/// Appends the record to `out`; that of the answer is empty.
fn classify_into(
    out: &mut Vec<u8>,
    scratch: &mut Scratch,
    live: &Live,
    body: &[u8],
    counters: &Counters,
    sampled: bool,
) -> Result<Answer, Failure> {
    let advert = read(live, body, counters)?;
    let started = Instant::now();
    let classification =
        live.ruleset.classify(&advert, scratch).map_err(|error| refused(error, counters))?;
    let engine = started.elapsed();
    write_record(out, advert.id.as_ref(), &live.ruleset, live.version, classification);
    count(live, classification, engine, counters);
    Ok(Answer {
        record: Bytes::new(),
        engine,
        categories: classification.categories().len(),
        decision: sampled.then(|| decision::of(live, advert.id.as_ref(), classification)),
    })
}

/// Classifies the advert in `body` and tells why; also why `rule` did or did not match.
pub(crate) fn explain(
    live: &Live,
    body: &[u8],
    counters: &Counters,
    rule: Option<&str>,
) -> Result<Answer, Failure> {
    let asked = match rule {
        Some(name) => Some(live.ruleset.find_rule(name).ok_or(Failure::UnknownRule)?),
        None => None,
    };
    guarded(|Workspace { scratch, record }| {
        let advert = read(live, body, counters)?;
        let started = Instant::now();
        let explanation = live
            .ruleset
            .explain(&advert, asked, scratch)
            .map_err(|error| refused(error, counters))?;
        let engine = started.elapsed();
        record.clear();
        write_explanation(record, &advert, &live.ruleset, live.version, &explanation);
        count(live, &explanation.classification, engine, counters);
        let categories = explanation.classification.categories().len();
        Ok(Answer { record: Bytes::copy_from_slice(record), engine, categories, decision: None })
    })
}

/// Classifies the adverts of a batch, one a line, and appends a record for each that is not blank. What
/// is no advert, or a line longer than `longest`, gets a record of status `error`.
pub(crate) fn classify_lines(
    live: &Live,
    lines: &[u8],
    longest: usize,
    counters: &Counters,
    is_sampled: impl Fn(usize) -> bool,
) -> Records {
    let mut all = Records { lines: Vec::with_capacity(lines.len() / 4), ..Records::default() };
    for line in lines.split(|&byte| byte == b'\n') {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let (records, sampled) = (&mut all.lines, is_sampled(all.adverts));
        let before = records.len();
        if line.len() > longest {
            write_problem(records, &Problem::BodyTooLarge { limit: longest });
            records.push(b'\n');
            all.adverts += 1;
            continue;
        }
        let answer = guarded(|Workspace { scratch, .. }| {
            classify_into(records, scratch, live, line, counters, sampled)
        });
        match answer {
            Ok(answer) => {
                all.engine += answer.engine;
                all.decisions.extend(answer.decision);
            }
            Err(Failure::Advert(error)) => {
                write_error_record(&mut all.lines, error.id(), &error);
            }
            Err(Failure::Panic(message)) => {
                all.lines.truncate(before);
                write_problem(&mut all.lines, &Problem::Internal);
                all.panics.push(message);
            }
            Err(Failure::UnknownRule) => {}
        }
        all.lines.push(b'\n');
        all.adverts += 1;
    }
    all
}

/// Whether the engine answers: for a probe of this thread.
pub(crate) fn probe(live: &Live) -> bool {
    let advert = Advert { title: Some("probe".into()), ..Advert::default() };
    guarded(|Workspace { scratch, .. }| {
        live.ruleset.classify(&advert, scratch).map(|_| ()).map_err(Failure::Advert)
    })
    .is_ok()
}

/// Appends the error record of a line that the server could not read or answer.
pub(crate) fn write_problem(out: &mut Vec<u8>, problem: &Problem) {
    let error = serde_json::json!({
        "code": problem.code(),
        "title": problem.title(),
        "detail": problem.detail(),
    });
    out.extend_from_slice(b"{\"status\":\"error\",\"error\":");
    out.extend_from_slice(error.to_string().as_bytes());
    out.push(b'}');
}

fn read<'a>(live: &Live, body: &'a [u8], counters: &Counters) -> Result<Advert<'a>, Failure> {
    let declared = &live.ruleset.settings().fields;
    Advert::from_json(body, declared).map_err(|error| refused(error, counters))
}

fn refused(error: AdvertError, counters: &Counters) -> Failure {
    counters.refused();
    Failure::Advert(error)
}

fn count(live: &Live, classification: &Classification, engine: Duration, counters: &Counters) {
    let slot = |number: u32| live.slots.get(number as usize).copied().unwrap_or(usize::MAX);
    let categories = classification.categories().iter();
    counters.classified(engine, categories.map(|found| slot(found.category.0)));
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
