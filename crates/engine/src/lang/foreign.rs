//! What other search languages write: read as it is meant, with one word on how it is written here, so that
//! no second error follows from it.

use super::ast::{Expr, Quoted, Span};
use super::condition::Meaning;
use super::diagnostic::{Code, Diagnostic};
use super::fields::{FieldKind, ValueId};
use super::grammar::Parser;
use super::lexer::{Symbol, SymbolKind};
use super::values::Date;

/// The values behind a field that lacks its comparison.
enum Given {
    One(String),
    UpTo(String, String),
    AtLeast(String),
    Among(Vec<String>),
}

impl Parser<'_> {
    /// Whether the symbol `count` ahead follows the one before it without a gap.
    fn adjoins(&self, count: usize) -> bool {
        let at = self.at + count;
        at > 0
            && at < self.symbols.len()
            && self.symbols[at].kind != SymbolKind::End
            && self.symbols[at].span.start == self.symbols[at - 1].span.end
    }

    /// The stretch of symbols that follow each other without a gap, from one that adjoins the last on.
    fn run(&mut self) -> Option<Span> {
        let mut run = None;
        while self.adjoins(0)
            && !matches!(
                self.peek().kind,
                SymbolKind::Open | SymbolKind::Close | SymbolKind::Comma | SymbolKind::Semicolon
            )
        {
            let span = self.next().span;
            run = Some(run.map_or(span, |before: Span| before.to(span)));
        }
        run
    }

    /// A symbol that no condition goes on with. The same fault is told once in a condition.
    pub(super) fn stray(&mut self, told: &mut Option<&'static str>) {
        let symbol = self.peek().clone();
        let field_follows = matches!(self.meaning(1), Meaning::Field(_));
        let reading = match (&symbol.kind, self.text(symbol.span)) {
            (SymbolKind::Comma, _) => "comma",
            (SymbolKind::Number, _) => "number",
            (SymbolKind::Mark, "/") if self.ahead(1).kind == SymbolKind::Number => "distance",
            (SymbolKind::Mark, "/") => "slash",
            (SymbolKind::Mark, "~") => "tilde",
            (SymbolKind::Mark, "*") => "star",
            _ if self.is_word(0, "in") && field_follows => "in field",
            _ if self.at_comparison(0) => "comparison",
            _ => "other",
        };
        let again = *told == Some(reading) && matches!(reading, "comma" | "slash");
        if !again {
            self.unexpected_as("`and`, `or`, `unless`, `then` or `;`", reading);
        }
        *told = Some(reading);
        self.at += if reading == "in field" { 2 } else { 1 };
        if symbol.kind == SymbolKind::Mark {
            // `<>` is one mistake, as are `~2` and `/2`.
            while self.peek().kind == SymbolKind::Mark && self.adjoins(0) {
                self.at += 1;
            }
            self.at += usize::from(self.peek().kind == SymbolKind::Number);
        }
    }

    /// `and/or`, behind the first of the two.
    pub(super) fn and_or(&mut self) {
        let slash = self.peek().kind == SymbolKind::Mark && self.text(self.peek().span) == "/";
        if slash && matches!(self.meaning(1), Meaning::And | Meaning::Or) {
            self.unexpected_as("a condition", "and/or");
            self.at += 2;
        }
    }

    /// `and then "b"` where another `then` begins the actions: reported, and read as `and`.
    pub(super) fn and_then(&mut self) -> bool {
        if !self.is_word(0, "then") || self.is_action(1) {
            return false;
        }
        let word = |symbol: &&Symbol, word: &str| {
            symbol.kind == SymbolKind::Word && self.text(symbol.span).eq_ignore_ascii_case(word)
        };
        let again = self.symbols[self.at + 1..]
            .iter()
            .take_while(|symbol| symbol.kind != SymbolKind::Semicolon && !word(symbol, "rule"))
            .any(|symbol| word(&symbol, "then"));
        if again {
            self.unexpected_as("a condition", "and then");
            self.at += 1;
        }
        again
    }

    /// `then "x"` or `then category "x"`, the `then` of which stands `count` symbols ahead: no action.
    pub(super) fn is_then_alone(&self, count: usize) -> bool {
        let string = matches!(self.ahead(count + 1).kind, SymbolKind::String(_));
        self.is_word(count, "then") && (string || self.is_word(count + 1, "category"))
    }

    /// `or description` behind `title`, the place of which is `before`: reported once, and read as a comma.
    pub(super) fn joined_fields(&mut self, before: Span, told: &mut bool) -> bool {
        let reading = match self.meaning(0) {
            Meaning::And => "fields and",
            Meaning::Or => "fields or",
            _ => return false,
        };
        if !matches!(self.meaning(1), Meaning::Field(_)) {
            return false;
        }
        if !*told {
            let (one, other) = (self.text(before), self.text(self.ahead(1).span));
            let meant = if reading == "fields or" {
                format!("{one}, {other} \"…\"")
            } else {
                format!("{one}:\"…\" and {other}:\"…\"")
            };
            let operator = self.peek().span;
            self.unexpected_meant(operator, "a condition", reading, meant);
        }
        *told = true;
        true
    }

    /// A path or name without its quotes: what hangs together, with the words behind it that mean nothing
    /// here.
    pub(super) fn without_quotes(&mut self) -> Option<Span> {
        if !matches!(self.peek().kind, SymbolKind::Word | SymbolKind::Number)
            || self.at_condition_end()
        {
            return None;
        }
        let mut place = self.next().span;
        loop {
            if let Some(run) = self.run() {
                place = place.to(run);
            } else if self.peek().kind == SymbolKind::Word
                && self.meaning(0) == Meaning::Unknown
                && !self.is_word(0, "score")
                && !self.at_item()
                && !self.at_action()
            {
                place = place.to(self.next().span);
            } else {
                return Some(place);
            }
        }
    }

    /// What stands where a category's path in quotes is due: reported, and read over.
    pub(super) fn path_without_quotes(&mut self) -> Option<Quoted> {
        let expected = "a category path in quotes";
        let symbol = self.peek().clone();
        let sign = symbol.kind == SymbolKind::Colon
            || (symbol.kind == SymbolKind::Mark && self.text(symbol.span) == "=");
        if sign {
            self.unexpected_as(expected, "path behind sign");
            self.at += 1;
            return self.path_read();
        }
        let Some(place) = self.without_quotes() else {
            self.unexpected(expected);
            self.skip_operand();
            return None;
        };
        let text = self.text(place).to_owned();
        self.unexpected_meant(place, expected, "unquoted", format!("\"{text}\""));
        Some(Quoted { text, span: place })
    }

    /// A path, with or without quotes, behind what has been reported.
    pub(super) fn path_read(&mut self) -> Option<Quoted> {
        if let SymbolKind::String(text) = self.peek().kind.clone() {
            return Some(Quoted { text, span: self.next().span });
        }
        let span = self.without_quotes()?;
        Some(Quoted { text: self.text(span).to_owned(), span })
    }

    /// What stands where a list's name in quotes is due: reported, and read over.
    pub(super) fn list_without_quotes(&mut self) {
        let expected = "the name of a list in quotes";
        if let Some(place) = self.without_quotes() {
            let meant = format!("\"{}\"", self.text(place));
            self.unexpected_meant(place, expected, "unquoted", meant);
        } else {
            self.unexpected(expected);
            self.skip_operand();
        }
    }

    /// `/nurs.*/`: reported, and read over.
    pub(super) fn pattern(&mut self) -> bool {
        let slash = self.peek().kind == SymbolKind::Mark && self.text(self.peek().span) == "/";
        let found = slash && self.adjoins(1);
        if found {
            self.unexpected_as("a condition", "pattern");
            self.at += 1;
            self.run();
        }
        found
    }

    /// `10 miles of London`, behind `within`, which is reported.
    pub(super) fn miles(&mut self, word: Span) {
        if self.text(word).eq_ignore_ascii_case("within") && self.eat(&SymbolKind::Number) {
            self.skip_operand();
        }
    }

    /// `2 of ("a", "b")`.
    pub(super) fn count_of(&mut self) -> Option<Expr> {
        self.unexpected_as("`at least`", "count");
        self.at += 2;
        if self.peek().kind == SymbolKind::Open {
            self.members();
        }
        None
    }

    /// `word:` that is no field, with what hangs on it.
    pub(super) fn unknown_prefix(&mut self, word: Span) -> Option<Expr> {
        let known: Vec<&str> = self.known.names().collect();
        let known = known.join("\n");
        self.at += 1;
        let string = match &self.peek().kind {
            SymbolKind::String(text) => Some(text.clone()),
            _ => None,
        };
        let run = if string.is_some() { None } else { self.run() };
        let value = string.or_else(|| run.map(|run| self.text(run).to_owned()));
        let diagnostic = Diagnostic::new(Code::UnknownPrefix, run.map_or(word, |run| word.to(run)))
            .with("word", self.text(word))
            .with("known", known)
            .with("reading", self.text(word).to_lowercase().replace(['_', '-'], ""))
            .with("value", value.unwrap_or_else(|| "developer".to_owned()));
        self.report(diagnostic);
        if run.is_some() { None } else { self.operand_after(word) }
    }

    /// What follows the name of a field of values where no comparison does: reported with the comparison that
    /// is probably meant.
    pub(super) fn value_without_comparison(&mut self, field: ValueId, names: Span) -> Option<Expr> {
        let kind = self.known.value_kind(field);
        let name = self.known.value_name(field).to_owned();
        let given = match kind {
            FieldKind::Number => self.numbers_given(),
            FieldKind::Date => self.date_given(),
            FieldKind::Keyword => self.keyword_given(),
            FieldKind::Boolean | FieldKind::Text => None,
        };
        let meant = match &given {
            None => String::new(),
            Some(Given::One(value)) => format!("{name} = {value}"),
            Some(Given::UpTo(low, high)) => format!("{name} between {low} and {high}"),
            Some(Given::AtLeast(low)) => format!("{name} >= {low}"),
            Some(Given::Among(values)) => format!("{name} in ({})", values.join(", ")),
        };
        let diagnostic = Diagnostic::new(Code::TermInValues, names)
            .with("field", name)
            .with("kind", kind.as_str())
            .with("reading", if given.is_some() { "meant" } else { kind.as_str() })
            .with("meant", meant);
        self.report(diagnostic);
        if given.is_none() {
            self.skip_operand();
        }
        None
    }

    fn number_given(&mut self) -> Option<String> {
        if self.peek().kind != SymbolKind::Number {
            return None;
        }
        let span = self.next().span;
        let signs = |c: char| matches!(c, '-' | '−' | '–' | '£' | '€' | '$');
        Some(self.text(span).trim_start_matches(signs).replace(',', ""))
    }

    /// `40000`, `40k+`, `30k-40k`, `30k..40k`, `30k to 40k`, `[30k TO 40k]`.
    fn numbers_given(&mut self) -> Option<Given> {
        let bracket = self.peek().kind == SymbolKind::Open
            && self.ahead(1).kind == SymbolKind::Number
            && self.eat(&SymbolKind::Open);
        let low = self.number_given()?;
        if let Some(low) = low.strip_suffix('+') {
            return Some(Given::AtLeast(low.to_owned()));
        }
        let ahead = usize::from(self.is_word(0, "to") || self.text(self.peek().span) == "..");
        let range = self.ahead(ahead).kind == SymbolKind::Number && (ahead == 1 || self.adjoins(0));
        let high = if range {
            self.at += ahead;
            self.number_given()
        } else {
            None
        };
        if bracket {
            self.eat(&SymbolKind::Close);
        }
        Some(match high {
            Some(high) => Given::UpTo(low, high),
            None => Given::One(low),
        })
    }

    /// `"2026-11-25"`, or without the quotes three numbers.
    fn date_given(&mut self) -> Option<Given> {
        match self.peek().kind {
            SymbolKind::String(_) => {}
            SymbolKind::Number => {
                let mut place = self.next().span;
                while self.peek().kind == SymbolKind::Number && self.adjoins(0) {
                    place = place.to(self.next().span);
                }
                let date = self.text(place);
                return Date::parse(date).is_ok().then(|| Given::One(format!("\"{date}\"")));
            }
            _ => return None,
        }
        let span = self.next().span;
        Some(Given::One(self.text(span).to_owned()))
    }

    /// `London`, `"London"`, `(London OR "Leeds")`.
    fn keyword_given(&mut self) -> Option<Given> {
        if self.peek().kind != SymbolKind::Open {
            return self.one_keyword().map(Given::One);
        }
        let open = self.at;
        let mut values = Vec::new();
        loop {
            self.at += 1;
            values.extend(self.one_keyword());
            let more = self.peek().kind == SymbolKind::Comma || self.meaning(0) == Meaning::Or;
            if !more {
                break;
            }
        }
        if values.is_empty() || !self.eat(&SymbolKind::Close) {
            self.at = open;
            return None;
        }
        Some(Given::Among(values))
    }

    fn one_keyword(&mut self) -> Option<String> {
        let known = self.meaning(0) != Meaning::Unknown || self.at_item();
        match self.peek().kind {
            SymbolKind::String(_) => {
                let span = self.next().span;
                Some(self.text(span).to_owned())
            }
            SymbolKind::Word if !known => {
                let word = self.next().span;
                let word = self.run().map_or(word, |run| word.to(run));
                Some(format!("\"{}\"", self.text(word)))
            }
            _ => None,
        }
    }
}
