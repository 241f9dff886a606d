//! What stands in an advert in place of a clause that fails: the word in another field or form, the words
//! of a phrase apart from each other, terms too far away. It is looked for only when somebody asks why a
//! rule did not match.

use crate::lang::lexer::{SymbolKind, lex};
use crate::lang::{FieldMask, Span};
use crate::text::{Markup, Text, Token};

use super::explain::Place;
use super::matcher::{FieldText, KnownToken, Scratch};
use super::places;
use super::ruleset::RuleSet;
use super::units::{Unit, UnitId};

/// How what stands there differs from what was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// It stands in another field.
    OtherField,
    /// A word of the same spelling or lemma stands there.
    OtherForm,
    /// The parts stand in one sentence with so many words between them.
    TooFar(u32),
    /// The parts stand in one sentence in another order.
    OtherOrder,
    /// The parts stand in different sentences.
    OtherSentence,
    /// Only some of the parts stand there.
    Incomplete,
}

/// What stands there instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instead {
    /// How it differs.
    pub difference: Difference,
    /// Where it stands.
    pub places: Vec<Place>,
    /// The parts that stand nowhere, as written in the rule.
    pub missing: Vec<String>,
}

impl Instead {
    fn new(difference: Difference, places: Vec<Place>) -> Self {
        Self { difference, places, missing: Vec::new() }
    }
}

/// How many places are told.
const MAX_PLACES: usize = 10;

impl RuleSet {
    /// What stands in the advert in place of a leaf that fails; `clause` is its text in the rule.
    pub(super) fn instead(
        &self,
        unit: UnitId,
        fields: FieldMask,
        clause: &str,
        scratch: &Scratch,
    ) -> Option<Instead> {
        let numbers = |inside: bool| {
            (0..scratch.fields.len()).filter(move |number| (fields.0 >> number & 1 == 1) == inside)
        };
        for number in numbers(false) {
            let field = &scratch.fields[number];
            let found = self.places(unit, field).into_iter();
            let places: Vec<Place> = found.map(|at| self.shown(number, field, at)).collect();
            if !places.is_empty() {
                return Some(Instead::new(Difference::OtherField, cut(places)));
            }
        }
        let near = numbers(true).chain(numbers(false));
        let unit = self.as_written(unit, clause);
        let parts = self.book.units.parts(unit);
        let found = match self.book.units.kind(unit) {
            Unit::Word => self.other_form(clause, near, scratch),
            Unit::Phrase { .. } | Unit::Slop { .. } => {
                let names = self.words_of(clause);
                best(numbers(true).filter_map(|number| self.parted(number, parts, &names, scratch)))
            }
            Unit::Near { ordered, .. } => {
                let names = sides(clause).map(|sides| sides.map(|side| side.of(clause).to_owned()));
                best(numbers(true).filter_map(|number| {
                    let names = names.as_ref().map_or(&[][..], |names| &names[..]);
                    self.apart(number, [parts[0], parts[1]], ordered, names, scratch)
                }))
            }
            Unit::List { .. }
            | Unit::Any { .. }
            | Unit::Category { .. }
            | Unit::Comparison { .. } => None,
        };
        found.map(|found| Instead { places: cut(found.places), ..found })
    }

    /// Of the ways in which a term may be written, the one that the rule has.
    fn as_written(&self, unit: UnitId, clause: &str) -> UnitId {
        let units = &self.book.units;
        let count = match units.kind(unit) {
            Unit::List { .. } | Unit::Any { .. } if !names_list(clause) => {
                self.words_of(clause).len()
            }
            _ => return unit,
        };
        let of_count = |&&part: &&UnitId| match units.kind(part) {
            Unit::Word => count == 1,
            Unit::Phrase { .. } | Unit::Slop { .. } => units.parts(part).len() == count,
            _ => false,
        };
        units.parts(unit).iter().find(of_count).copied().unwrap_or(unit)
    }

    fn shown(&self, number: usize, field: &FieldText, at: places::Place) -> Place {
        let (start, end) = field.span(at);
        self.place_of(number, &field.text, start, end)
    }

    fn place_of(&self, number: usize, text: &Text, start: u32, end: u32) -> Place {
        let (start, end) = text.source_span(start, end);
        let field = self.settings.fields.texts().get(number).cloned().unwrap_or_default();
        Place { field, start, end }
    }

    /// The words of a term as written; empty where the clause is no single term.
    fn words_of(&self, clause: &str) -> Vec<String> {
        let strings = lex(clause).0.into_iter().filter_map(|symbol| match symbol.kind {
            SymbolKind::String(text) => Some(text),
            _ => None,
        });
        let strings: Vec<String> = strings.collect();
        let [term] = &strings[..] else { return Vec::new() };
        let mut text = Text::default();
        self.analyzer.read(&term.replace('*', ""), Markup::Plain, &mut text);
        text.tokens().iter().map(|token| text.surface(token).to_owned()).collect()
    }

    /// Words that share the spelling, noun lemma or verb lemma of the one that is looked for.
    fn other_form(
        &self,
        clause: &str,
        near: impl Iterator<Item = usize>,
        scratch: &Scratch,
    ) -> Option<Instead> {
        if names_list(clause) {
            return None;
        }
        let words = self.words_of(clause);
        let [wanted] = &words[..] else { return None };
        let wanted = self.forms(&self.analyzer.fold(wanted), false);
        let mut places = Vec::new();
        for number in near {
            let text = &scratch.fields[number].text;
            let alike = |token: &&Token| {
                let forms = self.forms(text.folded(token), text.is_name_like(token));
                forms.iter().any(|form| wanted.contains(form))
            };
            let found = text.tokens().iter().filter(alike);
            places.extend(found.map(|token| self.place_of(number, text, token.start, token.end)));
        }
        (!places.is_empty()).then(|| Instead::new(Difference::OtherForm, places))
    }

    fn forms(&self, folded: &str, name_like: bool) -> [String; 3] {
        [
            folded.to_owned(),
            self.analyzer.lemma(folded, name_like).into_owned(),
            self.analyzer.verb_lemma(folded).into_owned(),
        ]
    }

    /// The words of a phrase that do not stand as it has them.
    fn parted(
        &self,
        number: usize,
        words: &[UnitId],
        names: &[String],
        scratch: &Scratch,
    ) -> Option<Instead> {
        let field = &scratch.fields[number];
        let tokens = &field.tokens;
        let found: Vec<Vec<usize>> = words
            .iter()
            .map(|word| {
                let at = (0..tokens.len()).filter(|&at| field.words(&tokens[at]).contains(word));
                at.collect()
            })
            .collect();
        let one = |at: usize| self.shown(number, field, places::Place { first: at, last: at });
        let standing = || found.iter().filter_map(|at| at.first().copied());
        standing().next()?;
        if found.iter().any(Vec::is_empty) {
            let missing = found.iter().zip(names).filter(|(at, _)| at.is_empty());
            let missing = missing.map(|(_, name)| format!("\"{name}\"")).collect();
            let places = standing().map(one).collect();
            return Some(Instead { difference: Difference::Incomplete, places, missing });
        }
        let (first, others) = found.split_first()?;
        let in_order = first.iter().filter_map(|&start| {
            let mut last = start;
            for at in others {
                let next = at.partition_point(|&at| at <= last);
                last =
                    *at.get(next).filter(|&&at| tokens[at].sentence == tokens[start].sentence)?;
            }
            let between = tokens[last].position - tokens[start].position + 1 - words.len() as u32;
            Some((between, places::Place { first: start, last }))
        });
        if let Some((between, at)) = in_order.min_by_key(|(between, _)| *between) {
            let places = vec![self.shown(number, field, at)];
            return Some(Instead::new(Difference::TooFar(between), places));
        }
        let together = first.iter().find_map(|&start| {
            let sentence = tokens[start].sentence;
            let beside =
                |at: &Vec<usize>| at.iter().copied().find(|&at| tokens[at].sentence == sentence);
            found.iter().map(beside).collect::<Option<Vec<usize>>>()
        });
        Some(match together {
            Some(at) => Instead::new(Difference::OtherOrder, at.into_iter().map(one).collect()),
            None => Instead::new(Difference::OtherSentence, standing().map(one).collect()),
        })
    }

    /// The sides of a proximity that do not stand as it has them.
    fn apart(
        &self,
        number: usize,
        sides: [UnitId; 2],
        ordered: bool,
        names: &[String],
        scratch: &Scratch,
    ) -> Option<Instead> {
        let field = &scratch.fields[number];
        let found = sides.map(|side| self.places(side, field));
        let shown = |at: &places::Place| self.shown(number, field, *at);
        let [left, right] = &found;
        let (Some(first), Some(second)) = (left.first(), right.first()) else {
            let places: Vec<Place> =
                left.first().or(right.first()).map(shown).into_iter().collect();
            let missing = found.iter().zip(names).filter(|(at, _)| at.is_empty());
            let missing = missing.map(|(_, name)| name.clone()).collect();
            let some = !places.is_empty();
            return some.then_some(Instead { difference: Difference::Incomplete, places, missing });
        };
        let forwards = nearest(&field.tokens, left, right);
        let backwards = nearest(&field.tokens, right, left);
        let told = |difference, (_, at): (u32, places::Place)| {
            Some(Instead::new(difference, vec![shown(&at)]))
        };
        match (forwards, backwards) {
            (Some(found), _) if ordered => told(Difference::TooFar(found.0), found),
            (None, Some(found)) if ordered => told(Difference::OtherOrder, found),
            (None, None) => {
                let places = vec![shown(first), shown(second)];
                Some(Instead::new(Difference::OtherSentence, places))
            }
            (forwards, backwards) => {
                let found = forwards.into_iter().chain(backwards).min_by_key(|found| found.0)?;
                told(Difference::TooFar(found.0), found)
            }
        }
    }
}

fn names_list(clause: &str) -> bool {
    clause.trim_start().get(..4).is_some_and(|word| word.eq_ignore_ascii_case("list"))
}

/// The pair with the fewest words between, the left one first, in one sentence.
fn nearest(
    tokens: &[KnownToken],
    left: &[places::Place],
    right: &[places::Place],
) -> Option<(u32, places::Place)> {
    let pairs = left.iter().filter_map(|before| {
        let behind = right.partition_point(|place| place.first <= before.last);
        let after = right.get(behind)?;
        let (end, start) = (tokens[before.last], tokens[after.first]);
        let between = start.position.checked_sub(end.position + 1)?;
        let covered = places::Place { first: before.first, last: after.last };
        (start.sentence == end.sentence).then_some((between, covered))
    });
    pairs.min_by_key(|(between, _)| *between)
}

/// Of what several fields hold the most telling.
fn best(found: impl Iterator<Item = Instead>) -> Option<Instead> {
    found.min_by_key(|found| match found.difference {
        Difference::TooFar(between) => (0, between),
        Difference::OtherOrder => (1, 0),
        Difference::OtherSentence => (2, 0),
        _ => (3, found.missing.len() as u32),
    })
}

fn cut(mut places: Vec<Place>) -> Vec<Place> {
    places.truncate(MAX_PLACES);
    places
}

/// The sides of the outermost operator of a proximity, in the text of its clause.
fn sides(clause: &str) -> Option<[Span; 2]> {
    let (symbols, _) = lex(clause);
    let mut depth = 0usize;
    let mut operator = None;
    for (at, symbol) in symbols.iter().enumerate() {
        match symbol.kind {
            SymbolKind::Open => depth += 1,
            SymbolKind::Close => depth = depth.saturating_sub(1),
            SymbolKind::Word if depth == 0 => {
                let word = symbol.span.of(clause);
                let known = ["near", "before", "w", "pre"];
                if known.iter().any(|known| word.eq_ignore_ascii_case(known)) {
                    operator = Some(at);
                }
            }
            _ => {}
        }
    }
    // The operator, a slash, the distance.
    let operator = operator?;
    let right = symbols.get(operator + 3)?.span.start;
    let end = symbols.iter().rev().find(|symbol| symbol.kind != SymbolKind::End)?.span.end;
    let left = Span {
        start: symbols.first()?.span.start,
        end: symbols.get(operator.checked_sub(1)?)?.span.end,
    };
    Some([left, Span { start: right, end }])
}
