//! Compiles sources of which little has changed since the last build. Of a changed source what begins and
//! ends as before is left alone and the middle read anew. Gives up, so that everything is built, where that
//! may not tell the same: at any error, any change of a list, or too many changes.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::lang::ast::{Action, Item, RuleItem};
use crate::lang::{Diagnostic, Span};

use super::compile::{Compiled, Source, find_layers, located_rules};
use super::forms::Forms;
use super::link::relink;
use super::reading::{Piece, has_error, is_empty_notice, read_piece};
use super::resolve::{Known, Located, Resolver};
use super::rulebook::{Category, Rule, Rulebook};
use super::ruleset::{CategoryId, RuleId, RuleSet, StringId};
use super::settings::Settings;
use super::units::{UnitBuilder, UnitId, Units};

/// Of so many rules one may have been replaced; then the remains of the old ones are cleared away.
const KEPT: usize = 4;
/// So many may in any case.
const FEW: usize = 16;

/// A stretch of an old source that stands in the new one as it was.
#[derive(Clone, Copy)]
struct Stretch {
    start: u32,
    end: u32,
    /// Where it starts now.
    now: u32,
}

impl Stretch {
    fn place(&self, span: Span) -> Span {
        let shift = |at: u32| at - self.start + self.now;
        Span { start: shift(span.start), end: shift(span.end) }
    }
}

/// The source and place of a rule that is kept.
type Kept = Option<(u32, Span)>;

/// What became of a source of the last build.
struct Fate {
    /// Its number now.
    source: u32,
    /// In order; objects that lie in one are the same.
    same: Vec<Stretch>,
    /// Whether the text is another.
    differs: bool,
}

impl Fate {
    /// Where an object stands now, unless it is to be read anew.
    fn place(&self, span: Span) -> Option<Span> {
        let at = self.same.partition_point(|stretch| stretch.end < span.end);
        let stretch = self.same.get(at).filter(|stretch| stretch.start <= span.start)?;
        Some(stretch.place(span))
    }
}

/// `None` where everything is to be built.
pub(super) fn rebuild(
    sources: &[Source],
    settings: &Settings,
    previous: &RuleSet,
) -> Option<Compiled> {
    let old = &previous.book;
    let warnings = old.warnings.as_ref()?;
    if previous.settings != *settings {
        return None;
    }
    let (fates, pieces) = compare(sources, settings, old)?;
    let place = |source: u32, span: Span| {
        let fate = fates.get(source as usize)?.as_ref()?;
        Some((fate.source, fate.place(span)?))
    };
    // A change of a list may change any rule.
    let mut lists = old.lists.clone();
    let is_list = |item: &Item| matches!(item, Item::List(_));
    if pieces.iter().flat_map(|piece| &piece.items).any(is_list) {
        return None;
    }
    let stays = |(source, fate): (usize, &Option<Fate>)| {
        fate.as_ref().is_some_and(|fate| fate.source as usize == source && !fate.differs)
    };
    if !fates.iter().enumerate().all(stays) {
        for list in Arc::make_mut(&mut lists) {
            let name_span = place(list.source, list.name_span)?.1;
            (list.source, list.span) = place(list.source, list.span)?;
            list.name_span = name_span;
        }
    }
    let mut added = located_rules(&pieces);
    added.sort_by(|a, b| a.item.name.text.cmp(&b.item.name.text));
    let kept: Vec<Kept> = old.rules.iter().map(|rule| place(rule.source, rule.span)).collect();
    let gone = kept.iter().filter(|place| place.is_none()).count();
    let replaced = old.replaced + gone.max(added.len());
    if replaced > (old.rules.len() / KEPT).max(FEW) || !distinct(&added, old, &kept) {
        return None;
    }

    let mut diagnostics: Vec<Diagnostic> = warnings
        .iter()
        .filter_map(|warning| {
            let (source, span) = place(warning.source, warning.span)?;
            let fate = fates[warning.source as usize].as_ref();
            // Of a changed source it was found again, if it still holds.
            let stale = is_empty_notice(warning) && fate.is_some_and(|fate| fate.differs);
            (!stale).then(|| Diagnostic { source, span, ..warning.clone() })
        })
        .collect();
    diagnostics.extend(pieces.iter().flat_map(|piece| piece.diagnostics.iter().cloned()));

    let mut book = Rulebook {
        sources: sources.iter().map(|s| (s.name.clone(), s.text.clone())).collect(),
        rules: Vec::new(),
        names: old.names.clone(),
        lists,
        trees: old.trees.clone(),
        units: Units::default(),
        forms: old.forms.clone(),
        adds: old.adds.clone(),
        removals: old.removals.clone(),
        sets: old.sets.clone(),
        categories: old.categories.clone(),
        strings: old.strings.clone(),
        warnings: None,
        replaced,
    };
    renumber(&mut book, old, &kept, &added);
    let builder = UnitBuilder::from_units(old.units.clone());
    let known = Known {
        analyzer: &previous.analyzer,
        fields: &settings.fields,
        taxonomy: settings.taxonomy.as_ref(),
        lists: book.lists.iter().map(|list| (&*list.name, list)).collect(),
        book: &book,
    };
    let part = Resolver::new(&known, builder).run(&added);
    drop(known);
    diagnostics.extend(part.diagnostics);
    if has_error(&diagnostics) {
        return None;
    }
    book.units = part.units;
    let numbers: Vec<UnitId> = (0..book.units.len() as UnitId).collect();
    book.absorb(part.book, &numbers);
    let (numbers, added) = merge(&mut book, old, &kept);
    find_layers(&mut book, &mut diagnostics);
    diagnostics.sort_by_key(|d| (d.source, d.span.start));
    if has_error(&diagnostics) {
        return None;
    }
    let old_words = old.units.words().len();
    if book.units.words().len() > old_words {
        let forms: &mut Forms = Arc::make_mut(&mut book.forms);
        forms.add(&previous.analyzer, &book.units.words()[old_words..]);
    }
    book.warnings = Some(diagnostics.clone());
    let taken_over = book.rules.len() - added.len();
    let ruleset = Some(relink(book, previous, &numbers, &added));
    Some(Compiled { ruleset, diagnostics, taken_over })
}

/// What became of each source of the last build, and what is to be read anew.
fn compare(
    sources: &[Source],
    settings: &Settings,
    old: &Rulebook,
) -> Option<(Vec<Option<Fate>>, Vec<Piece>)> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (number, (name, _)) in old.sources.iter().enumerate() {
        if places.insert(name, number).is_some() {
            return None;
        }
    }
    let mut fates: Vec<Option<Fate>> = old.sources.iter().map(|_| None).collect();
    let mut pieces = Vec::new();
    for (number, source) in (0u32..).zip(sources) {
        let Some(before) = places.remove(&*source.name) else {
            pieces.push(read_piece(number, 0, &source.text, &settings.fields));
            continue;
        };
        let text = &old.sources[before].1;
        let differs = !Arc::ptr_eq(text, &source.text) && **text != *source.text;
        let same = if differs {
            let (same, read) =
                read_differences(before as u32, number, &source.text, settings, old)?;
            pieces.extend(read);
            same
        } else {
            vec![Stretch { start: 0, end: text.len() as u32, now: 0 }]
        };
        fates[before] = Some(Fate { source: number, same, differs });
    }
    let failed = pieces.iter().any(|piece| has_error(&piece.diagnostics));
    (!failed).then_some((fates, pieces))
}

/// How many bytes are compared at once.
const BLOCK: usize = 4096;

/// Up to where two texts begin alike, and from where of the old one they end alike.
fn common(old: &str, new: &str) -> (u32, u32) {
    let (old, new) = (old.as_bytes(), new.as_bytes());
    let shorter = old.len().min(new.len());
    let same = |(a, b): &(&u8, &u8)| a == b;
    let blocks = old.chunks(BLOCK).zip(new.chunks(BLOCK)).take_while(|(a, b)| a == b).count();
    let skipped = (blocks * BLOCK).min(shorter);
    let more = old[skipped..].iter().zip(&new[skipped..]).take_while(same).count();
    let before = skipped + more;
    let rest = shorter - before;
    let blocks = old.rchunks(BLOCK).zip(new.rchunks(BLOCK)).take_while(|(a, b)| a == b).count();
    let skipped = (blocks * BLOCK).min(rest);
    let (old_rest, new_rest) = (&old[..old.len() - skipped], &new[..new.len() - skipped]);
    let more = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(same).count();
    let after = (skipped + more).min(rest);
    (before as u32, (old.len() - after) as u32)
}

/// Reads what is not the same in the source numbered `source` once and `now` today. Behind each difference
/// the first object that is the same is read, too: only if it is found where it should be, no comment or
/// string of the difference runs into what is left alone.
fn read_differences(
    source: u32,
    now: u32,
    new: &str,
    settings: &Settings,
    old: &Rulebook,
) -> Option<(Vec<Stretch>, Vec<Piece>)> {
    let text = &old.sources[source as usize].1;
    let (before, behind) = common(text, new);
    let rules = old.rules.iter().map(|rule| (rule.source, rule.span));
    let lists = old.lists.iter().map(|list| (list.source, list.span));
    let mut same = Stretch { start: 0, end: 0, now: 0 };
    let (mut middle, mut last) = (Vec::new(), None::<Span>);
    for (_, span) in rules.chain(lists).filter(|(of, _)| *of == source) {
        if span.end <= before {
            same.end = same.end.max(span.end);
        } else if span.start >= behind {
            last = Some(last.filter(|last| last.start < span.start).unwrap_or(span));
        } else {
            middle.push(span);
        }
    }
    middle.sort_unstable_by_key(|span| span.start);
    let end = (text.len() as u32, new.len() as u32);
    let (mut stretches, mut pieces) = (Vec::new(), Vec::new());
    let mut read = |start: u32, guard: Option<Span>| {
        let piece = read_up_to(now, start, new, guard, settings)?;
        pieces.push(piece);
        Some(())
    };
    for span in middle {
        let gap = text.get(same.end as usize..span.end as usize)?;
        let here = (same.end - same.start + same.now) as usize;
        let rest = new.get(here..)?;
        if rest.starts_with(gap) {
            same.end = span.end;
        } else if let Some(found) = memchr::memmem::find(
            &rest.as_bytes()[..rest.len().min(gap.len() + WINDOW)],
            span.of(text).as_bytes(),
        ) {
            let there = (here + found) as u32;
            let place = Span { start: there, end: there + (span.end - span.start) };
            read(here as u32, Some(place))?;
            stretches.push(same);
            same = Stretch { start: span.start, end: span.end, now: there };
        }
    }
    let here = same.end - same.start + same.now;
    let rest = last.map_or(Stretch { start: end.0, end: end.0, now: end.1 }, |last| Stretch {
        start: last.start,
        end: end.0,
        now: last.start + end.1 - end.0,
    });
    read(here, last.map(|last| rest.place(last)))?;
    stretches.extend([same, rest]);
    Some((stretches, pieces))
}

/// How many bytes one difference may put in front of the next object that is the same.
const WINDOW: usize = 4096;

/// Reads the source numbered `source` from `start` to the object at `guard`, or else to the end. `None`
/// where the guard is not found in its place.
fn read_up_to(
    source: u32,
    start: u32,
    text: &str,
    guard: Option<Span>,
    settings: &Settings,
) -> Option<Piece> {
    let end = guard.map_or(text.len(), |guard| guard.end as usize);
    let mut piece = read_piece(source, start, text.get(start as usize..end)?, &settings.fields);
    if let Some(guard) = guard {
        if piece.items.pop()?.span().behind(start) != guard {
            return None;
        }
        // Its warnings are known.
        piece.diagnostics.retain(|found| found.span.start < guard.start);
    } else if start > 0 {
        piece.diagnostics.retain(|found| !is_empty_notice(found));
    }
    Some(piece)
}

/// Whether the added rules have names that no other rule has.
fn distinct(added: &[Located<'_, RuleItem>], old: &Rulebook, kept: &[Kept]) -> bool {
    let name = |rule: &Located<'_, RuleItem>| rule.item.name.text.clone();
    let taken = |rule| old.find(&name(rule)).is_some_and(|at| kept[at].is_some());
    added.windows(2).all(|pair| name(&pair[0]) != name(&pair[1])) && !added.iter().any(taken)
}

/// Numbers the categories and attributes anew, as a build of everything would.
fn renumber(book: &mut Rulebook, old: &Rulebook, kept: &[Kept], added: &[Located<'_, RuleItem>]) {
    let rules = || old.rules.iter().zip(kept).filter(|(_, kept)| kept.is_some());
    let (mut paths, mut strings) = (Vec::new(), Vec::new());
    for action in added.iter().flat_map(|rule| &rule.item.actions) {
        match action {
            Action::AddCategory { path, .. } => paths.push(path.text.as_str()),
            Action::RemoveCategory { .. } => {}
            Action::Set { name, value } => strings.extend([name.text.as_str(), value.as_str()]),
        }
    }
    let mut used = vec![false; book.categories.len()];
    let mut used_strings = vec![false; book.strings.len()];
    for (rule, _) in rules() {
        for (category, _) in book.adds(rule) {
            used[category.0 as usize] = true;
        }
        for &(name, value) in book.sets(rule) {
            used_strings[name as usize] = true;
            used_strings[value as usize] = true;
        }
    }
    let known = book.categories.clone();
    if let Some((all, numbers)) = merged(&known, &used, paths, |category| &category.path) {
        book.categories = Arc::new(all.into_iter().map(Category::new).collect());
        for (rule, _) in rules() {
            for (category, _) in rule.adds.of_mut(&mut book.adds) {
                *category = CategoryId(numbers[category.0 as usize]);
            }
        }
    }
    let known = book.strings.clone();
    if let Some((all, numbers)) = merged(&known, &used_strings, strings, |text| text) {
        book.strings = Arc::new(all.into_iter().map(Box::from).collect());
        for (rule, _) in rules() {
            for (name, value) in rule.sets.of_mut(&mut book.sets) {
                (*name, *value) = (numbers[*name as usize], numbers[*value as usize]);
            }
        }
    }
}

/// The names that are used and the new ones, in order; and the new number of each old one, 0 for those
/// that are gone. `None` where nothing changes.
fn merged<'a, T>(
    known: &'a [T],
    used: &[bool],
    mut new: Vec<&'a str>,
    text: impl Fn(&'a T) -> &'a str,
) -> Option<(Vec<&'a str>, Vec<StringId>)> {
    new.sort_unstable();
    new.dedup();
    let mut all: Vec<&str> = Vec::with_capacity(known.len() + new.len());
    let mut numbers = vec![0; known.len()];
    let mut new = new.into_iter().peekable();
    let mut changed = false;
    for ((old, number), &used) in known.iter().map(text).zip(&mut numbers).zip(used) {
        while let Some(first) = new.next_if(|&first| first < old) {
            changed = true;
            all.push(first);
        }
        let again = new.next_if(|&first| first == old).is_some();
        if used || again {
            *number = all.len() as StringId;
            all.push(old);
        } else {
            changed = true;
        }
    }
    changed |= new.peek().is_some();
    all.extend(new);
    changed.then_some((all, numbers))
}

/// Brings the kept rules and those that the book has in the order of their names; gives the new numbers of
/// the kept, and of the others.
fn merge(book: &mut Rulebook, old: &Rulebook, kept: &[Kept]) -> (Vec<Option<RuleId>>, Vec<RuleId>) {
    let added = std::mem::take(&mut book.rules);
    let mut rules = Vec::with_capacity(kept.len() + added.len());
    let (mut numbers, mut new) = (Vec::with_capacity(kept.len()), Vec::with_capacity(added.len()));
    let mut added = added.into_iter().peekable();
    let mut add = |rules: &mut Vec<Rule>, rule| {
        new.push(RuleId(rules.len() as u32));
        rules.push(rule);
    };
    for (rule, kept) in old.rules.iter().zip(kept) {
        let Some((source, span)) = *kept else {
            numbers.push(None);
            continue;
        };
        while let Some(first) = added.next_if(|first| book.name(first) < book.name(rule)) {
            add(&mut rules, first);
        }
        numbers.push(Some(RuleId(rules.len() as u32)));
        rules.push(Rule { source, span, ..*rule });
    }
    added.for_each(|rule| add(&mut rules, rule));
    book.rules = rules;
    (numbers, new)
}
