//! Cuts normalised text into words and sentences: words by UAX #29, except that a colon always parts
//! words (adverts write `Location:London`), a possessive `'s` is dropped and lexemes are kept whole.
//!
//! Text between white space that is ASCII, which is nearly all of it, is cut by a scanner of its own
//! that gives the library's answer; the rest is left to the library.

use std::sync::LazyLock;

use hashbrown::HashSet;
use unicode_segmentation::UnicodeSegmentation;

use super::Token;
use super::lemma::entries;
use super::lexemes::Lexemes;
use super::normalize::fold;
use super::shape;

static ABBREVIATIONS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| entries(include_str!("../../data/abbreviations.txt")).collect());

/// Cuts one text.
pub(super) struct Tokenizer<'a> {
    text: &'a str,
    /// Begins as `text` in lower-case ASCII, so that offsets agree; the folded forms of words that
    /// are not ASCII are appended.
    folded: &'a mut String,
    breaks: &'a [u32],
    tokens: &'a mut Vec<Token>,
    lexemes: &'static Lexemes,
    /// The first token of the present sentence.
    sentence_start: usize,
    sentence: u32,
    next_break: usize,
}

/// Cuts `text` into `tokens`; `breaks` are the offsets where a block ends or begins.
pub(super) fn tokenize(text: &str, breaks: &[u32], folded: &mut String, tokens: &mut Vec<Token>) {
    folded.clear();
    folded.push_str(text);
    folded.make_ascii_lowercase();
    tokens.clear();
    let mut tokenizer = Tokenizer {
        text,
        folded,
        breaks,
        tokens,
        lexemes: Lexemes::built_in(),
        sentence_start: 0,
        sentence: 0,
        next_break: 0,
    };
    tokenizer.run();
}

impl Tokenizer<'_> {
    fn run(&mut self) {
        let bytes = self.text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if bytes[at].is_ascii_whitespace() {
                at += 1;
                continue;
            }
            at = self.chunk(at);
        }
        self.end_sentence();
    }

    /// Cuts from `start` to white space; where that is. Blocks part words like white space.
    fn chunk(&mut self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        while self.breaks.get(self.next_break).is_some_and(|&at| at as usize <= start) {
            self.next_break += 1;
        }
        let limit = self.breaks.get(self.next_break).map_or(bytes.len(), |&at| at as usize);
        let mut end = start;
        let mut ascii = true;
        while end < limit && !bytes[end].is_ascii_whitespace() {
            ascii &= bytes[end].is_ascii();
            end += 1;
        }
        if ascii {
            self.ascii_chunk(start, end);
        } else {
            self.unicode_chunk(start, end);
        }
        end
    }

    fn ascii_chunk(&mut self, start: usize, end: usize) {
        let bytes = self.text.as_bytes();
        let mut at = start;
        while at < end {
            let byte = bytes[at];
            let edge = at == start || !bytes[at - 1].is_ascii_alphanumeric();
            if edge
                && self.lexemes.begins(byte.to_ascii_lowercase())
                && let Some(length) =
                    self.lexemes.at(&self.folded.as_bytes()[..self.text.len()], at)
                && at + length <= end
            {
                self.push(at, at + length);
                at += length;
            } else if is_word(byte) {
                let word_end = ascii_word_end(bytes, at, end);
                self.push_word(at, word_end);
                at = word_end;
            } else {
                at += 1;
            }
        }
    }

    fn unicode_chunk(&mut self, start: usize, end: usize) {
        let text = self.text;
        let (mut at, mut colon) = (start, start);
        while at < end {
            if colon <= at {
                // The library joins letters over a colon: it never gets to see one.
                let found = memchr::memchr(b':', &text.as_bytes()[at..end]);
                colon = found.map_or(end, |found| at + found);
                if colon == at {
                    at += 1;
                    continue;
                }
            }
            // Between words a letter begins one; `.NET` does not begin right behind a letter.
            let edge = text.as_bytes()[at].is_ascii_alphanumeric()
                || !text[start..at].ends_with(char::is_alphanumeric);
            let found = self.lexemes.at(&self.folded.as_bytes()[..text.len()], at);
            if let Some(length) = found.filter(|length| edge && at + length <= end) {
                self.push(at, at + length);
                at += length;
                continue;
            }
            let Some(piece) = text[at..colon].split_word_bounds().next() else { return };
            if piece.contains(char::is_alphanumeric) {
                self.push_word(at, at + piece.len());
            }
            at += piece.len();
        }
    }

    /// A word without its possessive endings, of which a slip of the keyboard may leave two.
    fn push_word(&mut self, start: usize, end: usize) {
        let mut word = &self.text.as_bytes()[start..end];
        while let [rest @ .., b'\'', b's' | b'S'] = word {
            word = rest;
        }
        if word.iter().any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()) {
            self.push(start, start + word.len());
        }
    }

    fn push(&mut self, start: usize, end: usize) {
        let word = &self.text[start..end];
        let (folded_start, folded_end) = if word.is_ascii() {
            (start, end)
        } else {
            let folded_start = self.folded.len();
            fold(word, self.folded);
            // Marks without a letter are no word.
            if self.folded.len() == folded_start {
                return;
            }
            (folded_start, self.folded.len())
        };
        if let Some(last) = self.tokens.last().copied()
            && self.gap_ends_sentence(last, start)
        {
            self.end_sentence();
            self.sentence += 1;
        }
        self.tokens.push(Token {
            start: start as u32,
            end: end as u32,
            folded_start: folded_start as u32,
            folded_end: folded_end as u32,
            position: self.tokens.len() as u32,
            sentence: self.sentence,
            name_like: false,
        });
    }

    fn end_sentence(&mut self) {
        shape::mark_names(self.text, &mut self.tokens[self.sentence_start..]);
        self.sentence_start = self.tokens.len();
    }

    /// Whether a sentence ends between the token `last` and the word at `next`.
    fn gap_ends_sentence(&self, last: Token, next: usize) -> bool {
        let gap = &self.text.as_bytes()[last.end as usize..next];
        // Most gaps are one space; a block can still have ended in it.
        let breaks = &self.breaks[..self.next_break.min(self.breaks.len())];
        if breaks.last().is_some_and(|&at| at > last.start && at <= next as u32 && at >= last.end) {
            return true;
        }
        if gap.len() < 2 {
            return false;
        }
        newlines_part(gap) || (self.starts_upper(next) && self.stop_parts(last, gap))
    }

    fn starts_upper(&self, at: usize) -> bool {
        self.text[at..].chars().next().is_some_and(char::is_uppercase)
    }

    /// A full stop, exclamation or question mark before white space, unless the stop belongs to an
    /// abbreviation.
    fn stop_parts(&self, last: Token, gap: &[u8]) -> bool {
        let Some(stop) = gap.iter().position(|byte| matches!(byte, b'.' | b'!' | b'?')) else {
            return false;
        };
        let closers = |byte: &&u8| !matches!(byte, b'.' | b'!' | b'?' | b'"' | b'\'' | b')' | b']');
        let spaced = gap[stop..].iter().find(closers).is_some_and(u8::is_ascii_whitespace);
        let word = &self.folded[last.folded_start as usize..last.folded_end as usize];
        let abbreviated = stop == 0 && gap[0] == b'.' && ABBREVIATIONS.contains(word);
        spaced && !abbreviated
    }
}

/// A blank line, or a line that begins with a bullet.
fn newlines_part(gap: &[u8]) -> bool {
    let Some(first) = gap.iter().position(|&byte| byte == b'\n') else { return false };
    let rest = &gap[first + 1..];
    let Some(next) = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r')) else {
        return false;
    };
    // Bullets beyond ASCII (•, ▪, ·) all begin with a high byte; no letter does in a gap.
    matches!(next, b'\n' | b'*' | b'-' | b'+' | b'>') || !next.is_ascii()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where the word that holds `at` ends, by the rules of UAX #29 for ASCII.
fn ascii_word_end(bytes: &[u8], at: usize, end: usize) -> usize {
    let mut here = at;
    loop {
        while here < end && is_word(bytes[here]) {
            here += 1;
        }
        if here + 1 >= end {
            return here;
        }
        let (before, middle, after) = (bytes[here - 1], bytes[here], bytes[here + 1]);
        let letters = before.is_ascii_alphabetic() && after.is_ascii_alphabetic();
        let digits = before.is_ascii_digit() && after.is_ascii_digit();
        let joins = match middle {
            b'.' | b'\'' => letters || digits,
            b',' | b';' => digits,
            _ => false,
        };
        if !joins {
            return here;
        }
        here += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<String> {
        let (mut folded, mut tokens) = (String::new(), Vec::new());
        tokenize(text, &[], &mut folded, &mut tokens);
        let word = |token: &Token| text[token.start as usize..token.end as usize].to_owned();
        tokens.iter().map(word).collect()
    }

    fn sentences(text: &str) -> u32 {
        let (mut folded, mut tokens) = (String::new(), Vec::new());
        tokenize(text, &[], &mut folded, &mut tokens);
        tokens.last().map_or(0, |token| token.sentence + 1)
    }

    #[test]
    fn words_are_cut() {
        let table = [
            ("C++ and C#, .NET/ASP.NET", "C++|and|C#|.NET|ASP.NET"),
            ("Node.js R&D A&E 24/7", "Node.js|R&D|A&E|24/7"),
            ("PHP/MySQL front-end", "PHP|MySQL|front|end"),
            ("7.5t 35,000 3.5", "7.5t|35,000|3.5"),
            ("children's nurse's it's", "children|nurse|it"),
            ("Location:London e.g. x", "Location|London|e.g|x"),
            ("£35k-£40,000", "35k|40,000"),
            ("(m/f/d)", "m|f|d"),
            ("café-bar naïve's", "café|bar|naïve"),
            ("_ - ... !", ""),
        ];
        for (text, expected) in table {
            assert_eq!(words(text).join("|"), expected, "{text}");
        }
    }

    #[test]
    fn sentences_end_where_people_end_them() {
        for text in [
            "A dog. The cat.",
            "Really? Yes.",
            "\"Go!\" We went",
            "one\n\ntwo",
            "a\n* b",
            "a\n • b",
        ] {
            assert_eq!(sentences(text), 2, "{text}");
        }
        for text in [
            "Dr. Smith",
            "St. Albans",
            "care\nhome",
            "3.5 Tons",
            "end.Start",
            "one. two",
            "e.g. Java",
        ] {
            assert_eq!(sentences(text), 1, "{text}");
        }
    }

    proptest! {
        #[test]
        fn ascii_words_are_the_librarys(text in "[a-zB-D0-9_.,;'/+# -]{0,40}") {
            // Without lexemes and possessives, which the library does not know.
            let ours = |start: usize, end: usize| {
                let (bytes, mut at, mut found) = (text.as_bytes(), start, Vec::new());
                while at < end {
                    if is_word(bytes[at]) {
                        let word_end = ascii_word_end(bytes, at, end);
                        found.push(&text[at..word_end]);
                        at = word_end;
                    } else {
                        at += 1;
                    }
                }
                found.retain(|word| word.contains(char::is_alphanumeric));
                found
            };
            let library: Vec<&str> = text.unicode_words().collect();
            prop_assert_eq!(ours(0, text.len()), library);
        }
    }
}
