//! The grammar on anything at all: it ends, it reports places inside the source, and what it accepts
//! reads the same from its canonical form.

use jobsieve_engine::lang::ast::{Count, Expr, ExprKind, FieldMask, Form, Item, Term};
use jobsieve_engine::lang::{Fields, Severity, Span, parse, print, split};
use proptest::prelude::*;

/// Words and marks of the language, and some that are none.
fn symbol() -> impl Strategy<Value = String> {
    let symbols = [
        "rule",
        "list",
        "when",
        "unless",
        "then",
        "and",
        "or",
        "not",
        "title",
        "description",
        "add",
        "category",
        "score",
        "near",
        "any",
        "of",
        "exact",
        "python",
        "(",
        ")",
        "(",
        ")",
        ":",
        ";",
        ",",
        "\"a\"",
        "\"b c\"",
        "\"it/x\"",
        "“d”",
        "\"",
        "'e'",
        "2",
        "0.5",
        "2,5",
        "~",
        "/",
        "&&",
        "||",
        "!",
        "<",
        "%",
        "# x\n",
        "\n",
        "list \"l\"",
        "\"nurs*\"",
        "é",
    ];
    prop::sample::select(symbols.to_vec()).prop_map(str::to_owned)
}

fn text() -> impl Strategy<Value = String> {
    "[a-zA-Z+#&é\"'“ ]{0,6}[a-z]"
}

fn term() -> impl Strategy<Value = Term> {
    let forms = prop::sample::select(vec![Form::Lemma, Form::Exact, Form::Case, Form::AnyForm]);
    let slop = prop::option::weighted(0.2, 0u32..=50);
    (text(), forms, slop, 0..6).prop_map(|(mut text, form, slop, ending)| {
        match ending {
            0 if form != Form::AnyForm => text.push_str("abc*"),
            1 => text.push_str("\\*"),
            _ => {}
        }
        Term { text, form, slop, span: Span::default() }
    })
}

fn place(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

/// A term or a list that looks in `fields`.
fn leaf(fields: FieldMask) -> impl Strategy<Value = Expr> {
    prop_oneof![
        3 => term().prop_map(move |term| place(ExprKind::Term { fields, term })),
        1 => text().prop_map(move |name| place(ExprKind::List { fields, name })),
    ]
}

fn proximity(fields: FieldMask) -> impl Strategy<Value = Expr> {
    let group =
        prop::collection::vec(leaf(fields), 2..4).prop_map(|parts| place(ExprKind::Or(parts)));
    let operand = prop_oneof![3 => leaf(fields), 1 => group];
    operand.prop_recursive(3, 6, 2, |inner| {
        (inner.clone(), inner, 0u32..=50, any::<bool>()).prop_map(
            |(left, right, distance, ordered)| {
                let (left, right) = (Box::new(left), Box::new(right));
                place(ExprKind::Near { ordered, distance, left, right })
            },
        )
    })
}

fn condition() -> impl Strategy<Value = Expr> {
    let fields = || (1u32..4).prop_map(FieldMask);
    let of_list =
        (fields(), text(), prop::option::of(1u32..9)).prop_map(|(fields, name, count)| {
            let count = count.map_or(Count::All, Count::AtLeast);
            place(ExprKind::OfList { count, fields, name })
        });
    let leaf = prop_oneof![
        6 => fields().prop_flat_map(leaf),
        2 => fields().prop_flat_map(proximity),
        1 => of_list,
        1 => text().prop_map(|path| place(ExprKind::Category { path })),
    ];
    leaf.prop_recursive(5, 40, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..5);
        (several, inner, 0..4).prop_map(|(several, one, form)| {
            place(match form {
                0 => ExprKind::And(flat(several, false)),
                1 => ExprKind::Or(flat(several, true)),
                2 => ExprKind::AtLeast { count: 2, of: several },
                _ => ExprKind::Not(Box::new(one)),
            })
        })
    })
}

fn flat(parts: Vec<Expr>, or: bool) -> Vec<Expr> {
    let mut all = Vec::new();
    for part in parts {
        match (part.kind, or) {
            (ExprKind::Or(inner), true) | (ExprKind::And(inner), false) => all.extend(inner),
            (kind, _) => all.push(place(kind)),
        }
    }
    all
}

fn without_places(expr: &Expr) -> Expr {
    let boxed = |expr: &Expr| Box::new(without_places(expr));
    let all = |parts: &[Expr]| parts.iter().map(without_places).collect();
    place(match &expr.kind {
        ExprKind::And(parts) => ExprKind::And(all(parts)),
        ExprKind::Or(parts) => ExprKind::Or(all(parts)),
        ExprKind::Not(inner) => ExprKind::Not(boxed(inner)),
        ExprKind::AtLeast { count, of } => ExprKind::AtLeast { count: *count, of: all(of) },
        ExprKind::Near { ordered, distance, left, right } => {
            let (left, right) = (boxed(left), boxed(right));
            ExprKind::Near { ordered: *ordered, distance: *distance, left, right }
        }
        ExprKind::Term { fields, term } => {
            let term = Term { span: Span::default(), ..term.clone() };
            ExprKind::Term { fields: *fields, term }
        }
        leaf => leaf.clone(),
    })
}

fn check(source: &str) {
    let parsed = parse(source, &Fields::default());
    for diagnostic in &parsed.diagnostics {
        let Span { start, end } = diagnostic.span;
        assert!(start <= end && end as usize <= source.len(), "{diagnostic:?} in {source:?}");
        assert!(source.is_char_boundary(start as usize) && source.is_char_boundary(end as usize));
    }
    let ends = split::ends(source, &parsed.items);
    assert!(ends.is_sorted());
    assert!(parsed.items.is_empty() || ends.last() == Some(&source.len()));
    let said = !parsed.diagnostics.is_empty() || !parsed.items.is_empty();
    assert!(said, "nothing said of {source:?}");
}

proptest! {
    #[test]
    fn any_sequence_of_symbols_is_read(symbols in prop::collection::vec(symbol(), 0..60)) {
        check(&symbols.join(" "));
        check(&format!("rule \"r\": when {}", symbols.join(" ")));
    }

    #[test]
    fn any_text_is_read(source in any::<String>()) {
        check(&source);
    }

    #[test]
    fn the_canonical_form_reads_the_same(expr in condition()) {
        let fields = Fields::default();
        let canonical = print::condition(&expr, &fields);
        let source = format!("rule \"r\": when {canonical} then add category \"c\";");
        let parsed = parse(&source, &fields);
        let errors = parsed.diagnostics.iter().any(|d| d.code.severity() == Severity::Error);
        prop_assert!(!errors, "{:?}\n{}", parsed.diagnostics, source);
        let Some(Item::Rule(rule)) = parsed.items.first() else { panic!("no rule in {source}") };
        prop_assert_eq!(without_places(&rule.when), expr);
        prop_assert_eq!(print::condition(&rule.when, &fields), canonical);
    }
}

#[test]
fn nesting_and_length_are_bounded() {
    let codes = |source: &str| -> Vec<&'static str> {
        let parsed = parse(source, &Fields::default());
        parsed.diagnostics.iter().map(|d| d.code.as_str()).collect()
    };
    for depth in [100, 101, 1_000_000] {
        let (open, close) = ("(".repeat(depth), ")".repeat(depth));
        let found = codes(&format!("rule \"r\": when {open}\"a\"{close} then add category \"c\";"));
        assert_eq!(found.contains(&"JS019"), depth > 100, "{found:?}");
        let nots = "not ".repeat(depth);
        let found =
            codes(&format!("rule \"r\": when \"b\" and {nots}\"a\" then add category \"c\";"));
        assert_eq!(found.contains(&"JS019"), depth > 100, "{found:?}");
    }
    let long = vec!["\"a\""; 100_000].join(" or ");
    assert_eq!(codes(&format!("rule \"r\": when {long} then add category \"c\";")), ["JS020"]);
}
