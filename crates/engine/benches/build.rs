//! What a rule set costs to make: a build of everything, and one after a change of one rule.
//!
//! `JOBSIEVE_BENCH_RULES` names a folder of rules (by default the starter's), `JOBSIEVE_BENCH_LEMMAS` the
//! lemma mode. What is rebuilt is compared with what is built.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jobsieve_engine::engine::{Settings, Source, compile, recompile};
use jobsieve_engine::text::LemmaMode;

fn main() {
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/jobsieve/starter");
    let folder = env::var_os("JOBSIEVE_BENCH_RULES").map_or(starter, PathBuf::from);
    let sources = rules(&folder);
    let mut settings = Settings::default();
    if env::var("JOBSIEVE_BENCH_LEMMAS").is_ok_and(|mode| mode == "off") {
        settings.analysis.lemmas = LemmaMode::Off;
    }
    let mut whole = Vec::new();
    let mut ruleset = None;
    for _ in 0..9 {
        let begun = Instant::now();
        let compiled = compile(&sources, &settings).ruleset.expect("the rules compile");
        whole.push(begun.elapsed().as_secs_f64() * 1e3);
        ruleset = Some(compiled);
    }
    let mut ruleset = ruleset.expect("it was built");
    println!("{} rules built in {}", ruleset.rule_count(), told(whole));

    let mut single = Vec::new();
    let mut changed = sources.clone();
    for round in 0..30 {
        change(&mut changed, round);
        let begun = Instant::now();
        let rebuilt = recompile(&changed, &settings, &ruleset).ruleset.expect("the rules compile");
        single.push(begun.elapsed().as_secs_f64() * 1e3);
        if round % 10 == 0 {
            let built = compile(&changed, &settings).ruleset.expect("the rules compile");
            assert_eq!(built.hash(), rebuilt.hash());
        }
        ruleset = rebuilt;
    }
    println!("one rule changed: rebuilt in {}", told(single));
}

/// Puts one more term into one rule, one that no other rule has.
fn change(sources: &mut [Source], round: usize) {
    let number = round % sources.len();
    let source = &mut sources[number];
    let text = source.text.to_string();
    let rules: Vec<usize> = text.match_indices(" when ").map(|(at, _)| at).collect();
    let at = rules[(round * 7919) % rules.len()] + " when ".len();
    source.text = format!("{}\"changed {round}\" or {}", &text[..at], &text[at..]).into();
}

/// Least and median.
fn told(mut times: Vec<f64>) -> String {
    times.sort_by(f64::total_cmp);
    format!("{:.1} ms at least, {:.1} ms at the median", times[0], times[times.len() / 2])
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
