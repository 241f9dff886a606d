//! A bundle gives back the rule set that was saved, and refuses whatever is not that.

use std::sync::LazyLock;

use jobsieve_engine::engine::bundle::{BundleError, FORMAT, inspect, load, save};
use jobsieve_engine::engine::{RuleSet, Scratch, Settings, Source, compile, recompile};
use jobsieve_engine::exchange::{Advert, write_explanation};
use jobsieve_engine::text::LemmaMode;
use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_128;

const RULES: &str = r#"
    list "l": "nurses", "senior nurse", "c++";
    rule "a": when title "python" and (list "l" or "django") unless "snake handler"
      then add category "it/python" score 2.5, set "level" = "senior";
    rule "b": when at least 2 of list "l" and not "night" then add category "health";
    rule "c": when "manag*" near/3 ("care" or exact "Home") or case "IT" then add category "care/homes";
    rule "d": when category "care" and any form "cook" then remove category "health/*";
    rule "é": when "head of care"~2 then add category "care";
"#;
const ADVERTS: [&str; 4] = [
    "Senior nurses at Python and Django; C++",
    "Managing a care home; IT. Cooking.",
    "Head of the home care team, snake handler",
    "python nurses at night",
];

fn sources(text: &str) -> [Source; 1] {
    [Source { name: "rules".into(), text: text.into() }]
}

fn ruleset() -> RuleSet {
    compile(&sources(RULES), &Settings::default()).ruleset.expect("the rules compile")
}

/// All answers with their reasons.
fn told(ruleset: &RuleSet) -> Vec<String> {
    let mut scratch = Scratch::default();
    let answers = ADVERTS.map(|text| {
        let advert = Advert {
            title: Some(text.into()),
            description: Some(text.into()),
            ..Advert::default()
        };
        let explanation =
            ruleset.explain(&advert, ruleset.find_rule("a"), &mut scratch).expect("short texts");
        let mut out = Vec::new();
        write_explanation(&mut out, &advert, ruleset, None, &explanation);
        String::from_utf8_lossy(&out).into_owned()
    });
    answers.into()
}

/// Where the body begins.
const HEAD: usize = 36;

/// The bundle with a sum that fits its content.
fn summed(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = xxh3_128(&[&bytes[..20], &bytes[HEAD..]].concat());
    bytes[20..HEAD].copy_from_slice(&sum.to_le_bytes());
    bytes
}

#[test]
fn what_is_loaded_answers_like_what_was_saved() {
    let built = ruleset();
    let bytes = save(&built, Some(7));
    let loaded = load(&bytes, Some(&Settings::default())).expect("it can be loaded");
    assert_eq!(loaded.about.version, Some(7));
    assert_eq!(loaded.about, inspect(&bytes).expect("it can be read"));
    assert_eq!(loaded.ruleset.hash(), built.hash());
    assert_eq!(told(&loaded.ruleset), told(&built));
    assert!(told(&built)[0].contains("it/python"));
    assert_eq!(save(&loaded.ruleset, Some(7)), bytes);
    // What comes from a bundle can't be gone on from, and is built anew.
    let changed = RULES.replace("django", "flask");
    let rebuilt = recompile(&sources(&changed), &Settings::default(), &loaded.ruleset);
    assert!(rebuilt.ruleset.is_some() && rebuilt.taken_over == 0);
}

#[test]
fn what_was_rebuilt_can_be_saved() {
    let changed = RULES.replace("django", "flask").replace("care/homes", "care/manors");
    let rebuilt = recompile(&sources(&changed), &Settings::default(), &ruleset());
    assert_eq!(rebuilt.taken_over, 3);
    let rebuilt = rebuilt.ruleset.expect("the rules compile");
    let loaded = load(&save(&rebuilt, None), None).expect("it can be loaded");
    assert_eq!(told(&loaded.ruleset), told(&rebuilt));
}

#[test]
fn other_settings_are_refused_with_their_key() {
    let mut settings = Settings::default();
    settings.analysis.lemmas = LemmaMode::Off;
    let error = load(&save(&ruleset(), None), Some(&settings)).expect_err("settings differ");
    let expected =
        r#"it was built with analysis.lemmas = "wordnet-plus", and here analysis.lemmas is "off""#;
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_taxonomy_comes_with_its_rules_wherever_they_are_loaded() {
    let listed = r#"{"taxonomy": {"paths":
        ["it/python", "health", "care", "care/homes", "care/manors"]}}"#;
    let settings = Settings::from_json(listed.as_bytes()).expect("they can be read");
    let built = compile(&sources(RULES), &settings).ruleset.expect("the rules compile");
    assert_ne!(built.hash(), ruleset().hash());
    let loaded = load(&save(&built, None), Some(&Settings::default())).expect("it can be loaded");
    assert_eq!(loaded.ruleset.hash(), built.hash());
    // Whoever goes on from it is held to it, and whoever has another is not.
    let changed = RULES.replace("care/homes", "care/houses");
    assert!(recompile(&sources(&changed), &settings, &built).ruleset.is_none());
    assert!(recompile(&sources(&changed), &Settings::default(), &built).ruleset.is_some());
}

#[test]
fn other_files_are_told_apart() {
    let bytes = save(&ruleset(), None);
    let refused = |bytes: &[u8]| inspect(bytes).expect_err("it is refused").to_string();
    assert_eq!(refused(b""), "it is no bundle of Jobsieve");
    assert_eq!(refused(b"PK\x03\x04 and so on"), "it is no bundle of Jobsieve");
    assert!(refused(&bytes[..1000]).starts_with("it is cut off: 1000 bytes of "));
    assert!(refused(&[&bytes[..], b"x"].concat()).starts_with("it is too long: "));
    let mut newer = bytes.clone();
    newer[8..12].copy_from_slice(&(FORMAT + 1).to_le_bytes());
    let expected = format!("it has form {}, which is newer than", FORMAT + 1);
    assert!(refused(&newer).starts_with(&expected));
    let mut damaged = bytes.clone();
    damaged[900] ^= 1;
    assert_eq!(inspect(&damaged), Err(BundleError::Damaged));
}

/// The bundle that the tests below change.
fn bytes() -> Vec<u8> {
    static BYTES: LazyLock<Vec<u8>> = LazyLock::new(|| save(&ruleset(), None));
    BYTES.clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    #[test]
    fn a_changed_byte_is_refused(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut bytes = bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(load(&bytes, None).is_err());
    }

    #[test]
    fn a_shorter_file_is_refused(at in any::<prop::sample::Index>()) {
        let bytes = bytes();
        prop_assert!(load(&bytes[..at.index(bytes.len())], None).is_err());
    }

    /// Whoever makes a false bundle with a right sum can get false answers, but no panic and no hang.
    #[test]
    fn a_false_bundle_does_no_harm(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = bytes();
        for (at, value) in changes {
            let at = HEAD + at.index(bytes.len() - HEAD);
            bytes[at] = value;
        }
        if let Ok(loaded) = load(&summed(bytes), None) {
            told(&loaded.ruleset);
            let mut scratch = Scratch::default();
            let advert = Advert { title: Some(ADVERTS[1].into()), ..Advert::default() };
            loaded.ruleset.classify_unfiltered(&advert, &mut scratch).expect("short texts");
            loaded.ruleset.rule_names().for_each(drop);
        }
    }
}
