//! Whether reading rules stays linear as they grow, right and wrong ones: prints for each shape the time
//! at 64, 128 and 256 KB, and how often it grew per doubling (2.0 is linear). Fails above 2.5.

use std::process::ExitCode;
use std::time::Instant;

use jobsieve_engine::lang::{Fields, parse};

/// The most that the time may grow where the source doubles.
const BAR: f64 = 2.5;
/// How often a shape is measured again that is above the bar: the machine may have been busy.
const ATTEMPTS: usize = 5;

/// What comes before and behind, and what is repeated between.
struct Shape {
    name: &'static str,
    before: &'static str,
    repeated: &'static str,
    behind: &'static str,
}

const fn shape(
    name: &'static str,
    before: &'static str,
    repeated: &'static str,
    behind: &'static str,
) -> Shape {
    Shape { name, before, repeated, behind }
}

const THEN: &str = "\"z\" then add category \"x\";";
const WHEN: &str = "rule \"r\": when ";

const SHAPES: [Shape; 18] = [
    shape("parentheses never closed", WHEN, "(", THEN),
    shape("parentheses never opened", WHEN, "\"a\") and ", THEN),
    shape("nested to the limit, often", "", "rule \"r\": when ((((((((\"a\")))))))) then", ""),
    shape("not not not", WHEN, "not ", THEN),
    shape("fields behind fields", WHEN, "title ", THEN),
    shape("forms behind forms", WHEN, "exact ", THEN),
    shape("a long or", WHEN, "\"ab\" or ", THEN),
    shape("and and or mixed", WHEN, "\"ab\" or \"c\" and ", THEN),
    shape("a long phrase", "rule \"r\": when \"", "word ", "\" then add category \"x\";"),
    shape("a long chain of near", WHEN, "\"a\" near/2 ", THEN),
    shape("many stars", WHEN, "\"abc* d* *\" or ", THEN),
    shape(
        "a long group",
        "rule \"r\": when at least 2 of (",
        "\"a\", ",
        "\"b\") then add category \"x\";",
    ),
    shape("many rules", "", "rule \"r\": when \"a\" then add category \"x\";\n", ""),
    shape("many errors", "", "rule \"r\": when a b \"c\" \"d\" near \"e\" then go;\n", ""),
    shape("quotes never closed, many lines", "", "rule \"r\": when \"a then add category x;\n", ""),
    shape("quotes never closed, one line", WHEN, "\" “ ", THEN),
    shape("comments", "", "# a comment \"that\" says ( nothing\n", "rule"),
    shape("characters that mean nothing", WHEN, "% [ & - ", THEN),
];

fn main() -> ExitCode {
    println!("{:32} {:>9} {:>9} {:>9}   growth per doubling", "ms at", "64 KB", "128 KB", "256 KB");
    let mut too_steep = Vec::new();
    for shape in &SHAPES {
        // Of more, an allocator takes the memory anew from the system each time, which is a step of its own.
        let sources = [64, 128, 256].map(|kilobytes| shape.of(kilobytes * 1024));
        let mut times = [f64::INFINITY; 3];
        for attempt in 0..ATTEMPTS {
            for (best, source) in times.iter_mut().zip(&sources) {
                *best = best.min(time(source));
            }
            if attempt > 0 && steepest(times) < BAR {
                break;
            }
        }
        println!(
            "{:32} {:9.3} {:9.3} {:9.3}   {:.1} {:.1}",
            shape.name,
            times[0],
            times[1],
            times[2],
            times[1] / times[0],
            times[2] / times[1],
        );
        if steepest(times) >= BAR {
            too_steep.push(shape.name);
        }
    }
    if too_steep.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("grew by {BAR} or more: {}", too_steep.join(", "));
    ExitCode::FAILURE
}

impl Shape {
    fn of(&self, bytes: usize) -> String {
        let times = bytes / self.repeated.len();
        [self.before, &self.repeated.repeat(times), self.behind].concat()
    }
}

fn steepest([first, second, third]: [f64; 3]) -> f64 {
    (second / first).max(third / second)
}

/// Milliseconds, the best of several: a machine's other work only ever adds.
fn time(source: &str) -> f64 {
    let fields = Fields::default();
    let one = || {
        let start = Instant::now();
        std::hint::black_box(parse(source, &fields));
        start.elapsed().as_secs_f64() * 1e3
    };
    std::iter::repeat_with(one).take(5).fold(f64::INFINITY, f64::min)
}
