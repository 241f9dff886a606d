//! What an advert costs on one core: the whole engine, its reading of text alone, and a floor that only
//! splits at spaces and looks each word up; these and all scenarios in turn, so that a busy machine slows
//! all alike.
//!
//! `cargo bench --bench classify -- FOLDER…` measures the scenarios that `benchmarks/scenarios.py`
//! writes; without a folder, the starter's rules on its adverts. The answers are compared with those of
//! the matcher that tries every rule, and with `matches.txt` where a scenario has it. One JSON object for
//! each scenario goes to standard output. `--only-classify N` is for profilers: N rounds and no checks.

#![expect(clippy::cast_precision_loss, reason = "counts and bytes stay far below 2^53")]

use std::collections::HashMap;
use std::env;
use std::fs;
use std::hash::{BuildHasherDefault, Hasher};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jobsieve_engine::engine::{RuleSet, Scratch, Settings, Source, compile};
use jobsieve_engine::exchange::Advert;
use jobsieve_engine::text::{Analyzer, Markup, Text};

const ROUNDS: usize = 15;

fn main() {
    let mut only_classify = None;
    let mut folders = Vec::new();
    let mut arguments = env::args().skip(1).filter(|argument| argument != "--bench");
    while let Some(argument) = arguments.next() {
        if argument == "--only-classify" {
            only_classify = arguments.next().and_then(|rounds| rounds.parse::<u32>().ok());
        } else {
            folders.push(PathBuf::from(argument));
        }
    }
    if folders.is_empty() {
        folders.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/jobsieve/starter"));
    }
    let scenarios: Vec<Scenario> = folders.iter().map(|folder| Scenario::read(folder)).collect();
    let mut prepared: Vec<Prepared<'_>> = scenarios.iter().map(Prepared::new).collect();
    if let Some(rounds) = only_classify {
        for Prepared { ruleset, adverts, scratch, .. } in &mut prepared {
            ruleset.classify(&adverts[0], scratch).expect("short texts");
            for _ in 0..rounds {
                black_box(classify_all(ruleset, adverts, scratch));
            }
        }
        return;
    }
    for prepared in &prepared {
        prepared.scenario.check(&prepared.ruleset, &prepared.adverts);
    }
    for _ in 0..ROUNDS {
        prepared.iter_mut().for_each(Prepared::measure);
    }
    for prepared in prepared {
        println!("{}", prepared.told());
    }
}

/// Rules, adverts and what is known of the answers.
struct Scenario {
    name: String,
    sources: Vec<Source>,
    settings: Settings,
    lines: String,
    /// The words of the rules, for the floor.
    words: HashMap<String, u32, Fx>,
    matches: Option<Vec<usize>>,
}

impl Scenario {
    fn read(folder: &Path) -> Self {
        let text = |name: &str| fs::read_to_string(folder.join(name));
        let sources = rules(folder);
        let settings = text("settings.json").map_or_else(
            |_| Settings::default(),
            |text| Settings::from_json(text.as_bytes()).expect("known settings"),
        );
        let words = text("words.txt").unwrap_or_else(|_| {
            let texts = sources.iter().map(|source| source.text.to_lowercase());
            let parts = |text: String| text.split(['"', ' ']).collect::<Vec<_>>().join("\n");
            texts.map(parts).collect()
        });
        let matches = text("matches.txt").ok();
        let number = |line: &str| line.parse().expect("a number of matches");
        Self {
            name: folder.file_name().map_or(String::new(), |name| name.to_string_lossy().into()),
            sources,
            settings,
            lines: text("adverts.jsonl").expect("the file of adverts can be read"),
            words: words.lines().zip(0..).map(|(word, id)| (word.to_owned(), id)).collect(),
            matches: matches.map(|lines| lines.lines().map(number).collect()),
        }
    }

    fn adverts(&self) -> Vec<Advert<'_>> {
        let lines = self.lines.lines();
        let fields = &self.settings.fields;
        lines.map(|line| Advert::from_json(line.as_bytes(), fields).expect("an advert")).collect()
    }

    fn check(&self, ruleset: &RuleSet, adverts: &[Advert<'_>]) {
        let mut scratch = Scratch::default();
        // Trying every rule takes its time where there are many.
        let compared = (2_000_000 / ruleset.rule_count()).clamp(20, 500);
        for advert in adverts.iter().take(compared) {
            let expected =
                ruleset.classify_unfiltered(advert, &mut scratch).expect("short texts").clone();
            assert_eq!(
                *ruleset.classify(advert, &mut scratch).expect("short texts"),
                expected,
                "{advert:?}"
            );
        }
        if let Some(matches) = &self.matches {
            assert_eq!(matches.len(), adverts.len());
            for (number, (advert, &expected)) in adverts.iter().zip(matches).enumerate() {
                let found = ruleset
                    .classify(advert, &mut scratch)
                    .expect("short texts")
                    .matched_rules()
                    .len();
                assert_eq!(found, expected, "the matches of advert {number}");
            }
        }
    }
}

/// A scenario that is ready to be measured.
struct Prepared<'s> {
    scenario: &'s Scenario,
    adverts: Vec<Advert<'s>>,
    ruleset: RuleSet,
    analyzer: Analyzer,
    text: Text,
    scratch: Scratch,
    /// Seconds that the whole build took.
    compiled: f64,
    tokens: usize,
    matched: usize,
    /// Seconds of the floor, of reading and of the whole engine in each round.
    rounds: [Vec<f64>; 3],
}

impl<'s> Prepared<'s> {
    fn new(scenario: &'s Scenario) -> Self {
        let begun = Instant::now();
        let compiled = compile(&scenario.sources, &scenario.settings);
        Self {
            scenario,
            adverts: scenario.adverts(),
            ruleset: compiled.ruleset.expect("the rules compile"),
            analyzer: Analyzer::new(&scenario.settings.analysis),
            text: Text::default(),
            scratch: Scratch::default(),
            compiled: begun.elapsed().as_secs_f64(),
            tokens: 0,
            matched: 0,
            rounds: [const { Vec::new() }; 3],
        }
    }

    /// One round.
    fn measure(&mut self) {
        let Self { scenario, adverts, ruleset, analyzer, text, scratch, .. } = self;
        let [floor_times, read_times, whole_times] = &mut self.rounds;
        let titles = adverts.iter().map(|advert| advert.title.as_deref().unwrap_or(""));
        let descriptions = adverts.iter().map(|advert| advert.description.as_deref().unwrap_or(""));
        let pairs: Vec<(&str, &str)> = titles.zip(descriptions).collect();
        floor_times.push(seconds(|| {
            black_box(floor(&scenario.words, &pairs));
        }));
        let tokens = &mut self.tokens;
        *tokens = 0;
        read_times.push(seconds(|| {
            for source in texts(adverts) {
                analyzer.read(source, Markup::Html, text);
                *tokens += text.tokens().len();
            }
        }));
        let matched = &mut self.matched;
        whole_times.push(seconds(|| *matched = classify_all(ruleset, adverts, scratch)));
    }

    fn told(self) -> String {
        let bytes: usize = texts(&self.adverts).map(str::len).sum();
        let [floor, read, whole] = self.rounds.map(least);
        let count = self.adverts.len() as f64;
        let micros = |seconds: f64| seconds / count * 1e6;
        let name = &self.scenario.name;
        eprintln!(
            "{name}: floor {:.2} µs, reading {:.2} µs, whole engine {:.2} µs an advert: {:.2}x the floor",
            micros(floor),
            micros(read),
            micros(whole),
            whole / floor
        );
        format!(
            "{{\"scenario\":\"{name}\",\"rules\":{},\"compile_s\":{:.3},\"adverts\":{count},\
             \"bytes\":{:.0},\"words\":{:.1},\"matched\":{:.3},\"floor_us\":{:.3},\"read_us\":{:.3},\
             \"whole_us\":{:.3},\"ratio\":{:.3},\"adverts_per_s\":{:.0}}}",
            self.ruleset.rule_count(),
            self.compiled,
            bytes as f64 / count,
            self.tokens as f64 / count,
            self.matched as f64 / count,
            micros(floor),
            micros(read),
            micros(whole),
            whole / floor,
            count / whole,
        )
    }
}

/// Splits at spaces and looks each word up; nothing else.
#[inline(never)]
fn floor(words: &HashMap<String, u32, Fx>, adverts: &[(&str, &str)]) -> u64 {
    let mut sum = 0;
    for (title, description) in adverts {
        for word in title.split(' ').chain(description.split(' ')) {
            if let Some(&id) = words.get(word) {
                sum += u64::from(id);
            }
        }
    }
    sum
}

#[inline(never)]
fn classify_all(ruleset: &RuleSet, adverts: &[Advert<'_>], scratch: &mut Scratch) -> usize {
    adverts
        .iter()
        .map(|advert| ruleset.classify(advert, scratch).expect("short texts").matched_rules().len())
        .sum()
}

fn texts<'a>(adverts: &'a [Advert<'_>]) -> impl Iterator<Item = &'a str> {
    adverts.iter().flat_map(|a| [a.title.as_deref(), a.description.as_deref()]).flatten()
}

/// The hash of the floor: one multiplication for eight bytes.
#[derive(Default, Clone, Copy)]
struct FxHasher(u64);

type Fx = BuildHasherDefault<FxHasher>;

impl Hasher for FxHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = 0;
            for (at, &byte) in chunk.iter().enumerate() {
                word |= u64::from(byte) << (8 * at);
            }
            self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }

    fn write_u8(&mut self, _: u8) {}
}

fn rules(folder: &Path) -> Vec<Source> {
    let files = fs::read_dir(folder).expect("the folder of rules can be read");
    let paths = files.map(|file| file.expect("an entry can be read").path());
    let rules = paths.filter(|path| path.extension().is_some_and(|ending| ending == "rules"));
    rules
        .map(|path| Source {
            text: fs::read_to_string(&path).expect("a rule file can be read").into(),
            name: path.to_string_lossy().into(),
        })
        .collect()
}

fn seconds(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64()
}

/// The best of several: a machine's other work only ever adds.
fn least(times: Vec<f64>) -> f64 {
    times.into_iter().fold(f64::INFINITY, f64::min)
}
