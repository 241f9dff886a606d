//! Adverts a second on one core: the whole engine, its reading of text alone, and a floor that only
//! splits at white space and looks each word up.
//!
//! `JOBSIEVE_BENCH_ADVERTS` names a file of JSON lines and `JOBSIEVE_BENCH_RULES` a folder of rules;
//! by default they are the starter's. The answers are compared with those of the matcher that tries
//! every rule.

#![expect(clippy::cast_precision_loss, reason = "counts and bytes stay far below 2^53")]

use std::collections::HashSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jobsieve_engine::engine::{Scratch, Settings, Source, compile};
use jobsieve_engine::exchange::Advert;
use jobsieve_engine::text::{Analyzer, Markup, Text};

fn main() {
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/jobsieve/starter");
    let path = |name: &str, default: PathBuf| env::var_os(name).map_or(default, PathBuf::from);
    let sources = rules(&path("JOBSIEVE_BENCH_RULES", starter.clone()));
    let lines = fs::read_to_string(path("JOBSIEVE_BENCH_ADVERTS", starter.join("adverts.jsonl")));
    let lines = lines.expect("the file of adverts can be read");
    let adverts: Vec<Advert<'_>> = lines
        .lines()
        .map(|line| Advert::from_json(line.as_bytes()).expect("each line is an advert"))
        .collect();
    let texts = || adverts.iter().flat_map(|a| [a.title.as_deref(), a.description.as_deref()]);
    let bytes: usize = texts().flatten().map(str::len).sum();

    let begun = Instant::now();
    let settings = Settings::default();
    let ruleset = compile(&sources, &settings).ruleset.expect("the rules compile");
    let compiled = begun.elapsed();
    let mut scratch = Scratch::default();
    for advert in adverts.iter().take(500) {
        let expected = ruleset.classify_unfiltered(advert, &mut scratch).clone();
        assert_eq!(*ruleset.classify(advert, &mut scratch), expected, "{advert:?}");
    }

    let words: HashSet<&str> =
        texts().flatten().flat_map(str::split_whitespace).take(20_000).collect();
    let analyzer = Analyzer::new(&settings.analysis);
    let mut text = Text::default();
    let (mut tokens, mut matched, mut found) = (0, 0, 0);
    let mut runs = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..9 {
        runs[0].push(seconds(|| {
            let pieces = texts().flatten().flat_map(str::split_whitespace);
            found += pieces.filter(|word| words.contains(word)).count();
        }));
        runs[1].push(seconds(|| {
            for source in texts().flatten() {
                analyzer.read(source, Markup::Html, &mut text);
                tokens += text.tokens().len();
            }
        }));
        runs[2].push(seconds(|| {
            for advert in &adverts {
                matched += ruleset.classify(advert, &mut scratch).matched_rules().len();
            }
        }));
    }
    let [floor, read, whole] = runs.map(median);
    let count = adverts.len() as f64;
    println!(
        "{} rules compiled in {:.0} ms; {count} adverts of {:.0} bytes, {:.0} words, {:.1} matched rules",
        ruleset.rule_count(),
        compiled.as_secs_f64() * 1e3,
        bytes as f64 / count,
        f64::from(u32::try_from(tokens / 9).unwrap_or(0)) / count,
        f64::from(u32::try_from(matched / 9).unwrap_or(0)) / count,
    );
    for (name, time) in [("floor", floor), ("reading", read), ("whole engine", whole)] {
        println!(
            "{name:14}{:8.2} µs an advert {:10.0} adverts/s {:6.2}x the floor",
            time / count * 1e6,
            count / time,
            time / floor
        );
    }
    assert!(found > 0);
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

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
