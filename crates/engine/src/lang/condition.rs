//! Reads a condition. `and` binds tighter than `or`, `not` tighter than both. A bare field holds
//! rightwards until the next bare field or the end of its parentheses; with a colon it binds to one
//! operand. After an error, reading goes on at the next operator or parenthesis.

use super::ast::{Expr, ExprKind, Form, Span, Term};
use super::diagnostic::{Code, Diagnostic};
use super::fields::{Field, FieldMask};
use super::grammar::{MAX_NESTING, Parser};
use super::lexer::SymbolKind;
use super::print;

/// What a word means where a condition is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    And,
    Or,
    Not,
    List,
    /// A keyword that ends the condition.
    Clause,
    Field(Field),
    /// A modifier of a term.
    Term,
    /// `any of`, `all of`, `none of`, `at least`.
    Group,
    Category,
    /// `near`, `before` and their aliases.
    Proximity,
    /// `between` and `in`.
    Comparison,
    Unknown,
}

impl Parser<'_> {
    /// A whole condition, from the default fields on, to the keyword that ends it.
    pub(super) fn condition(&mut self) -> Option<Expr> {
        self.current = self.known.defaults();
        let mut condition = self.or();
        let mut told = None;
        loop {
            match self.peek().kind {
                SymbolKind::Close => {
                    self.report(Diagnostic::new(Code::UnopenedParenthesis, self.peek().span));
                    self.at += 1;
                }
                _ if self.at_condition_end() => return condition,
                _ => self.stray(&mut told),
            }
            // Go on reading, so that what follows the stray symbol is checked too.
            if !self.at_condition_end() && self.peek().kind != SymbolKind::Close {
                self.eat_operator();
                let more = self.or();
                condition = condition.or(more);
            }
        }
    }

    pub(super) fn at_condition_end(&self) -> bool {
        self.at_item_end() || self.meaning(0) == Meaning::Clause || self.at_action()
    }

    fn eat_operator(&mut self) {
        if matches!(self.meaning(0), Meaning::And | Meaning::Or) {
            self.at += 1;
        }
    }

    pub(super) fn meaning(&self, count: usize) -> Meaning {
        let symbol = self.ahead(count);
        match symbol.kind {
            SymbolKind::And => return Meaning::And,
            SymbolKind::Or => return Meaning::Or,
            SymbolKind::Not => return Meaning::Not,
            SymbolKind::Word => {}
            _ => return Meaning::Unknown,
        }
        let word = self.text(symbol.span).to_ascii_lowercase();
        match word.as_str() {
            "and" => Meaning::And,
            "or" => Meaning::Or,
            "not" => Meaning::Not,
            "list" => Meaning::List,
            "when" | "unless" | "then" => Meaning::Clause,
            "conditions" | "actions" if self.ahead(count + 1).kind == SymbolKind::Colon => {
                Meaning::Clause
            }
            "exact" | "case" => Meaning::Term,
            "any" if self.is_word(count + 1, "form") => Meaning::Term,
            "any" | "all" | "none" | "at" => Meaning::Group,
            "category" => Meaning::Category,
            "between" | "in" => Meaning::Comparison,
            _ => match self.known.find(&word) {
                Some(field) => Meaning::Field(field),
                None if self.proximity_at(count).is_some() => Meaning::Proximity,
                None => Meaning::Unknown,
            },
        }
    }

    pub(super) fn or(&mut self) -> Option<Expr> {
        let mut parts = Vec::new();
        let mut mixed = false;
        loop {
            let (part, bare) = self.and();
            mixed |= bare;
            parts.extend(part);
            if self.meaning(0) != Meaning::Or {
                break;
            }
            self.operator("or");
        }
        let several = parts.len() > 1;
        let joined = join(parts, true)?;
        if mixed && several {
            let grouping = print::condition(&joined, self.known);
            let diagnostic = Diagnostic::new(Code::MixedOperators, joined.span);
            self.report(diagnostic.with("grouping", grouping));
        }
        Some(joined)
    }

    /// Operands joined by `and`; true if there are several, not in parentheses of their own.
    fn and(&mut self) -> (Option<Expr>, bool) {
        let mut parts = Vec::new();
        let mut operands = 0;
        loop {
            let part = self.not();
            // What has an error may be meant to go.
            let failed = part.is_none();
            parts.extend(part);
            operands += 1;
            match self.meaning(0) {
                Meaning::And => self.operator("and"),
                Meaning::Not => {}
                // It was reported when it was read.
                _ if self.peek().kind == SymbolKind::Plus => {}
                _ if failed && self.starts_operand() => {}
                _ if self.starts_operand() => {
                    let diagnostic = Diagnostic::new(Code::MissingOperator, self.peek().span);
                    self.report(diagnostic);
                }
                // A bare word is reported when it is read as an operand.
                Meaning::Unknown
                    if self.peek().kind == SymbolKind::Word
                        && !self.at_item()
                        && !self.at_action() => {}
                _ => break,
            }
        }
        (join(parts, false), operands > 1)
    }

    pub(super) fn starts_operand(&self) -> bool {
        let word = matches!(
            self.meaning(0),
            Meaning::Field(_) | Meaning::List | Meaning::Term | Meaning::Group | Meaning::Category
        );
        let symbol = &self.peek().kind;
        (word && !self.at_item()) || matches!(symbol, SymbolKind::String(_) | SymbolKind::Open)
    }

    /// Takes an operator and reports it if no operand follows.
    fn operator(&mut self, name: &str) {
        let span = self.next().span;
        self.and_or();
        if self.and_then() {
            return;
        }
        let dangling = matches!(self.meaning(0), Meaning::And | Meaning::Or)
            || self.peek().kind == SymbolKind::Close
            || self.at_condition_end();
        if dangling {
            let diagnostic = Diagnostic::new(Code::MissingOperand, span);
            let reading = if self.is_then_alone(0) { "then" } else { "right" };
            let diagnostic = diagnostic.with("operator", name).with("side", "right");
            self.report(diagnostic.with("reading", reading));
        }
    }

    /// The operand behind what has been reported, if one stands there.
    pub(super) fn operand_after(&mut self, fault: Span) -> Option<Expr> {
        if self.starts_operand() { self.nested(fault, Self::operand) } else { None }
    }

    /// Reads over what stands in the wrong place, so that no second error follows from it.
    pub(super) fn skip_operand(&mut self) {
        if self.starts_operand() {
            self.operand_after(self.peek().span);
            return;
        }
        while self.peek().kind == SymbolKind::Word
            && self.meaning(0) == Meaning::Unknown
            && !self.at_condition_end()
        {
            self.at += 1;
        }
    }

    pub(super) fn not(&mut self) -> Option<Expr> {
        while self.eat(&SymbolKind::Plus) {}
        if self.meaning(0) != Meaning::Not {
            return self.proximity();
        }
        let start = self.peek().span;
        self.operator("not");
        if self.meaning(0) == Meaning::Proximity {
            return self.negated_proximity();
        }
        let inner = self.nested(start, Self::not)?;
        Some(Expr { span: start.to(inner.span), kind: ExprKind::Not(Box::new(inner)) })
    }

    /// Reads one level deeper, or reports that this is too deep and skips the operand.
    pub(super) fn nested(&mut self, at: Span, read: fn(&mut Self) -> Option<Expr>) -> Option<Expr> {
        if self.depth == MAX_NESTING {
            self.too_deep(at);
            return None;
        }
        self.depth += 1;
        let inner = read(self);
        self.depth -= 1;
        inner
    }

    /// Reports it and skips the condition: all that is nested deeper goes with it, and the rule is
    /// refused as it stands.
    pub(super) fn too_deep(&mut self, at: Span) {
        let limit = MAX_NESTING.to_string();
        self.report(Diagnostic::new(Code::TooDeep, at).with("limit", limit));
        self.skip_to_clause();
    }

    fn skip_to_clause(&mut self) {
        while !self.at_condition_end() {
            self.at += 1;
        }
    }

    pub(super) fn operand(&mut self) -> Option<Expr> {
        let symbol = self.peek().clone();
        match symbol.kind {
            SymbolKind::String(_) => return self.term_operand(),
            SymbolKind::Open => return self.parentheses(),
            _ => {}
        }
        match self.meaning(0) {
            Meaning::Field(_) => return self.governed(),
            Meaning::List if !self.at_item() => return self.list_reference(),
            Meaning::Term => return self.term_operand(),
            Meaning::Group => return self.group(),
            Meaning::Category => return self.category_reference(),
            Meaning::Proximity => {
                let operator = self.text(symbol.span).to_ascii_lowercase();
                let diagnostic = Diagnostic::new(Code::MissingOperand, symbol.span);
                self.report(diagnostic.with("operator", operator).with("side", "left"));
                self.skip_proximity();
                return self.operand_after(symbol.span);
            }
            Meaning::Unknown
                if symbol.kind == SymbolKind::Word && !self.at_item() && !self.at_action() =>
            {
                return self.bare_words();
            }
            Meaning::And | Meaning::Or if !self.follows_operator() => {
                let operator = self.text(symbol.span).to_ascii_lowercase();
                let diagnostic = Diagnostic::new(Code::MissingOperand, symbol.span);
                self.report(diagnostic.with("operator", operator).with("side", "left"));
            }
            _ if symbol.kind == SymbolKind::Number && self.is_word(1, "of") => {
                return self.count_of();
            }
            _ if self.at_comparison(usize::from(symbol.kind == SymbolKind::Number)) => {
                self.comparison_without_field();
            }
            // A dangling operator before this place has been reported as such.
            _ if self.follows_operator() => {}
            _ => {
                if self.pattern() {
                    return None;
                }
                self.unexpected("a condition");
                let mark = symbol.kind == SymbolKind::Mark;
                if mark
                    || matches!(
                        symbol.kind,
                        SymbolKind::Number | SymbolKind::Comma | SymbolKind::Colon
                    )
                {
                    self.at += 1;
                    self.at += usize::from(mark && self.peek().kind == SymbolKind::Number);
                    return self.operand_after(symbol.span);
                }
            }
        }
        None
    }

    fn follows_operator(&self) -> bool {
        let Some(before) = self.at.checked_sub(1) else { return false };
        let symbol = &self.symbols[before];
        let word = self.text(symbol.span);
        matches!(symbol.kind, SymbolKind::And | SymbolKind::Or | SymbolKind::Not)
            || (symbol.kind == SymbolKind::Word
                && ["and", "or", "not"].iter().any(|operator| word.eq_ignore_ascii_case(operator)))
    }

    fn parentheses(&mut self) -> Option<Expr> {
        let open = self.next().span;
        if self.empty_parentheses(open) {
            return None;
        }
        let outer = self.current;
        let inner = self.nested(open, Self::or);
        self.current = outer;
        let close = self.peek().span;
        if self.eat(&SymbolKind::Close) {
            let group = |expr: Expr| Expr { span: open.to(close), ..expr };
            return inner.map(|expr| if expr.is_leaf() { expr } else { group(expr) });
        }
        // Too deep has skipped the closing one; that is reported already.
        let skipped = self.diagnostics.last().is_some_and(|d| d.code == Code::TooDeep);
        if self.at_condition_end() {
            if !skipped {
                self.report(Diagnostic::new(Code::UnclosedParenthesis, open));
            }
        } else {
            self.unexpected("`and`, `or` or `)`");
            while !self.at_condition_end() && !self.eat(&SymbolKind::Close) {
                self.at += 1;
            }
        }
        inner
    }

    /// `()`: reported, and read over.
    pub(super) fn empty_parentheses(&mut self, open: Span) -> bool {
        let place = open.to(self.peek().span);
        let empty = self.eat(&SymbolKind::Close);
        if empty {
            self.report(Diagnostic::new(Code::EmptyParentheses, place));
        }
        empty
    }

    /// `FIELD {"," FIELD} [":"]` and the operand that it governs.
    fn governed(&mut self) -> Option<Expr> {
        let mut mask = FieldMask::default();
        let mut values = Vec::new();
        let start = self.peek().span;
        let mut last = start;
        let mut told = false;
        while let Meaning::Field(field) = self.meaning(0) {
            last = self.next().span;
            match field {
                Field::Text(text) => mask.0 |= text.0,
                Field::Value(value) => values.push((value, last)),
            }
            let more = self.peek().kind == SymbolKind::Comma
                && matches!(self.meaning(1), Meaning::Field(_));
            if !more && !self.joined_fields(last, &mut told) {
                break;
            }
            self.at += 1;
        }
        let one_operand = self.eat(&SymbolKind::Colon);
        if mask == FieldMask::default() {
            return self.comparison(&values);
        }
        let names = start.to(last);
        if !values.is_empty() {
            let diagnostic = Diagnostic::new(Code::MixedFields, names).with("kind", "text");
            let other = self.known.value_kind(values[0].0).as_str();
            self.report(diagnostic.with("other", other));
        }
        if self.at_comparison(0) {
            if values.is_empty() {
                let field = self.text(names).to_owned();
                self.report(Diagnostic::new(Code::ComparedText, names).with("field", field));
            }
            self.skip_comparison();
            return None;
        }
        let outer = self.current;
        self.current = mask;
        while self.eat(&SymbolKind::Plus) {}
        let operand = if matches!(self.meaning(0), Meaning::Field(_)) {
            self.nested(names, Self::not)
        } else if matches!(self.meaning(0), Meaning::Not) || self.starts_operand() {
            self.not()
        } else if self.peek().kind == SymbolKind::Word
            && matches!(self.meaning(0), Meaning::Unknown)
            && !self.at_action()
        {
            self.bare_words()
        } else if told {
            None
        } else {
            let expected = format!("a condition after `{}`", self.text(names));
            self.unexpected_as(&expected, "condition after field");
            let stray = matches!(self.peek().kind, SymbolKind::Colon | SymbolKind::Comma);
            self.at += usize::from(stray);
            if stray { self.operand_after(names) } else { None }
        };
        if one_operand {
            self.current = outer;
        }
        operand
    }

    pub(super) fn list_reference(&mut self) -> Option<Expr> {
        let start = self.next().span;
        let SymbolKind::String(name) = &self.peek().kind else {
            self.list_without_quotes();
            return None;
        };
        let kind = ExprKind::List { fields: self.current, name: name.clone() };
        Some(Expr { kind, span: start.to(self.next().span) })
    }

    /// One report for words in a row that no quotes hold together. What follows at once is read as if
    /// they were a field, for that they may be meant to be.
    fn bare_words(&mut self) -> Option<Expr> {
        let start = self.next().span;
        let mut last = start;
        if self.peek().kind == SymbolKind::Colon {
            return self.unknown_prefix(start);
        }
        while self.peek().kind == SymbolKind::Word
            && self.meaning(0) == Meaning::Unknown
            && self.ahead(1).kind != SymbolKind::Colon
            && !self.at_item()
            && !self.at_action()
        {
            last = self.next().span;
        }
        self.miles(start);
        let span = start.to(last);
        let known: Vec<&str> = self.known.names().collect();
        let compared = self.at_comparison(0);
        let code = if compared { Code::UnknownField } else { Code::BareWord };
        let diagnostic = Diagnostic::new(code, span)
            .with("word", self.text(span))
            .with("known", known.join("\n"));
        self.report(diagnostic);
        if compared {
            self.skip_comparison();
            return None;
        }
        self.operand_after(span).or_else(|| self.as_term(span))
    }

    /// Words without quotes as the term that they are most likely meant to be, so that the rest of the
    /// condition is judged as if they were one.
    fn as_term(&self, span: Span) -> Option<Expr> {
        let text = self.text(span);
        let plain = text.chars().all(|c| c.is_alphanumeric() || c == ' ');
        let term = Term { text: text.to_owned(), form: Form::Lemma, slop: None, span };
        plain.then_some(Expr { kind: ExprKind::Term { fields: self.current, term }, span })
    }

    fn term_operand(&mut self) -> Option<Expr> {
        let term = self.term()?;
        let span = term.span;
        Some(Expr { kind: ExprKind::Term { fields: self.current, term }, span })
    }

    fn category_reference(&mut self) -> Option<Expr> {
        let start = self.next().span;
        if !matches!(self.peek().kind, SymbolKind::String(_)) {
            self.path_without_quotes();
            return None;
        }
        let path = self.next();
        let SymbolKind::String(text) = path.kind else { return None };
        Some(Expr { kind: ExprKind::Category { path: text }, span: start.to(path.span) })
    }
}

/// Joins operands, taking in those that are joined the same way; one alone stays as it is.
pub(super) fn join(mut parts: Vec<Expr>, or: bool) -> Option<Expr> {
    if parts.len() < 2 {
        return parts.pop();
    }
    let span = parts.first()?.span.to(parts.last()?.span);
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match (part.kind, or) {
            (ExprKind::Or(inner), true) | (ExprKind::And(inner), false) => flat.extend(inner),
            (kind, _) => flat.push(Expr { kind, span: part.span }),
        }
    }
    let kind = if or { ExprKind::Or(flat) } else { ExprKind::And(flat) };
    Some(Expr { kind, span })
}
