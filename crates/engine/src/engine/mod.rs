//! Which rules match an advert? Rules are compiled once into an immutable [`RuleSet`]; a [`Scratch`]
//! per thread holds the working memory of a classification.

use crate::exchange::Advert;

/// An immutable, compiled set of rules. Shared by all threads, never locked.
#[derive(Debug)]
pub struct RuleSet {}

/// The working memory of one thread's classifications; reused, so that steady work allocates nothing.
#[derive(Debug, Default)]
pub struct Scratch {}

/// What the rules say of one advert; lives in a [`Scratch`].
#[derive(Debug, Default)]
pub struct Classification {}

impl RuleSet {
    /// The content hash: `sha256:` and 64 hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> &str { todo!() }
    /// How many rules there are.
    #[must_use]
    pub fn rule_count(&self) -> usize { todo!() }
    /// Classifies one advert.
    pub fn classify<'s>(&self, _advert: &Advert<'_>, _scratch: &'s mut Scratch) -> &'s Classification { todo!() }
}

impl Classification {
    /// How many categories the advert has.
    #[must_use]
    pub fn category_count(&self) -> usize { todo!() }
}
