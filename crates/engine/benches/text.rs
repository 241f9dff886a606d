//! Whether reading stays linear on text that was made to be slow: prints for each hostile shape the
//! time at 64, 128 and 256 KB, and how often it grew per doubling (2.0 is linear).

use std::time::Instant;

use jobsieve_engine::text::{AnalysisSettings, Analyzer, Markup, Text};

/// Name, beginning, what is repeated, end.
const SHAPES: &[(&str, &str, &str, &str)] = &[
    ("comments", "", "<!--", ""),
    ("angles", "", "<", ""),
    ("open tags", "", "<a b=\"", ""),
    ("open tags, one quote", "", "<a b=", "\""),
    ("nested divs", "", "<div>", ""),
    ("numbers", "", "&#", ""),
    ("long number", "&#", "0", ";"),
    ("amp;amp;", "&", "amp;", ""),
    ("&amp; repeated", "", "&amp;", ""),
    ("escaped angles", "", "&lt;", ""),
    ("escaped tags", "", "&lt;p", ""),
    ("escaped tags, closed far", "", "&lt;p ", "&gt;"),
    ("marks", "e", "\u{301}", ""),
    ("marks that join", "", "e\u{301}", ""),
    ("marks of many classes", "", "\u{301}\u{316}", ""),
    ("ligatures of 18", "", "\u{FDFA}", ""),
    ("one word", "", "a", ""),
    ("one word, not ASCII", "", "é", ""),
    ("one word, upper", "", "É", ""),
    ("one word with a tag within", "", "é<b>", ""),
    ("one word with soft hyphens", "", "a\u{AD}", ""),
    ("joined by stops", "", "a.", ""),
    ("open script", "<script>", "a ", ""),
    ("scripts", "", "<script>", ""),
    ("open style", "<style>", "</", ""),
    ("styles that close nothing", "<style>", "</styl", ""),
    ("quotes in tags", "", "<a b='\">", ""),
    ("quotes in one tag", "<a ", "=\"\"", ">"),
    ("spaces in one tag", "<a ", "= \" ", ">"),
    ("quotes behind spaces", "<a ", "  '", ">"),
    ("one tag name", "<", "a", ">"),
    ("closing tags", "", "</a", ""),
    ("declarations", "", "<!", ""),
    ("instructions", "", "<?", ""),
    ("stops", "", ".", ""),
    ("stops and words", "", "a. B", ""),
    ("lexemes", "", "c++", ""),
    ("half lexemes", "", "visual c+", ""),
    ("new lines", "", "\n", ""),
    ("new lines and spaces", "a", "\n ", "b"),
    ("bullets", "", "\n• a", ""),
    ("possessives", "", "'s", ""),
    ("flags", "", "\u{1F1EC}\u{1F1E7}", ""),
    ("joiners", "", "\u{1F468}\u{200D}", ""),
    ("hangul", "", "\u{1100}\u{1161}", ""),
    ("hebrew quotes", "", "א\"", ""),
    ("middle dots", "", "é·", ""),
    ("katakana", "", "カ", ""),
    ("colons", "", "é:", ""),
];

fn main() {
    let analyzer = Analyzer::new(&AnalysisSettings::default());
    println!("{:28} {:>9} {:>9} {:>9}   growth per doubling", "ms at", "64 KB", "128 KB", "256 KB");
    for (name, start, middle, end) in SHAPES {
        let times = [64, 128, 256].map(|kilobytes: usize| {
            let repeated = middle.repeat((kilobytes * 1024 - start.len() - end.len()) / middle.len());
            time(&analyzer, &format!("{start}{repeated}{end}"))
        });
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
