//! Reads a WordNet database of the user's own: a folder with `index.noun`, `noun.exc` and their like, as
//! Debian's package wordnet-base puts it to `/usr/share/wordnet`. Of WordNet 3.0 it gives the lexicon that
//! comes with the crate, byte for byte.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error};

use super::lexicon::Lexicon;

/// The ends of file names, the bit of a part of speech, its letter in the lexicon's and in WordNet's form.
const PARTS: [(&str, u8, char); 4] =
    [("noun", 1, 'n'), ("verb", 2, 'v'), ("adj", 4, 'a'), ("adv", 8, 'r')];

/// A lexicon from the folder that a setting names; of an empty name that of the crate.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<Lexicon>, D::Error> {
    let folder = String::deserialize(from)?;
    if folder.is_empty() {
        return Ok(Arc::clone(Lexicon::wordnet()));
    }
    let text = derive(Path::new(&folder)).map_err(D::Error::custom)?;
    Lexicon::read(&text).map(Arc::new).map_err(D::Error::custom)
}

/// The lexicon's text, as `scripts/derive_lexicon.py` writes it.
///
/// # Errors
/// Names the file and the line that can't be read.
fn derive(folder: &Path) -> Result<String, String> {
    let mut words: BTreeMap<String, u8> = BTreeMap::new();
    let mut exceptions: BTreeMap<(char, String), Vec<String>> = BTreeMap::new();
    for (part, bit, letter) in PARTS {
        // The licence stands above, on lines that begin with two spaces.
        for_each_line(folder, &format!("index.{part}"), |line| {
            if line.starts_with("  ") {
                return Ok(());
            }
            let mut cells = line.split_ascii_whitespace();
            let (Some(word), Some(found)) = (cells.next(), cells.next()) else {
                return Err("a word and its part of speech are expected");
            };
            if found.chars().ne([letter]) {
                return Err("the second column is not the part of speech of the file");
            }
            *words.entry(word.to_owned()).or_default() |= bit;
            Ok(())
        })?;
        for_each_line(folder, &format!("{part}.exc"), |line| {
            let mut cells = line.split_ascii_whitespace().map(str::to_owned);
            let form = cells.next().ok_or("an inflected form is expected")?;
            let bases: Vec<String> = cells.collect();
            if bases.is_empty() {
                return Err("an inflected form and its base forms are expected");
            }
            exceptions.insert((letter, form), bases);
            Ok(())
        })?;
    }
    // A token holds no underscore, so collocations count only where an exception names them.
    let named: HashSet<&String> = exceptions.values().flatten().collect();
    words.retain(|word, _| !word.contains('_') || named.contains(word));
    Ok(write(&words, &exceptions))
}

fn for_each_line(
    folder: &Path,
    name: &str,
    mut read: impl FnMut(&str) -> Result<(), &'static str>,
) -> Result<(), String> {
    let path = folder.join(name);
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("can't read {} of the WordNet folder: {error}", path.display()))?;
    for (number, line) in (1..).zip(text.lines()) {
        read(line).map_err(|fault| format!("{}, line {number}: {fault}", path.display()))?;
    }
    Ok(())
}

fn write(
    words: &BTreeMap<String, u8>,
    exceptions: &BTreeMap<(char, String), Vec<String>>,
) -> String {
    let mut out = format!("jobsieve-lexicon 1\nwords {}\n", words.len());
    let mut before = "";
    for (word, parts) in words {
        let pairs = before.char_indices().zip(word.chars());
        let shared = pairs.take_while(|((_, a), b)| a == b).last();
        let shared = shared.map_or(0, |((at, c), _)| at + c.len_utf8());
        let _ = writeln!(out, "{shared} {} {parts}", &word[shared..]);
        before = word;
    }
    let _ = writeln!(out, "exceptions {}", exceptions.len());
    for ((letter, form), bases) in exceptions {
        let _ = writeln!(out, "{letter} {form} {}", bases.join(" "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Settings;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (part, ..) in PARTS {
            fs::write(folder.path().join(format!("index.{part}")), "").unwrap();
            fs::write(folder.path().join(format!("{part}.exc")), "").unwrap();
        }
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn a_folder_becomes_a_lexicon() {
        let folder = folder(&[
            ("index.noun", "  1 licence\ncarer n 1 0 1 0 00000001\ncarey_street n 1\nox n 1\n"),
            ("index.verb", "care v 1\n"),
            ("noun.exc", "oxen ox\n"),
        ]);
        let expected =
            "jobsieve-lexicon 1\nwords 3\n0 care 2\n4 r 1\n0 ox 1\nexceptions 1\nn oxen ox\n";
        assert_eq!(derive(folder.path()).unwrap(), expected);
        assert_eq!(Lexicon::read(expected).unwrap().len(), 3);
    }

    #[test]
    fn what_is_wrong_is_named_with_file_and_line() {
        let cases = [
            (("index.verb", "care v 1\ncarer n 1\n"), "index.verb, line 2: the second column"),
            (("index.noun", "carer\n"), "index.noun, line 1: a word and its part"),
            (("adj.exc", "better good\nworse\n"), "adj.exc, line 2: an inflected form and"),
        ];
        for (file, expected) in cases {
            let error = derive(folder(&[file]).path()).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let settings = br#"{"analysis": {"wordnet": "/no/such/folder"}}"#;
        let error = Settings::from_json(settings).unwrap_err();
        assert!(
            error.starts_with("analysis.wordnet: can't read /no/such/folder/index.noun"),
            "{error}"
        );
    }

    #[test]
    fn wordnet_3_0_gives_the_lexicon_of_the_crate() {
        let folder = Path::new("/usr/share/wordnet");
        if !folder.join("index.noun").exists() {
            eprintln!("skipped: Debian's package wordnet-base is not installed");
            return;
        }
        assert_eq!(derive(folder).unwrap(), include_str!("../../data/lexicon.txt"));
    }
}
