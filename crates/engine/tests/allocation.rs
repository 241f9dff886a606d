//! A thread that has classified an advert classifies it again without asking for memory.

use allocation_counter::measure;
use jobsieve_engine::engine::{Scratch, Settings, Source, compile};
use jobsieve_engine::exchange::Advert;

const RULES: &str = r#"
    list "l": "nurses", "senior nurse", "c++";
    rule "a": when title "python" and (list "l" or "django") unless "snake handler"
      then add category "it/python" score 2.5, set "level" = "senior";
    rule "b": when at least 2 of list "l" and not "night" then add category "health";
    rule "c": when "manag*" near/3 ("care" or exact "Home") or case "IT" then add category "care/homes";
    rule "d": when category "care" and any form "cook" then remove category "health/*";
    rule "e": when "head of care"~2 then add category "care";
    rule "f": when place = "London" and salary >= 40k then add category "london";
"#;
const FIELDS: &str = r#"{"fields":{"place":"keyword","salary":"number"}}"#;
const ADVERTS: [&str; 3] = [
    r#"{"title":"Senior nurses at Python and Django; C++","description":"<p>caf&eacute; nurses"}"#,
    r#"{"title":"Managing a care home; IT. Cooking.","fields":{"place":"LONDON","salary":50000}}"#,
    r#"{"title":"Head of the home care team","description":"python & snakes\u00ad at\u200b nurses' 5€"}"#,
];

#[test]
fn steady_work_allocates_nothing() {
    let settings = Settings::from_json(FIELDS.as_bytes()).expect("known settings");
    let source = Source { name: "rules".into(), text: RULES.into() };
    let ruleset = compile(&[source], &settings).ruleset.expect("the rules compile");
    let adverts = ADVERTS
        .map(|line| Advert::from_json(line.as_bytes(), &settings.fields).expect("an advert"));
    let mut scratch = Scratch::default();
    let mut classify = || -> usize {
        let found = adverts.iter().map(|advert| {
            ruleset.classify(advert, &mut scratch).expect("short texts").matched_rules().len()
        });
        found.sum()
    };
    let mut first = 0;
    assert!(measure(|| first = classify()).count_total > 0);
    let mut again = 0;
    assert_eq!(measure(|| again = classify()).count_total, 0);
    assert_eq!(again, first);
    assert!(first >= 5);
}
