//! What each part costs, on the starter rules and the adverts that come with them: reading text, reading
//! and building rules, loading a bundle, classifying and explaining an advert.
//!
//! `cargo bench --bench parts -- PART` measures those whose names contain a text; criterion keeps the last
//! run and tells what has changed since. What it can't do stays in benches of their own: the floor beside
//! the engine and its answers (`classify`), growth (`text`, `language`), rebuilds and memory (`build`).

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jobsieve_engine::engine::{RuleSet, Scratch, Settings, Source, bundle, compile};
use jobsieve_engine::exchange::Advert;
use jobsieve_engine::lang::parse;
use jobsieve_engine::text::{Analyzer, Markup, Text};

criterion_group!(benches, text, rules, adverts);
criterion_main!(benches);

/// The starter rules, what they compile to, and the lines of their adverts.
struct Starter {
    settings: Settings,
    sources: Vec<Source>,
    ruleset: RuleSet,
    lines: String,
}

impl Starter {
    fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/jobsieve/starter");
        let read = |path: &Path| fs::read_to_string(path).expect("the starter's files can be read");
        let files = fs::read_dir(&folder).expect("the starter's folder can be read");
        let mut files: Vec<PathBuf> = files.map(|file| file.expect("an entry").path()).collect();
        files.retain(|path| path.extension().is_some_and(|ending| ending == "rules"));
        files.sort();
        let source = |path: &PathBuf| Source {
            name: path.to_string_lossy().into(),
            text: read(path).into(),
        };
        let (sources, settings): (Vec<Source>, _) =
            (files.iter().map(source).collect(), Settings::default());
        let ruleset = compile(&sources, &settings).ruleset.expect("the rules compile");
        Self { settings, sources, ruleset, lines: read(&folder.join("adverts.jsonl")) }
    }

    fn adverts(&self) -> Vec<Advert<'_>> {
        let fields = &self.settings.fields;
        let lines = self.lines.lines();
        lines.map(|line| Advert::from_json(line.as_bytes(), fields).expect("an advert")).collect()
    }
}

/// Text to words: as it stands, and with each line in a paragraph and its marks as references.
fn text(criterion: &mut Criterion) {
    let starter = Starter::read();
    let adverts = starter.adverts();
    let texts = adverts.iter().filter_map(|advert| advert.description.as_deref());
    let plain: String = texts.flat_map(|text| [text, "\n"]).collect();
    let marked = plain.replace('\'', "&#39;").replace('\n', "</p>\n<p class=\"line\">");
    let analyzer = Analyzer::new(&starter.settings.analysis);
    let mut group = criterion.benchmark_group("text");
    for (name, source) in [("words", &plain), ("html", &marked)] {
        let mut text = Text::default();
        analyzer.read(source, Markup::Html, &mut text);
        assert!(text.tokens().len() > 1000, "the adverts have words");
        group.throughput(Throughput::Bytes(source.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| analyzer.read(black_box(source), Markup::Html, &mut text));
        });
    }
}

/// Rules: one parsed, all compiled, all loaded from a bundle.
fn rules(criterion: &mut Criterion) {
    const RULE: &str = r#"rule "nurse": when title ("staff nurse" or "rn" near/3 exact "ICU")
        and not "nursery" then add category "health/nursing" score 2;"#;
    let Starter { settings, sources, ruleset, .. } = Starter::read();
    let bytes = bundle::save(&ruleset, None);
    let mut group = criterion.benchmark_group("rules");
    assert!(parse(RULE, &settings.fields).diagnostics.is_empty());
    group.bench_function("parse one", |bencher| {
        bencher.iter(|| parse(black_box(RULE), &settings.fields));
    });
    group.sample_size(20);
    group.bench_function("compile", |bencher| bencher.iter(|| compile(&sources, &settings)));
    group.bench_function("load bundle", |bencher| {
        bencher
            .iter(|| bundle::load(black_box(&bytes), Some(&settings)).expect("it can be loaded"));
    });
}

/// One advert after the other, classified and explained.
fn adverts(criterion: &mut Criterion) {
    let starter = Starter::read();
    let adverts = starter.adverts();
    let (ruleset, mut scratch) = (&starter.ruleset, Scratch::default());
    for advert in &adverts {
        let expected = ruleset.classify_unfiltered(advert, &mut scratch).expect("short").clone();
        assert_eq!(*ruleset.classify(advert, &mut scratch).expect("short"), expected);
    }
    let mut group = criterion.benchmark_group("advert");
    let mut next = adverts.iter().cycle();
    group.bench_function("classify", |bencher| {
        bencher.iter(|| {
            let answer = ruleset.classify(next.next().expect("a cycle has no end"), &mut scratch);
            answer.map(|answer| answer.matched_rules().len())
        });
    });
    let mut next = adverts.iter().cycle();
    group.bench_function("explain", |bencher| {
        bencher
            .iter(|| ruleset.explain(next.next().expect("a cycle has no end"), None, &mut scratch));
    });
}
