//! The explained answer: the record of an advert with, for each rule, its condition clause by clause.
//! Structure only (text, places, verdicts); the words around it belong to whoever shows it.

use serde_json::{Map, Value, json};

use crate::engine::explain::{
    Clause, ClauseKind, Difference, Explanation, Instead, Place, RuleExplanation,
};
use crate::engine::{RuleId, RuleSet};
use crate::lang::{Fields as Declared, ValueId};

use super::{Advert, CodePoints, Given, write_record};

/// Appends the record of `advert` with a member `explanations`. Offsets are code points: those of a
/// clause count within the rule's text, those of a place within the advert's field as given.
pub fn write_explanation(
    out: &mut Vec<u8>,
    advert: &Advert<'_>,
    ruleset: &RuleSet,
    version: Option<i64>,
    explanation: &Explanation,
) {
    write_record(out, advert.id.as_ref(), ruleset, version, &explanation.classification);
    // The record is one object; its closing brace makes room for one more member.
    out.pop();
    out.extend_from_slice(b",\"explanations\":");
    let fields = Fields { ruleset, texts: texts(advert, ruleset), advert };
    let rules = explanation.rules.iter().map(|rule| fields.rule(rule));
    out.extend_from_slice(Value::Array(rules.collect()).to_string().as_bytes());
    out.push(b'}');
}

/// The texts of an advert with the names of their fields.
fn texts<'a>(advert: &'a Advert<'_>, ruleset: &'a RuleSet) -> Vec<(&'a str, Text<'a>)> {
    let names = ruleset.settings().fields.texts();
    let mut sources = vec![""; names.len()];
    for (field, text) in
        [(Declared::TITLE, &advert.title), (Declared::DESCRIPTION, &advert.description)]
    {
        sources[field] = text.as_deref().unwrap_or("");
    }
    for given in &advert.fields {
        if let Given::Text(field, text) = given
            && let Some(source) = sources.get_mut(*field)
        {
            *source = text;
        }
    }
    let text = |source| Text { source, points: CodePoints::new(source) };
    names.iter().map(String::as_str).zip(sources.into_iter().map(text)).collect()
}

struct Text<'a> {
    source: &'a str,
    points: CodePoints<'a>,
}

struct Fields<'a> {
    ruleset: &'a RuleSet,
    advert: &'a Advert<'a>,
    texts: Vec<(&'a str, Text<'a>)>,
}

impl Fields<'_> {
    fn rule(&self, rule: &RuleExplanation) -> Value {
        let text = rule.span.of(&rule.source);
        let before = rule.source.get(..rule.span.start as usize).unwrap_or("");
        let source = Source { points: CodePoints::new(text), text, start: rule.span.start };
        let adds = rule.adds.iter().map(|(category, removers)| {
            json!({
                "path": self.ruleset.category_path(*category),
                "removed_by": self.names(removers),
            })
        });
        json!({
            "rule": self.ruleset.rule_name(rule.rule),
            "matched": rule.matched,
            "source": { "name": &*rule.source_name, "line": before.matches('\n').count() + 1, "text": text },
            "when": self.clause(&source, &rule.when),
            "unless": rule.unless.as_ref().map(|unless| self.clause(&source, unless)),
            "adds": adds.collect::<Vec<_>>(),
            "sets": rule.sets,
        })
    }

    fn clause(&self, source: &Source<'_>, clause: &Clause) -> Value {
        let (start, end) = (
            clause.span.start.saturating_sub(source.start),
            clause.span.end.saturating_sub(source.start),
        );
        let kind = match clause.kind {
            ClauseKind::And => "and",
            ClauseKind::Or => "or",
            ClauseKind::Not => "not",
            ClauseKind::AtLeast(_) => "at least",
            ClauseKind::Leaf => "leaf",
            ClauseKind::Category => "category",
            ClauseKind::Comparison(_) => "comparison",
        };
        let mut members = Map::new();
        members.insert("kind".into(), kind.into());
        members.insert("holds".into(), clause.holds.into());
        members.insert("start".into(), source.points.before(start).into());
        members.insert("end".into(), source.points.before(end).into());
        let text = source.text.get(start as usize..end as usize).unwrap_or("");
        members.insert("text".into(), text.into());
        if let ClauseKind::AtLeast(count) = clause.kind {
            members.insert("count".into(), count.into());
        }
        match clause.kind {
            ClauseKind::Leaf => {
                members.insert("fields".into(), json!(clause.fields));
                let places = clause.places.iter().map(|place| self.place(place));
                members.insert("places".into(), places.collect());
                if let Some(instead) = &clause.instead {
                    members.insert("instead".into(), self.instead(instead));
                }
            }
            ClauseKind::Category => {
                members.insert("rules".into(), self.names(&clause.rules));
            }
            ClauseKind::Comparison(field) => {
                let name = self.ruleset.settings().fields.value_name(field);
                members.insert("field".into(), name.into());
                members.insert("values".into(), self.values(field).collect());
            }
            _ => {
                let parts = clause.parts.iter().map(|part| self.clause(source, part));
                members.insert("parts".into(), parts.collect());
            }
        }
        Value::Object(members)
    }

    fn names(&self, rules: &[RuleId]) -> Value {
        rules.iter().map(|&rule| self.ruleset.rule_name(rule)).collect()
    }

    fn instead(&self, instead: &Instead) -> Value {
        let difference = match instead.difference {
            Difference::OtherField => "other field",
            Difference::OtherForm => "other form",
            Difference::TooFar(_) => "too far",
            Difference::OtherOrder => "other order",
            Difference::OtherSentence => "other sentence",
            Difference::Incomplete => "incomplete",
        };
        let mut members = Map::new();
        members.insert("difference".into(), difference.into());
        if let Difference::TooFar(between) = instead.difference {
            members.insert("words_between".into(), between.into());
        }
        let places = instead.places.iter().map(|place| self.place(place));
        members.insert("places".into(), places.collect());
        members.insert("missing".into(), json!(instead.missing));
        Value::Object(members)
    }

    /// What the advert gives for the field.
    fn values(&self, field: ValueId) -> impl Iterator<Item = Value> {
        let given = self.advert.fields.iter().filter(move |given| given.value() == Some(field));
        given.filter_map(|given| match given {
            Given::Text(..) => None,
            Given::Keyword(_, text) => Some(json!(text)),
            Given::Number(_, number) => Some(plain(*number)),
            Given::Date(_, date) => Some(json!(date.to_string())),
            Given::Boolean(_, value) => Some(json!(value)),
        })
    }

    fn place(&self, place: &Place) -> Value {
        let found = self.texts.iter().find(|(name, _)| *name == place.field);
        let Some((_, Text { source, points })) = found else { return Value::Null };
        json!({
            "field": place.field,
            "start": points.before(place.start),
            "end": points.before(place.end),
            "text": source.get(place.start as usize..place.end as usize),
        })
    }
}

/// A number without a point that it does not need.
#[expect(clippy::cast_precision_loss, reason = "it is compared with what it was")]
fn plain(number: f64) -> Value {
    let whole = number as i64;
    if (whole as f64).total_cmp(&number).is_eq() { json!(whole) } else { json!(number) }
}

struct Source<'a> {
    text: &'a str,
    points: CodePoints<'a>,
    /// Where the text stands in its source.
    start: u32,
}
