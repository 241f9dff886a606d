//! Comparisons of an advert's values. Each value of an advert becomes one number when the advert is read,
//! and so does each value of a rule when it is compiled: a date by its digits, a boolean as 0 or 1,
//! a keyword as its number among those that rules name. A test then costs a few compares.

use hashbrown::HashMap;
use unicode_normalization::UnicodeNormalization;

use crate::exchange::Given;
use crate::lang::ValueId;
use crate::lang::ast::{Operator, Test, Value};

/// A keyword that no rule names; it equals none that one does.
const UNKNOWN: f64 = -1.0;

/// What a rule asks of a field, in numbers.
#[derive(Debug, Clone, PartialEq)]
struct Comparison {
    field: ValueId,
    asked: Asked,
}

#[derive(Debug, Clone, PartialEq)]
enum Asked {
    Is(Operator, f64),
    Between(f64, f64),
    /// Rising.
    In(Box<[f64]>),
}

/// The comparisons of a rule set, each once.
#[derive(Debug, Default)]
pub(super) struct Comparisons {
    all: Vec<Comparison>,
    /// The keywords that rules name, folded.
    keywords: HashMap<Box<str>, u32>,
}

/// A value of an advert.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    field: ValueId,
    number: f64,
}

impl Comparisons {
    /// What conditions ask of which fields, in the order of their numbers.
    pub(super) fn new(written: &[(ValueId, Test)]) -> Self {
        let mut comparisons = Self::default();
        for (field, test) in written {
            let asked = comparisons.asked(test);
            comparisons.all.push(Comparison { field: *field, asked });
        }
        comparisons
    }

    fn asked(&mut self, test: &Test) -> Asked {
        match test {
            Test::Is(operator, value) => Asked::Is(*operator, self.number(value)),
            Test::Between(low, high) => Asked::Between(self.number(low), self.number(high)),
            Test::In(values) => {
                let mut numbers: Vec<f64> = values.iter().map(|value| self.number(value)).collect();
                numbers.sort_unstable_by(f64::total_cmp);
                Asked::In(numbers.into())
            }
        }
    }

    fn number(&mut self, value: &Value) -> f64 {
        match value {
            Value::Number(number) => *number,
            Value::Date(date) => f64::from(date.number()),
            Value::Boolean(value) => f64::from(u8::from(*value)),
            Value::Keyword(text) => {
                let mut folded = String::new();
                fold(text, &mut folded);
                let next = self.keywords.len() as u32;
                f64::from(*self.keywords.entry(folded.into()).or_insert(next))
            }
        }
    }

    /// Appends an advert's values; `folded` is working memory.
    pub(super) fn read(&self, given: &[Given<'_>], folded: &mut String, found: &mut Vec<Found>) {
        for value in given {
            let (field, number) = match value {
                Given::Text(..) => continue,
                Given::Number(field, number) => (*field, *number),
                Given::Date(field, date) => (*field, f64::from(date.number())),
                Given::Boolean(field, value) => (*field, f64::from(u8::from(*value))),
                Given::Keyword(field, text) => {
                    fold(text, folded);
                    (*field, self.keywords.get(folded.as_str()).map_or(UNKNOWN, |&n| f64::from(n)))
                }
            };
            found.push(Found { field, number });
        }
    }

    /// The field that a comparison looks at.
    pub(super) fn field(&self, comparison: u32) -> ValueId {
        self.all[comparison as usize].field
    }

    /// Whether one of the advert's values meets the comparison of this number.
    pub(super) fn holds(&self, comparison: u32, found: &[Found]) -> bool {
        let Comparison { field, asked } = &self.all[comparison as usize];
        found.iter().any(|value| value.field == *field && asked.is_met_by(value.number))
    }
}

impl Asked {
    fn is_met_by(&self, number: f64) -> bool {
        match self {
            Self::Is(Operator::Less, value) => number < *value,
            Self::Is(Operator::AtMost, value) => number <= *value,
            Self::Is(Operator::Greater, value) => number > *value,
            Self::Is(Operator::AtLeast, value) => number >= *value,
            Self::Is(Operator::Equal, value) => same(number, *value),
            Self::Is(Operator::Unequal, value) => !same(number, *value),
            Self::Between(low, high) => (*low..=*high).contains(&number),
            Self::In(values) => values.binary_search_by(|value| value.total_cmp(&number)).is_ok(),
        }
    }
}

/// Equal in value; none of them is NaN or -0.
fn same(one: f64, other: f64) -> bool {
    one.total_cmp(&other).is_eq()
}

/// Writes `text` without regard to case, space around it and ways to compose its characters.
fn fold(text: &str, out: &mut String) {
    out.clear();
    let text = text.trim();
    if text.is_ascii() {
        out.push_str(text);
        out.make_ascii_lowercase();
    } else {
        out.extend(text.nfkc().flat_map(char::to_lowercase));
    }
}
