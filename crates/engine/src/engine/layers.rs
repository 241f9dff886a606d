//! In which order rules are tried that name categories of other rules. A rule depends on every rule
//! that adds or removes a category its condition can see; it is tried in a later layer than those.

use super::rulebook::{Rule, Rulebook};
use super::tree::NodeId;
use super::units::Unit;

/// Whether `path` is `category` or lies below it.
pub(super) fn is_within(path: &str, category: &str) -> bool {
    path.strip_prefix(category).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The layer of each rule; or the rules of a cycle, in order.
pub(super) fn layers(book: &Rulebook) -> Result<Vec<u32>, Vec<usize>> {
    let paths = book.units.category_paths();
    if paths.is_empty() {
        return Ok(vec![0; book.rules.len()]);
    }
    let seen: Vec<Vec<u32>> = book.rules.iter().map(|rule| references(book, rule)).collect();
    // Each reference once: many rules may look at one category.
    let influences: Vec<Vec<usize>> = paths.iter().map(|path| influences(book, path)).collect();
    let mut search = Search {
        depends: &|rule: usize| {
            seen[rule].iter().flat_map(|&set| &influences[set as usize]).copied().collect()
        },
        layers: vec![None; book.rules.len()],
        path: Vec::new(),
    };
    (0..book.rules.len()).map(|rule| search.layer(rule)).collect()
}

/// The rules that can change whether a category holds.
fn influences(book: &Rulebook, category: &str) -> Vec<usize> {
    let mut within = vec![false; book.categories.len()];
    for found in book.within(category) {
        within[found.0 as usize] = true;
    }
    let touches = |rule: &Rule| {
        book.adds(rule).iter().any(|(added, _)| within[added.0 as usize])
            || book.removals(rule).iter().any(|removed| can_remove(removed, category))
    };
    let numbered = book.rules.iter().enumerate();
    numbered.filter(|(_, rule)| touches(rule)).map(|(number, _)| number).collect()
}

/// Whether `remove category "removed"` can change whether `category` holds.
fn can_remove(removed: &str, category: &str) -> bool {
    match removed.strip_suffix("/*") {
        Some(root) => is_within(root, category) || is_within(category, root),
        None => is_within(removed, category),
    }
}

/// The sets of categories that a rule's condition looks at.
fn references(book: &Rulebook, rule: &Rule) -> Vec<u32> {
    let mut sets = Vec::new();
    let mut visit = |root: NodeId| {
        book.trees.visit_leaves(root, &mut |unit, _| {
            if let Unit::Category { set } = book.units.kind(unit) {
                sets.push(set);
            }
        });
    };
    visit(rule.when);
    rule.unless.into_iter().for_each(visit);
    sets
}

/// A walk over what rules depend on, depth first, with a stack of its own: chains may be long.
struct Search<'a> {
    depends: &'a dyn Fn(usize) -> Vec<usize>,
    layers: Vec<Option<u32>>,
    /// The rules under way, with what of theirs is still to be looked at.
    path: Vec<(usize, Vec<usize>)>,
}

impl Search<'_> {
    fn layer(&mut self, rule: usize) -> Result<u32, Vec<usize>> {
        if let Some(layer) = self.layers[rule] {
            return Ok(layer);
        }
        self.path.push((rule, (self.depends)(rule)));
        while let Some((current, open)) = self.path.last_mut() {
            let current = *current;
            if let Some(next) = open.pop() {
                if self.layers[next].is_some() {
                    continue;
                }
                if let Some(start) = self.path.iter().position(|(rule, _)| *rule == next) {
                    return Err(self.path[start..].iter().map(|(rule, _)| *rule).collect());
                }
                self.path.push((next, (self.depends)(next)));
            } else {
                let below =
                    (self.depends)(current).into_iter().filter_map(|rule| self.layers[rule]);
                self.layers[current] = Some(below.max().map_or(0, |layer| layer + 1));
                self.path.pop();
            }
        }
        Ok(self.layers[rule].unwrap_or(0))
    }
}
