//! Makes a [`RuleSet`] of a [`Rulebook`]: programs to run, and the tables by which an advert's words lead
//! to rules. All of it follows from the book. After a small change what is the same is taken over.

use std::sync::Arc;

use rayon::prelude::*;

use crate::text::Analyzer;

use super::comparisons::Comparisons;
use super::filed::Filed;
use super::identity;
use super::marks::Sign;
use super::memory::roomy;
use super::phrases::{PhraseKey, Phrases};
use super::program::{Entry, FAILS, HOLDS, Programs};
use super::roles::Roles;
use super::rulebook::{Rule, Rulebook};
use super::ruleset::{CategoryId, Posting, RuleId, RuleSet};
use super::select::{Access, Rarity, Target, key_word};
use super::settings::Settings;
use super::tallies::{TallyId, TallyPosting};
use super::units::{Unit, UnitId, Units};
use super::vocabulary::Vocabulary;

/// How many rules one task looks at.
const TOGETHER: usize = 1024;

/// Links a book all of whose parts are set. `uses` says how many leaves name each unit, `hash` what its hash
/// is where that is known.
pub(super) fn link(
    mut book: Rulebook,
    uses: Vec<u32>,
    hash: Option<String>,
    settings: &Settings,
    analyzer: Analyzer,
) -> RuleSet {
    find_categories(&mut book);
    book.units.count_leading_words();
    let words = || {
        let found = || identity::hash(&book, &describe(settings, &analyzer));
        (Vocabulary::new(&book.forms), hash.unwrap_or_else(found))
    };
    let ((vocabulary, hash), ((phrases, lists), tried)) = rayon::join(words, || {
        rayon::join(
            || file_parts(&book.units, &uses),
            || {
                let mut programs = Programs::default();
                let entries = book.rules.iter();
                let entries: Vec<Entry> =
                    entries.map(|rule| add_program(&mut programs, &book, rule)).collect();
                let rarity = Rarity::from_rules(&book.units, &uses, &programs.tallies);
                let filing = file_rules(&book, &rarity, &entries);
                (programs, entries, filing)
            },
        )
    });
    let (programs, entries, filing) = tried;
    let tallied = programs.tallies.by_unit();
    let tally_postings = Filed::new(programs.tallies.len(), &filing.tallies);
    let roles = Roles::new(&book, book.rules.iter(), &[], &phrases, &filing.units, &tallied);
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
        postings: Filed::new(book.units.len(), &filing.units),
        tallied,
        tally_postings,
        always: filing.always,
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
    let mut uses = roomy(&previous.uses);
    uses.resize(book.units.len(), 0);
    let words = || {
        let vocabulary = if Arc::ptr_eq(&book.forms, &previous.book.forms) {
            previous.vocabulary.clone()
        } else {
            Arc::new(Vocabulary::new(&book.forms))
        };
        (vocabulary, identity::hash(&book, &describe(&previous.settings, &previous.analyzer)))
    };
    let parts = || {
        if book.units.len() > previous.book.units.len() {
            let (phrases, lists) = file_parts(&book.units, &uses);
            (Arc::new(phrases), Arc::new(lists))
        } else {
            (previous.phrases.clone(), previous.lists.clone())
        }
    };
    let ((vocabulary, hash), ((phrases, lists), refiled)) = rayon::join(words, || {
        rayon::join(parts, || refile(&book, &uses, previous, numbers, added))
    });
    let (programs, entries, filing) = refiled;
    let new_rules = added.iter().map(|&number| book.rule(number));
    let before = previous.roles.looked_at();
    let tallied = programs.tallies.by_unit();
    let tally_postings = Filed::new(programs.tallies.len(), &filing.tallies);
    let roles = Roles::new(&book, new_rules, before, &phrases, &filing.units, &tallied);
    RuleSet {
        hash,
        settings: previous.settings.clone(),
        analyzer: previous.analyzer.clone(),
        entries,
        programs,
        removes: removes(&book),
        vocabulary,
        phrases,
        lists,
        roles,
        postings: Filed::new(book.units.len(), &filing.units),
        tallied,
        tally_postings,
        always: filing.always,
        layers: book.rules.iter().map(|rule| rule.layer + 1).max().unwrap_or(1),
        uses,
        comparisons: Comparisons::new(book.units.comparisons()),
        book,
    }
}

/// The programs of a book that differs in few rules from that of `previous`, where each rule's begins, and where
/// the rules are filed.
fn refile(
    book: &Rulebook,
    uses: &[u32],
    previous: &RuleSet,
    numbers: &[Option<RuleId>],
    added: &[RuleId],
) -> (Programs, Vec<Entry>, Filing) {
    let mut programs = previous.programs.clone();
    let mut entries = vec![Entry::NONE; book.rules.len()];
    for (number, entry) in numbers.iter().zip(&previous.entries) {
        if let Some(number) = number {
            entries[number.0 as usize] = *entry;
        }
    }
    let kept = |rule: RuleId| numbers[rule.0 as usize];
    let units = previous.postings.iter().filter_map(|(unit, posting)| {
        Some((unit, Posting { rule: kept(posting.rule)?, ..*posting }))
    });
    let counted = previous.tally_postings.iter().filter_map(|(tally, posting)| {
        Some((tally, TallyPosting { rule: kept(posting.rule)?, ..*posting }))
    });
    let always = previous.always.iter().filter_map(|&rule| kept(rule));
    let mut filing =
        Filing { units: units.collect(), tallies: counted.collect(), always: always.collect() };
    for &number in added {
        entries[number.0 as usize] = add_program(&mut programs, book, book.rule(number));
    }
    let rarity = Rarity::from_rules(&book.units, uses, &programs.tallies);
    for &number in added {
        filing.file(book, &rarity, number, entries[number.0 as usize]);
    }
    filing.always.sort_unstable();
    (programs, entries, filing)
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
    let exception = unless.map_or(HOLDS, |unless| programs.add(book, unless, FAILS, HOLDS));
    Entry { condition: programs.add(book, rule.when, exception, FAILS), exception }
}

/// How many leaves of conditions name each unit, alone or within another.
pub(super) fn count_uses(book: &Rulebook) -> Vec<u32> {
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
fn file_parts(units: &Units, uses: &[u32]) -> (Phrases, Filed<UnitId>) {
    let (mut phrases, mut lists) = (Vec::new(), Vec::new());
    for (unit, kind) in units.iter() {
        let parts = units.parts(unit);
        match kind {
            Unit::Phrase { .. } => {
                // The pair that begins with the rarest word, or ends with it if it is the last.
                let offset = key_word(parts, uses).min(parts.len() - 2);
                let length = parts.len() as u32;
                let key = PhraseKey { phrase: unit, offset: offset as u32, length };
                phrases.push((parts[offset], (parts[offset + 1], key)));
            }
            Unit::List { .. } => lists.extend(parts.iter().map(|&member| (member, unit))),
            _ => {}
        }
    }
    (Phrases::new(units.len(), &phrases), Filed::new(units.len(), &lists))
}

/// Where rules are filed.
#[derive(Default)]
struct Filing {
    units: Vec<(UnitId, Posting)>,
    tallies: Vec<(TallyId, TallyPosting)>,
    always: Vec<RuleId>,
}

/// Every rule under what leads to it.
fn file_rules(book: &Rulebook, rarity: &Rarity<'_>, entries: &[Entry]) -> Filing {
    let parts: Vec<Filing> = entries
        .par_chunks(TOGETHER)
        .enumerate()
        .map(|(chunk, entries)| {
            let mut filing = Filing::default();
            for (number, &entry) in (chunk * TOGETHER..).zip(entries) {
                filing.file(book, rarity, RuleId(number as u32), entry);
            }
            filing
        })
        .collect();
    let mut all = Filing::default();
    for part in parts {
        all.units.extend(part.units);
        all.tallies.extend(part.tallies);
        all.always.extend(part.always);
    }
    all
}

impl Filing {
    fn file(&mut self, book: &Rulebook, rarity: &Rarity<'_>, rule: RuleId, entry: Entry) {
        let Access::Units { keys, .. } = rarity.access(&book.trees, book.rule(rule).when) else {
            self.always.push(rule);
            return;
        };
        for key in keys {
            let start = if key.proves { entry.exception } else { entry.condition };
            match key.target {
                Target::Unit(unit, fields) => {
                    let beside = key.beside.unwrap_or(Sign { unit, fields });
                    self.units.push((unit, Posting { rule, fields, start, beside }));
                }
                Target::Tally(tally, least) => {
                    self.tallies.push((tally, TallyPosting { least, rule, start }));
                }
            }
        }
    }
}
