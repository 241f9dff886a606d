//! What is rebuilt after edits answers like what is built of everything.

use jobsieve_engine::engine::{Compiled, RuleSet, Scratch, Settings, Source, compile, recompile};
use jobsieve_engine::exchange::{Advert, write_explanation};
use jobsieve_engine::lang::Diagnostic;
use proptest::prelude::*;

const WORDS: [&str; 12] = [
    "nurse",
    "senior nurse",
    "carers",
    "python",
    "c++",
    "director of nursing",
    "manag*",
    "night",
    "sales",
    "in + out",
    "£30k",
    "registered manager",
];
const ADVERTS: [(&str, &str); 6] = [
    ("Senior Nurse", "Night carers and a director of nursing. Python, C++."),
    ("Python developer", "A managing role in sales. Registered managers at night."),
    ("Carer", "in + out £30k"),
    ("Sales manager", "nurses; senior nurses"),
    ("Registered Manager, nights", "c++ and sales, python"),
    ("Director of Nursing", "carers"),
];

/// Files of objects, each a text of its own.
#[derive(Debug, Clone)]
struct Files(Vec<(String, Vec<String>)>);

impl Files {
    fn sources(&self) -> Vec<Source> {
        let source = |(name, objects): &(String, Vec<String>)| Source {
            name: name.as_str().into(),
            text: objects.concat().into(),
        };
        self.0.iter().map(source).collect()
    }

    fn count(&self) -> usize {
        self.0.iter().map(|(_, objects)| objects.len()).sum()
    }

    fn edit(&mut self, kind: u8, a: usize, b: usize) {
        let count = self.count();
        let files = self.0.len();
        let (_, objects) = &mut self.0[a % files];
        let at = b % (objects.len() + 1);
        match kind {
            0..=5 => objects.insert(at, rule(&format!("n{}-{a}", count + b), a, b)),
            6..=8 if at < objects.len() => {
                objects.remove(at);
            }
            9..=16 if at < objects.len() => objects[at] = rule(&format!("r{}", a % 30), a, b),
            17 if at < objects.len() => objects[at].insert_str(0, "# it's a remark\n"),
            18 if at < objects.len() => objects[at].insert_str(0, "# no rule: "),
            19 => objects.insert(at, format!("list \"l{}\": \"{}\";\n", a % 3, word(b))),
            20 => objects.insert(at, "rule \"broken\": when \"a\n".to_owned()),
            21 if files > 1 => {
                let moved = std::mem::take(objects);
                self.0[(a + 1) % files].1.extend(moved);
            }
            22 if files < 4 => self.0.push((format!("f{count}-{b}"), Vec::new())),
            23 if files > 1 => {
                self.0.remove(a % files);
            }
            24 => self.0.rotate_left(1),
            25 if at < objects.len() => {
                let twice = objects[at].clone();
                objects.push(twice);
            }
            _ => {}
        }
    }
}

fn word(number: usize) -> &'static str {
    WORDS[number % WORDS.len()]
}

fn rule(name: &str, a: usize, b: usize) -> String {
    let (one, two, three) = (word(a), word(b), word(a / 7 + b));
    let condition = match (a + 3 * b) % 9 {
        0 => format!("\"{one}\""),
        1 => format!("title \"{one}\" and description (\"{two}\" or \"{three}\")"),
        2 => format!("\"{one}\" unless title \"{two}\""),
        3 => format!("list \"l\" and not \"{one}\""),
        4 => format!("at least 2 of list \"l\" or \"{one}\" and \"{two}\""),
        5 => format!("category \"c/{}\" and \"{one}\"", a % 3),
        6 => "(\"nurse\" or list \"l\") near/4 \"night\"".to_owned(),
        7 => format!("at least 2 of (\"{one}\", \"{two}\", not \"{three}\") and \"{one}\""),
        _ => format!("“{one}\" or \"{two}\""),
    };
    let action = match b % 5 {
        0 => format!("add category \"c/{}\" score {}", a % 3, b % 7 + 1),
        1 => format!("add category \"c/{}/{}\"", b % 3, a % 4),
        2 => format!("add category \"d {}\", set \"k{}\" = \"v{}\"", a % 40, b % 2, a % 9),
        3 => format!("add category \"e\", remove category \"c/{}/*\"", a % 3),
        _ => format!("set \"k{}\" = \"w{}\"", a % 2, b % 5),
    };
    // Those that look at categories add none that others look at.
    let action = if condition.contains("category") { "add category \"f\"".into() } else { action };
    format!("\nrule \"{name}\":\n  when {condition}\n  then {action};\n")
}

fn start() -> Files {
    let list = "list \"l\": \"night\", \"senior nurse\", \"python\";\n".to_owned();
    let rules = |from: usize, to: usize| (from..to).map(|n| rule(&format!("r{n}"), n * 5, n * 11));
    let first = [list].into_iter().chain(rules(0, 20)).collect();
    Files(vec![("a".into(), first), ("b".into(), rules(20, 60).collect())])
}

/// All that people see of a rule set.
fn told(ruleset: &RuleSet) -> Vec<String> {
    let mut told: Vec<String> = ruleset.rule_names().map(str::to_owned).collect();
    told.push(format!("{} {}", ruleset.hash(), ruleset.category_count()));
    let mut scratch = Scratch::default();
    for (title, description) in ADVERTS {
        let advert = Advert {
            title: Some(title.into()),
            description: Some(description.into()),
            ..Advert::default()
        };
        let expected =
            ruleset.classify_unfiltered(&advert, &mut scratch).expect("short texts").clone();
        let explanation =
            ruleset.explain(&advert, ruleset.find_rule("r7"), &mut scratch).expect("short texts");
        assert_eq!(explanation.classification, expected);
        let mut out = Vec::new();
        write_explanation(&mut out, &advert, ruleset, None, &explanation);
        told.push(String::from_utf8(out).expect("an explanation is text"));
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_rebuild_answers_like_a_build(
        edits in prop::collection::vec((0u8..26, 0usize..1000, 0usize..1000), 1..25),
    ) {
        let settings = Settings::default();
        let mut files = start();
        let mut last = compile(&files.sources(), &settings).ruleset.expect("the rules compile");
        for (kind, a, b) in edits {
            let before = files.clone();
            files.edit(kind, a, b);
            let sources = files.sources();
            let Compiled { ruleset, diagnostics, .. } = recompile(&sources, &settings, &last);
            let built = compile(&sources, &settings);
            prop_assert_eq!(diagnostics, built.diagnostics);
            prop_assert_eq!(ruleset.as_ref().map(told), built.ruleset.as_ref().map(told));
            match ruleset {
                Some(ruleset) => last = ruleset,
                None => files = before,
            }
        }
    }
}

#[test]
fn rules_that_are_the_same_are_taken_over() {
    let settings = Settings::default();
    let mut files = start();
    let last = compile(&files.sources(), &settings).ruleset.expect("the rules compile");
    assert_eq!(recompile(&files.sources(), &settings, &last).taken_over, 60);
    files.0[0].1[3] = rule("r2", 1, 4);
    files.0[1].1[10].insert_str(0, "# A remark\n");
    files.0[1].1.remove(20);
    files.0[1].1.insert(30, rule("new", 4, 4));
    let rebuilt = recompile(&files.sources(), &settings, &last);
    assert_eq!(rebuilt.taken_over, 58);
    // A list may decide over any rule.
    files.0[0].1[0] = "list \"l\": \"night\", \"senior nurse\";\n".to_owned();
    assert_eq!(recompile(&files.sources(), &settings, &last).taken_over, 0);
}

#[test]
fn a_long_source_is_read_in_pieces_without_a_difference() {
    let settings = Settings::default();
    let rules = (0..6000).map(|n| rule(&format!("r{n}"), n * 5, n * 11));
    let text = format!("{}{}", start().0[0].1[0], rules.collect::<String>());
    assert!(text.len() > 300_000);
    let source = |text: &str| [Source { name: "long".into(), text: text.into() }];
    let whole = compile(&source(&text), &settings);
    let ruleset = whole.ruleset.expect("the rules compile");
    assert_eq!(ruleset.rule_count(), 6000);
    let (lines, parts) = (text.split_inclusive(";\n").collect::<Vec<_>>(), 100);
    let sources: Vec<Source> = lines
        .chunks(lines.len() / parts)
        .zip(0..)
        .map(|(lines, n)| Source { name: n.to_string().into(), text: lines.concat().into() })
        .collect();
    let apart = compile(&sources, &settings);
    assert_eq!(apart.ruleset.as_ref().map(RuleSet::hash), Some(ruleset.hash()));
    let told = |found: &Diagnostic, text: &str| (found.code, found.span.of(text).to_owned());
    let found = whole.diagnostics.iter().map(|found| told(found, &text));
    let others = apart.diagnostics.iter();
    let others = others.map(|found| told(found, &sources[found.source as usize].text));
    assert!(found.eq(others), "findings differ");
    assert!(!whole.diagnostics.is_empty());
    // An error late in the source is found once, at its place.
    let place = text.rfind(" then ").expect("there is an action");
    let broken = format!("{} than {}", &text[..place], &text[place + 6..]);
    let found = compile(&source(&broken), &settings);
    assert!(found.ruleset.is_none());
    assert!(found.diagnostics.iter().any(|found| found.span.start as usize > place - 200));
}
