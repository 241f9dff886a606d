//! Cuts normalised text into words and sentences: words by UAX #29, except that a colon always parts
//! words (adverts write `Location:London`), so does a stop between a small letter and a capital
//! (`care.You`, a frequent slip), a possessive `'s` is dropped and lexemes are kept whole.
//!
//! Words of ASCII letters and digits between single spaces, which are most of a text, are taken in one
//! step each. What else is ASCII is cut by a scanner of its own that gives the library's answer; from a
//! word or mark beyond ASCII up to the next white space the library cuts.

use std::sync::LazyLock;

use hashbrown::HashSet;
use unicode_segmentation::UnicodeSegmentation;
use wide::u8x16;

use super::Token;
use super::lemma::entries;
use super::lexemes::Lexemes;
use super::normalize::fold;
use super::scan::{Cursor, Scan, is_in};
use super::signs::{glued_stop, money_length, newlines_part};

/// The list as the file says.
pub(super) const ABBREVIATION_LIST: &str = include_str!("../../data/abbreviations.txt");

static ABBREVIATIONS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| entries(ABBREVIATION_LIST).collect());

/// What a byte can be in a word; a table, since every byte of every advert is looked up.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' => LOWER | IN_WORD,
            b'A'..=b'Z' => UPPER | IN_WORD,
            b'0'..=b'9' => DIGIT | IN_WORD,
            b'_' => IN_WORD,
            128.. => NOT_ASCII,
            _ => 0,
        };
        byte += 1;
    }
    classes
};
const LOWER: u8 = 1;
const UPPER: u8 = 2;
const DIGIT: u8 = 4;
const IN_WORD: u8 = 8;
const NOT_ASCII: u8 = 16;
const LETTER: u8 = LOWER | UPPER;

fn class(byte: u8) -> u8 {
    CLASSES[usize::from(byte)]
}

/// Cuts one text.
pub(super) struct Tokenizer<'a> {
    text: &'a str,
    /// Begins as `text` in lower-case ASCII, so that offsets agree; the folded forms of words that
    /// are not ASCII are appended.
    folded: &'a mut String,
    tokens: &'a mut Vec<Token>,
    lexemes: &'a Lexemes,
    /// Where no ASCII letter or digit stands.
    wordless: Cursor<'a>,
    sentence: u32,
    /// A block ended or began since the last token.
    block_ended: bool,
}

/// Cuts `text` into `tokens`; `breaks` are the offsets where a block ends or begins, in
/// order, `wordless` is working memory.
pub(super) fn tokenize(
    text: &str,
    breaks: &[u32],
    lexemes: &Lexemes,
    folded: &mut String,
    tokens: &mut Vec<Token>,
    wordless: &mut Scan,
) {
    folded.clear();
    folded.push_str(text);
    folded.make_ascii_lowercase();
    tokens.clear();
    wordless.read(text.as_bytes(), |bytes| {
        let small = bytes | u8x16::splat(0x20);
        !(is_in(small, b'a', b'z') | is_in(bytes, b'0', b'9'))
    });
    let wordless = Cursor::new(wordless);
    let mut tokenizer =
        Tokenizer { text, folded, tokens, lexemes, wordless, sentence: 0, block_ended: false };
    let mut start = 0;
    for end in breaks.iter().map(|&at| at as usize).chain([text.len()]) {
        tokenizer.block(start, end);
        tokenizer.block_ended = true;
        start = end;
    }
    folded.push_str(PADDING);
}

/// Stands behind the last folded word, so that 16 bytes can be read from every word's first on.
const PADDING: &str = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

impl Tokenizer<'_> {
    /// Cuts from `start` to `end`, which part words like white space.
    fn block(&mut self, start: usize, end: usize) {
        let bytes = self.text.as_bytes();
        let mut at = start;
        while at < end {
            let byte = bytes[at];
            let class = class(byte);
            if class & IN_WORD != 0 {
                at = self.plain_words(at, end);
                if at < end && self::class(bytes[at]) & IN_WORD != 0 {
                    at = self.ascii_word(at, end);
                }
            } else if class & NOT_ASCII != 0 {
                at = self.unicode_chunk(at, end);
            } else if byte == b'$'
                && let Some(money) = self.money(at, end)
            {
                at = money;
            } else if self.lexemes.begins(byte)
                && (at == start || !bytes[at - 1].is_ascii_alphanumeric())
                && let Some(length) = self.lexeme(at, end)
            {
                at += length;
            } else {
                at += 1;
            }
        }
    }

    /// Takes words from `start` on, where no word goes on, as long as they are letters and digits with
    /// one space behind; where to go on.
    fn plain_words(&mut self, start: usize, end: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = start;
        loop {
            let stop = self.wordless.next(at);
            if stop == at || stop >= end || bytes[stop] != b' ' {
                return at;
            }
            if at == start {
                self.end_sentence_before(at);
            }
            self.append((at, stop), (at, stop));
            at = stop + 1;
        }
    }

    /// Takes the amount of money at `at`, if there is one; where it ends.
    fn money(&mut self, at: usize, end: usize) -> Option<usize> {
        let stop = at + money_length(&self.text[at..end])?;
        self.push_word(at, stop);
        Some(stop)
    }

    /// Takes the lexeme at `at`, if there is one; its length.
    fn lexeme(&mut self, at: usize, end: usize) -> Option<usize> {
        let length = self.lexemes.at(&self.folded.as_bytes()[..end], at)?;
        self.push_ascii(at, at + length);
        Some(length)
    }

    /// Takes the word or lexeme that begins at `start`; where to go on. Words are those of UAX #29.
    fn ascii_word(&mut self, start: usize, end: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = start;
        let (mut is_joined, mut has_alphanumeric) = (false, false);
        loop {
            let stop = self.wordless.next(at).min(end);
            has_alphanumeric |= stop > at;
            at = stop;
            if at == end {
                break;
            }
            if bytes[at] == b'_' {
                at += 1;
                continue;
            }
            let next = bytes[at];
            if !is_joined
                && self.lexemes.goes_on(next)
                && let Some(length) = self.lexeme(start, end)
            {
                return start + length;
            }
            let behind = bytes.get(at + 1).filter(|_| at + 1 < end).map_or(0, |&byte| class(byte));
            match (next, behind) {
                (128.., _) | (b'.' | b'\'' | b',' | b';', NOT_ASCII) => {
                    return self.unicode_chunk(start, end);
                }
                _ if !joins(class(bytes[at - 1]), next, behind) => break,
                _ => {}
            }
            is_joined = true;
            at += 1;
        }
        // A possessive ending has a mark before it.
        if is_joined {
            self.push_word(start, at);
        } else if has_alphanumeric {
            self.push_ascii(start, at);
        }
        at
    }

    /// Cuts from `start`, where no word goes on, to white space or `end`; where that is.
    fn unicode_chunk(&mut self, start: usize, end: usize) -> usize {
        let text = self.text;
        let space = text.as_bytes()[start..end].iter().position(u8::is_ascii_whitespace);
        let end = space.map_or(end, |space| start + space);
        let (mut at, mut colon) = (start, start);
        while at < end {
            let class = class(text.as_bytes()[at]);
            if let Some(money) = self.money(at, end) {
                at = money;
                continue;
            }
            // Between words a letter begins one; `.NET` does not begin right behind a letter.
            let edge = class & IN_WORD != 0 || !text[start..at].ends_with(char::is_alphanumeric);
            if edge && let Some(length) = self.lexeme(at, end) {
                at += length;
                continue;
            }
            // A mark behind a sign makes no word of it, though the library joins them.
            if class == 0 {
                at += 1;
                continue;
            }
            // The library joins letters over a colon: it never gets to see one.
            if colon <= at {
                let found = memchr::memchr(b':', &text.as_bytes()[at..end]);
                colon = found.map_or(end, |found| at + found);
            }
            let Some(piece) = text[at..colon].split_word_bounds().next() else { break };
            let piece = &piece[..glued_stop(piece).unwrap_or(piece.len())];
            if piece.contains(char::is_alphanumeric) {
                self.push_word(at, at + piece.len());
            }
            at += piece.len();
        }
        end
    }

    /// Takes a word without its possessive endings, of which a slip of the keyboard may leave two.
    fn push_word(&mut self, start: usize, end: usize) {
        let mut word = &self.text.as_bytes()[start..end];
        while let [rest @ .., b'\'', b's' | b'S'] = word {
            word = rest;
        }
        if !word.is_ascii() {
            self.push_unicode(start, start + word.len());
        } else if word.iter().any(u8::is_ascii_alphanumeric) {
            self.push_ascii(start, start + word.len());
        }
    }

    fn push_ascii(&mut self, start: usize, end: usize) {
        self.push((start, end), (start, end));
    }

    fn push_unicode(&mut self, start: usize, end: usize) {
        let word = &self.text[start..end];
        let folded_start = self.folded.len();
        fold(word, self.folded);
        // Some marks count as letters; without the letter that they belong to they are no word.
        if self.folded[folded_start..].contains(char::is_alphanumeric) {
            self.push((start, end), (folded_start, self.folded.len()));
        } else {
            self.folded.truncate(folded_start);
        }
    }

    fn push(&mut self, word: (usize, usize), folded: (usize, usize)) {
        self.end_sentence_before(word.0);
        self.append(word, folded);
    }

    /// Ends the sentence if the gap between the last token and the word at `next` does.
    fn end_sentence_before(&mut self, next: usize) {
        if let Some(&last) = self.tokens.last()
            && (self.block_ended || self.gap_ends_sentence(last, next))
        {
            self.sentence += 1;
        }
        self.block_ended = false;
    }

    /// Takes a word of the present sentence.
    fn append(&mut self, word: (usize, usize), folded: (usize, usize)) {
        let position = self.tokens.len() as u32;
        self.tokens.push(Token {
            start: word.0 as u32,
            end: word.1 as u32,
            folded_start: folded.0 as u32,
            folded_end: folded.1 as u32,
            position,
            sentence: self.sentence,
        });
    }

    /// Whether a sentence ends between the token `last` and the word at `next`.
    fn gap_ends_sentence(&self, last: Token, next: usize) -> bool {
        match &self.text.as_bytes()[last.end as usize..next] {
            [b'.'] => {
                self.starts_upper(next) && self.ends_lower(last) && !self.is_abbreviation(last)
            }
            // Most gaps are one space.
            [] | [_] => false,
            gap => newlines_part(gap) || (self.starts_upper(next) && self.stop_parts(last, gap)),
        }
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
        let abbreviated = stop == 0 && gap[0] == b'.' && self.is_abbreviation(last);
        spaced && !abbreviated
    }

    fn is_abbreviation(&self, token: Token) -> bool {
        ABBREVIATIONS.contains(&self.folded[token.folded_start as usize..token.folded_end as usize])
    }

    fn ends_lower(&self, token: Token) -> bool {
        self.text[..token.end as usize].chars().next_back().is_some_and(char::is_lowercase)
    }
}

/// Whether a word goes on from a byte of the class `before` over the ASCII character `mark` to one of
/// the class `behind`: by UAX #29, but for a stop without its space (`care.You`).
fn joins(before: u8, mark: u8, behind: u8) -> bool {
    let letters = before & LETTER != 0 && behind & LETTER != 0;
    let digits = before & behind & DIGIT != 0;
    let glued = before & LOWER != 0 && behind & UPPER != 0;
    match mark {
        b'.' => (letters && !glued) || digits,
        b'\'' => letters || digits,
        b',' | b';' => digits,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str, lexemes: &Lexemes) -> Vec<Token> {
        let (mut folded, mut tokens) = (String::new(), Vec::new());
        tokenize(text, &[], lexemes, &mut folded, &mut tokens, &mut Scan::default());
        tokens
    }

    fn words<'a>(text: &'a str, lexemes: &Lexemes) -> Vec<&'a str> {
        let word = |token: &Token| &text[token.start as usize..token.end as usize];
        cut(text, lexemes).iter().map(word).collect()
    }

    fn built_in() -> std::sync::Arc<Lexemes> {
        Lexemes::with(&BTreeSet::new())
    }

    fn sentences(text: &str) -> u32 {
        cut(text, &built_in()).last().map_or(0, |token| token.sentence + 1)
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
            ("care.You asp.NET café.Bar Node.Js", "care|You|asp.NET|café|Bar|Node.Js"),
            ("£35k-£40,000 $5.50 US$5 €1 £x £", "£35k|£40,000|$5.50|US|$5|€1|x"),
            ("(m/f/d) M/F km/f", "m/f/d|M/F|km|f"),
            ("café-bar naïve's", "café|bar|naïve"),
            ("_ - ... !", ""),
        ];
        for (text, expected) in table {
            assert_eq!(words(text, &built_in()).join("|"), expected, "{text}");
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
        for text in ["Dr. Smith", "St. Albans", "care\nhome", "3.5 Tons", "one. two", "e.g. Java"] {
            assert_eq!(sentences(text), 1, "{text}");
        }
    }

    proptest! {
        #[test]
        fn words_are_the_librarys(text in "[a-zB-D0-9_.,;:'/+ é\u{301}·٣א\"-]{0,40}") {
            static NO_LEXEMES: LazyLock<Lexemes> = LazyLock::new(|| Lexemes::new([].into_iter()));
            prop_assume!(glued_stop(&text).is_none());
            let parts = text.split_ascii_whitespace().flat_map(|chunk| chunk.split(':'));
            let expected = parts.flat_map(str::unicode_words).map(|mut word| {
                while let Some(rest) = word.strip_suffix("'s") {
                    word = rest;
                }
                word
            });
            let expected: Vec<&str> = expected.filter(|word| *word != "_").collect();
            prop_assert_eq!(words(&text, &NO_LEXEMES), expected);
        }
    }
}
