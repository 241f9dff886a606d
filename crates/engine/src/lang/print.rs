//! Writes a tree in its canonical form: straight quotes, lower-case operators, the field on every
//! operand that does not look in the default fields, parentheses wherever `and` meets `or`.
//! Reading the canonical form gives the same tree, so it serves as the identity of a rule.

use std::fmt::Write;

use super::ast::{Action, Expr, ExprKind, FieldMask, Fields, ListItem, RuleItem};

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
        write_quoted(&mut out, &term.text);
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
        ExprKind::Term { fields: mask, text } => {
            write_fields(out, *mask, fields);
            write_quoted(out, text);
        }
        ExprKind::List { fields: mask, name } => {
            write_fields(out, *mask, fields);
            out.push_str("list ");
            write_quoted(out, name);
        }
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
    out.push('"');
    for c in text.chars() {
        // Any double quote could be taken for the closing one, so each is escaped.
        if super::lexer::is_double_quote(c) || c == '\\' {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}
