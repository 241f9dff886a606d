//! Feeds a target random and broken input for some seconds: `jobsieve-fuzz TARGET [SECONDS] [SEED]`.
//!
//! Inputs are mutations of those kept so far; one is kept where its outcome is new. A failure ends the run:
//! the input is written to `fuzz/failures`, from where it is read first in every later run. The same seed
//! draws the same inputs.

mod analyzer;
mod mutate;
mod parser;

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fs};

use mutate::Mutator;

/// What is fuzzed.
pub struct Target {
    /// Its name on the command line.
    name: &'static str,
    /// What to begin with, and what is put into inputs.
    pieces: fn() -> Vec<String>,
    /// Reads one input: gives a number that tells outcomes apart, or what is wrong.
    run: fn(&str) -> Result<u64, String>,
}

const TARGETS: &[Target] = &[analyzer::TARGET, parser::TARGET];

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("usage: jobsieve-fuzz TARGET [SECONDS] [SEED]; targets: {}", names.join(", "));
        return ExitCode::from(2);
    };
    let mut number = |default| arguments.next().map_or(Ok(default), |text| text.parse());
    let (Ok(seconds), Ok(seed)) = (number(60), number(2017)) else {
        eprintln!("SECONDS and SEED are whole numbers");
        return ExitCode::from(2);
    };
    match fuzz(target, Duration::from_secs(seconds), seed) {
        Ok(report) => {
            println!("{name}, seed {seed}: {report}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            eprintln!("{name}, seed {seed}: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn fuzz(target: &Target, time: Duration, seed: u64) -> Result<String, String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("failures").join(target.name);
    let mut mutator = Mutator::new((target.pieces)(), seed);
    for file in fs::read_dir(&folder).into_iter().flatten().flatten() {
        if let Ok(input) = fs::read_to_string(file.path()) {
            check(target, &input).map_err(|fault| format!("{}: {fault}", file.path().display()))?;
            mutator.keep(input);
        }
    }
    let (started, mut outcomes) = (Instant::now(), HashSet::new());
    let (mut inputs, mut bytes, mut slowest) = (0u64, 0usize, 0u64);
    while started.elapsed() < time {
        let input = mutator.draw();
        let begun = Instant::now();
        let outcome = check(target, &input).map_err(|fault| save(&folder, &input, &fault))?;
        // Short inputs tell of the clock, not of the target.
        if input.len() >= 1024 {
            slowest = slowest.max(begun.elapsed().as_nanos() as u64 / input.len() as u64);
        }
        inputs += 1;
        bytes += input.len();
        if outcomes.insert(outcome) {
            mutator.keep(input);
        }
    }
    let megabytes = bytes / 1_000_000;
    Ok(format!(
        "{inputs} inputs, {megabytes} MB, {} kinds of outcome, slowest {slowest} ns a byte, no fault",
        outcomes.len()
    ))
}

/// A panic is a fault, too.
fn check(target: &Target, input: &str) -> Result<u64, String> {
    catch_unwind(AssertUnwindSafe(|| (target.run)(input))).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<&str>().map(ToString::to_string);
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
        Err(format!("panic: {}", said.unwrap_or_default()))
    })
}

fn save(folder: &PathBuf, input: &str, fault: &str) -> String {
    let path =
        folder.join(format!("{}-bytes-{:016x}", input.len(), mutate::hash(input.as_bytes())));
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, input));
    match written {
        Ok(()) => format!("{fault}; the input is in {}", path.display()),
        Err(error) => format!("{fault}; the input can't be written ({error}): {input:?}"),
    }
}
