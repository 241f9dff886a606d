//! Whether reading stays linear on text that was made to be slow: prints for each hostile shape the
//! time at 64, 128 and 256 KB, and how often it grew per doubling (2.0 is linear).

use std::time::Instant;

use jobsieve_engine::text::{AnalysisSettings, Analyzer, Markup, Text};

#[path = "../tests/hostile/mod.rs"]
mod hostile;

fn main() {
    let analyzer = Analyzer::new(&AnalysisSettings::default());
    println!("{:28} {:>9} {:>9} {:>9}   growth per doubling", "ms at", "64 KB", "128 KB", "256 KB");
    for shape in hostile::SHAPES {
        let name = shape.name;
        let times = [64, 128, 256].map(|kilobytes| time(&analyzer, &shape.of(kilobytes * 1024)));
        println!(
            "{name:28} {:9.3} {:9.3} {:9.3}   {:.1} {:.1}",
            times[0],
            times[1],
            times[2],
            times[1] / times[0],
            times[2] / times[1],
        );
    }
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
