//! The analyser: words come in order, lead back to their place in the source, and are not empty; what was
//! read before leaves nothing behind.

use std::cell::RefCell;
use std::sync::LazyLock;

use jobsieve_engine::text::{AnalysisSettings, Analyzer, Markup, Text};

use crate::{Target, mutate};

pub const TARGET: Target = Target { name: "analyzer", pieces, run };

static ANALYZER: LazyLock<Analyzer> = LazyLock::new(|| Analyzer::new(&AnalysisSettings::default()));

thread_local! {
    static REUSED: RefCell<Text> = RefCell::default();
}

#[rustfmt::skip]
fn pieces() -> Vec<String> {
    let pieces = [
        "<p>", "</p>", "<br/>", "<li>", "<b>", "</b>", "<a href='", "\">", "<!--", "-->", "<script>", "</script>",
        "<style>", "<td>", "< 5", "&lt;p&gt;", "&amp;", "&amp;amp;", "&nbsp;", "&pound;", "&#163;", "&#x", "&#0;",
        "C++", "c#", ".NET", "A&E", "R&D", "24/7", "(m/f/d)", "£35k", "$40,000.50", "7.5t", "front-end", "children’s",
        "nurses", "NURSES", "Brantocks", "Dr. ", "e.g. ", ". The ", "\n\n", "\n• ", "\u{A0}", "\u{AD}", "\u{200B}",
        "e\u{301}", "\u{301}", "\u{FDFA}", "ß", "İ", "ﬁ", "½", "가", "日本語", "👩\u{200D}⚕", "\u{202E}", "'s", "·", ":",
    ];
    pieces.map(str::to_owned).into()
}

fn run(source: &str) -> Result<u64, String> {
    let mut outcome = Vec::new();
    for markup in [Markup::Html, Markup::Plain] {
        let mut fresh = Text::default();
        ANALYZER.read(source, markup, &mut fresh);
        REUSED.with_borrow_mut(|reused| {
            ANALYZER.read(source, markup, reused);
            if reused.tokens() == fresh.tokens() { Ok(()) } else { Err("a reused text differs") }
        })?;
        check(source, &fresh, &mut outcome)?;
    }
    Ok(mutate::hash(&outcome))
}

/// `outcome` gets the shape of each word.
fn check(source: &str, text: &Text, outcome: &mut Vec<u8>) -> Result<(), String> {
    let (mut end, mut last_source, mut sentence) = (0, (0, 0), 0);
    for (position, token) in (0..).zip(text.tokens()) {
        let fault = |what: &str| Err(format!("{what}: {token:?}"));
        let (start, stop) = text.source_span(token.start, token.end);
        let slice = source.get(start as usize..stop as usize);
        if slice.is_none_or(str::is_empty) {
            return fault("a word lies outside the source or within a character");
        }
        if token.start < end || token.end <= token.start || token.position != position {
            return fault("words are out of order");
        }
        if start < last_source.0 || stop < last_source.1 || token.sentence < sentence {
            return fault("places or sentences are out of order");
        }
        let folded = text.folded(token);
        if folded.is_empty() || !folded.contains(char::is_alphanumeric) {
            return fault("a word without letters");
        }
        let (before, after) = text.signs(token);
        if ANALYZER.lemma(folded, text.is_name_like(token)).is_empty() {
            return fault("a word without a lemma");
        }
        let shape = |c: char| match c {
            'a'..='z' => b'a',
            '0'..='9' => b'0',
            c if c.is_ascii() => c as u8,
            _ => b'u',
        };
        outcome.extend(folded.chars().take(4).map(shape));
        outcome.extend([before.len() as u8, after.len() as u8, (token.sentence - sentence) as u8]);
        (end, last_source, sentence) = (token.end, (start, stop), token.sentence);
    }
    Ok(())
}
