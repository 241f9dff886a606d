//! Looks at every number of a [`Rulebook`] that comes from outside, so that nothing that is linked from it
//! can reach beyond an array, recur without end, or take for ever. Also computes anew what follows from
//! other parts.

use crate::lang::grammar::{MAX_NESTING, MAX_SOURCE};
use crate::lang::{Fields, Span};

use super::layers::layers;
use super::rulebook::{Category, Rulebook, Run};
use super::ruleset::{CategoryId, StringId};
use super::tree::{NodeKind, Trees};
use super::units::{Unit, UnitId, Units};

/// How deep conditions may be: each level of nesting of the source makes a few.
const DEEPEST: u32 = 8 * MAX_NESTING as u32;
/// How many units one may be made of, all in all.
const LARGEST: u64 = 1 << 26;
/// The greatest score of one rule, in thousandths.
const MAX_SCORE: u64 = 1_000_000_000;

type Verdict = Result<(), &'static str>;

/// Says what is wrong.
pub(super) fn validate(book: &mut Rulebook, fields: &Fields) -> Verdict {
    let (units, trees) =
        rayon::join(|| book.units.validate(fields), || book.trees.validate(book.units.len()));
    units?;
    let mut parents = trees?;
    let (rules, others) =
        rayon::join(|| rules(book, &mut parents), || names(book).and_then(|()| forms(book)));
    rules?;
    others?;
    for list in book.lists.iter() {
        let units = book.units.len();
        let known = |&unit: &UnitId| (unit as usize) < units;
        require(known(&list.unit) && list.members.iter().all(known), "a list has no such unit")?;
    }
    let found = layers(book).map_err(|_| "rules wait for each other's categories")?;
    for (rule, layer) in book.rules.iter_mut().zip(found) {
        rule.layer = layer;
    }
    Ok(())
}

fn require(condition: bool, what: &'static str) -> Verdict {
    if condition { Ok(()) } else { Err(what) }
}

fn is_run(run: Run, length: usize) -> bool {
    u64::from(run.start) + u64::from(run.len) <= length as u64
}

fn is_span(span: Span, length: usize) -> bool {
    span.start <= span.end && span.end as usize <= length
}

/// `parents` says which nodes stand below another.
fn rules(book: &Rulebook, parents: &mut [bool]) -> Verdict {
    let categories = book.categories.len();
    let known = |(category, score): &(CategoryId, i64)| {
        (category.0 as usize) < categories && score.unsigned_abs() <= MAX_SCORE
    };
    let strings = book.strings.len();
    let known_set = |(name, value): &(StringId, StringId)| {
        (*name as usize) < strings && (*value as usize) < strings
    };
    // What replaced rules did may still be there; it means nothing.
    let (mut adds, mut sets) = (0, 0);
    let mut last = None;
    for rule in &book.rules {
        let source = book.sources.get(rule.source as usize);
        let (_, text) = source.ok_or("a rule has no source")?;
        require(is_span(rule.span, text.len().min(MAX_SOURCE)), "a rule stands nowhere")?;
        let end = u64::from(rule.name.start) + u64::from(rule.name.len);
        let name =
            usize::try_from(end).ok().and_then(|end| book.names.get(rule.name.start as usize..end));
        let name = name.ok_or("a rule has no name")?;
        require(last.is_none_or(|last| last < name), "rules are out of order")?;
        last = Some(name);
        require(
            is_run(rule.adds, book.adds.len())
                && is_run(rule.removals, book.removals.len())
                && is_run(rule.sets, book.sets.len()),
            "a rule's actions do not exist",
        )?;
        adds += rule.adds.len as usize;
        sets += rule.sets.len as usize;
        require(adds <= book.adds.len() && sets <= book.sets.len(), "rules share their actions")?;
        require(book.adds(rule).iter().all(known), "a category or score does not exist")?;
        require(book.sets(rule).iter().all(known_set), "an attribute does not exist")?;
        // A node that many rules shared could be made to be looked at without end.
        for root in [Some(rule.when), rule.unless].into_iter().flatten() {
            let parent = parents.get_mut(root as usize).ok_or("a condition does not exist")?;
            require(!std::mem::replace(parent, true), "a condition stands in two places")?;
        }
    }
    Ok(())
}

fn names(book: &Rulebook) -> Verdict {
    let ascend = |pair: &[Category]| pair[0].path < pair[1].path;
    let right = |category: &Category| *category == Category::new(&category.path);
    require(
        book.categories.windows(2).all(ascend) && book.categories.iter().all(right),
        "categories are out of order",
    )?;
    let ascend = |pair: &[Box<str>]| pair[0] < pair[1];
    require(book.strings.windows(2).all(ascend), "attributes are out of order")
}

fn forms(book: &Rulebook) -> Verdict {
    let units = &book.units;
    let is_word =
        |unit: UnitId| (unit as usize) < units.len() && matches!(units.kind(unit), Unit::Word);
    let beginnings = [&book.forms.prefixes, &book.forms.written_prefixes];
    require(
        book.forms.whole.iter().all(|(_, meaning)| is_word(meaning.word))
            && beginnings.into_iter().flatten().all(|(_, word)| is_word(*word)),
        "a form is of no word",
    )
}

impl Trees {
    /// Which nodes stand below another; or what is wrong.
    fn validate(&self, units: usize) -> Result<Vec<bool>, &'static str> {
        let count = self.len();
        let mut parents = vec![false; count];
        let mut depths = vec![0u32; count];
        for node in 0..count {
            let found = self.get(node as u32);
            require(is_span(found.span, MAX_SOURCE), "a condition stands nowhere")?;
            let one;
            let children: &[u32] = match found.kind {
                NodeKind::And { start, len }
                | NodeKind::Or { start, len }
                | NodeKind::AtLeast { start, len, .. } => {
                    require(
                        is_run(Run { start, len }, self.children_len()),
                        "a part does not exist",
                    )?;
                    self.children(start, len)
                }
                NodeKind::Not(inner) => {
                    one = [inner];
                    &one
                }
                NodeKind::Leaf { unit, .. } => {
                    require((unit as usize) < units, "a condition asks for nothing")?;
                    &[]
                }
            };
            for &child in children {
                let child = child as usize;
                require(child < node, "a condition holds itself")?;
                require(
                    !std::mem::replace(&mut parents[child], true),
                    "a condition stands in two places",
                )?;
                depths[node] = depths[node].max(depths[child] + 1);
            }
            require(depths[node] <= DEEPEST, "a condition is too deep")?;
        }
        Ok(parents)
    }
}

impl Units {
    fn validate(&self, fields: &Fields) -> Verdict {
        let values = fields.values().len() as u32;
        let mut sizes = vec![1u64; self.len()];
        let mut depths = vec![0u32; self.len()];
        let paths = self.category_paths().len();
        for (unit, kind) in self.iter() {
            let at = unit as usize;
            require(self.has_parts(unit), "a unit's parts do not exist")?;
            let parts = self.parts(unit);
            require(parts.iter().all(|&part| part < unit), "a unit is part of itself")?;
            let are = |test: fn(Unit) -> bool| parts.iter().all(|&part| test(self.kind(part)));
            let word = |kind| matches!(kind, Unit::Word);
            let plain = |kind| matches!(kind, Unit::Word | Unit::Phrase { .. });
            let right = match kind {
                Unit::Word | Unit::Any { .. } | Unit::Near { .. } => true,
                Unit::Phrase { len, .. } | Unit::Slop { len, .. } => len >= 2 && are(word),
                Unit::List { .. } => are(plain),
                Unit::Category { set } => (set as usize) < paths,
                Unit::Comparison { number } => {
                    let asked = self.comparisons().get(number as usize);
                    asked.is_some_and(|(field, _)| field.0 < values)
                }
            };
            require(right, "a unit has parts of a wrong kind")?;
            for &part in parts {
                sizes[at] = sizes[at].saturating_add(sizes[part as usize]);
                depths[at] = depths[at].max(depths[part as usize] + 1);
            }
            require(sizes[at] <= LARGEST && depths[at] <= DEEPEST, "a unit is too large")?;
        }
        Ok(())
    }
}
