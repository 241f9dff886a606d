//! Whether reading stays linear on text that was made to be slow: prints for each hostile shape the
//! time at 64, 128 and 256 KB, and how often it grew per doubling (2.0 is linear). Fails above 2.5, or
//! where 256 KB take 50 ms.

use std::process::ExitCode;
use std::time::Instant;

use jobsieve_engine::text::{AnalysisSettings, Analyzer, Markup, Text};

#[path = "../tests/hostile/mod.rs"]
mod hostile;

/// The most that the time may grow where the source doubles.
const STEEPEST: f64 = 2.5;
/// The most that 256 KB may take, in milliseconds.
const LONGEST: f64 = 50.0;
/// How often a shape is measured again that is above these: the machine may have been busy.
const ATTEMPTS: usize = 9;

fn main() -> ExitCode {
    let analyzer = Analyzer::new(&AnalysisSettings::default());
    println!("{:28} {:>9} {:>9} {:>9}   growth per doubling", "ms at", "64 KB", "128 KB", "256 KB");
    let mut slow = Vec::new();
    for shape in hostile::SHAPES {
        let name = shape.name;
        let sources = [64, 128, 256].map(|kilobytes| shape.of(kilobytes * 1024));
        let mut times = [f64::INFINITY; 3];
        for _ in 0..ATTEMPTS {
            for (best, source) in times.iter_mut().zip(&sources) {
                *best = best.min(time(&analyzer, source));
            }
            if !is_slow(times) {
                break;
            }
        }
        println!(
            "{name:28} {:9.3} {:9.3} {:9.3}   {:.1} {:.1}",
            times[0],
            times[1],
            times[2],
            times[1] / times[0],
            times[2] / times[1],
        );
        if is_slow(times) {
            slow.push(name);
        }
    }
    if slow.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("grew by {STEEPEST} or more, or took {LONGEST} ms: {}", slow.join(", "));
    ExitCode::FAILURE
}

fn is_slow([first, second, third]: [f64; 3]) -> bool {
    (second / first).max(third / second) >= STEEPEST || third >= LONGEST
}

/// Milliseconds, the best of several: a machine's other work only ever adds.
fn time(analyzer: &Analyzer, source: &str) -> f64 {
    let mut text = Text::default();
    let one = || {
        let start = Instant::now();
        analyzer.read(source, Markup::Html, &mut text);
        start.elapsed().as_secs_f64() * 1e3
    };
    std::iter::repeat_with(one).take(5).fold(f64::INFINITY, f64::min)
}
