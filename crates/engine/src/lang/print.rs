//! Writes a tree in its canonical form: straight quotes, lower-case operators, the field on every
//! operand that does not look in the default fields, parentheses wherever `and` meets `or`.
//! Reading the canonical form gives the same tree, so it serves as the identity of a rule.

use std::fmt::Write;

use super::ast::{Action, Count, Expr, ExprKind, Form, ListItem, RuleItem, Term, Test, Value};
use super::fields::{FieldMask, Fields};

/// A condition.
#[must_use]
pub fn condition(expr: &Expr, fields: &Fields) -> String {
    let mut out = String::new();
    write_expr(&mut out, expr, fields);
    out
}

/// A rule, on one line, from `rule` to `;`.
#[must_use]
pub fn rule(rule: &RuleItem, fields: &Fields) -> String {
    let mut out = String::from("rule ");
    write_quoted(&mut out, &rule.name.text);
    out.push_str(": when ");
    write_expr(&mut out, &rule.when, fields);
    if let Some(unless) = &rule.unless {
        out.push_str(" unless ");
        write_expr(&mut out, unless, fields);
    }
    for (index, action) in rule.actions.iter().enumerate() {
        out.push_str(if index == 0 { " then " } else { ", " });
        match action {
            Action::AddCategory { path, score } => {
                out.push_str("add category ");
                write_quoted(&mut out, &path.text);
                if *score != DEFAULT_SCORE {
                    let _ = write!(out, " score {}", Thousandths(*score));
                }
            }
            Action::RemoveCategory { path } => {
                out.push_str("remove category ");
                write_quoted(&mut out, &path.text);
            }
            Action::Set { name, value } => {
                out.push_str("set ");
                write_quoted(&mut out, &name.text);
                out.push_str(" = ");
                write_quoted(&mut out, value);
            }
        }
    }
    out.push(';');
    out
}

/// A list, on one line, from `list` to `;`.
#[must_use]
pub fn list(list: &ListItem) -> String {
    let mut out = String::from("list ");
    write_quoted(&mut out, &list.name.text);
    for (index, term) in list.terms.iter().enumerate() {
        out.push_str(if index == 0 { ": " } else { ", " });
        write_term(&mut out, term);
    }
    out.push(';');
    out
}

/// The score of an action that names none, in thousandths.
pub const DEFAULT_SCORE: i64 = 1000;

/// Thousandths as the shortest decimal: `2`, `0.5`, `-1.25`.
#[derive(Debug, Clone, Copy)]
pub struct Thousandths(pub i64);

impl std::fmt::Display for Thousandths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let (whole, part) = (magnitude / 1000, magnitude % 1000);
        let sign = if self.0 < 0 { "-" } else { "" };
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{part:03}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

fn write_expr(out: &mut String, expr: &Expr, fields: &Fields) {
    match &expr.kind {
        ExprKind::And(parts) => write_joined(out, parts, " and ", fields),
        ExprKind::Or(parts) => write_joined(out, parts, " or ", fields),
        ExprKind::Not(inner) => {
            out.push_str("not ");
            write_operand(out, inner, fields);
        }
        ExprKind::Term { fields: mask, term } => {
            write_fields(out, *mask, fields);
            write_term(out, term);
        }
        ExprKind::List { fields: mask, name } => {
            write_fields(out, *mask, fields);
            out.push_str("list ");
            write_quoted(out, name);
        }
        ExprKind::Near { .. } => {
            write_fields(out, expr.fields(), fields);
            write_near(out, expr, fields);
        }
        ExprKind::AtLeast { count, of } => {
            let _ = write!(out, "at least {count} of (");
            for (index, part) in of.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_expr(out, part, fields);
            }
            out.push(')');
        }
        ExprKind::OfList { count, fields: mask, name } => {
            write_fields(out, *mask, fields);
            match count {
                Count::All => out.push_str("all of list "),
                Count::AtLeast(count) => {
                    let _ = write!(out, "at least {count} of list ");
                }
            }
            write_quoted(out, name);
        }
        ExprKind::Category { path } => {
            out.push_str("category ");
            write_quoted(out, path);
        }
        ExprKind::Compare { field, test } => {
            out.push_str(fields.value_name(*field));
            write_test(out, test);
        }
    }
}

fn write_test(out: &mut String, test: &Test) {
    match test {
        Test::Is(operator, value) => {
            let _ = write!(out, " {} ", operator.as_str());
            write_value(out, value);
        }
        Test::Between(low, high) => {
            out.push_str(" between ");
            write_value(out, low);
            out.push_str(" and ");
            write_value(out, high);
        }
        Test::In(values) => {
            out.push_str(" in (");
            for (index, value) in values.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_value(out, value);
            }
            out.push(')');
        }
    }
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Number(number) => {
            let _ = write!(out, "{number}");
        }
        Value::Keyword(text) => write_quoted(out, text),
        Value::Date(date) => {
            let _ = write!(out, "\"{date}\"");
        }
        Value::Boolean(value) => {
            let _ = write!(out, "{value}");
        }
    }
}

/// A proximity or an operand of one; its fields stand before the whole.
fn write_near(out: &mut String, expr: &Expr, fields: &Fields) {
    match &expr.kind {
        ExprKind::Near { ordered, distance, left, right } => {
            let nested = |expr: &Expr, other: bool| match expr.kind {
                ExprKind::Near { ordered: inner, .. } => other || inner != *ordered,
                _ => false,
            };
            for (side, operand) in [left, right].into_iter().enumerate() {
                if side == 1 {
                    let name = if *ordered { "before" } else { "near" };
                    let _ = write!(out, " {name}/{distance} ");
                }
                let parentheses = nested(operand, side == 1);
                out.push_str(if parentheses { "(" } else { "" });
                write_near(out, operand, fields);
                out.push_str(if parentheses { ")" } else { "" });
            }
        }
        ExprKind::Or(parts) => {
            out.push('(');
            for (index, part) in parts.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { " or " });
                write_near(out, part, fields);
            }
            out.push(')');
        }
        ExprKind::Term { term, .. } => write_term(out, term),
        ExprKind::List { name, .. } => {
            out.push_str("list ");
            write_quoted(out, name);
        }
        _ => write_operand(out, expr, fields),
    }
}

fn write_term(out: &mut String, term: &Term) {
    out.push_str(match term.form {
        Form::Lemma => "",
        Form::Exact => "exact ",
        Form::Case => "case ",
        Form::AnyForm => "any form ",
    });
    // A term's text keeps the backslash of a literal star, which must not be doubled.
    write_escaped(out, &term.text, |text, at| text[at..].starts_with("\\*"));
    if let Some(slop) = term.slop {
        let _ = write!(out, "~{slop}");
    }
}

fn write_joined(out: &mut String, parts: &[Expr], operator: &str, fields: &Fields) {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.push_str(operator);
        }
        write_operand(out, part, fields);
    }
}

fn write_operand(out: &mut String, expr: &Expr, fields: &Fields) {
    if matches!(expr.kind, ExprKind::And(_) | ExprKind::Or(_)) {
        out.push('(');
        write_expr(out, expr, fields);
        out.push(')');
    } else {
        write_expr(out, expr, fields);
    }
}

fn write_fields(out: &mut String, mask: FieldMask, fields: &Fields) {
    if mask == fields.defaults() {
        return;
    }
    for (index, name) in fields.names_of(mask).enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        out.push_str(name);
    }
    out.push(':');
}

fn write_quoted(out: &mut String, text: &str) {
    write_escaped(out, text, |_, _| false);
}

fn write_escaped(out: &mut String, text: &str, keep: impl Fn(&str, usize) -> bool) {
    out.push('"');
    for (at, c) in text.char_indices() {
        // Any double quote could be taken for the closing one, so each is escaped.
        if (super::lexer::is_double_quote(c) || c == '\\') && !keep(text, at) {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}
