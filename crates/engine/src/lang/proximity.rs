//! Reads how terms stand to each other: modifiers, slop, `near` and `before`.

use super::ast::{Expr, ExprKind, Form, Term};
use super::condition::Meaning;
use super::diagnostic::{Code, Diagnostic};
use super::fields::FieldMask;
use super::grammar::{MAX_NESTING, Parser};
use super::lexer::SymbolKind;

/// The largest distance and slop, in words.
pub const MAX_DISTANCE: u32 = 50;
/// How many letters a star must follow.
pub const SHORTEST_PREFIX: usize = 3;

impl Parser<'_> {
    /// The modifier at the present symbol, with the number of its words.
    pub(super) fn modifier(&self) -> Option<(Form, usize)> {
        if self.is_word(0, "exact") {
            Some((Form::Exact, 1))
        } else if self.is_word(0, "case") {
            Some((Form::Case, 1))
        } else if self.is_word(0, "any") && self.is_word(1, "form") {
            Some((Form::AnyForm, 2))
        } else {
            None
        }
    }

    /// A term: `[ exact | case | any form ] STRING [ "~" INT ]`. `None` where it has an error.
    pub(super) fn term(&mut self) -> Option<Term> {
        let start = self.peek().span;
        let mut form = Form::Lemma;
        if let Some((modifier, words)) = self.modifier() {
            form = modifier;
            self.at += words;
        }
        let SymbolKind::String(text) = &self.peek().kind else {
            self.unexpected("a term in quotes");
            self.skip_operand();
            return None;
        };
        let text = text.clone();
        let quoted = self.next().span;
        let mut span = start.to(quoted);
        let mut slop = None;
        if self.is_mark("~") {
            self.at += 1;
            span = span.to(self.peek().span);
            slop = self.distance();
            if slop.is_none() {
                // `"a" ~ "b"` is one mistake.
                self.skip_operand();
            }
        }
        if text.trim().is_empty() {
            self.report(Diagnostic::new(Code::EmptyTerm, quoted));
            return None;
        }
        for word in text.split_whitespace() {
            if let Some(sign) = wildcard(word) {
                let diagnostic =
                    Diagnostic::new(Code::Wildcard, quoted).with("term", text.as_str());
                self.report(diagnostic.with("sign", sign));
                return None;
            }
            let Some(stem) = prefix(word) else { continue };
            let code = if form == Form::AnyForm {
                Code::BadPrefix
            } else if stem.chars().filter(|c| c.is_alphanumeric()).count() < SHORTEST_PREFIX {
                Code::ShortPrefix
            } else {
                continue;
            };
            let diagnostic = Diagnostic::new(code, quoted).with("term", text.as_str());
            self.report(diagnostic.with("limit", SHORTEST_PREFIX.to_string()));
            return None;
        }
        Some(Term { text, form, slop, span })
    }

    fn is_mark(&self, mark: &str) -> bool {
        self.peek().kind == SymbolKind::Mark && self.text(self.peek().span) == mark
    }

    /// A number of words from 0 to [`MAX_DISTANCE`].
    fn distance(&mut self) -> Option<u32> {
        if self.peek().kind != SymbolKind::Number {
            self.unexpected("a number of words");
            if self.peek().kind == SymbolKind::Word && self.meaning(0) == Meaning::Unknown {
                self.at += 1;
            }
            return None;
        }
        let span = self.next().span;
        let number = self.text(span).parse().ok().filter(|&number| number <= MAX_DISTANCE);
        if number.is_none() {
            let diagnostic =
                Diagnostic::new(Code::BadDistance, span).with("found", self.text(span));
            self.report(diagnostic.with("limit", MAX_DISTANCE.to_string()));
        }
        number
    }

    /// An operand and what stands near it: `prim { ( "near" | "before" ) "/" INT prim }`.
    pub(super) fn proximity(&mut self) -> Option<Expr> {
        let start = self.peek().span;
        let mut left = self.operand();
        // Height and fields of `left`, kept as it grows: to look through it for each link is quadratic.
        let mut known: Option<(usize, Vec<FieldMask>)> = None;
        let mut before_this: Option<bool> = None;
        while let Some(ordered) = self.proximity_at(0) {
            let operator = self.peek().span;
            let name = self.text(operator).to_owned();
            let distance = self.written_distance(ordered);
            if before_this.is_some_and(|other| other != ordered) {
                self.report(Diagnostic::new(Code::MixedProximity, operator));
            }
            before_this = Some(ordered);
            if self.meaning(0) == Meaning::Not {
                let diagnostic = Diagnostic::new(Code::BadProximity, self.peek().span);
                self.report(diagnostic.with("operator", name.as_str()));
                self.not();
                left = None;
                continue;
            }
            let right = self.operand();
            let (Some(first), Some(second), Some(distance)) = (left.take(), right, distance) else {
                continue;
            };
            for operand in [&first, &second] {
                if !has_place(operand) {
                    let diagnostic = Diagnostic::new(Code::BadProximity, operand.span);
                    self.report(diagnostic.with("operator", name.as_str()));
                }
            }
            let (height, mut fields) =
                known.take().unwrap_or_else(|| (height_of(&first), fields_of(&first)));
            let height = 1 + height.max(height_of(&second));
            if self.depth + height > MAX_NESTING {
                self.too_deep(start);
                return None;
            }
            fields.extend(fields_of(&second));
            if fields.windows(2).any(|pair| pair[0] != pair[1]) {
                let diagnostic = Diagnostic::new(Code::ProximityFields, first.span.to(second.span));
                self.report(diagnostic.with("operator", name.as_str()));
            }
            fields.truncate(1);
            known = Some((height, fields));
            let span = first.span.to(second.span);
            let (first, second) = (Box::new(first), Box::new(second));
            let kind = ExprKind::Near { ordered, distance, left: first, right: second };
            left = Some(Expr { kind, span });
        }
        left
    }

    /// The operator at the present symbol and its distance, in whatever way it is written.
    fn written_distance(&mut self, ordered: bool) -> Option<u32> {
        let mut place = self.next().span;
        if self.is_mark("/") {
            self.at += 1;
            return self.distance();
        }
        let stem = self.text(place).trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let mut found = self.text(place)[stem..].to_owned();
        if found.is_empty() {
            // `near(5)`, `near:5`, `near~5`, `near 5`.
            let signs = match self.peek().kind {
                SymbolKind::Open if self.ahead(2).kind == SymbolKind::Close => 2,
                SymbolKind::Colon | SymbolKind::Mark => 1,
                _ => 0,
            };
            let number = self.ahead(usize::from(signs > 0)).clone();
            if number.kind == SymbolKind::Number {
                self.at += 1 + signs;
                found.push_str(self.text(number.span));
                place = place.to(self.symbols[self.at - 1].span);
            }
        }
        let meant = if ordered { "before" } else { "near" };
        let given = if found.is_empty() { "5" } else { &found };
        let diagnostic = Diagnostic::new(Code::BadProximityForm, place)
            .with("found", self.text(place))
            .with("meant", format!("{meant}/{given}"))
            .with("reason", if found.is_empty() { "missing" } else { "written" });
        self.report(diagnostic);
        found.parse().ok()
    }

    /// Reads over an operator of proximity with its distance.
    pub(super) fn skip_proximity(&mut self) {
        self.at += 1;
        while matches!(self.peek().kind, SymbolKind::Mark | SymbolKind::Number) {
            self.at += 1;
        }
    }

    /// `not near/5 "x"`, behind `not`.
    pub(super) fn negated_proximity(&mut self) -> Option<Expr> {
        let operator = self.peek().span;
        let name = self.text(operator).to_owned();
        self.report(Diagnostic::new(Code::BadProximity, operator).with("operator", name));
        self.skip_proximity();
        self.skip_operand();
        None
    }

    /// Whether the operator `count` ahead, if it is one of proximity, asks for an order. Words that other
    /// languages have for it count where a distance follows.
    pub(super) fn proximity_at(&self, count: usize) -> Option<bool> {
        let symbol = self.ahead(count);
        if symbol.kind != SymbolKind::Word {
            return None;
        }
        let word = self.text(symbol.span).to_ascii_lowercase();
        let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let slash = self.ahead(count + 1).kind == SymbolKind::Mark;
        let number = stem.len() < word.len()
            || (self.ahead(count + 1).kind == SymbolKind::Open
                && self.ahead(count + 2).kind == SymbolKind::Number
                && self.ahead(count + 3).kind == SymbolKind::Close);
        match stem {
            "near" => Some(false),
            "before" => Some(true),
            "w" | "within" if slash || number => Some(false),
            "adj" | "around" if number => Some(false),
            "pre" if slash || number => Some(true),
            _ => None,
        }
    }
}

/// What stands before the star that ends `word`, if one does.
#[must_use]
pub fn prefix(word: &str) -> Option<&str> {
    word.strip_suffix('*').filter(|stem| !stem.ends_with('\\'))
}

/// The sign in `word` that other search languages take for any letters, where here it means none.
fn wildcard(word: &str) -> Option<&'static str> {
    let stem = prefix(word).unwrap_or(word);
    let around = |at: usize| (stem[..at].chars().next_back(), stem[at + 1..].chars().next());
    let within = |at| match around(at) {
        (Some(before), Some(behind)) => before.is_alphanumeric() && behind.is_alphanumeric(),
        _ => false,
    };
    if stem.match_indices('*').any(|(at, _)| !stem[..at].ends_with('\\')) {
        Some("*")
    } else if stem.match_indices('?').any(|(at, _)| within(at)) {
        Some("?")
    } else {
        None
    }
}

/// Whether the operand is something that stands at a place in a text.
fn has_place(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Term { .. } | ExprKind::List { .. } | ExprKind::Near { .. } => true,
        ExprKind::Or(parts) => parts
            .iter()
            .all(|part| matches!(part.kind, ExprKind::Term { .. } | ExprKind::List { .. })),
        _ => false,
    }
}

/// How many links of proximity lie in each other.
fn height_of(expr: &Expr) -> usize {
    match &expr.kind {
        ExprKind::Near { left, right, .. } => 1 + height_of(left).max(height_of(right)),
        _ => 0,
    }
}

fn fields_of(expr: &Expr) -> Vec<FieldMask> {
    match &expr.kind {
        ExprKind::Term { fields, .. } | ExprKind::List { fields, .. } => vec![*fields],
        ExprKind::Or(parts) => parts.iter().flat_map(fields_of).collect(),
        ExprKind::Near { left, .. } => fields_of(left),
        _ => Vec::new(),
    }
}
