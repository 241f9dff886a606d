//! What a rule set costs to make: a build of everything, one after a change of one rule, a bundle loaded;
//! and the memory that it takes.
//!
//! `JOBSIEVE_BENCH_RULES` names a folder of rules (by default the starter's), `JOBSIEVE_BENCH_LEMMAS` the
//! lemma mode. What is rebuilt is compared with what is built.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jobsieve_engine::engine::{Settings, Source, bundle, compile, recompile};
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
        let begun = Clock::now();
        let compiled = compile(&sources, &settings).ruleset.expect("the rules compile");
        whole.push(begun.elapsed());
        ruleset = Some(compiled);
    }
    let mut ruleset = ruleset.expect("it was built");
    println!("{} rules built in {}", ruleset.rule_count(), told(whole));

    let mut single = Vec::new();
    let mut changed = sources.clone();
    for round in 0..30 {
        change(&mut changed, round);
        let begun = Clock::now();
        let rebuilt = recompile(&changed, &settings, &ruleset).ruleset.expect("the rules compile");
        single.push(begun.elapsed());
        if round % 10 == 0 {
            let built = compile(&changed, &settings).ruleset.expect("the rules compile");
            assert_eq!(built.hash(), rebuilt.hash());
        }
        ruleset = rebuilt;
    }
    println!("one rule changed: rebuilt in {}", told(single));

    let bytes = bundle::save(&ruleset, None);
    let mut loads = Vec::new();
    for _ in 0..9 {
        let begun = Clock::now();
        let loaded = bundle::load(&bytes, Some(&settings)).expect("the bundle can be loaded");
        loads.push(begun.elapsed());
        assert_eq!(loaded.ruleset.hash(), ruleset.hash());
    }
    println!("bundle of {} bytes loaded in {}", bytes.len(), told(loads));
    let memory = compile(&sources, &settings).ruleset.map_or(0, |built| built.memory_bytes());
    println!("{memory} bytes of memory");
}

/// Puts one more term into one rule, one that no other rule has.
fn change(sources: &mut [Source], round: usize) {
    // Some files hold lists alone.
    let with_rules = sources.iter_mut().filter(|source| source.text.contains(" when "));
    let mut with_rules: Vec<&mut Source> = with_rules.collect();
    let number = round % with_rules.len();
    let source = &mut *with_rules[number];
    let text = source.text.to_string();
    let rules: Vec<usize> = text.match_indices(" when ").map(|(at, _)| at).collect();
    let at = rules[(round * 7919) % rules.len()] + " when ".len();
    source.text = format!("{}\"changed {round}\" or {}", &text[..at], &text[at..]).into();
}

/// Time passed, and time of all threads on processors: the latter hardly changes on a busy machine.
struct Clock {
    begun: Instant,
    busy: f64,
}

impl Clock {
    fn now() -> Self {
        Self { begun: Instant::now(), busy: busy() }
    }

    /// Both, in milliseconds.
    fn elapsed(&self) -> (f64, f64) {
        (self.begun.elapsed().as_secs_f64() * 1e3, busy() - self.busy)
    }
}

/// Milliseconds that all threads have been on processors; 0 where that is not told.
fn busy() -> f64 {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let times = tasks.filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok());
    let first = times.filter_map(|times| times.split(' ').next()?.parse::<f64>().ok());
    first.sum::<f64>() / 1e6
}

/// Medians.
fn told(times: Vec<(f64, f64)>) -> String {
    let (mut passed, mut busy): (Vec<f64>, Vec<f64>) = times.into_iter().unzip();
    passed.sort_by(f64::total_cmp);
    busy.sort_by(f64::total_cmp);
    let middle = passed.len() / 2;
    format!("{:.1} ms, {:.1} ms of processors", passed[middle], busy[middle])
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
