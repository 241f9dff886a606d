//! Reading on anything at all: words come in order, lead back to their place in the source, and read
//! the same alone; and lemmas forward and back agree on every noun of WordNet.

#[path = "hostile/mod.rs"]
mod hostile;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jobsieve_engine::text::lexicon::{Lexicon, PartOfSpeech};
use jobsieve_engine::text::{AnalysisSettings, Analyzer, LemmaMode, Markup, Surface, Text};
use proptest::prelude::*;

const MODES: [LemmaMode; 3] = [LemmaMode::WordNet, LemmaMode::WordNetPlus, LemmaMode::Off];

fn analyzer(lemmas: LemmaMode) -> Analyzer {
    Analyzer::new(&AnalysisSettings { lemmas, ..AnalysisSettings::default() })
}

fn read(source: &str, markup: Markup) -> Text {
    let mut text = Text::default();
    analyzer(LemmaMode::Off).read(source, markup, &mut text);
    text
}

/// Pieces of adverts, and what is put into them to break something.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "<", ">", "&", ";", "#", "'", "\"", "’", "=", "/", ":", "_", ".", ",", "-", "–", "(", ")", "!", "?",
    " ", "  ", "\n", "\r\n", "\n\n", "\t", "\u{A0}", "\u{2028}", "• ", "· ", "\n* ", "\n - ",
    "<p>", "</p>", "<P CLASS=\"a>b\">", "<br/>", "<br", "<li>", "</li>", "<b>", "</b>", "<a href='", "'>",
    "<!--", "-->", "<!doctype html>", "<?xml ?>", "<script>", "</script>", "</Script >", "<style>",
    "</style", "<svg/>", "<td>", "< 5", "<5", "<3>", "</>",
    "&lt;", "&gt;", "&lt;p&gt;", "&lt;/p&gt;", "&lt;br /&gt;", "&amp;", "&amp;amp;", "&amp;lt;p&amp;gt;",
    "&amp;nbsp;", "&nbsp;", "&pound;", "&pound35", "&#163;", "&#xA3;", "&#146;", "&#0;", "&#x110000;",
    "&#", "&#x", "&eacute", "&ampersand", "&acE;", "&NotEqualTilde;", "&quot;", "&shy;", "&frac12;",
    "é", "e\u{301}", "\u{301}", "\u{345}", "\u{20E3}", "ß", "İ", "ı", "ς", "ﬁ", "½", "Ⅳ", "ª", "ʼ",
    "\u{AD}", "\u{200B}", "\u{200D}", "\u{FEFF}", "\u{202E}", "\u{FE0F}", "\u{61C}", "\u{85}", "·",
    "\u{1100}\u{1161}", "가", "日本語", "カタカナ", "ﾃﾞ", "ไทย", "א״ב", "🇬🇧", "👩\u{200D}⚕", "𝒜", "٣", "\u{FFFD}",
    "C++", "c#", ".NET", "Node.js", "A&E", "A&amp;E", "R&D", "24/7", "9-5", "£35k", "7.5t", "35,000",
    "children's", "IT'S", "'s", "nurses", "Nurses", "NURSES", "Brantocks", "Dr.", "e.g.", "St.", "1", "a",
    "B", "x",
];

fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => prop::sample::select(PIECES).prop_map(str::to_owned),
        1 => "[A-Za-z]{1,7}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// What holds for every text; gives the words' spans in the source.
fn check(source: &str, text: &Text) -> Result<Vec<(usize, usize)>, TestCaseError> {
    let mut spans = Vec::with_capacity(text.tokens().len());
    let (mut end, mut folded_end, mut sentence) = (0, 0, 0);
    let (mut source_start, mut source_end) = (0, 0);
    for (position, token) in (0..).zip(text.tokens()) {
        prop_assert!(end <= token.start && token.start < token.end, "{token:?} after {end}");
        prop_assert_eq!(token.position, position);
        prop_assert!(sentence <= token.sentence);
        prop_assert!(!text.surface(token).is_empty());
        prop_assert!(!text.folded(token).is_empty(), "{:?}", text.surface(token));
        // A folded form stands at its word's own place or behind all others.
        if token.folded_start != token.start {
            prop_assert!(folded_end <= token.folded_start);
            folded_end = token.folded_end;
        }
        let (start, stop) = text.source_span(token.start, token.end);
        let (start, stop) = (start as usize, stop as usize);
        prop_assert!(source.get(start..stop).is_some_and(|slice| !slice.is_empty()));
        // Words of one character of the source (½, or a reference to it) share its place.
        prop_assert!(source_start <= start && source_end <= stop);
        if start < source_end && start != source_start {
            let shared = &source[start..source_end];
            let reference = shared.strip_prefix('&').is_some_and(|name| !name.contains('&'));
            prop_assert!(reference || shared.len() <= 4, "{shared:?}");
        }
        (end, sentence, source_start, source_end) = (token.end, token.sentence, start, stop);
        spans.push((start, stop));
    }
    Ok(spans)
}

/// Every word whose place is its own and holds no markup, read alone, is that word.
fn check_words_alone(source: &str, markup: Markup) -> Result<(), TestCaseError> {
    let text = read(source, markup);
    let spans = check(source, &text)?;
    for (index, (token, &(start, end))) in text.tokens().iter().zip(&spans).enumerate() {
        let slice = &source[start..end];
        let shared =
            |other: usize| spans.get(other).is_some_and(|&(from, to)| from < end && start < to);
        if slice.contains(['<', '&']) || shared(index.wrapping_sub(1)) || shared(index + 1) {
            continue;
        }
        let alone = read(slice, markup);
        let words: Vec<&str> = alone.tokens().iter().map(|token| alone.folded(token)).collect();
        prop_assert_eq!(words, vec![text.folded(token)], "{:?}", slice);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn words_come_in_order_and_read_the_same_alone(source in soup()) {
        check_words_alone(&source, Markup::Html)?;
        check_words_alone(&source, Markup::Plain)?;
    }

    #[test]
    fn text_that_was_read_before_leaves_nothing_behind(first in soup(), second in soup()) {
        let analyzer = analyzer(LemmaMode::Off);
        let mut reused = Text::default();
        analyzer.read(&first, Markup::Html, &mut reused);
        analyzer.read(&second, Markup::Html, &mut reused);
        let fresh = read(&second, Markup::Html);
        prop_assert_eq!(reused.tokens(), fresh.tokens());
        for token in fresh.tokens() {
            prop_assert_eq!(reused.folded(token), fresh.folded(token));
            let place = |text: &Text| text.source_span(token.start, token.end);
            prop_assert_eq!(place(&reused), place(&fresh));
        }
    }

    #[test]
    fn escaping_as_a_whole_changes_no_word(inner in soup()) {
        // The words of `<p>…</p>` and of the same escaped once more; references are escaped, too.
        let plain = format!("<p>{}</p>", inner.replace(['<', '>', '&'], " "));
        let escaped = plain.replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let (plain, escaped) = (read(&plain, Markup::Html), read(&escaped, Markup::Html));
        let words = |text: &Text| -> Vec<(String, u32, bool)> {
            let word = |token| text.folded(token).to_owned();
            let tokens = text.tokens().iter();
            tokens.map(|t| (word(t), t.sentence, text.is_name_like(t))).collect()
        };
        prop_assert_eq!(words(&plain), words(&escaped));
    }

    #[test]
    fn lemmas_of_any_word_agree_both_ways(
        word in prop_oneof![
            "[a-z]{0,6}(s|es|ies|ses|ves|xes|zes|ches|shes|men|us|is|ss|y|)",
            "[a-zéß'-]{0,4}s?",
            "\\PC{0,8}",
        ],
    ) {
        for mode in MODES {
            check_both_ways(&analyzer(mode), [word.as_str()].into())?;
        }
    }
}

#[test]
fn hostile_shapes_are_read_to_their_end() {
    for shape in hostile::SHAPES {
        for kilobytes in [64, 128, 256] {
            let source = shape.of(kilobytes * 1024);
            let checked = check(&source, &read(&source, Markup::Html));
            assert!(checked.is_ok(), "{} of {kilobytes} KB: {checked:?}", shape.name);
        }
    }
    let word = "a".repeat(1024 * 1024);
    assert_eq!(read(&word, Markup::Html).tokens().len(), 1);
}

/// The words of the lexicon's own file that are nouns.
fn nouns() -> Vec<String> {
    let file = include_str!("../data/lexicon.txt");
    let mut word = String::new();
    let mut nouns = Vec::new();
    for line in file.lines().skip(2).take_while(|line| !line.starts_with("exceptions ")) {
        let cells: Vec<&str> = line.split(' ').collect();
        word.truncate(cells[0].parse().expect("a number"));
        word.push_str(cells[1]);
        if cells[2].parse::<u8>().expect("a number") & 1 == 1 {
            nouns.push(word.clone());
        }
    }
    nouns
}

static FORMS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let lexicon = Lexicon::wordnet();
    let mut forms = BTreeSet::new();
    for noun in nouns() {
        let irregular = lexicon.irregular_forms(&noun, PartOfSpeech::Noun).iter();
        forms.extend(irregular.map(ToString::to_string));
        // WordNet's own endings turned round, and plurals that it does not know.
        for (ending, replacement) in PartOfSpeech::Noun.rules().iter().chain(&[("es", "")]) {
            forms.extend(noun.strip_suffix(replacement).map(|stem| format!("{stem}{ending}")));
        }
        forms.insert(noun);
    }
    forms
});

/// `forms` are reduced and led back: each is among the surfaces of its lemma, which all reduce to it, and
/// a surface is one `unless_name_like` exactly where names have another lemma.
fn check_both_ways(analyzer: &Analyzer, forms: BTreeSet<&str>) -> Result<(), TestCaseError> {
    let mut by_lemma: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for form in forms {
        by_lemma.entry(analyzer.lemma(form, false).into_owned()).or_default().push(form);
        // A name's lemma has the name among its surfaces or is the name alone.
        let as_name = analyzer.lemma(form, true);
        prop_assert!(as_name == form || as_name == analyzer.lemma(form, false));
    }
    for (lemma, forms) in by_lemma {
        let surfaces = analyzer.surfaces(&lemma);
        for form in forms {
            let found = surfaces.iter().filter(|surface| surface.folded == form).count();
            prop_assert_eq!(found, 1, "{} among the surfaces of {}", form, lemma);
        }
        for Surface { folded, unless_name_like } in surfaces {
            prop_assert_eq!(analyzer.lemma(&folded, false), lemma.as_str(), "{}", folded);
            let differs = analyzer.lemma(&folded, true) != lemma;
            prop_assert_eq!(unless_name_like, differs, "{} as a name", folded);
        }
    }
    Ok(())
}

#[test]
fn lemmas_of_every_noun_agree_both_ways() {
    assert!(FORMS.len() > 150_000, "{}", FORMS.len());
    for mode in MODES {
        let checked = check_both_ways(&analyzer(mode), FORMS.iter().map(String::as_str).collect());
        assert!(checked.is_ok(), "{mode:?}: {checked:?}");
    }
}
