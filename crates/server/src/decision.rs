//! Which rules decided an answer, for the log: a sample of answers is enough to see what the rules do
//! without keeping the adverts. Of an advert nothing is told but its id.

use jobsieve_engine::engine::Classification;
use jobsieve_engine::exchange::AdvertId;
use serde_json::{Map, Value, json};

use crate::published::Live;

/// The fields of an event.
pub(crate) type Decision = Map<String, Value>;

/// A longer id is cut.
const LONGEST_ID: usize = 200;

/// Chooses a share of all answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Of 2³² answers so many are chosen.
    share: u64,
}

impl Sample {
    /// `share` is from 0 to 1.
    #[expect(clippy::cast_sign_loss, reason = "clamped")]
    pub(crate) fn of(share: f64) -> Self {
        Self { share: (share.clamp(0.0, 1.0) * 4_294_967_296.0) as u64 }
    }

    /// Whether the answer of this number is among them. Numbers in a row are spread over the whole.
    pub(crate) fn has(self, number: u64) -> bool {
        self.share > 0 && (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) < self.share
    }
}

/// What is told of one answer.
pub(crate) fn of(
    live: &Live,
    id: Option<&AdvertId<'_>>,
    classification: &Classification,
) -> Decision {
    let ruleset = &live.ruleset;
    let paths = classification.categories().iter();
    let paths = paths.map(|found| ruleset.category_path(found.category).into());
    let rules = classification.matched_rules().iter();
    let rules = rules.map(|&rule| ruleset.rule_name(rule).into());
    let mut told = Decision::new();
    let id = id.map(|id| match id {
        AdvertId::Text(text) => Value::from(text.chars().take(LONGEST_ID).collect::<String>()),
        AdvertId::Integer(number) => json!(number),
    });
    told.insert("id".to_owned(), id.unwrap_or_default());
    told.insert("ruleset_version".to_owned(), json!(live.version));
    told.insert("ruleset_hash".to_owned(), ruleset.hash().into());
    told.insert("categories".to_owned(), Value::Array(paths.collect()));
    told.insert("rules".to_owned(), Value::Array(rules.collect()));
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_its_share() {
        let count = |share| (0..10_000).filter(|&number| Sample::of(share).has(number)).count();
        assert_eq!((count(0.0), count(1.0)), (0, 10_000));
        assert!((95..=105).contains(&count(0.01)), "{}", count(0.01));
        assert!((4_950..=5_050).contains(&count(0.5)), "{}", count(0.5));
    }
}
