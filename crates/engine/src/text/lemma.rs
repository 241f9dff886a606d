//! Words to lemmas and back. [`Lemmatizer::lemma`] is the forward way; [`Lemmatizer::surfaces`] lists
//! every form that reduces to a lemma, so that rules are compiled once and no lemmatiser runs while
//! adverts are classified. Both ways agree on every word.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use hashbrown::{HashMap, HashSet};

use super::lexicon::Lexicon;
use super::lexicon::PartOfSpeech::{self, Noun, Verb};
use super::normalize::fold;
use super::{AnalysisSettings, LemmaMode, Surface};

/// Shorter words are not taken for plurals that WordNet does not know.
const SHORTEST_PLURAL: usize = 5;

static FUNCTION_WORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| entries(FUNCTION_WORD_LIST).collect());

/// The words that [`LemmaMode::WordNetPlus`] leaves alone, as the file says.
pub(super) const FUNCTION_WORD_LIST: &str = include_str!("../../data/function-words.txt");

/// The entries of a word list: one a line, comments and blank lines left out.
pub(super) fn entries(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("# "))
}

/// Whether [`LemmaMode::WordNetPlus`] leaves the folded word alone.
pub(super) fn is_function_word(folded: &str) -> bool {
    FUNCTION_WORDS.contains(folded)
}

/// By which step a word came to its lemma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The site's settings say so.
    Override,
    /// It is its own lemma.
    Unchanged,
    /// It stands in WordNet's list of irregular forms.
    Irregular,
    /// One of WordNet's endings was replaced.
    Ending,
    /// WordNet does not know it, and it looks like a plural.
    UnknownPlural,
    /// It is a function word, which is left alone.
    FunctionWord,
}

impl Step {
    /// In a few words, for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Override => "the site's override",
            Self::Unchanged => "unchanged",
            Self::Irregular => "WordNet's irregular form",
            Self::Ending => "WordNet's ending",
            Self::UnknownPlural => "plural that WordNet does not know",
            Self::FunctionWord => "function word",
        }
    }
}

/// Reduces words by one site's settings.
#[derive(Debug, Clone)]
pub(super) struct Lemmatizer {
    mode: LemmaMode,
    lexicon: Arc<Lexicon>,
    /// The site's own lemmas, by folded word; and the way back.
    overrides: HashMap<String, String>,
    overridden: HashMap<String, Vec<String>>,
}

impl Lemmatizer {
    pub(super) fn new(settings: &AnalysisSettings) -> Self {
        let (mut overrides, mut overridden) = (HashMap::new(), HashMap::<_, Vec<_>>::new());
        for pair in &settings.lemma_overrides {
            let [word, lemma] = [pair.0, pair.1].map(|text| {
                let mut folded = String::new();
                fold(text, &mut folded);
                folded
            });
            overridden.entry(lemma.clone()).or_default().push(word.clone());
            overrides.insert(word, lemma);
        }
        let lexicon = Arc::clone(&settings.lexicon);
        Self { mode: settings.lemmas, lexicon, overrides, overridden }
    }

    pub(super) fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    /// The lemma of a folded word and the step that gave it.
    pub(super) fn lemma<'a>(&self, folded: &'a str, name_like: bool) -> (Cow<'a, str>, Step) {
        if let Some(lemma) = self.overrides.get(folded) {
            return (Cow::Owned(lemma.clone()), Step::Override);
        }
        match self.mode {
            LemmaMode::Off => (Cow::Borrowed(folded), Step::Unchanged),
            LemmaMode::WordNet => self.wordnet(folded),
            LemmaMode::WordNetPlus => self.wordnet_plus(folded, name_like),
        }
    }

    fn wordnet<'a>(&self, folded: &'a str) -> (Cow<'a, str>, Step) {
        let lemma = self.lexicon.lemma(folded, Noun);
        let step = if lemma == folded {
            Step::Unchanged
        } else if self.lexicon.bases(folded, Noun).is_some() {
            Step::Irregular
        } else {
            Step::Ending
        };
        (lemma, step)
    }

    fn wordnet_plus<'a>(&self, folded: &'a str, name_like: bool) -> (Cow<'a, str>, Step) {
        if is_function_word(folded) {
            return (Cow::Borrowed(folded), Step::FunctionWord);
        }
        // No plural ends so; WordNet's rules would make bos of boss, and part it from bosses.
        if folded.ends_with("ss") {
            return (Cow::Borrowed(folded), Step::Unchanged);
        }
        if let Some(base) = self.first_base(folded) {
            return (Cow::Owned(base.to_owned()), Step::Irregular);
        }
        let (lemma, step) = self.wordnet(folded);
        if step == Step::Unchanged
            && !name_like
            && let Some(singular) = singular(folded)
            && !self.known(folded)
        {
            return (singular, Step::UnknownPlural);
        }
        (lemma, step)
    }

    /// The first base of an irregular form that is one word and a noun (`men` → `man`).
    fn first_base(&self, folded: &str) -> Option<&str> {
        let bases = self.lexicon.bases(folded, Noun)?;
        let one_word = |base: &&str| !base.contains('_') && self.lexicon.is(base, Noun);
        bases.iter().map(|base| &**base).find(one_word)
    }

    /// Whether WordNet knows the word, as a base form or as an irregular or regular form of one.
    fn known(&self, folded: &str) -> bool {
        use PartOfSpeech::{Adjective, Adverb};
        self.lexicon.knows(folded)
            || [Noun, Verb, Adjective, Adverb]
                .iter()
                .any(|&part| !self.lexicon.morphy(folded, part).is_empty())
    }

    /// Every folded form whose lemma is `lemma` where it is not name-like, each once; also whether it
    /// keeps that lemma where it is.
    pub(super) fn surfaces(&self, lemma: &str) -> Vec<Surface> {
        let mut found: Vec<Surface> = Vec::new();
        for folded in self.candidates(lemma) {
            let reduces = |name_like| self.lemma(&folded, name_like).0 == lemma;
            if reduces(false) && found.iter().all(|known| known.folded != folded) {
                let unless_name_like = !reduces(true);
                found.push(Surface { folded, unless_name_like });
            }
        }
        found
    }

    /// The verb lemma; function words are left alone as for nouns.
    pub(super) fn verb_lemma<'a>(&self, folded: &'a str) -> Cow<'a, str> {
        let plus = self.mode == LemmaMode::WordNetPlus;
        if self.mode == LemmaMode::Off || (plus && is_function_word(folded)) {
            return Cow::Borrowed(folded);
        }
        self.lexicon.lemma(folded, Verb)
    }

    /// Every folded form that shares its spelling, noun lemma or verb lemma with one of `folded`'s;
    /// also whether it does so where it is name-like.
    pub(super) fn any_forms(&self, folded: &str) -> Vec<Surface> {
        let mine = [Cow::Borrowed(folded), self.lemma(folded, false).0, self.verb_lemma(folded)];
        let mut found: Vec<Surface> = Vec::new();
        for form in mine.iter().flat_map(|lemma| {
            let verbs = self.turned(lemma, Verb);
            self.candidates(lemma).into_iter().chain(verbs)
        }) {
            let meets = |name_like| {
                let theirs = [
                    Cow::Borrowed(form.as_str()),
                    self.lemma(&form, name_like).0,
                    self.verb_lemma(&form),
                ];
                theirs.iter().any(|one| mine.contains(one))
            };
            if meets(false) && found.iter().all(|known| known.folded != form) {
                let unless_name_like = !meets(true);
                found.push(Surface { folded: form, unless_name_like });
            }
        }
        found
    }

    /// The irregular forms of `lemma` and those that the rules of `part` lead back to it.
    fn turned(&self, lemma: &str, part: PartOfSpeech) -> Vec<String> {
        let irregular = self.lexicon.irregular_forms(lemma, part).iter().map(ToString::to_string);
        let regular = part.rules().iter().filter_map(|(ending, replacement)| {
            Some(format!("{}{ending}", lemma.strip_suffix(replacement)?))
        });
        irregular.chain(regular).collect()
    }

    /// The forms that could reduce to `lemma`: each step of the forward way, turned round.
    fn candidates(&self, lemma: &str) -> Vec<String> {
        let mut forms = vec![lemma.to_owned()];
        forms.extend(self.overridden.get(lemma).into_iter().flatten().cloned());
        if self.mode == LemmaMode::Off {
            return forms;
        }
        forms.extend(self.lexicon.irregular_forms(lemma, Noun).iter().map(ToString::to_string));
        let endings = Noun.rules().iter().chain(UNKNOWN_PLURALS);
        let turned = endings.filter_map(|(ending, replacement)| {
            Some(format!("{}{ending}", lemma.strip_suffix(replacement)?))
        });
        forms.extend(turned);
        forms
    }
}

/// How plurals that WordNet does not know lose their ending; the first that fits counts.
const UNKNOWN_PLURALS: &[(&str, &str)] =
    &[("ies", "y"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("s", "")];

/// The singular of what looks like a plural.
fn singular(folded: &str) -> Option<Cow<'_, str>> {
    let plural = folded.chars().count() >= SHORTEST_PLURAL
        && folded.chars().all(char::is_alphabetic)
        && folded.ends_with('s')
        && !["ss", "us", "is"].iter().any(|ending| folded.ends_with(ending));
    if !plural {
        return None;
    }
    let replaced = UNKNOWN_PLURALS
        .iter()
        .find_map(|(ending, replacement)| Some((folded.strip_suffix(ending)?, *replacement)));
    replaced.map(|(stem, replacement)| Cow::Owned(format!("{stem}{replacement}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modes_differ_where_they_should() {
        // Word, name-like, wordnet, wordnet-plus.
        let table = [
            ("men", false, "men", "man"),
            ("carers", false, "carers", "carer"),
            ("carers", true, "carers", "carers"),
            ("us", false, "u", "us"),
            ("was", false, "wa", "was"),
            ("nurses", true, "nurse", "nurse"),
            ("boss", false, "bos", "boss"),
            ("bosses", false, "boss", "boss"),
            ("vacancies", false, "vacancy", "vacancy"),
            ("devopses", false, "devopses", "devopse"),
            ("children", false, "child", "child"),
            ("caseloads", false, "caseloads", "caseload"),
            ("c++", false, "c++", "c++"),
        ];
        for (word, name_like, wordnet, plus) in table {
            let lemma = |lemmas| {
                let settings = AnalysisSettings { lemmas, ..AnalysisSettings::default() };
                Lemmatizer::new(&settings).lemma(word, name_like).0.into_owned()
            };
            assert_eq!(lemma(LemmaMode::WordNet), wordnet, "{word}");
            assert_eq!(lemma(LemmaMode::WordNetPlus), plus, "{word}");
            assert_eq!(lemma(LemmaMode::Off), word);
        }
    }

    #[test]
    fn the_sites_lemmas_win_both_ways() {
        let pairs = [("Sales", "sales"), ("RGN", "nurse")];
        let pairs = pairs.map(|(word, lemma)| (word.to_owned(), lemma.to_owned()));
        for lemmas in [LemmaMode::WordNet, LemmaMode::WordNetPlus, LemmaMode::Off] {
            let lemma_overrides = pairs.clone().into();
            let settings =
                AnalysisSettings { lemmas, lemma_overrides, ..AnalysisSettings::default() };
            let lemmatizer = Lemmatizer::new(&settings);
            assert_eq!(lemmatizer.lemma("sales", true), ("sales".into(), Step::Override));
            assert_eq!(lemmatizer.lemma("rgn", false).0, "nurse");
            let surfaces = |lemma| -> Vec<String> {
                lemmatizer.surfaces(lemma).into_iter().map(|surface| surface.folded).collect()
            };
            assert!(surfaces("nurse").contains(&"rgn".to_owned()));
            assert!(!surfaces("sale").contains(&"sales".to_owned()));
            assert_eq!(surfaces("sales")[0], "sales");
        }
    }
}
