//! The parser: every finding has its place in the source, and what is right reads the same from its
//! canonical form as from its own.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::{fs, iter};

use jobsieve_engine::lang::ast::Item;
use jobsieve_engine::lang::{FieldKind, Fields, Severity, parse, print};

use crate::{Target, mutate};

pub const TARGET: Target = Target { name: "parser", pieces, run };

/// The fields that the golden files use.
static FIELDS: LazyLock<Fields> = LazyLock::new(|| {
    let kinds = [
        ("skills", FieldKind::Text),
        ("salary", FieldKind::Number),
        ("location", FieldKind::Keyword),
        ("posted", FieldKind::Date),
        ("remote", FieldKind::Boolean),
    ];
    let declared: BTreeMap<_, _> =
        kinds.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect();
    Fields::try_from(declared).expect("these can be declared")
});

/// The lines of the golden files, and what rules are made of.
#[rustfmt::skip]
fn pieces() -> Vec<String> {
    let pieces = [
        " and ", " or ", " not ", " near/3 ", " before/2 ", "(", ")", ", ", ";", ":", "\"", "“", "”", "'", "\\",
        "\"a\"", "\"nurs*\"", "~2", "any of (", "all of ", "at least 2 of (", "exact ", "case ", "any form ",
        "list \"w\"", "category \"c\"", "title ", "title:", "title, skills ", "salary >= 40k", "salary in (1, 2)",
        "salary between 1 and ", "location = \"x\"", "posted < \"2026-01-31\"", "remote = true", " unless ", " then ",
        "rule \"r\": when ", "list \"w\": ", "add category \"c\" score 2", "remove category \"c/*\"", "set \"k\" = \"v\"",
        "# comment\n", "\n", "\u{200B}", "\u{A0}", "&&", "||", "!", "&", "-", "[", "}", "Conditions: ", "Actions: ",
    ];
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    let mut all: Vec<String> = pieces.map(str::to_owned).into();
    for folder in ["ok", "err"] {
        let files = fs::read_dir(golden.join(folder)).into_iter().flatten().flatten();
        // In the order of their names, so that a seed draws the same inputs everywhere.
        let mut files: Vec<PathBuf> = files.map(|file| file.path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "rules")) {
            let text = fs::read_to_string(file).unwrap_or_default();
            all.extend(text.lines().map(|line| format!("{line}\n")));
        }
    }
    all
}

fn run(source: &str) -> Result<u64, String> {
    let parsed = parse(source, &FIELDS);
    let mut outcome = Vec::new();
    for found in &parsed.diagnostics {
        if source.get(found.span.start as usize..found.span.end as usize).is_none() {
            return Err(format!("{found:?} lies outside the source or within a character"));
        }
        outcome.extend(found.code.as_str().bytes());
    }
    let right = parsed.diagnostics.iter().all(|found| found.code.severity() != Severity::Error);
    if right {
        let canonical = canonical(&parsed.items);
        let again = parse(&canonical, &FIELDS);
        if shape(&again.items) != shape(&parsed.items) {
            return Err(format!("the canonical form reads differently: {canonical}"));
        }
        // What the canonical form leaves of names and numbers: the constructs in their order.
        let constructs = canonical.split(' ').filter(|word| word.starts_with(char::is_alphabetic));
        outcome.extend(constructs.flat_map(str::bytes));
    }
    Ok(mutate::hash(&outcome))
}

fn canonical(items: &[Item]) -> String {
    let mut out = String::new();
    for item in items {
        let one = match item {
            Item::List(list) => print::list(list),
            Item::Rule(rule) => print::rule(rule, &FIELDS),
        };
        let _ = writeln!(out, "{one}");
    }
    out
}

/// The tree without places.
fn shape(items: &[Item]) -> String {
    let tree = format!("{items:?}");
    let mut parts = tree.split("Span {");
    let first = parts.next().unwrap_or_default();
    let rest = parts.map(|part| part.split_once('}').map_or(part, |(_, behind)| behind));
    iter::once(first).chain(rest).collect()
}
