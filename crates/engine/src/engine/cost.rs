//! What each rule costs on a sample of adverts: how often it is tried, how often it matches, and how long
//! that takes.

use std::time::Instant;

use crate::exchange::{Advert, AdvertError};

use super::matcher::Scratch;
use super::ruleset::RuleSet;

/// What a rule cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// The adverts on which its condition was evaluated.
    pub tried: u64,
    /// Those that it matched.
    pub matched: u64,
    /// What the trials took, with two looks at the clock for each. What several rules ask for is worked
    /// out for the first of them.
    pub nanoseconds: u64,
}

impl RuleSet {
    /// Classifies an advert and adds what each rule cost to `costs`, which has one entry for each rule by
    /// number.
    ///
    /// # Errors
    /// As [`RuleSet::classify`].
    pub fn add_costs(
        &self,
        advert: &Advert<'_>,
        scratch: &mut Scratch,
        costs: &mut [Cost],
    ) -> Result<(), AdvertError> {
        scratch.begin(self);
        self.read(advert, scratch)?;
        self.mark(scratch);
        scratch.collect_candidates(self);
        let mut last = Instant::now();
        self.try_candidates(scratch, |rule, matched| {
            let took = last.elapsed().as_nanos();
            if let Some(cost) = costs.get_mut(rule.0 as usize) {
                cost.tried += 1;
                cost.matched += u64::from(matched);
                cost.nanoseconds += u64::try_from(took).unwrap_or(u64::MAX);
            }
            last = Instant::now();
        });
        Ok(())
    }
}
