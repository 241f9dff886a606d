//! What requests are answered from: one immutable value behind one pointer. A publication replaces it
//! whole, so that no answer mixes two rule sets. Writers wait for each other, readers for nobody.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::{ArcSwap, Guard};
use bytes::Bytes;
use hyper::header::HeaderValue;
use jobsieve_engine::engine::RuleSet;

/// A rule set with what its answers say of it.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) ruleset: Arc<RuleSet>,
    pub(crate) version: Option<i64>,
    /// The value of the `Jobsieve-Ruleset` header.
    pub(crate) header: HeaderValue,
    /// The body of `/readyz`.
    pub(crate) ready: Bytes,
    /// Which counter each category has, by its number.
    pub(crate) slots: Box<[usize]>,
}

impl Live {
    fn new(ruleset: Arc<RuleSet>, version: Option<i64>, slots: Box<[usize]>) -> Self {
        let hash = ruleset.hash();
        let header = match version {
            Some(version) => format!("version={version}, hash=\"{hash}\""),
            None => format!("hash=\"{hash}\""),
        };
        // A hash is plain ASCII: a header can hold it.
        let header =
            HeaderValue::try_from(header).unwrap_or_else(|_| HeaderValue::from_static("hash=\"\""));
        let ready = serde_json::json!({
            "status": "ready",
            "ruleset": { "version": version, "hash": hash },
        });
        Self { version, header, ready: Bytes::from(ready.to_string()), slots, ruleset }
    }
}

/// What the control plane tells of itself, ready to be given out.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// The body of `GET /v1/ruleset`, a JSON document.
    pub document: Bytes,
    /// Lines for `GET /metrics`, with a line break at the end of each.
    pub metrics: Arc<str>,
}

/// All that the control plane hands in; replaced whole.
#[derive(Debug, Default)]
pub(crate) struct Current {
    pub(crate) live: Option<Arc<Live>>,
    /// `None` until the control plane hands one in.
    pub(crate) status: Option<Status>,
}

/// The pointer to what is current.
#[derive(Debug, Default)]
pub(crate) struct Published {
    current: ArcSwap<Current>,
    writing: Mutex<()>,
}

impl Published {
    /// What is current; stays whole for as long as the caller holds it.
    pub(crate) fn load(&self) -> Guard<Arc<Current>> {
        self.current.load()
    }

    pub(crate) fn publish(
        &self,
        ruleset: Arc<RuleSet>,
        version: Option<i64>,
        slots: Box<[usize]>,
        status: Status,
    ) {
        let live = Some(Arc::new(Live::new(ruleset, version, slots)));
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.current.store(Arc::new(Current { live, status: Some(status) }));
    }

    pub(crate) fn set_status(&self, status: Status) {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let live = self.current.load().live.clone();
        self.current.store(Arc::new(Current { live, status: Some(status) }));
    }
}
