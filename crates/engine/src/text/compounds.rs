//! Words that are written joined, hyphenated and in two: `frontend`, `front-end`, `front end`. In an advert
//! a hyphen parts words, so that two spellings are one; the third is put right on the side of the rules,
//! once: here is asked which words a rule's word could be written as, and what two of them join to.

use std::sync::LazyLock;

use hashbrown::{HashMap, HashSet};

use super::lemma::{Lemmatizer, entries, is_function_word};
use super::lexicon::PartOfSpeech::Noun;

/// The list as the file says.
pub(super) const COMPOUND_LIST: &str = include_str!("../../data/compounds.txt");

/// The shortest part of a compound that no list names.
const SHORTEST_PART: usize = 3;

/// How many letters must follow a beginning such as `co-`.
const SHORTEST_REST: usize = 4;

/// What stands between two words of a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// White space alone.
    Space,
    /// A hyphen or slash alone: who writes it means a compound.
    Hyphen,
    /// Something else, or the end of a sentence.
    Other,
}

impl Gap {
    /// By the text between two words.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match text {
            "-" | "/" => Self::Hyphen,
            _ if text.chars().all(|c| c == ' ') => Self::Space,
            _ => Self::Other,
        }
    }
}

#[derive(Debug, Default)]
struct Lists {
    /// Joined → the length of the first word.
    listed: HashMap<String, usize>,
    beginnings: Vec<&'static str>,
    never: HashSet<&'static str>,
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| {
    let mut lists = Lists::default();
    for line in entries(COMPOUND_LIST) {
        if let Some((head, tail)) = line.split_once(' ') {
            lists.listed.insert(format!("{head}{tail}"), head.len());
        } else if let Some(beginning) = line.strip_suffix('-') {
            lists.beginnings.push(beginning);
        } else if let Some(never) = line.strip_prefix('!') {
            lists.never.insert(never);
        }
    }
    lists
});

fn is_part(word: &str) -> bool {
    !LISTS.never.contains(word) && !is_function_word(word)
}

impl Lemmatizer {
    /// The two words that a folded word may be written as; most words have none.
    pub(super) fn splits(&self, word: &str) -> Vec<(String, String)> {
        let cut = |at: usize| vec![(word[..at].to_owned(), word[at..].to_owned())];
        if let Some(at) = self.listed(word) {
            return cut(at);
        }
        if let Some(number) = word.strip_suffix('t').filter(|number| is_number(number)) {
            return ["tonne", "ton"].map(|unit| (number.to_owned(), unit.to_owned())).into();
        }
        if !word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
            return Vec::new();
        }
        let letters = word.bytes().position(|byte| byte.is_ascii_digit()).unwrap_or(word.len());
        if letters < word.len() {
            // `band6`; `b2b` and `h264` are names.
            let numbered = letters >= 2 && is_number(&word[letters..]);
            return if numbered { cut(letters) } else { Vec::new() };
        }
        let begun = LISTS.beginnings.iter().find(|&&beginning| {
            word.strip_prefix(beginning).is_some_and(|rest| rest.len() >= SHORTEST_REST)
        });
        if let Some(beginning) = begun {
            return cut(beginning.len());
        }
        // Of words that WordNet knows the list names the compounds: an accountant is no ant.
        if self.is_noun(word) {
            return Vec::new();
        }
        let last = (word.len() + 1).saturating_sub(SHORTEST_PART);
        let known = |at: &usize| self.is_noun(&word[..*at]) && self.is_noun(&word[*at..]);
        (SHORTEST_PART..last).find(known).map_or_else(Vec::new, cut)
    }

    /// Where the first word of a compound that the list names ends.
    fn listed(&self, word: &str) -> Option<usize> {
        let lemma = self.lemma(word, false).0;
        let at = LISTS.listed.get(word).or_else(|| LISTS.listed.get(&*lemma)).copied()?;
        (at < word.len() && word.is_char_boundary(at)).then_some(at)
    }

    /// What two folded words that follow each other in a term are joined to: where a hyphen or a slash says
    /// so, and where the joined word is known.
    pub(super) fn joined(&self, head: &str, tail: &str, gap: Gap) -> Option<String> {
        if gap == Gap::Other {
            return None;
        }
        if is_number(head) && matches!(tail, "ton" | "tons" | "tonne" | "tonnes") {
            return Some(format!("{head}t"));
        }
        let joined = format!("{head}{tail}");
        if self.listed(&joined) == Some(head.len()) {
            return Some(joined);
        }
        let letters = |word: &str| word.chars().all(char::is_alphabetic);
        let numbered = is_number(tail) && head.len() >= 2;
        let shape = letters(head) && (letters(tail) || numbered) && joined.chars().count() >= 4;
        let known = gap == Gap::Hyphen || numbered || self.is_noun(&joined);
        (shape && known && is_part(head) && is_part(tail)).then_some(joined)
    }

    /// Whether the word, or what it is a form of, is a noun that can be part of a compound.
    fn is_noun(&self, word: &str) -> bool {
        is_part(word) && self.lexicon().is(&self.lexicon().lemma(word, Noun), Noun)
    }
}

fn is_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, rest)) => digits(whole) && digits(rest),
        None => digits(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::AnalysisSettings;

    fn lemmatizer() -> Lemmatizer {
        Lemmatizer::new(&AnalysisSettings::default())
    }

    #[test]
    fn joined_words_are_split() {
        let table = [
            ("frontend", "front end"),
            ("forklift", "fork lift"),
            ("housekeepers", "house keepers"),
            ("coordinator", "co ordinator"),
            ("band6", "band 6"),
            ("7.5t", "7.5 tonne|7.5 ton"),
            ("therapist", ""),
            ("forward", ""),
            ("overtime", ""),
            ("b2b", ""),
            ("c++", ""),
            ("nurse", ""),
            ("accountant", ""),
        ];
        for (word, expected) in table {
            let pairs = lemmatizer().splits(word).into_iter();
            let found: Vec<String> = pairs.map(|(head, tail)| format!("{head} {tail}")).collect();
            assert_eq!(found.join("|"), expected, "{word}");
        }
    }

    #[test]
    fn words_are_joined() {
        use Gap::{Hyphen, Other, Space};
        let table = [
            ("front", "end", Hyphen, Some("frontend")),
            ("front", "ends", Space, Some("frontends")),
            ("care", "worker", Space, None),
            ("care", "worker", Hyphen, Some("careworker")),
            ("health", "care", Space, Some("healthcare")),
            ("e", "commerce", Hyphen, Some("ecommerce")),
            ("band", "6", Space, Some("band6")),
            ("7.5", "tonnes", Space, Some("7.5t")),
            ("3", "4", Hyphen, None),
            ("and", "or", Hyphen, None),
            ("the", "rapist", Space, None),
            ("a", "b", Hyphen, None),
            ("front", "end", Other, None),
        ];
        for (head, tail, gap, expected) in table {
            let found = lemmatizer().joined(head, tail, gap);
            assert_eq!(found.as_deref(), expected, "{head} {tail}");
        }
    }
}
