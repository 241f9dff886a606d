//! How fast adverts are read and classified, beside a floor that only splits at white space and looks
//! each word up. Figures are medians of rounds over the same adverts, on one thread.
//!
//! Adverts: JSON lines with `title` and `description`, at the path in `JOBSIEVE_BENCH_ADVERTS` or given
//! as argument; the project's own examples otherwise. `JOBSIEVE_BENCH_ROUNDS` sets the number of rounds
//! (1 suits a profiler), `JOBSIEVE_BENCH_ONLY` names the one row to measure.

// Sizes and counts are far below the 52 bits that matter.
#![allow(clippy::cast_precision_loss)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use foldhash::fast::RandomState;
use hashbrown::HashSet;
use jobsieve_engine::engine::{RuleSet, Scratch, Settings, Source, compile};
use jobsieve_engine::exchange::Advert;
use jobsieve_engine::text::{AnalysisSettings, Analyzer, Markup, Text};

/// So many adverts are also classified by trying every rule, which must give the same answers.
const CHECKED: usize = 300;

type Adverts = Vec<Advert<'static>>;

fn main() {
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/jobsieve/starter");
    // Cargo adds `--bench` to the arguments.
    let argument = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let path = argument.or_else(|| std::env::var("JOBSIEVE_BENCH_ADVERTS").ok());
    let path = path.map_or_else(|| starter.join("adverts.jsonl"), PathBuf::from);
    let rounds = std::env::var("JOBSIEVE_BENCH_ROUNDS").ok();
    let rounds = rounds.map_or(9, |rounds| rounds.parse().expect("a number of rounds"));
    let only = std::env::var("JOBSIEVE_BENCH_ONLY").ok();
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);

    let adverts = read_adverts(&path);
    let bench = Bench::new(&adverts, rounds);
    println!(
        "{} adverts, {:.1} KB and {:.0} words each",
        adverts.len(),
        bench.bytes as f64 / 1e3 / adverts.len() as f64,
        bench.words as f64 / adverts.len() as f64,
    );
    if wanted("floor") {
        let known = every_fourth_word(&adverts);
        bench.measure("floor", || floor(&adverts, &known));
    }
    if wanted("read") {
        let analyzer = Analyzer::new(&AnalysisSettings::default());
        let mut text = Text::default();
        bench.measure("read", || read(&adverts, &analyzer, &mut text));
    }
    if wanted("classify") {
        let rules = compile_starter(&starter);
        if only.is_none() {
            check(&adverts, &rules);
        }
        let mut scratch = Scratch::default();
        bench.measure("classify", || classify(&adverts, &rules, &mut scratch));
    }
}

fn read_adverts(path: &Path) -> Adverts {
    let lines = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let text = |line: &serde_json::Value, key: &str| {
        let text = line.get(key).and_then(serde_json::Value::as_str);
        text.map(|text| text.to_owned().into())
    };
    let advert = |line: &str| {
        let line = serde_json::from_str(line).expect("a JSON object on each line");
        Advert { id: None, title: text(&line, "title"), description: text(&line, "description") }
    };
    let adverts: Adverts = lines.lines().map(advert).collect();
    assert!(!adverts.is_empty(), "{} holds no advert", path.display());
    adverts
}

fn fields<'a>(advert: &'a Advert<'_>) -> impl Iterator<Item = &'a str> {
    [&advert.title, &advert.description].into_iter().flatten().map(AsRef::as_ref)
}

struct Bench {
    adverts: usize,
    bytes: usize,
    words: usize,
    rounds: usize,
}

impl Bench {
    fn new(adverts: &Adverts, rounds: usize) -> Self {
        let bytes = adverts.iter().flat_map(fields).map(str::len).sum();
        let analyzer = Analyzer::new(&AnalysisSettings::default());
        let words = read(adverts, &analyzer, &mut Text::default());
        Self { adverts: adverts.len(), bytes, words, rounds }
    }

    /// Prints the median time of `round`, which must give the same answer each time.
    fn measure(&self, name: &str, mut round: impl FnMut() -> usize) {
        let mut seconds = Vec::with_capacity(self.rounds);
        let mut answers = Vec::with_capacity(self.rounds);
        for _ in 0..self.rounds {
            let start = Instant::now();
            answers.push(black_box(round()));
            seconds.push(start.elapsed().as_secs_f64());
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{name} answers differ");
        seconds.sort_by(f64::total_cmp);
        let median = seconds[seconds.len() / 2];
        println!(
            "{name:9} {:7.2} us/advert {:8.0} adverts/s {:6.0} MB/s {:6.1} ns/word  (answer {})",
            median * 1e6 / self.adverts as f64,
            self.adverts as f64 / median,
            self.bytes as f64 / 1e6 / median,
            median * 1e9 / self.words as f64,
            answers[0],
        );
    }
}

/// A quarter of the words of the adverts, about as many as a large rule set uses.
fn every_fourth_word(adverts: &Adverts) -> HashSet<String, RandomState> {
    let words = adverts.iter().flat_map(fields).flat_map(str::split_ascii_whitespace);
    let mut words: Vec<_> = words.map(str::to_owned).collect();
    words.sort_unstable();
    words.dedup();
    words.into_iter().step_by(4).collect()
}

fn floor(adverts: &Adverts, known: &HashSet<String, RandomState>) -> usize {
    let words = adverts.iter().flat_map(fields).flat_map(str::split_ascii_whitespace);
    words.filter(|word| known.contains(*word)).count()
}

fn read(adverts: &Adverts, analyzer: &Analyzer, text: &mut Text) -> usize {
    let mut tokens = 0;
    for field in adverts.iter().flat_map(fields) {
        analyzer.read(field, Markup::Html, text);
        tokens += text.tokens().len();
    }
    tokens
}

fn compile_starter(folder: &Path) -> RuleSet {
    let files = std::fs::read_dir(folder).expect("the starter rules");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rules"));
    files.sort();
    let source = |file: &PathBuf| Source {
        name: file.to_string_lossy().into(),
        text: std::fs::read_to_string(file).expect("a file of rules").into(),
    };
    let sources: Vec<Source> = files.iter().map(source).collect();
    compile(&sources, &Settings::default()).ruleset.expect("rules without errors")
}

fn classify(adverts: &Adverts, rules: &RuleSet, scratch: &mut Scratch) -> usize {
    adverts.iter().map(|advert| rules.classify(advert, scratch).matched_rules().len()).sum()
}

fn check(adverts: &Adverts, rules: &RuleSet) {
    let (mut scratch, mut plain) = (Scratch::default(), Scratch::default());
    for advert in adverts.iter().take(CHECKED) {
        let expected = rules.classify_unfiltered(advert, &mut plain);
        assert_eq!(rules.classify(advert, &mut scratch), expected, "{:?}", advert.title);
    }
}
