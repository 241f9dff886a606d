//! Cuts a source into symbols. Every style of quote opens a string, so that rules pasted from a word
//! processor read as they look; a string ends on its line, so that a forgotten quote spoils one line.

use super::ast::Span;
use super::diagnostic::{Code, Diagnostic};

/// One symbol of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// What it is.
    pub kind: SymbolKind,
    /// Where it stands; a string's place includes its quotes.
    pub span: Span,
}

/// The kinds of symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SymbolKind {
    /// A quoted text, escapes undone.
    String(String),
    /// A keyword or a field's name, as written.
    Word,
    /// A number, or what begins like one, as written.
    Number,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// `;`
    Semicolon,
    /// `and` by its alias `&&`
    And,
    /// `or` by its alias `||`
    Or,
    /// `not` by its alias `!`
    Not,
    /// `+`, which no rule has, before what must be there
    Plus,
    /// A mark of the language that belongs to none of the above: `~ / = < > <= >= != *`, and `..`
    Mark,
    /// The end of the source.
    End,
}

const DOUBLE: [char; 9] = ['"', '“', '”', '„', '‟', '«', '»', '″', '＂'];
const SINGLE: [char; 8] = ['\'', '‘', '’', '‚', '‛', '‹', '›', '`'];

/// Cuts `source` into symbols, the last of which is [`SymbolKind::End`].
#[must_use]
pub fn lex(source: &str) -> (Vec<Symbol>, Vec<Diagnostic>) {
    let mut lexer =
        Lexer { source, at: 0, brackets: 0, symbols: Vec::new(), diagnostics: Vec::new() };
    // A byte order mark is how some editors begin a file; it is no part of the text.
    if source.starts_with('\u{FEFF}') {
        lexer.at = '\u{FEFF}'.len_utf8();
    }
    while let Some(first) = lexer.peek() {
        lexer.symbol(first);
    }
    let end = lexer.span_from(lexer.at);
    lexer.symbols.push(Symbol { kind: SymbolKind::End, span: end });
    (lexer.symbols, lexer.diagnostics)
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    /// Brackets that were taken for `(` and are open.
    brackets: usize,
    symbols: Vec<Symbol>,
    diagnostics: Vec<Diagnostic>,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.source.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn span_from(&self, start: usize) -> Span {
        Span { start: start as u32, end: self.at as u32 }
    }

    fn push(&mut self, kind: SymbolKind, start: usize) {
        let span = self.span_from(start);
        self.symbols.push(Symbol { kind, span });
    }

    fn symbol(&mut self, first: char) {
        let start = self.at;
        self.at += first.len_utf8();
        let kind = match first {
            '#' => {
                self.at = self.source[start..].find('\n').map_or(self.source.len(), |n| start + n);
                return;
            }
            // Zero-width characters come along when text is pasted from web pages.
            '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' | '\u{AD}' => return,
            _ if first.is_whitespace() => return,
            '(' => SymbolKind::Open,
            ')' => SymbolKind::Close,
            ',' => SymbolKind::Comma,
            ':' => SymbolKind::Colon,
            ';' => SymbolKind::Semicolon,
            '&' if self.eat("&") => SymbolKind::And,
            '|' if self.eat("|") => SymbolKind::Or,
            '!' if self.eat("=") => SymbolKind::Mark,
            '!' => SymbolKind::Not,
            '<' | '>' => {
                self.eat("=");
                SymbolKind::Mark
            }
            '=' | '~' | '/' | '*' => SymbolKind::Mark,
            '.' if self.eat(".") => SymbolKind::Mark,
            _ if DOUBLE.contains(&first) || SINGLE.contains(&first) => {
                return self.string(first, start);
            }
            _ if first.is_ascii_digit() => return self.number(start),
            '-' | '+' | '.' | '£' | '€' | '$'
                if self.peek().is_some_and(|c| c.is_ascii_digit()) =>
            {
                return self.number(start);
            }
            '-' | '−' | '–' if self.is_upper_end(start) => return self.number(start),
            _ if first.is_alphabetic() || first == '_' => return self.word(start),
            '.' if self.peek().is_some_and(char::is_alphabetic) => return self.word(start),
            _ => return self.unexpected(first, start),
        };
        self.push(kind, start);
    }

    /// Reads on as what is most likely meant, so that no second error follows from it.
    fn unexpected(&mut self, first: char, start: usize) {
        let place = self.span_from(start);
        let kind = match first {
            '&' => SymbolKind::And,
            '|' => SymbolKind::Or,
            '+' => SymbolKind::Plus,
            '-' | '−' | '–' => SymbolKind::Not,
            '[' | '{' => SymbolKind::Open,
            ']' | '}' => SymbolKind::Close,
            '%' if self.peek().is_some_and(char::is_alphabetic) => SymbolKind::Plus,
            _ => {
                if first == '^' {
                    let weight = |c: char| !c.is_ascii_digit() && c != '.';
                    self.at += self.rest().find(weight).unwrap_or(self.rest().len());
                }
                let diagnostic = Diagnostic::new(Code::UnexpectedCharacter, place);
                let diagnostic = diagnostic.with("found", first).with("reading", first);
                return self.diagnostics.push(diagnostic);
            }
        };
        let opened = kind == SymbolKind::Close && self.brackets > 0;
        match kind {
            SymbolKind::Open => self.brackets += 1,
            SymbolKind::Close => self.brackets = self.brackets.saturating_sub(1),
            _ => {}
        }
        let sign = matches!(kind, SymbolKind::Plus | SymbolKind::Not);
        // At the start of a condition, or behind an operator, nothing joins what follows.
        let joined = self
            .symbols
            .last()
            .is_some_and(|before| matches!(before.kind, SymbolKind::String(_) | SymbolKind::Close));
        let lead = if joined { "and " } else { "" };
        let reading = if kind == SymbolKind::Not { '-' } else { first };
        self.push(kind, start);
        let mut diagnostic = Diagnostic::new(Code::UnexpectedCharacter, place)
            .with("found", first)
            .with("lead", lead);
        if sign && self.peek().is_some_and(char::is_alphabetic) {
            let begun = self.at;
            self.word(begun);
            // Of `-intitle:cv` the prefix is told of, too.
            if self.peek() != Some(':') {
                let word = self.source.get(begun..self.at).unwrap_or("").to_owned();
                self.eat("%");
                if let Some(symbol) = self.symbols.last_mut() {
                    symbol.kind = SymbolKind::String(word.clone());
                }
                diagnostic =
                    diagnostic.with("word", word).with("reading", format!("{reading}word"));
                return self.diagnostics.push(diagnostic);
            }
        }
        // A pair of brackets is one mistake.
        if !opened {
            self.diagnostics.push(diagnostic.with("reading", reading));
        }
    }

    /// A word, and what would be one in quotes: `linkedin.com`, `R&D`, `C++`, `C#`, `develop*`.
    fn word(&mut self, start: usize) {
        while let Some(c) = self.peek() {
            let behind = self.rest()[c.len_utf8()..].chars().next();
            let more = match c {
                '.' if behind == Some('*') => true,
                '.' | '&' => behind.is_some_and(char::is_alphanumeric),
                '+' => behind == Some('+') || self.source[start..self.at].ends_with('+'),
                '#' => self.source[start..self.at].chars().count() == 1,
                '_' | '-' | '*' => true,
                _ => c.is_alphanumeric(),
            };
            if !more {
                break;
            }
            self.at += c.len_utf8();
        }
        self.push(SymbolKind::Word, start);
    }

    /// A dash at `start` parts two ends of a range: `£30k-£40k`, `30k–40k`.
    fn is_upper_end(&self, start: usize) -> bool {
        let behind_number = self.symbols.last().is_some_and(|before| {
            before.kind == SymbolKind::Number && before.span.end as usize == start
        });
        let rest = self.rest().trim_start_matches(['£', '€', '$']);
        behind_number && rest.starts_with(|c: char| c.is_ascii_digit())
    }

    fn eat(&mut self, expected: &str) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len();
        }
        found
    }

    /// A number with all that hangs on it, so that `2,5` and `30k` are judged whole.
    fn number(&mut self, start: usize) {
        if let Some(currency) = self.peek().filter(|c| matches!(c, '£' | '€' | '$')) {
            self.at += currency.len_utf8();
        }
        let bytes = self.source.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            let next_is_digit = bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit);
            let inside = byte.is_ascii_alphanumeric() || byte == b'_';
            if !inside && !((byte == b'.' || byte == b',') && next_is_digit) {
                break;
            }
            self.at += 1;
        }
        // `30k+`; before anything else than a gap the sign belongs to what follows.
        let next = bytes.get(self.at + 1);
        if bytes.get(self.at) == Some(&b'+') && next.is_none_or(|c| b" \t\r\n);,".contains(c)) {
            self.at += 1;
        }
        self.push(SymbolKind::Number, start);
    }

    fn string(&mut self, open: char, start: usize) {
        let family: &[char] = if DOUBLE.contains(&open) { &DOUBLE } else { &SINGLE };
        let apostrophes = family == SINGLE;
        let mut text = String::new();
        let mut before: Option<char> = None;
        loop {
            let Some(c) = self.peek().filter(|&c| c != '\n' && c != '\r') else {
                let span = self.span_from(start);
                let opening = Span { start: span.start, end: span.start + open.len_utf8() as u32 };
                self.diagnostics
                    .push(Diagnostic::new(Code::UnclosedString, opening).with("quote", open));
                // The text so far stands for the string, so that no second error follows from it.
                return self.push(SymbolKind::String(text), start);
            };
            self.at += c.len_utf8();
            if c == '\\' {
                match self.peek() {
                    Some(next)
                        if next == '\\' || DOUBLE.contains(&next) || SINGLE.contains(&next) =>
                    {
                        self.at += next.len_utf8();
                        text.push(next);
                    }
                    // `\*` stays as it is: what a star means is the term's affair.
                    _ => text.push('\\'),
                }
            } else if !family.contains(&c) {
                text.push(c);
            } else if c == open && !text.is_empty() && self.peek() == Some(c) {
                self.at += c.len_utf8();
                text.push(c);
            } else if apostrophes
                && before.is_some_and(char::is_alphanumeric)
                && self.peek().is_some_and(char::is_alphanumeric)
            {
                text.push(c);
            } else {
                if !closes(open, c) {
                    let diagnostic = Diagnostic::new(Code::MixedQuotes, self.span_from(start));
                    self.diagnostics.push(diagnostic.with("open", open).with("close", c));
                }
                return self.push(SymbolKind::String(text), start);
            }
            before = Some(c);
        }
    }
}

/// Whether `c` opens a string.
pub(super) fn is_quote(c: char) -> bool {
    DOUBLE.contains(&c) || SINGLE.contains(&c)
}

/// Whether `c` opens or closes a double-quoted string.
#[must_use]
pub fn is_double_quote(c: char) -> bool {
    DOUBLE.contains(&c)
}

/// Whether people close what `open` opens by `close`; else the pair is odd and worth a warning.
fn closes(open: char, close: char) -> bool {
    open == close
        || matches!(
            (open, close),
            ('“' | '„' | '‟', '”' | '“')
                | ('«', '»')
                | ('»', '«')
                | ('‘' | '‚' | '‛', '’' | '‘')
                | ('‹', '›')
                | ('›', '‹')
                | ('`', '\'')
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(source: &str) -> Vec<SymbolKind> {
        lex(source).0.into_iter().map(|symbol| symbol.kind).collect()
    }

    fn only_string(source: &str) -> String {
        match &kinds(source)[..] {
            [SymbolKind::String(text), SymbolKind::End] => text.clone(),
            other => panic!("not one string: {other:?}"),
        }
    }

    #[test]
    fn every_style_of_quote_opens_a_string() {
        for source in
            [r#""a b""#, "“a b”", "„a b“", "«a b»", "”a b”", "'a b'", "‘a b’", "`a b'", "＂a b＂"]
        {
            assert_eq!(only_string(source), "a b", "{source}");
            assert!(lex(source).1.is_empty(), "{source}");
        }
    }

    #[test]
    fn quotes_inside_are_doubled_escaped_or_apostrophes() {
        assert_eq!(only_string(r#""6"" pipe""#), "6\" pipe");
        assert_eq!(only_string(r#""6\" pipe""#), "6\" pipe");
        assert_eq!(only_string("\"children’s\""), "children’s");
        assert_eq!(only_string("'children's nurse'"), "children's nurse");
        assert_eq!(only_string(r#""nurs\*""#), r"nurs\*");
        assert_eq!(only_string(r#""""#), "");
    }

    #[test]
    fn a_forgotten_quote_costs_one_line() {
        let (symbols, diagnostics) = lex("\"a\nand \"b\"");
        assert_eq!(diagnostics.len(), 1);
        assert_eq!(diagnostics[0].code, Code::UnclosedString);
        assert_eq!(diagnostics[0].span, Span { start: 0, end: 1 });
        assert_eq!(symbols.len(), 4);
    }

    #[test]
    fn odd_pairs_of_quotes_are_warned_of() {
        let (_, diagnostics) = lex("“a\"");
        assert_eq!(diagnostics[0].code, Code::MixedQuotes);
    }

    #[test]
    fn numbers_are_taken_whole() {
        let source = "2 0.5 -1 2,5 £30k 25_000 30k+ 30-40 30–£40";
        let (symbols, diagnostics) = lex(source);
        let texts: Vec<_> = symbols.iter().map(|symbol| symbol.span.of(source)).collect();
        assert_eq!(
            texts,
            ["2", "0.5", "-1", "2,5", "£30k", "25_000", "30k+", "30", "-40", "30", "–£40", ""]
        );
        assert!(diagnostics.is_empty());
    }
}
