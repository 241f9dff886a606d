//! The grammar on anything at all: it ends, it reports places inside the source, and what it accepts
//! reads the same from its canonical form.

use jobsieve_engine::lang::ast::{
    Action, Count, Expr, ExprKind, Form, Item, ListItem, Operator, Quoted, RuleItem, Term, Test,
    Value,
};
use jobsieve_engine::lang::values::Date;
use jobsieve_engine::lang::{
    FieldKind, FieldMask, Fields, Severity, Span, ValueId, parse, print, split,
};
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
        "salary",
        "location",
        "posted",
        "remote",
        "company",
        "=",
        "!=",
        ">=",
        "between",
        "in",
        "true",
        "£30k",
        "\"2026-11-25\"",
        "\"nurs*\"",
        "é",
    ];
    prop::sample::select(symbols.to_vec()).prop_map(str::to_owned)
}

/// Title, description and one field of each kind.
fn fields() -> Fields {
    let declared = [
        ("company", FieldKind::Text),
        ("location", FieldKind::Keyword),
        ("posted", FieldKind::Date),
        ("remote", FieldKind::Boolean),
        ("salary", FieldKind::Number),
    ];
    let declared = declared.map(|(name, kind)| (name.to_owned(), kind));
    Fields::try_from(std::collections::BTreeMap::from(declared)).expect("fields")
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

/// A number as a rule writes it: with few digits, or with any.
fn number() -> impl Strategy<Value = f64> {
    let any = any::<f64>().prop_filter("finite", |number| number.is_finite());
    prop_oneof![(-1000i32..1000).prop_map(f64::from), any].prop_map(|number| number + 0.0)
}

fn comparison() -> impl Strategy<Value = Expr> {
    let date = (0u32..10_000, 1u32..13, 1u32..29).prop_map(|(year, month, day)| {
        Value::Date(Date::parse(&format!("{year:04}-{month:02}-{day:02}")).expect("a day"))
    });
    let keyword = text().prop_map(Value::Keyword).boxed();
    let number = number().prop_map(Value::Number).boxed();
    let place = |field: u32, test: BoxedStrategy<Test>| {
        test.prop_map(move |test| place(ExprKind::Compare { field: ValueId(field), test }))
    };
    let is = |value: BoxedStrategy<Value>, operators: &[Operator]| {
        let operator = prop::sample::select(operators.to_vec());
        (operator, value).prop_map(|(operator, value)| Test::Is(operator, value)).boxed()
    };
    let among = |value: &BoxedStrategy<Value>| {
        prop::collection::vec(value.clone(), 1..4).prop_map(Test::In).boxed()
    };
    let between = (number.clone(), number.clone())
        .prop_map(|ends| match ends {
            (Value::Number(a), Value::Number(b)) if a > b => (Value::Number(b), Value::Number(a)),
            ends => ends,
        })
        .prop_map(|(low, high)| Test::Between(low, high));
    let equal = [Operator::Equal, Operator::Unequal];
    prop_oneof![
        place(0, is(keyword.clone(), &equal)),
        place(0, among(&keyword)),
        place(1, is(date.boxed(), &Operator::ALL)),
        place(2, is(any::<bool>().prop_map(Value::Boolean).boxed(), &equal)),
        place(3, is(number.clone(), &Operator::ALL)),
        place(3, among(&number)),
        place(3, between.boxed()),
    ]
}

fn condition() -> impl Strategy<Value = Expr> {
    let fields = || (1u32..8).prop_map(FieldMask);
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
        2 => comparison(),
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
            ExprKind::Term { fields: *fields, term: term_without_place(term) }
        }
        leaf => leaf.clone(),
    })
}

fn check(source: &str) {
    let parsed = parse(source, &fields());
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
    fn the_canonical_form_of_a_rule_reads_the_same(rule in rule()) {
        let fields = fields();
        let source = print::rule(&rule, &fields);
        let parsed = parse(&source, &fields);
        let errors = parsed.diagnostics.iter().any(|d| d.code.severity() == Severity::Error);
        prop_assert!(!errors, "{:?}\n{}", parsed.diagnostics, source);
        let Some(Item::Rule(read)) = parsed.items.first() else { panic!("no rule in {source}") };
        prop_assert_eq!(rule_without_places(read), rule);
        prop_assert_eq!(print::rule(read, &fields), source);
    }

    #[test]
    fn the_canonical_form_of_a_list_reads_the_same(
        name in text(),
        terms in prop::collection::vec(term(), 1..5),
    ) {
        let list = ListItem { name: quoted(name), terms, span: Span::default() };
        let source = print::list(&list);
        let parsed = parse(&source, &Fields::default());
        prop_assert!(parsed.diagnostics.is_empty(), "{:?}\n{}", parsed.diagnostics, source);
        let Some(Item::List(read)) = parsed.items.first() else { panic!("no list in {source}") };
        let terms = read.terms.iter().map(term_without_place).collect();
        let name = quoted(read.name.text.clone());
        prop_assert_eq!(ListItem { name, terms, span: Span::default() }, list);
    }
}

fn quoted(text: String) -> Quoted {
    Quoted { text, span: Span::default() }
}

/// A rule as the grammar takes it: each category once.
fn rule() -> impl Strategy<Value = RuleItem> {
    let path = || "[a-z&\" ]{0,3}[a-z](/[a-zé]{1,4}){0,3}";
    let action = prop_oneof![
        (path(), -1_000_000_000i64..=1_000_000_000)
            .prop_map(|(path, score)| Action::AddCategory { path: quoted(path), score }),
        (path(), any::<bool>()).prop_map(|(path, below)| {
            let path = if below { format!("{path}/*") } else { path };
            Action::RemoveCategory { path: quoted(path) }
        }),
        (text(), "[^\n\r]{0,8}")
            .prop_map(|(name, value)| Action::Set { name: quoted(name), value }),
    ];
    let actions = prop::collection::vec(action, 1..4).prop_map(|mut actions| {
        let path = |action: &Action| match action {
            Action::AddCategory { path, .. } | Action::RemoveCategory { path } => path.text.clone(),
            Action::Set { .. } => String::new(),
        };
        let mut seen = Vec::new();
        actions.retain(|action| {
            let path = path(action);
            let new = path.is_empty() || !seen.contains(&path);
            seen.push(path);
            new
        });
        actions
    });
    (text(), condition(), prop::option::of(condition()), actions).prop_map(
        |(name, when, unless, actions)| RuleItem {
            name: quoted(name),
            when,
            unless,
            actions,
            span: Span::default(),
        },
    )
}

fn term_without_place(term: &Term) -> Term {
    Term { span: Span::default(), ..term.clone() }
}

fn rule_without_places(rule: &RuleItem) -> RuleItem {
    let action = |action: &Action| match action {
        Action::AddCategory { path, score } => {
            Action::AddCategory { path: quoted(path.text.clone()), score: *score }
        }
        Action::RemoveCategory { path } => {
            Action::RemoveCategory { path: quoted(path.text.clone()) }
        }
        Action::Set { name, value } => {
            Action::Set { name: quoted(name.text.clone()), value: value.clone() }
        }
    };
    RuleItem {
        name: quoted(rule.name.text.clone()),
        when: without_places(&rule.when),
        unless: rule.unless.as_ref().map(without_places),
        actions: rule.actions.iter().map(action).collect(),
        span: Span::default(),
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
        let chain = "\"b\" near/1 ".repeat(depth);
        let found = codes(&format!("rule \"r\": when {chain}\"a\" then add category \"c\";"));
        assert_eq!(found.contains(&"JS019"), depth > 100, "{found:?}");
    }
    let long = vec!["\"a\""; 100_000].join(" or ");
    assert_eq!(codes(&format!("rule \"r\": when {long} then add category \"c\";")), ["JS020"]);
}
