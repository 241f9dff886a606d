//! Makes a [`RuleSet`] of a [`Rulebook`]: programs to run, and the tables by which an advert's words lead
//! to rules. All of it follows from the book. After a small change what is the same is taken over.

use std::sync::Arc;

use rayon::prelude::*;

use crate::text::Analyzer;

use super::comparisons::Comparisons;
use super::identity;
use super::phrases::{PhraseKey, Phrases};
use super::program::{Entry, FAILS, HOLDS, Programs};
use super::roles::Roles;
use super::rulebook::{Rule, Rulebook};
use super::ruleset::{CategoryId, Posting, RuleId, RuleSet};
use super::select::{Access, Rarity};
use super::settings::Settings;
use super::units::{Filed, Unit, UnitId, Units};
use super::vocabulary::Vocabulary;

/// How many rules one task looks at.
const TOGETHER: usize = 1024;

/// Links a book all of whose parts are set.
pub(super) fn link(mut book: Rulebook, settings: &Settings, analyzer: Analyzer) -> RuleSet {
    find_categories(&mut book);
    let uses = count_uses(&book);
    let rarity = Rarity::from_rules(&book.units, &uses);
    let words = || {
        let hash = identity::hash(&book, &describe(settings, &analyzer));
        (Vocabulary::new(&book.forms), hash)
    };
    let ((vocabulary, hash), ((phrases, lists), tried)) = rayon::join(words, || {
        rayon::join(
            || file_parts(&book.units, &rarity),
            || {
                let mut programs = Programs::default();
                let entries = book.rules.iter();
                let entries: Vec<Entry> =
                    entries.map(|rule| add_program(&mut programs, &book, rule)).collect();
                let accesses = accesses(&book, &rarity, &entries);
                (programs, entries, accesses)
            },
        )
    });
    let (programs, entries, (postings, always)) = tried;
    let roles = Roles::new(&book, book.rules.iter(), &[], &phrases, &postings);
    RuleSet {
        hash,
        settings: settings.clone(),
        analyzer,
        entries,
        programs,
        removes: removes(&book),
        vocabulary: Arc::new(vocabulary),
        phrases: Arc::new(phrases),
        lists: Arc::new(lists),
        roles,
        postings: Filed::new(book.units.len(), &postings),
        always,
        layers: book.rules.iter().map(|rule| rule.layer + 1).max().unwrap_or(1),
        uses,
        comparisons: Comparisons::new(book.units.comparisons()),
        book,
    }
}

/// Links a book that differs in few rules from that of `previous`. `numbers` gives the new number of each
/// of its rules that is kept, `added` are those that are not among them.
pub(super) fn relink(
    mut book: Rulebook,
    previous: &RuleSet,
    numbers: &[Option<RuleId>],
    added: &[RuleId],
) -> RuleSet {
    find_categories(&mut book);
    // What is known of the words is kept: it only says which rules are tried, not which match.
    let mut uses = previous.uses.clone();
    uses.resize(book.units.len(), 0);
    let rarity = Rarity::from_rules(&book.units, &uses);
    let new_units = book.units.len() > previous.book.units.len();
    let (phrases, lists) = if new_units {
        let (phrases, lists) = file_parts(&book.units, &rarity);
        (Arc::new(phrases), Arc::new(lists))
    } else {
        (previous.phrases.clone(), previous.lists.clone())
    };
    let vocabulary = if Arc::ptr_eq(&book.forms, &previous.book.forms) {
        previous.vocabulary.clone()
    } else {
        Arc::new(Vocabulary::new(&book.forms))
    };
    let mut programs = previous.programs.clone();
    let mut entries = vec![Entry::NONE; book.rules.len()];
    for (number, entry) in numbers.iter().zip(&previous.entries) {
        if let Some(number) = number {
            entries[number.0 as usize] = *entry;
        }
    }
    let kept = |rule: RuleId| numbers[rule.0 as usize];
    let old = previous.postings.iter();
    let mut postings: Vec<(UnitId, Posting)> = old
        .filter_map(|(unit, posting)| {
            Some((unit, Posting { rule: kept(posting.rule)?, ..*posting }))
        })
        .collect();
    let mut always: Vec<RuleId> = previous.always.iter().filter_map(|&rule| kept(rule)).collect();
    for &number in added {
        let rule = book.rule(number);
        let entry = add_program(&mut programs, &book, rule);
        entries[number.0 as usize] = entry;
        file_rule(&book, &rarity, (number, entry), &mut postings, &mut always);
    }
    always.sort_unstable();
    let new_rules = added.iter().map(|&number| book.rule(number));
    let roles = Roles::new(&book, new_rules, previous.roles.looked_at(), &phrases, &postings);
    RuleSet {
        hash: identity::hash(&book, &describe(&previous.settings, &previous.analyzer)),
        settings: previous.settings.clone(),
        analyzer: previous.analyzer.clone(),
        entries,
        programs,
        removes: removes(&book),
        vocabulary,
        phrases,
        lists,
        roles,
        postings: Filed::new(book.units.len(), &postings),
        always,
        layers: book.rules.iter().map(|rule| rule.layer + 1).max().unwrap_or(1),
        uses,
        comparisons: Comparisons::new(book.units.comparisons()),
        book,
    }
}

/// The settings as text, for the identity: equal texts analyse equally.
fn describe(settings: &Settings, analyzer: &Analyzer) -> String {
    format!("settings {}\ndata {}", settings.to_json(), analyzer.data_checksum())
}

fn find_categories(book: &mut Rulebook) {
    let mut units = std::mem::take(&mut book.units);
    units.find_categories(|path| book.within(path));
    book.units = units;
}

/// The categories that each rule removes.
fn removes(book: &Rulebook) -> Filed<CategoryId> {
    let mut removes = Vec::new();
    for (number, rule) in (0..).zip(&book.rules) {
        for path in book.removals(rule) {
            let found = match path.strip_suffix("/*") {
                Some(root) => book.within(root),
                // Of a category that no rule adds there is nothing to remove.
                None => book.category(path).into_iter().collect(),
            };
            removes.extend(found.into_iter().map(|category| (number, category)));
        }
    }
    Filed::new(book.rules.len(), &removes)
}

/// Adds a rule's program; where it begins.
fn add_program(programs: &mut Programs, book: &Rulebook, rule: &Rule) -> Entry {
    // Whoever meets the exception fails; whoever does not has met the condition before.
    let unless = rule.unless;
    let exception = unless.map_or(HOLDS, |unless| programs.add(&book.trees, unless, FAILS, HOLDS));
    Entry { condition: programs.add(&book.trees, rule.when, exception, FAILS), exception }
}

/// How many leaves of conditions name each unit, alone or within another.
fn count_uses(book: &Rulebook) -> Vec<u32> {
    fn count(units: &Units, unit: UnitId, uses: &mut [u32]) {
        uses[unit as usize] += 1;
        for &part in units.parts(unit) {
            count(units, part, uses);
        }
    }
    let mut uses = vec![0u32; book.units.len()];
    for rule in &book.rules {
        book.trees.visit_leaves(rule.when, &mut |unit, _| count(&book.units, unit, &mut uses));
    }
    uses
}

/// Phrases under the pairs by which they are looked for, lists under their members.
fn file_parts(units: &Units, rarity: &Rarity<'_>) -> (Phrases, Filed<UnitId>) {
    let (mut phrases, mut lists) = (Vec::new(), Vec::new());
    for (unit, kind) in units.iter() {
        let parts = units.parts(unit);
        match kind {
            Unit::Phrase { .. } => {
                // The pair that begins with the rarest word, or ends with it if it is the last.
                let offset = rarity.key_word(parts).min(parts.len() - 2);
                let length = parts.len() as u32;
                let key = PhraseKey { phrase: unit, offset: offset as u32, length };
                phrases.push((parts[offset], parts[offset + 1], key));
            }
            Unit::List { .. } => lists.extend(parts.iter().map(|&member| (member, unit))),
            _ => {}
        }
    }
    (Phrases::new(phrases), Filed::new(units.len(), &lists))
}

type Postings = (Vec<(UnitId, Posting)>, Vec<RuleId>);

/// Rules under the units by which they are tried, and those that always are.
fn accesses(book: &Rulebook, rarity: &Rarity<'_>, entries: &[Entry]) -> Postings {
    let found: Vec<Postings> = entries
        .par_chunks(TOGETHER)
        .enumerate()
        .map(|(chunk, entries)| {
            let (mut postings, mut always) = (Vec::new(), Vec::new());
            for (number, &entry) in (chunk * TOGETHER..).zip(entries) {
                let rule = (RuleId(number as u32), entry);
                file_rule(book, rarity, rule, &mut postings, &mut always);
            }
            (postings, always)
        })
        .collect();
    let (mut postings, mut always) = (Vec::new(), Vec::new());
    for part in found {
        postings.extend(part.0);
        always.extend(part.1);
    }
    (postings, always)
}

fn file_rule(
    book: &Rulebook,
    rarity: &Rarity<'_>,
    (number, entry): (RuleId, Entry),
    postings: &mut Vec<(UnitId, Posting)>,
    always: &mut Vec<RuleId>,
) {
    match rarity.access(&book.trees, book.rule(number).when) {
        Access::Units { keys, .. } => {
            postings.extend(keys.into_iter().map(|key| {
                let start = if key.proves { entry.exception } else { entry.condition };
                (key.unit, Posting { rule: number, fields: key.fields, start })
            }));
        }
        Access::Always => always.push(number),
    }
}
