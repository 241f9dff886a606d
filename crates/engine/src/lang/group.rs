//! Reads conditions on several at once: `any of`, `all of`, `none of`, `at least N of` a group or list.

use super::ast::{Count, Expr, ExprKind, Span};
use super::condition::{Meaning, join};
use super::diagnostic::{Code, Diagnostic};
use super::grammar::Parser;
use super::lexer::SymbolKind;

/// What is asked of the members.
#[derive(Clone, Copy)]
enum Quantity {
    Any,
    All,
    None,
    AtLeast(u32, Span),
}

impl Parser<'_> {
    /// From the first keyword to the end of the group or list.
    pub(super) fn group(&mut self) -> Option<Expr> {
        let start = self.peek().span;
        let errors = self.diagnostics.len();
        let quantity = self.quantity();
        let complained = self.diagnostics.len() > errors;
        if !self.eat_word("of") && !complained {
            self.unexpected("`of`");
        }
        let complained = self.diagnostics.len() > errors;
        if self.meaning(0) == Meaning::List {
            let list = self.list_reference()?;
            return of_list(quantity?, list, start);
        }
        if self.peek().kind != SymbolKind::Open {
            if !complained {
                self.unexpected("`(` or `list`");
            }
            self.skip_operand();
            return None;
        }
        let (members, end) = self.members()?;
        let span = start.to(end);
        let placed = |expr: Expr| Expr { kind: expr.kind, span };
        match quantity? {
            Quantity::Any => join(members, true).map(placed),
            Quantity::All => join(members, false).map(placed),
            Quantity::None => {
                let any = Box::new(join(members, true)?);
                Some(Expr { kind: ExprKind::Not(any), span })
            }
            Quantity::AtLeast(count, place) => {
                self.check_count(count, Some(members.len()), place);
                Some(Expr { kind: ExprKind::AtLeast { count, of: members }, span })
            }
        }
    }

    fn quantity(&mut self) -> Option<Quantity> {
        let word = self.next().span;
        match self.text(word).to_ascii_lowercase().as_str() {
            "any" => Some(Quantity::Any),
            "all" => Some(Quantity::All),
            "none" => Some(Quantity::None),
            _ => {
                let least = self.eat_word("least");
                if !least {
                    self.unexpected("`least`");
                    self.skip_word();
                }
                if self.peek().kind != SymbolKind::Number {
                    if least {
                        self.unexpected_as("a number", "count word");
                    }
                    self.skip_word();
                    return None;
                }
                let place = self.next().span;
                let count = self.text(place).parse().ok();
                self.check_count(count.unwrap_or(0), None, place);
                count.filter(|&count| count > 0).map(|count| Quantity::AtLeast(count, place))
            }
        }
    }

    /// `most`, or `two`, which has been reported.
    fn skip_word(&mut self) {
        if self.peek().kind == SymbolKind::Word
            && !self.is_word(0, "of")
            && !self.at_condition_end()
        {
            self.at += 1;
        }
    }

    fn check_count(&mut self, count: u32, size: Option<usize>, place: Span) {
        if count == 0 || size.is_some_and(|size| count as usize > size) {
            let size = size.map_or_else(String::new, |size| size.to_string());
            let diagnostic = Diagnostic::new(Code::BadCount, place).with("found", self.text(place));
            self.report(diagnostic.with("size", size));
        }
    }

    /// `"(" expr { "," expr } ")"`; a bare field holds over the commas.
    pub(super) fn members(&mut self) -> Option<(Vec<Expr>, Span)> {
        let open = self.next().span;
        if self.empty_parentheses(open) {
            return None;
        }
        let outer = self.current;
        let mut members = Vec::new();
        let mut complete = true;
        loop {
            let member = self.nested(open, Self::or);
            complete &= member.is_some();
            members.extend(member);
            if !self.eat(&SymbolKind::Comma) {
                break;
            }
        }
        self.current = outer;
        let end = self.peek().span;
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
        // A member with an error has been reported; the group can't be judged without it.
        (complete && !members.is_empty()).then_some((members, end))
    }
}

fn of_list(quantity: Quantity, list: Expr, start: Span) -> Option<Expr> {
    let span = start.to(list.span);
    let ExprKind::List { fields, name } = list.kind else { return None };
    let kind = match quantity {
        Quantity::Any => ExprKind::List { fields, name },
        Quantity::None => {
            let list = Expr { kind: ExprKind::List { fields, name }, span: list.span };
            ExprKind::Not(Box::new(list))
        }
        Quantity::All => ExprKind::OfList { count: Count::All, fields, name },
        Quantity::AtLeast(count, _) => {
            ExprKind::OfList { count: Count::AtLeast(count), fields, name }
        }
    };
    Some(Expr { kind, span })
}
