//! In which order rules are tried that name categories of other rules. A rule depends on every rule
//! that adds or removes a category its condition can see; it is tried in a later layer than those.

use hashbrown::HashMap;

use crate::lang::ast::{Action, Expr, ExprKind, RuleItem};

/// Whether `path` is `category` or lies below it.
pub(super) fn is_within(path: &str, category: &str) -> bool {
    path.strip_prefix(category).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The layer of each rule; or the rules of a cycle, in order.
pub(super) fn layers(rules: &[&RuleItem]) -> Result<Vec<u32>, Vec<usize>> {
    let mut seen: Vec<Vec<&str>> = Vec::with_capacity(rules.len());
    for rule in rules {
        let mut paths = Vec::new();
        references(&rule.when, &mut paths);
        if let Some(unless) = &rule.unless {
            references(unless, &mut paths);
        }
        seen.push(paths);
    }
    if seen.iter().all(Vec::is_empty) {
        return Ok(vec![0; rules.len()]);
    }
    // Each reference once: many rules may look at one category.
    let mut influences: HashMap<&str, Vec<usize>> = HashMap::new();
    for path in seen.iter().flatten() {
        influences.entry(path).or_default();
    }
    for (path, found) in &mut influences {
        let touches = |rule: &RuleItem| rule.actions.iter().any(|action| can_change(action, path));
        let numbered = rules.iter().enumerate();
        found.extend(numbered.filter(|(_, rule)| touches(rule)).map(|(number, _)| number));
    }
    let mut search = Search {
        depends: &|rule: usize| {
            seen[rule].iter().flat_map(|path| &influences[path]).copied().collect()
        },
        layers: vec![None; rules.len()],
        path: Vec::new(),
    };
    (0..rules.len()).map(|rule| search.layer(rule)).collect()
}

/// Whether the action can change whether `category` holds.
fn can_change(action: &Action, category: &str) -> bool {
    match action {
        Action::AddCategory { path, .. } => is_within(&path.text, category),
        Action::RemoveCategory { path } => match path.text.strip_suffix("/*") {
            Some(root) => is_within(root, category) || is_within(category, root),
            None => is_within(&path.text, category),
        },
        Action::Set { .. } => false,
    }
}

fn references<'a>(expr: &'a Expr, paths: &mut Vec<&'a str>) {
    match &expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) | ExprKind::AtLeast { of: parts, .. } => {
            for part in parts {
                references(part, paths);
            }
        }
        ExprKind::Not(inner) => references(inner, paths),
        ExprKind::Category { path } => paths.push(path),
        ExprKind::Term { .. }
        | ExprKind::List { .. }
        | ExprKind::Near { .. }
        | ExprKind::OfList { .. } => {}
    }
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
