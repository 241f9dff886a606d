//! Which rules match an advert, and why? Rules are compiled once into an immutable [`RuleSet`]; a
//! [`Scratch`] per thread holds the working memory of its classifications.
//!
//! Flow of a build: [`resolve`] turns the trees of [`lang`](crate::lang) into [`units`] (words, phrases,
//! lists) and conditions over them, each a [`tree`]; all that is a [`rulebook`]. [`link`] makes the rule set
//! of it: each condition becomes a [`program`] for speed, [`select`] files it under units without which it
//! can't match, [`vocabulary`] files the [`forms`] of every word. [`rebuild`] takes over what is the same, a
//! [`bundle`] keeps the book as a file.
//! Flow of an advert: [`matcher`] marks the units that stand in it, tries the rules filed under them,
//! and adds up the categories. [`unfiltered`] is the same without any selection, for tests;
//! [`explain`] tells why a rule did or did not match, [`instead`] what stands in place of a clause that
//! fails; [`cost`] what each rule costs. [`skeleton`] lays the conditions open for tools.

pub mod bundle;
pub mod classification;
mod comparisons;
pub mod compile;
mod cost;
pub mod explain;
mod filed;
mod forms;
mod identity;
mod instead;
mod layers;
mod link;
mod marks;
pub mod matcher;
mod memory;
mod phrases;
mod places;
mod prefetch;
mod program;
mod reading;
mod rebuild;
mod resolve;
mod roles;
mod rulebook;
pub mod ruleset;
mod select;
mod settings;
pub mod skeleton;
mod slots;
mod table;
mod tallies;
mod taxonomy;
mod terms;
mod tree;
pub mod unfiltered;
mod units;
mod validate;
mod vocabulary;

pub use classification::{CategoryResult, Classification};
pub use compile::{Compiled, Source, compile, recompile};
pub use cost::Cost;
pub use matcher::Scratch;
pub use ruleset::{CategoryId, RuleId, RuleSet};
pub use settings::Settings;
pub use taxonomy::Taxonomy;
