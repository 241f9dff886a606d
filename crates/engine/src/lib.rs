//! Jobsieve's engine: text in, categories out.
//!
//! An advert is read ([`exchange`]), cut into words ([`text`]) and tried against rules ([`engine`])
//! that experts wrote ([`lang`]). The crate knows no Python, no network and no database; its answer is
//! a pure function of the advert and the rule set.

pub mod engine;
pub mod exchange;
pub mod lang;
pub mod text;
