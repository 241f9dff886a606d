//! One form for each character: what can't be seen is dropped, quotes and dashes are unified, the rest
//! is in Unicode's form NFKC. Folding takes case and accents off on top of that.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, compose};

use super::offsets::OffsetMap;

/// How many marks may stand on one letter; more are dropped (as in Unicode's Stream-Safe text format),
/// so that no input is worse than linear.
const MAX_MARKS: usize = 30;

/// How many bytes of a short piece are copied, in two instructions.
const SHORT: usize = 32;

/// Normalised text in the making, with the way back to its source.
#[derive(Debug, Default)]
pub(super) struct Normalized {
    /// The text, once it is finished.
    pub(super) text: String,
    pub(super) map: OffsetMap,
    /// The text in the making: UTF-8, but pieces are cut from their source without a look at characters.
    making: Vec<u8>,
    /// Where the letter begins that a following mark would join: in the text and in the source.
    base: Option<(usize, usize)>,
    marks: usize,
    limit: usize,
    /// The text reached its limit, and what followed was left out.
    is_cut: bool,
}

impl Normalized {
    /// Begins anew, for a source of `length` bytes and a text of at most `limit`. NFKC can make text 11
    /// times as long; twice is enough for anything that people write, and the rest is cut.
    pub(super) fn clear(&mut self, length: usize, limit: usize) {
        self.making = std::mem::take(&mut self.text).into_bytes();
        self.making.clear();
        self.map.clear();
        self.base = None;
        self.marks = 0;
        self.limit = length.saturating_mul(2).saturating_add(1024).min(limit);
        self.is_cut = false;
    }

    /// Makes the text of what was appended.
    pub(super) fn finish(&mut self) {
        let making = std::mem::take(&mut self.making);
        self.text = String::from_utf8(making)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    }

    /// The length of the text so far, in bytes.
    pub(super) fn length(&self) -> usize {
        self.making.len()
    }

    /// Whether what followed was left out because the text reached its limit.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Appends a source in which nothing is to be changed but characters.
    pub(super) fn push_source(&mut self, source: &str) {
        let mut at = 0;
        while at < source.len() {
            let rest = &source.as_bytes()[at..];
            let ascii = rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
            self.push_ascii(source.as_bytes(), at..at + ascii);
            at = self.push_beyond_ascii(source, at + ascii);
        }
    }

    /// Appends a piece of the source, of which it is known that it is ASCII.
    #[inline]
    pub(super) fn push_ascii(&mut self, source: &[u8], mut piece: Range<usize>) {
        let room = self.limit.saturating_sub(self.making.len());
        if piece.len() > room {
            self.is_cut = true;
            piece.end = piece.start + room;
        }
        if piece.is_empty() {
            return;
        }
        let (before, length) = (self.making.len(), piece.len());
        self.map.copied(before, piece.start);
        match source[piece.start..].first_chunk::<SHORT>() {
            // Most pieces are short: as much is copied whatever their length, and taken back.
            Some(block) if length <= SHORT => {
                self.making.extend_from_slice(block);
                self.making.truncate(before + length);
            }
            _ => self.making.extend_from_slice(&source[piece.clone()]),
        }
        self.begin_letter(before + length - 1, piece.end - 1);
    }

    /// Appends the characters from `start` of the source on that are not ASCII; where to go on.
    pub(super) fn push_beyond_ascii(&mut self, source: &str, start: usize) -> usize {
        let mut at = start;
        for c in source[start..].chars().take_while(|c| !c.is_ascii()) {
            self.push_char(c, at, at + c.len_utf8());
            at += c.len_utf8();
        }
        at
    }

    /// Appends one character that stands for `start..end` of the source.
    pub(super) fn push_char(&mut self, c: char, start: usize, end: usize) {
        if !c.is_ascii() && is_invisible(c) {
            return;
        }
        let output = self.making.len();
        if output >= self.limit {
            self.is_cut = true;
            return;
        }
        // Also most references: `&amp;`, `&lt;`.
        let same = if c.is_ascii() { Some(c) } else { unified(c) };
        if let Some(same) = same {
            self.map.replaced(output, start, end);
            self.push(same);
            self.begin_letter(output, start);
        } else if canonical_combining_class(c) == 0 {
            self.map.replaced(output, start, end);
            std::iter::once(c).nfkc().for_each(|c| self.push(c));
            self.begin_letter(output, start);
        } else {
            self.push_mark(c, start, end);
        }
    }

    fn push(&mut self, c: char) {
        self.making.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// What follows joins nothing before it.
    pub(super) fn end_letter(&mut self) {
        self.base = None;
    }

    fn begin_letter(&mut self, output: usize, source: usize) {
        self.base = Some((output, source));
        self.marks = 0;
    }

    /// A mark joins the letter before it if Unicode has a character for both.
    fn push_mark(&mut self, mark: char, start: usize, end: usize) {
        self.marks += 1;
        if self.marks > MAX_MARKS {
            return;
        }
        if let Some((output, source)) = self.base
            && let Some(letter) = self.making.get(output..).and_then(single_char)
            && let Some(both) = compose(letter, mark)
        {
            self.making.truncate(output);
            self.map.taken_back(output);
            self.map.replaced(output, source, end);
            self.push(both);
            return;
        }
        self.map.replaced(self.making.len(), start, end);
        self.push(mark);
    }
}

fn single_char(text: &[u8]) -> Option<char> {
    let mut chars = std::str::from_utf8(text).ok()?.chars();
    chars.next().filter(|_| chars.next().is_none())
}

/// Soft hyphens, zero-width characters, byte order marks, marks of writing direction, and the rest of
/// Unicode's `Default_Ignorable_Code_Point`.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// The plain character for one of the many quotes, dashes and spaces.
fn unified(c: char) -> Option<char> {
    match c {
        '‘' | '’' | '‚' | '‛' | '′' | '‹' | '›' | '´' | 'ʼ' | '＇' => Some('\''),
        '“' | '”' | '„' | '‟' | '″' | '«' | '»' | '＂' => Some('"'),
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '﹘' | '－' => Some('-'),
        '\u{A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => Some(' '),
        '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        _ => None,
    }
}

/// Appends `word` with case and accents taken off.
pub(super) fn fold(word: &str, out: &mut String) {
    if word.is_ascii() {
        let start = out.len();
        out.push_str(word);
        out[start..].make_ascii_lowercase();
        return;
    }
    let bare = word.nfd().filter(|&c| canonical_combining_class(c) == 0);
    // Upper and then lower brings together what lower alone does not: ß and ss, ς and σ.
    out.extend(bare.flat_map(char::to_uppercase).flat_map(char::to_lowercase));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normalized(source: &str) -> Normalized {
        let mut out = Normalized::default();
        out.clear(source.len(), usize::MAX);
        out.push_source(source);
        out.finish();
        out
    }

    #[test]
    fn characters_are_unified() {
        let table = [
            ("“curly” ‘quotes’", "\"curly\" 'quotes'"),
            ("2019–2020 — now", "2019-2020 - now"),
            ("ware\u{AD}house oper\u{200B}ative", "warehouse operative"),
            ("re\u{301}sume\u{301}", "résumé"),
            ("ﬁnance Ⅳ ½", "finance IV 1⁄2"),
            ("a\u{A0}b", "a b"),
        ];
        for (source, expected) in table {
            assert_eq!(normalized(source).text, expected);
        }
    }

    #[test]
    fn offsets_lead_back_to_the_source() {
        let source = "a “re\u{301}sume\u{301}” ﬁt";
        let out = normalized(source);
        let word = out.text.find("résumé").unwrap() as u32;
        let (start, end) = out.map.source(word, word + "résumé".len() as u32);
        assert_eq!(&source[start as usize..end as usize], "re\u{301}sume\u{301}");
        let word = out.text.find("fit").unwrap() as u32;
        let (start, end) = out.map.source(word, word + 3);
        assert_eq!(&source[start as usize..end as usize], "ﬁt");
    }

    #[test]
    fn folding_takes_case_and_accents_off() {
        for (word, expected) in
            [("Résumé", "resume"), ("STRASSE", "strasse"), ("Straße", "strasse")]
        {
            let mut out = String::new();
            fold(word, &mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn growth_is_bounded() {
        let source = "\u{FDFA}".repeat(1000);
        let ligatures = normalized(&source);
        assert!(ligatures.is_cut() && ligatures.text.len() < source.len() * 2 + 1100);
        let marks = format!("e{}", "\u{301}".repeat(10_000));
        assert!(normalized(&marks).text.len() < 100);
        for source in ["e".repeat(100), "é".repeat(50)] {
            let mut out = Normalized::default();
            out.clear(100, 100);
            out.push_source(&source);
            assert!(!out.is_cut());
            out.push_source("x");
            out.push_source("é");
            assert!(out.is_cut());
            out.finish();
            assert_eq!(out.text, source);
        }
    }
}
