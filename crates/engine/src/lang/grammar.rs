//! Reads symbols into the tree of [`ast`](super::ast): recursive descent, linear in the source, with
//! recovery at the ends of objects, so that one pass reports every error. This module reads objects;
//! [`condition`](super::condition) and [`actions`](super::actions) read what they hold.

use super::ast::{Action, Item, ListItem, Quoted, RuleItem, Span};
use super::diagnostic::{Code, Diagnostic};
use super::fields::{FieldMask, Fields};
use super::lexer::{Symbol, SymbolKind, is_quote, lex};

/// How deep parentheses and `not` may be nested.
pub const MAX_NESTING: usize = 100;
/// The longest text of a rule, in bytes.
pub const MAX_RULE: usize = 64 * 1024;
/// The longest text of a list, in bytes.
pub const MAX_LIST: usize = 1024 * 1024;
/// The longest source, in bytes.
pub const MAX_SOURCE: usize = 256 * 1024 * 1024;
/// The longest name, in characters.
pub const MAX_NAME: usize = 200;

/// What a source says, as far as it can be read, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// Its objects in order; one with an error may be missing or incomplete.
    pub items: Vec<Item>,
    /// The findings, by place. The items mean something only if none is an error.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads one source.
#[must_use]
pub fn parse(source: &str, fields: &Fields) -> Parsed {
    if source.len() > MAX_SOURCE {
        let diagnostic = Diagnostic::new(Code::SourceTooLong, Span::default())
            .with("size", source.len().to_string())
            .with("limit", MAX_SOURCE.to_string());
        return Parsed { items: Vec::new(), diagnostics: vec![diagnostic] };
    }
    let (symbols, diagnostics) = lex(source);
    let mut parser = Parser {
        source,
        symbols,
        at: 0,
        known: fields,
        current: fields.defaults(),
        depth: 0,
        diagnostics,
    };
    let mut items = parser.file();
    let mut diagnostics = parser.diagnostics;
    diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
    leave_consequences(source, &mut items, &mut diagnostics);
    Parsed { items, diagnostics }
}

/// A quote without its partner turns the rest of its line inside out: what else is found there, and in
/// the rule it belongs to, only distracts from it.
fn leave_consequences(source: &str, items: &mut Vec<Item>, diagnostics: &mut Vec<Diagnostic>) {
    let unclosed = diagnostics.iter().filter(|found| found.code == Code::UnclosedString);
    let lines: Vec<Span> = unclosed.map(|found| line_of(source, found.span.start)).collect();
    if lines.is_empty() {
        return;
    }
    // The last line that begins at or before a place; they are sorted, as the findings are.
    let holding = |place: u32| {
        let behind = lines.partition_point(|line| line.start <= place);
        behind.checked_sub(1).is_some_and(|before| place <= lines[before].end)
    };
    diagnostics.retain(|found| found.code == Code::UnclosedString || !holding(found.span.start));
    items.retain(|item| {
        let Item::Rule(RuleItem { span, .. }) = item else { return true };
        let behind = lines.partition_point(|line| line.start < span.end);
        behind.checked_sub(1).is_none_or(|before| lines[before].end <= span.start)
    });
}

/// The line around a place, without the break at its end.
fn line_of(source: &str, place: u32) -> Span {
    let at = place as usize;
    let start = source[..at].rfind(['\n', '\r']).map_or(0, |before| before + 1);
    let end = source[at..].find(['\n', '\r']).map_or(source.len(), |length| at + length);
    Span { start: start as u32, end: end as u32 }
}

pub(super) struct Parser<'a> {
    pub(super) source: &'a str,
    pub(super) symbols: Vec<Symbol>,
    pub(super) at: usize,
    pub(super) known: &'a Fields,
    /// The fields that govern the next operand.
    pub(super) current: FieldMask,
    pub(super) depth: usize,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> &Symbol {
        self.ahead(0)
    }

    pub(super) fn ahead(&self, count: usize) -> &Symbol {
        // The last symbol is the end of the source; nothing moves past it.
        &self.symbols[(self.at + count).min(self.symbols.len() - 1)]
    }

    pub(super) fn next(&mut self) -> Symbol {
        let symbol = self.peek().clone();
        if symbol.kind != SymbolKind::End {
            self.at += 1;
        }
        symbol
    }

    pub(super) fn text(&self, span: Span) -> &str {
        span.of(self.source)
    }

    pub(super) fn is_word(&self, count: usize, word: &str) -> bool {
        let symbol = self.ahead(count);
        symbol.kind == SymbolKind::Word && self.text(symbol.span).eq_ignore_ascii_case(word)
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(0, word);
        if found {
            self.at += 1;
        }
        found
    }

    pub(super) fn eat(&mut self, kind: &SymbolKind) -> bool {
        let found = self.peek().kind == *kind;
        if found {
            self.at += 1;
        }
        found
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Says that something else is due where the next symbol stands.
    pub(super) fn unexpected(&mut self, expected: &str) {
        self.unexpected_as(expected, expected);
    }

    /// The same, with the reading on which the advice depends.
    pub(super) fn unexpected_as(&mut self, expected: &str, reading: &str) {
        let found = self.peek().span;
        self.unexpected_meant(found, expected, reading, String::new());
    }

    /// The same of what stands at `span`, with what is to be written in its place.
    pub(super) fn unexpected_meant(
        &mut self,
        span: Span,
        expected: &str,
        reading: &str,
        meant: String,
    ) {
        let text = self.text(span);
        let found = match text.chars().next() {
            None => "the end of the file".to_owned(),
            Some(first) if is_quote(first) => text.to_owned(),
            Some(_) => format!("`{text}`"),
        };
        let diagnostic = Diagnostic::new(Code::Unexpected, span);
        let diagnostic = diagnostic.with("expected", expected).with("found", found);
        self.report(diagnostic.with("reading", reading).with("meant", meant));
    }

    /// A rule or a list begins here. `list "x"` without a colon is an operand of a condition.
    pub(super) fn at_item(&self) -> bool {
        let string = matches!(self.ahead(1).kind, SymbolKind::String(_));
        string
            && (self.is_word(0, "rule")
                || (self.is_word(0, "list") && self.ahead(2).kind == SymbolKind::Colon))
    }

    /// Nothing of the present object follows.
    pub(super) fn at_item_end(&self) -> bool {
        matches!(self.peek().kind, SymbolKind::Semicolon | SymbolKind::End) || self.at_item()
    }

    /// An action begins here.
    pub(super) fn at_action(&self) -> bool {
        self.is_action(0)
    }

    /// An action begins `count` symbols ahead, perhaps without its `category` or the quotes of its name:
    /// none of the words is a field's.
    pub(super) fn is_action(&self, count: usize) -> bool {
        let next = self.ahead(count + 1);
        let string = matches!(next.kind, SymbolKind::String(_));
        if self.is_word(count, "add") || self.is_word(count, "remove") {
            return string || self.is_word(count + 1, "category");
        }
        let behind = self.ahead(count + 2);
        let equals = behind.kind == SymbolKind::Mark && self.text(behind.span) == "=";
        self.is_word(count, "set") && (string || (next.kind == SymbolKind::Word && equals))
    }

    /// Where to point at what is missing: at the next symbol, if it belongs to the same object.
    pub(super) fn place(&self) -> Span {
        if self.peek().kind == SymbolKind::Semicolon || !self.at_item_end() {
            return self.peek().span;
        }
        let end = self.symbols[self.at.saturating_sub(1)].span.end;
        Span { start: end, end }
    }

    fn skip_item(&mut self) {
        while !self.at_item_end() {
            self.at += 1;
        }
        self.eat(&SymbolKind::Semicolon);
    }

    fn file(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        while self.peek().kind != SymbolKind::End {
            let start = self.peek().span;
            let errors = self.diagnostics.len();
            let item = if self.is_word(0, "rule") {
                self.at += 1;
                self.rule(start).map(Item::Rule)
            } else if self.is_word(0, "list") {
                self.at += 1;
                self.list(start).map(Item::List)
            } else {
                self.unexpected("`rule` or `list`");
                self.at += 1;
                None
            };
            if let Some(item) = item {
                self.check_length(&item);
                items.push(item);
            } else {
                debug_assert!(self.diagnostics.len() > errors, "an object lost in silence");
                self.skip_item();
            }
        }
        if items.is_empty() && self.diagnostics.is_empty() {
            self.report(Diagnostic::new(Code::NoRule, Span::default()));
        }
        items
    }

    fn check_length(&mut self, item: &Item) {
        let limit = if matches!(item, Item::Rule(_)) { MAX_RULE } else { MAX_LIST };
        let size = item.span().of(self.source).len();
        if size > limit {
            let diagnostic = Diagnostic::new(Code::RuleTooLong, item.name().span)
                .with("size", size.to_string())
                .with("limit", limit.to_string());
            self.report(diagnostic);
        }
    }

    /// The name of an object and the colon behind it.
    fn name(&mut self, kind: &str) -> Option<Quoted> {
        let SymbolKind::String(text) = &self.peek().kind else {
            self.unexpected_as(&format!("the name of the {kind} in quotes"), "name");
            return None;
        };
        let name = Quoted { text: text.clone(), span: self.peek().span };
        self.at += 1;
        if name.text.trim().is_empty() {
            self.report(Diagnostic::new(Code::EmptyName, name.span).with("kind", kind));
        } else if name.text.chars().count() > MAX_NAME {
            let limit = MAX_NAME.to_string();
            self.report(Diagnostic::new(Code::NameTooLong, name.span).with("limit", limit));
        }
        if !self.eat(&SymbolKind::Colon) {
            self.unexpected("`:`");
        }
        Some(name)
    }

    /// The semicolon of an object; the place from `start` to it.
    fn end_item(&mut self, kind: &'static str, name: &Quoted, start: Span) -> Span {
        if self.peek().kind == SymbolKind::Semicolon {
            return start.to(self.next().span);
        }
        if self.at_item_end() {
            let after = self.place();
            let diagnostic = Diagnostic::new(Code::MissingSemicolon, after);
            self.report(diagnostic.with("kind", kind).with("name", name.text.as_str()));
            return start.to(after);
        }
        self.unexpected("`;`");
        self.skip_item();
        start.to(self.symbols[self.at.saturating_sub(1)].span)
    }

    fn list(&mut self, start: Span) -> Option<ListItem> {
        let name = self.name("list")?;
        let errors = self.diagnostics.len();
        let mut terms = Vec::new();
        while !self.at_item_end() {
            if self.modifier().is_none() && !matches!(self.peek().kind, SymbolKind::String(_)) {
                self.unexpected("a term in quotes");
                self.skip_item();
                return Some(ListItem { span: start.to(name.span), name, terms });
            }
            terms.extend(self.term());
            if !self.eat(&SymbolKind::Comma) && !self.at_item_end() {
                self.unexpected("`,` or `;`");
                if !matches!(self.peek().kind, SymbolKind::String(_)) {
                    self.at += 1;
                }
            }
        }
        // Where a term has an error, that has been reported.
        if terms.is_empty() && self.diagnostics.len() == errors {
            let diagnostic = Diagnostic::new(Code::EmptyList, name.span);
            self.report(diagnostic.with("name", name.text.as_str()));
        }
        let span = self.end_item("list", &name, start);
        Some(ListItem { name, terms, span })
    }

    fn rule(&mut self, start: Span) -> Option<RuleItem> {
        let name = self.name("rule")?;
        if !self.eat_clause("when", "conditions") {
            let diagnostic = Diagnostic::new(Code::MissingWhen, self.peek().span);
            self.report(diagnostic.with("name", name.text.as_str()));
            if self.at_item_end() || self.at_clause("then", "actions") || self.at_action() {
                self.skip_item();
                return None;
            }
        }
        let mut when = self.condition();
        let mut unless = None;
        let mut excepted = false;
        loop {
            let (again, clause) = if self.is_word(0, "unless") {
                (std::mem::replace(&mut excepted, true), "unless")
            } else if self.at_clause("when", "conditions") {
                (true, "when")
            } else {
                break;
            };
            if again {
                self.misplaced(clause);
            }
            self.eat_clause(clause, "conditions");
            let more = self.condition();
            if clause == "when" {
                when = when.or(more);
            } else {
                unless = unless.or(more);
            }
        }
        let mut actions = if self.eat_clause("then", "actions") {
            self.actions(&name)
        } else if self.at_action() {
            self.unexpected("`then`");
            self.actions(&name)
        } else {
            let diagnostic = Diagnostic::new(Code::MissingThen, self.place());
            self.report(diagnostic.with("name", name.text.as_str()));
            self.skip_to_end();
            Vec::new()
        };
        self.misplaced_clauses(&name, &mut actions);
        let span = self.end_item("rule", &name, start);
        // Without a condition an error has been reported, and nothing can be said of the rule.
        when.map(|when| RuleItem { name, when, unless, actions, span })
    }

    fn misplaced(&mut self, clause: &'static str) {
        let diagnostic = Diagnostic::new(Code::MisplacedClause, self.peek().span);
        self.report(diagnostic.with("clause", clause));
    }

    /// What follows the actions and belongs before them, or to them.
    fn misplaced_clauses(&mut self, name: &Quoted, actions: &mut Vec<Action>) {
        while self.at_any_clause() {
            let then = self.at_clause("then", "actions");
            let unless = self.is_word(0, "unless");
            self.misplaced(match (then, unless) {
                (true, _) => "then",
                (_, true) => "late unless",
                _ => "late when",
            });
            if then {
                self.eat_clause("then", "actions");
                actions.extend(self.actions(name));
            } else {
                self.at += 1;
                self.eat(&SymbolKind::Colon);
                self.condition();
            }
        }
    }

    /// `when`, `unless`, `then` or one of the headings.
    pub(super) fn at_any_clause(&self) -> bool {
        self.is_word(0, "unless")
            || self.at_clause("when", "conditions")
            || self.at_clause("then", "actions")
    }

    /// `keyword`, or the `heading` with a colon that the original's layout has in its place.
    fn at_clause(&self, keyword: &str, heading: &str) -> bool {
        self.is_word(0, keyword)
            || (self.is_word(0, heading) && self.ahead(1).kind == SymbolKind::Colon)
    }

    fn eat_clause(&mut self, keyword: &str, heading: &str) -> bool {
        let found = self.at_clause(keyword, heading);
        if found {
            self.at += if self.is_word(0, keyword) { 1 } else { 2 };
        }
        found
    }

    /// Moves to the end of the object without taking its semicolon.
    fn skip_to_end(&mut self) {
        while !self.at_item_end() {
            self.at += 1;
        }
    }
}
