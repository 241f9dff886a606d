//! Reads what follows `then`: the actions of a rule, their category paths and scores.

use super::ast::{Action, Quoted};
use super::condition::Meaning;
use super::diagnostic::{Code, Diagnostic};
use super::grammar::Parser;
use super::lexer::SymbolKind;
use super::print::DEFAULT_SCORE;

/// How many segments a category path may have.
pub const MAX_SEGMENTS: usize = 8;
/// The largest score, up and down, in thousandths.
pub const MAX_SCORE: i64 = 1_000_000_000;

impl Parser<'_> {
    /// The actions of the rule `name`, to its end.
    pub(super) fn actions(&mut self, name: &Quoted) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.at_item_end() {
            let diagnostic = Diagnostic::new(Code::MissingThen, self.place());
            self.report(diagnostic.with("name", name.text.as_str()));
            return actions;
        }
        loop {
            match self.action() {
                Some(action) => {
                    self.check_repeated(&actions, &action);
                    actions.push(action);
                }
                None => self.skip_action(),
            }
            let more = self.eat(&SymbolKind::Comma);
            // As in a list, a comma may stand behind the last one.
            if more && !self.at_item_end() {
                continue;
            }
            if self.at_item_end() || self.at_any_clause() {
                return actions;
            }
            let joined = matches!(self.meaning(0), Meaning::And) && self.is_action(1);
            self.unexpected_as(
                "`,` or `;`",
                match self.peek().kind {
                    _ if joined => "and action",
                    SymbolKind::Number => "bare score",
                    _ => "`,` or `;`",
                },
            );
            if joined {
                self.at += 1;
                continue;
            }
            self.skip_action();
            if !self.eat(&SymbolKind::Comma) {
                return actions;
            }
        }
    }

    fn skip_action(&mut self) {
        while !self.at_item_end() && !self.at_any_clause() && self.peek().kind != SymbolKind::Comma
        {
            self.next();
        }
    }

    fn action(&mut self) -> Option<Action> {
        let first = self.peek().clone();
        if self.eat_word("add") {
            let path = self.category_path()?;
            self.check_path(&path, &path.text);
            let score = if self.eat_word("score") { self.score()? } else { DEFAULT_SCORE };
            Some(Action::AddCategory { path, score })
        } else if self.eat_word("remove") {
            let path = self.category_path()?;
            self.check_path(&path, path.text.strip_suffix("/*").unwrap_or(&path.text));
            Some(Action::RemoveCategory { path })
        } else if self.eat_word("set") {
            self.set()
        } else {
            // Behind `and then` both have been told of.
            let told = self.diagnostics.last().is_some_and(|last| {
                let operator = self.at.checked_sub(2).map(|at| self.symbols[at].span);
                last.code == Code::MissingOperand && operator == Some(last.span)
            });
            let shortened =
                matches!(first.kind, SymbolKind::String(_)) || self.is_word(0, "category");
            let told = told && shortened;
            if !told {
                let reading = match first.kind {
                    SymbolKind::String(_) => "path",
                    _ if self.is_word(0, "category") => "category",
                    _ => "other",
                };
                let diagnostic = Diagnostic::new(Code::UnknownAction, first.span);
                let diagnostic = diagnostic.with("found", self.text(first.span));
                self.report(diagnostic.with("reading", reading));
            }
            None
        }
    }

    fn category_path(&mut self) -> Option<Quoted> {
        if !self.eat_word("category") {
            self.unexpected("`category`");
            self.eat_word("categories");
            return self.path_read();
        }
        if let SymbolKind::String(text) = self.peek().kind.clone() {
            return Some(Quoted { text, span: self.next().span });
        }
        self.path_without_quotes()
    }

    fn check_path(&mut self, path: &Quoted, checked: &str) {
        if let Some(reason) = path_fault(checked) {
            let diagnostic = Diagnostic::new(Code::BadCategory, path.span);
            self.report(diagnostic.with("path", path.text.as_str()).with("reason", reason));
        }
    }

    /// `STRING "=" value`, behind `set`. The first fault is told with the whole as it is meant.
    fn set(&mut self) -> Option<Action> {
        let mut fault = None;
        let name = if let SymbolKind::String(text) = self.peek().kind.clone() {
            Some(Quoted { text, span: self.next().span })
        } else {
            fault = Some((self.peek().span, "the name of an attribute in quotes"));
            let word = self.peek().kind == SymbolKind::Word;
            let span = if word { Some(self.next().span) } else { None };
            span.map(|span| Quoted { text: self.text(span).to_owned(), span })
        };
        if let Some(name) = name.as_ref().filter(|name| name.text.trim().is_empty()) {
            self.report(Diagnostic::new(Code::EmptyAttribute, name.span));
        }
        if self.peek().kind == SymbolKind::Mark && self.text(self.peek().span) == "=" {
            self.next();
        } else {
            fault = fault.or(Some((self.peek().span, "`=`")));
            self.eat(&SymbolKind::Colon);
        }
        let value = self.peek().clone();
        let text = match value.kind {
            SymbolKind::String(text) => Some(text),
            SymbolKind::Number => Some(self.text(value.span).replace('_', "")),
            _ if self.is_word(0, "true") => Some("true".to_owned()),
            _ if self.is_word(0, "false") => Some("false".to_owned()),
            _ => {
                let expected = "a value: text in quotes, a number, true or false";
                fault = fault.or(Some((value.span, expected)));
                None
            }
        };
        let mut value = self.text(value.span).to_owned();
        if text.is_some() {
            self.next();
        } else if let Some(words) = self.without_quotes() {
            value = format!("\"{}\"", self.text(words));
        } else {
            "\"…\"".clone_into(&mut value);
        }
        if let Some((place, expected)) = fault {
            let name = name.as_ref().map_or("seniority", |name| &name.text);
            let meant = format!("set \"{name}\" = {value}");
            self.unexpected_meant(place, expected, "set", meant);
        }
        Some(Action::Set { name: name?, value: text? })
    }

    fn score(&mut self) -> Option<i64> {
        if self.peek().kind != SymbolKind::Number {
            self.unexpected_as("a number", "score");
            if !matches!(self.peek().kind, SymbolKind::Mark | SymbolKind::Colon | SymbolKind::Word)
            {
                return None;
            }
            self.at += 1;
            if self.peek().kind != SymbolKind::Number {
                return Some(DEFAULT_SCORE);
            }
        }
        let span = self.next().span;
        let text = self.text(span);
        match thousandths(text) {
            Ok(score) => Some(score),
            Err(reason) => {
                let diagnostic = Diagnostic::new(Code::BadScore, span);
                self.report(diagnostic.with("found", self.text(span)).with("reason", reason));
                Some(DEFAULT_SCORE)
            }
        }
    }

    fn check_repeated(&mut self, actions: &[Action], action: &Action) {
        let Some(path) = category_of(action) else { return };
        let first = actions.iter().filter_map(category_of).find(|known| known.text == path.text);
        if let Some(first) = first {
            let mut diagnostic = Diagnostic::new(Code::RepeatedCategory, path.span);
            diagnostic.related = Some((0, first.span));
            self.report(diagnostic.with("path", path.text.as_str()));
        }
    }
}

/// The category that an action names.
fn category_of(action: &Action) -> Option<&Quoted> {
    match action {
        Action::AddCategory { path, .. } | Action::RemoveCategory { path } => Some(path),
        Action::Set { .. } => None,
    }
}

/// What is wrong with a category path, if anything.
pub(crate) fn path_fault(path: &str) -> Option<&'static str> {
    if path.trim().is_empty() {
        Some("empty")
    } else if path.split('/').any(|segment| segment.trim().is_empty()) {
        Some("empty-segment")
    } else if path.split('/').count() > MAX_SEGMENTS {
        Some("too-deep")
    } else if path.split('/').any(|segment| segment.trim() == "*") {
        Some("star")
    } else {
        None
    }
}

/// A decimal of at most three places, in thousandths.
fn thousandths(text: &str) -> Result<i64, &'static str> {
    if text.contains(',') {
        return Err("comma");
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = digits.replace('_', "");
    let (whole, part) = digits.split_once('.').unwrap_or((&digits, "0"));
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(part) {
        return Err("not-a-number");
    }
    if part.len() > 3 {
        return Err("decimals");
    }
    let part: i64 = format!("{part:0<3}").parse().map_err(|_| "range")?;
    let whole: i64 = whole.parse().map_err(|_| "range")?;
    let magnitude = whole.checked_mul(1000).and_then(|w| w.checked_add(part)).ok_or("range")?;
    if magnitude > MAX_SCORE {
        return Err("range");
    }
    Ok(if negative { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_exact_thousandths() {
        assert_eq!(thousandths("2"), Ok(2000));
        assert_eq!(thousandths("-0.25"), Ok(-250));
        assert_eq!(thousandths("1_000_000"), Ok(MAX_SCORE));
        assert_eq!(thousandths("2,5"), Err("comma"));
        assert_eq!(thousandths("0.1234"), Err("decimals"));
        assert_eq!(thousandths("1000001"), Err("range"));
        assert_eq!(thousandths("99999999999999999999"), Err("range"));
        assert_eq!(thousandths("3k"), Err("not-a-number"));
    }

    #[test]
    fn paths_are_one_to_eight_segments() {
        assert_eq!(path_fault("it/developers/python"), None);
        assert_eq!(path_fault("it//python"), Some("empty-segment"));
        assert_eq!(path_fault(" "), Some("empty"));
        assert_eq!(path_fault("1/2/3/4/5/6/7/8/9"), Some("too-deep"));
    }
}
