//! Which categories rules may name, where a taxonomy says so.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use serde::{Deserialize, Serialize};

/// The categories there are. A part of the settings, so that it crosses borders with them and belongs to a
/// rule set's identity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Taxonomy {
    /// The paths in use.
    paths: BTreeSet<Box<str>>,
    /// The paths that are no longer used, with the one that took each one's place.
    retired: BTreeMap<Box<str>, Option<Box<str>>>,
}

/// Why a path can't be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault<'a> {
    /// It is not listed.
    Unlisted,
    /// It is no longer used; what took its place, if anything did.
    Retired(Option<&'a str>),
}

impl Taxonomy {
    /// The paths in use, in order.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(|path| &**path)
    }

    /// What is wrong with a rule that adds or removes exactly this category.
    pub(super) fn fault_of(&self, path: &str) -> Option<Fault<'_>> {
        if self.paths.contains(path) {
            return None;
        }
        Some(match self.retired.get(path) {
            Some(redirect) => Fault::Retired(redirect.as_deref()),
            None => Fault::Unlisted,
        })
    }

    /// What is wrong with a rule that means this category and all below it: a branch need not be listed
    /// itself.
    pub(super) fn fault_within(&self, path: &str) -> Option<Fault<'_>> {
        let below = format!("{path}/");
        let from = (Bound::Included(&*below), Bound::Unbounded);
        let first = self.paths.range::<str, _>(from).next();
        if first.is_some_and(|first| first.starts_with(&below)) {
            return None;
        }
        self.fault_of(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_known_by_what_is_below_it_and_a_retired_path_by_its_successor() {
        let json = r#"{"paths": ["it/python", "it-x", "care"],
            "retired": {"it": null, "nursing": "care", "nursing/old": null}}"#;
        let taxonomy: Taxonomy = serde_json::from_str(json).unwrap();
        assert_eq!(taxonomy.fault_of("care"), None);
        assert_eq!(taxonomy.fault_of("it"), Some(Fault::Retired(None)));
        assert_eq!(taxonomy.fault_within("it"), None);
        assert_eq!(taxonomy.fault_within("i"), Some(Fault::Unlisted));
        assert_eq!(taxonomy.fault_within("nursing"), Some(Fault::Retired(Some("care"))));
        assert_eq!(taxonomy.fault_of("it/python/web"), Some(Fault::Unlisted));
    }
}
