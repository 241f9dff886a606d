//! A rule set as one file, so that it is built once and loaded in many places.
//!
//! A head of fixed length says what it is: a mark, the number of the form, the length of the body, XXH3 of
//! 128 bits over all of the file but itself. The body is the rule set's settings, its identity and its
//! [rule book](super::rulebook), from which the rule set is linked: nothing that depends on a machine or a
//! process is kept. The sum finds damage, so that the content hash need not be found again, which would take
//! as long as the rest of the reading. Neither is a signature: a file that was made to deceive has a sum that
//! is right, so that [`validate`](super::validate) looks at every number before it is used.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::text::Analyzer;

use super::identity::is_hash;
use super::link::link;
use super::rulebook::Rulebook;
use super::ruleset::RuleSet;
use super::settings::Settings;
use super::table;
use super::validate::validate;

/// The number of the form that is written, and the only one that is read. Raised when the head of the body
/// or the rule book changes.
pub const FORMAT: u32 = 3;

const MARK: &[u8; 8] = b"JOBSIEVE";
/// Mark, form, length of the body.
const PLAIN: usize = 8 + 4 + 8;
const HEAD: usize = PLAIN + 16;

/// What a bundle says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The content hash of the rule set.
    pub hash: String,
    /// The store's number for it, if it came from a store.
    pub version: Option<i64>,
    /// The settings that it was built with, as JSON.
    pub settings: String,
    /// The checksum of the word lists that it was built with.
    pub data: String,
    /// How many rules it has.
    pub rules: u64,
    /// How many categories they add.
    pub categories: u64,
    /// The names of its sources.
    pub sources: Vec<String>,
}

/// Why a bundle can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BundleError {
    /// It is another kind of file.
    Foreign,
    /// It has a form that this version does not read: found, known.
    Format(u32, u32),
    /// It ends too soon, or goes on too long: found, expected bytes.
    Length(u64, u64),
    /// Its bytes are not those that were written.
    Damaged,
    /// Its sum is right and what it says is not: what.
    Malformed(&'static str),
    /// It was built with other word lists than those of this version.
    Data,
    /// It was built with other settings: key, value there, value here.
    Settings(String, String, String),
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("it is no bundle of Jobsieve"),
            Self::Format(found, known) => {
                let age = if found > known { "newer" } else { "older" };
                write!(
                    f,
                    "it has form {found}, which is {age} than the {known} that this version reads"
                )
            }
            Self::Length(found, expected) if found < expected => {
                write!(f, "it is cut off: {found} bytes of {expected}")
            }
            Self::Length(found, expected) => {
                write!(f, "it is too long: {found} bytes in place of {expected}")
            }
            Self::Damaged => f.write_str("it is damaged: its checksum does not fit its content"),
            Self::Malformed(what) => write!(f, "it is malformed: {what}"),
            Self::Data => f.write_str(
                "it was built with other word lists than those of this version; build it anew",
            ),
            Self::Settings(key, theirs, ours) => {
                write!(f, "it was built with {key} = {theirs}, and here {key} is {ours}")
            }
        }
    }
}

impl std::error::Error for BundleError {}

/// A rule set and what its bundle says of it.
#[derive(Debug)]
pub struct Loaded {
    /// The rule set.
    pub ruleset: RuleSet,
    /// What the bundle says.
    pub about: About,
}

/// The rule set as the content of a file.
#[must_use]
pub fn save(ruleset: &RuleSet, version: Option<i64>) -> Vec<u8> {
    let book = &ruleset.book;
    let about = About {
        hash: ruleset.hash.clone(),
        version,
        settings: ruleset.settings.to_json(),
        data: ruleset.analyzer.data_checksum(),
        rules: book.rules.len() as u64,
        categories: book.categories.len() as u64,
        sources: book.sources.iter().map(|(name, _)| name.to_string()).collect(),
    };
    let head = vec![0; HEAD];
    // Growing a vector and writing plain data can't fail.
    let parts = [
        postcard::to_stdvec(&book.trees),
        postcard::to_stdvec(&book.units),
        postcard::to_stdvec(&book.forms),
        Ok(table::write(&ruleset.uses)),
    ];
    let mut bytes = postcard::to_extend(&about, head).unwrap_or_default();
    for part in parts.map(Result::unwrap_or_default) {
        bytes = postcard::to_extend(&(part.len() as u64), bytes).unwrap_or_default();
        bytes.extend(part);
    }
    let mut bytes = postcard::to_extend(book, bytes).unwrap_or_default();
    let length = (bytes.len() - HEAD) as u64;
    let plain = [&MARK[..], &FORMAT.to_le_bytes(), &length.to_le_bytes()].concat();
    bytes[..PLAIN].copy_from_slice(&plain);
    let sum = sum(&bytes);
    bytes[PLAIN..HEAD].copy_from_slice(&sum);
    bytes
}

/// What a bundle says of itself; all of it is read and its sum compared.
///
/// # Errors
/// Says why it can't be used.
pub fn inspect(bytes: &[u8]) -> Result<About, BundleError> {
    check_head(bytes)?;
    check_sum(bytes)?;
    Ok(about(bytes)?.0)
}

/// The rule set of a bundle. With `settings` it is refused where it was built with others; a taxonomy is no
/// matter of the place where it is loaded, but came with its rules.
///
/// # Errors
/// Says why it can't be used.
pub fn load(bytes: &[u8], settings: Option<&Settings>) -> Result<Loaded, BundleError> {
    check_head(bytes)?;
    // What is read is not used before the sum is known to be right.
    let (sum, read) = rayon::join(|| check_sum(bytes), || read(bytes));
    sum?;
    let Content { about, mut book, uses } = read?;
    if !is_hash(&about.hash) {
        return Err(BundleError::Malformed("its hash is none"));
    }
    let theirs = Settings::from_json(about.settings.as_bytes())
        .map_err(|_| BundleError::Malformed("its settings can't be read"))?;
    if let Some(ours) = settings {
        let ours = Settings { taxonomy: theirs.taxonomy.clone(), ..ours.clone() };
        if ours != theirs {
            return Err(difference(&theirs, &ours));
        }
    }
    let analyzer = Analyzer::new(&theirs.analysis);
    if analyzer.data_checksum() != about.data {
        return Err(BundleError::Data);
    }
    validate(&mut book, &theirs.fields).map_err(BundleError::Malformed)?;
    if uses.len() != book.units.len() {
        return Err(BundleError::Malformed("it can't be told how often its words are used"));
    }
    let ruleset = link(book, uses, Some(about.hash.clone()), &theirs, analyzer);
    Ok(Loaded { ruleset, about })
}

/// What the body holds.
struct Content {
    about: About,
    book: Rulebook,
    uses: Vec<u32>,
}

fn read(bytes: &[u8]) -> Result<Content, BundleError> {
    let (about, rest) = about(bytes)?;
    let (book, uses) = rules(rest).ok_or(BundleError::Malformed("its rules can't be read"))?;
    Ok(Content { about, book, uses })
}

fn rules(bytes: &[u8]) -> Option<(Rulebook, Vec<u32>)> {
    let (trees, rest) = part(bytes)?;
    let (units, rest) = part(rest)?;
    let (forms, rest) = part(rest)?;
    let (uses, rest) = part(rest)?;
    let ((trees, units), (forms, book)) = rayon::join(
        || rayon::join(|| whole(trees), || whole(units)),
        || rayon::join(|| whole(forms), || whole::<Rulebook>(rest)),
    );
    let book = Rulebook { trees: trees?, units: units?, forms: Arc::new(forms?), ..book? };
    Some((book, table::read(uses)?))
}

/// A part with its length before it, and what follows.
fn part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest): (u64, _) = postcard::take_from_bytes(bytes).ok()?;
    rest.split_at_checked(usize::try_from(length).ok()?)
}

/// A value that takes all of the bytes.
fn whole<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (value, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(value)
}

/// What stands first in the body, and the rest.
fn about(bytes: &[u8]) -> Result<(About, &[u8]), BundleError> {
    postcard::take_from_bytes(bytes.get(HEAD..).unwrap_or_default())
        .map_err(|_| BundleError::Malformed("it can't be told what it holds"))
}

fn check_head(bytes: &[u8]) -> Result<(), BundleError> {
    let mark = bytes.get(..MARK.len()).ok_or(BundleError::Foreign)?;
    if mark != MARK {
        return Err(BundleError::Foreign);
    }
    let found = bytes.len() as u64;
    let number = |at: usize| bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    let format =
        number(8).map(u32::from_le_bytes).ok_or(BundleError::Length(found, HEAD as u64))?;
    if format != FORMAT {
        return Err(BundleError::Format(format, FORMAT));
    }
    let length = bytes.get(12..PLAIN).and_then(|eight| eight.try_into().ok());
    let length = length.map(u64::from_le_bytes).ok_or(BundleError::Length(found, HEAD as u64))?;
    let expected = length.saturating_add(HEAD as u64);
    if found != expected {
        return Err(BundleError::Length(found, expected));
    }
    Ok(())
}

fn check_sum(bytes: &[u8]) -> Result<(), BundleError> {
    if bytes[PLAIN..HEAD] == sum(bytes) { Ok(()) } else { Err(BundleError::Damaged) }
}

/// The sum over all but the sum.
fn sum(bytes: &[u8]) -> [u8; 16] {
    let mut sum = Xxh3::new();
    sum.update(&bytes[..PLAIN]);
    sum.update(&bytes[HEAD..]);
    sum.digest128().to_le_bytes()
}

/// The first key by which two settings differ.
fn difference(theirs: &Settings, ours: &Settings) -> BundleError {
    fn find(
        key: &str,
        theirs: &serde_json::Value,
        ours: &serde_json::Value,
    ) -> Option<(String, String, String)> {
        if theirs == ours {
            return None;
        }
        let none = &serde_json::Value::Null;
        if let (Some(a), Some(b)) = (theirs.as_object(), ours.as_object()) {
            let names = a.keys().chain(b.keys().filter(|name| !a.contains_key(*name)));
            return names.into_iter().find_map(|name| {
                let inner = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                find(&inner, a.get(name).unwrap_or(none), b.get(name).unwrap_or(none))
            });
        }
        Some((key.to_owned(), theirs.to_string(), ours.to_string()))
    }
    let [a, b] = [theirs, ours]
        .map(|settings| serde_json::from_str(&settings.to_json()).unwrap_or_default());
    let (key, a, b) = find("", &a, &b).unwrap_or_default();
    BundleError::Settings(key, a, b)
}
