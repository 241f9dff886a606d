//! Reads comparisons of values: `salary >= 40k`, `posted between "2026-01-01" and "2026-03-31"`,
//! `location in ("Leeds", "York")`. They never change the field that holds for terms.

use super::ast::{Expr, ExprKind, Operator, Span, Test, Value};
use super::condition::{Meaning, join};
use super::diagnostic::{Code, Diagnostic};
use super::fields::{FieldKind, ValueId};
use super::grammar::Parser;
use super::lexer::SymbolKind;
use super::values::{Date, number};

/// Operators that other languages have, and what is meant by them.
const FOREIGN: [(&str, Operator); 4] = [
    ("==", Operator::Equal),
    ("=>", Operator::AtLeast),
    ("=<", Operator::AtMost),
    ("<>", Operator::Unequal),
];

/// A test as it was read, before it is known of which fields.
enum Asked {
    Is(Operator),
    Between,
    In,
}

impl Parser<'_> {
    /// `count` symbols ahead stands what follows the field of a comparison.
    pub(super) fn at_comparison(&self, count: usize) -> bool {
        let symbol = self.ahead(count);
        self.meaning(count) == Meaning::Comparison
            || (symbol.kind == SymbolKind::Mark
                && matches!(self.text(symbol.span).as_bytes(), [b'<' | b'>' | b'=' | b'!', ..]))
    }

    /// `< 30k`, or `30k < salary`: reported, and read over.
    pub(super) fn comparison_without_field(&mut self) {
        let start = self.peek().span;
        let value_first = self.eat(&SymbolKind::Number);
        let place = start.to(self.peek().span);
        self.report(Diagnostic::new(Code::MissingField, place));
        if !value_first {
            return self.skip_comparison();
        }
        self.at += 1;
        if matches!(self.meaning(0), Meaning::Field(_)) {
            self.at += 1;
            if self.at_comparison(0) {
                self.skip_comparison();
            }
        }
    }

    /// What follows the names of fields that hold values; the test must be met by one of them.
    pub(super) fn comparison(&mut self, fields: &[(ValueId, Span)]) -> Option<Expr> {
        let (first, names) = fields.first().map(|&(field, span)| (field, span))?;
        let names = fields.last().map_or(names, |&(_, last)| names.to(last));
        let kind = self.known.value_kind(first);
        if let Some((other, place)) =
            fields.iter().find(|(field, _)| self.known.value_kind(*field) != kind)
        {
            let other = self.known.value_kind(*other).as_str();
            let diagnostic = Diagnostic::new(Code::MixedFields, *place).with("other", other);
            self.report(diagnostic.with("kind", kind.as_str()));
        }
        if !self.at_comparison(0) {
            return self.value_without_comparison(first, names);
        }
        let operator = self.peek().span;
        let asked = self.operator_of_comparison()?;
        self.check_operator(&asked, first, operator);
        let test = match asked {
            Asked::Is(operator) => self.value(first).map(|value| Test::Is(operator, value)),
            Asked::Between => self.between(first),
            Asked::In => self.values(first),
        };
        let end = self.symbols[self.at.saturating_sub(1)].span;
        let test = test?;
        let one = |&(field, _): &(ValueId, Span)| Expr {
            kind: ExprKind::Compare { field, test: test.clone() },
            span: names.to(end),
        };
        let mut joined = join(fields.iter().map(one).collect(), true)?;
        joined.span = names.to(end);
        Some(joined)
    }

    /// Reads over a comparison of what is no field of values; what is wrong has been reported.
    pub(super) fn skip_comparison(&mut self) {
        let between = self.is_word(0, "between");
        let list = self.is_word(0, "in");
        self.at += 1;
        while self.peek().kind == SymbolKind::Mark && self.at_comparison(0) {
            self.at += 1;
        }
        if list && self.eat(&SymbolKind::Open) {
            while !self.at_condition_end() && !self.eat(&SymbolKind::Close) {
                self.at += 1;
            }
            return;
        }
        self.skip_value();
        if between && self.eat_word("and") {
            self.skip_value();
        }
    }

    fn skip_value(&mut self) {
        let word = self.peek().kind == SymbolKind::Word && self.meaning(0) == Meaning::Unknown;
        if word || matches!(self.peek().kind, SymbolKind::Number | SymbolKind::String(_)) {
            self.at += 1;
        }
    }

    fn operator_of_comparison(&mut self) -> Option<Asked> {
        if self.eat_word("between") {
            return Some(Asked::Between);
        }
        if self.eat_word("in") {
            return Some(Asked::In);
        }
        let first = self.next().span;
        let mut whole = first;
        // `=` and `>` are symbols of their own; together they are what another language writes.
        while self.peek().kind == SymbolKind::Mark && self.peek().span.start == whole.end {
            whole = whole.to(self.next().span);
        }
        let text = self.text(whole);
        if let Some(operator) = Operator::ALL.into_iter().find(|known| known.as_str() == text) {
            return Some(Asked::Is(operator));
        }
        let meant = FOREIGN.into_iter().find(|(written, _)| *written == text);
        let meant = meant.map(|(_, operator)| operator);
        let diagnostic = Diagnostic::new(Code::UnknownOperator, whole)
            .with("found", text)
            .with("meant", meant.map_or("", Operator::as_str));
        self.report(diagnostic);
        if meant.is_none() {
            self.skip_value();
        }
        meant.map(Asked::Is)
    }

    /// That a field of this kind can be asked so: only numbers and days have an order.
    fn check_operator(&mut self, asked: &Asked, field: ValueId, place: Span) {
        let kind = self.known.value_kind(field);
        let ordered = matches!(kind, FieldKind::Number | FieldKind::Date);
        let fits = match asked {
            Asked::Is(Operator::Equal | Operator::Unequal) => true,
            Asked::In => kind != FieldKind::Boolean,
            Asked::Is(_) | Asked::Between => ordered,
        };
        if !fits {
            let diagnostic = Diagnostic::new(Code::WrongOperator, place)
                .with("operator", self.text(place))
                .with("field", self.known.value_name(field));
            self.report(diagnostic.with("kind", kind.as_str()));
        }
    }

    fn between(&mut self, field: ValueId) -> Option<Test> {
        let start = self.peek().span;
        let low = self.value(field);
        if !self.eat_word("and") {
            self.unexpected("`and` and the upper end");
            // `to`, say, and the end.
            self.skip_value();
            self.skip_value();
            return None;
        }
        let place = start.to(self.peek().span);
        let (low, high) = (low, self.value(field));
        let (low, high) = (low?, high?);
        let empty = match (&low, &high) {
            (Value::Number(low), Value::Number(high)) => low > high,
            (Value::Date(low), Value::Date(high)) => low > high,
            _ => false,
        };
        if empty {
            self.report(Diagnostic::new(Code::EmptyRange, place));
        }
        Some(Test::Between(low, high))
    }

    /// `"(" value { "," value } ")"`
    fn values(&mut self, field: ValueId) -> Option<Test> {
        let open = self.peek().span;
        if !self.eat(&SymbolKind::Open) {
            self.unexpected("`(` and values, separated by commas");
            self.skip_value();
            return None;
        }
        let mut values = Vec::new();
        loop {
            values.push(self.value(field));
            if !self.eat(&SymbolKind::Comma) {
                break;
            }
        }
        if !self.eat(&SymbolKind::Close) {
            if self.at_condition_end() {
                self.report(Diagnostic::new(Code::UnclosedParenthesis, open));
            } else {
                self.unexpected("`,` or `)`");
                while !self.at_condition_end() && !self.eat(&SymbolKind::Close) {
                    self.at += 1;
                }
            }
        }
        values.into_iter().collect::<Option<_>>().map(Test::In)
    }

    /// A value of the field's kind; reported and `None` where it is none.
    fn value(&mut self, field: ValueId) -> Option<Value> {
        let kind = self.known.value_kind(field);
        let symbol = self.peek().clone();
        let mut place = symbol.span;
        let known_word = self.meaning(0) != Meaning::Unknown;
        let wrong = match (kind, symbol.kind) {
            (_, SymbolKind::Word) if known_word || self.at_item() => None,
            (FieldKind::Number, SymbolKind::Number) => match number(self.text(place)) {
                Ok(number) => {
                    self.at += 1;
                    return Some(Value::Number(number));
                }
                Err(reason) => Some(reason),
            },
            (FieldKind::Number, SymbolKind::String(_)) => Some("quoted"),
            (FieldKind::Date, SymbolKind::String(text)) => match Date::parse(text.trim()) {
                Ok(date) => {
                    self.at += 1;
                    return Some(Value::Date(date));
                }
                Err(reason) => Some(reason),
            },
            (FieldKind::Date, SymbolKind::Number) => {
                // `2026-11-25` without quotes is three numbers.
                while self.ahead(1).kind == SymbolKind::Number
                    && self.ahead(1).span.start == place.end
                {
                    self.at += 1;
                    place = place.to(self.peek().span);
                }
                Some("unquoted")
            }
            (FieldKind::Keyword, SymbolKind::String(text)) if !text.trim().is_empty() => {
                self.at += 1;
                return Some(Value::Keyword(text));
            }
            (FieldKind::Keyword, SymbolKind::String(_)) => Some("empty"),
            (FieldKind::Boolean, SymbolKind::Word) => {
                for (word, value) in [("true", true), ("false", false)] {
                    if self.eat_word(word) {
                        return Some(Value::Boolean(value));
                    }
                }
                Some("not-a-boolean")
            }
            (FieldKind::Boolean, SymbolKind::String(_) | SymbolKind::Number) => {
                Some("not-a-boolean")
            }
            (FieldKind::Keyword, SymbolKind::Number) | (_, SymbolKind::Word) => Some("unquoted"),
            _ => None,
        };
        let Some(reason) = wrong else {
            self.unexpected(match kind {
                FieldKind::Number => "a number",
                FieldKind::Date => "a date in quotes",
                FieldKind::Boolean => "`true` or `false`",
                FieldKind::Keyword | FieldKind::Text => "a value in quotes",
            });
            return None;
        };
        self.at += 1;
        let diagnostic = Diagnostic::new(Code::WrongValue, place)
            .with("field", self.known.value_name(field))
            .with("kind", kind.as_str())
            .with("found", self.text(place))
            .with("plain", self.text(place).replace(',', ""))
            .with("reason", format!("{}-{reason}", kind.as_str()));
        self.report(diagnostic);
        None
    }
}
