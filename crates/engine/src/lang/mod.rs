//! How is a rule written, and what does it mean? Source text becomes a tree, or diagnostics that say
//! what is wrong and where; all errors of a file come in one pass.
//!
//! Flow: [`lexer`] cuts the source into symbols, [`grammar`] reads them into the tree of [`ast`],
//! [`print`] writes a tree in its canonical form, [`split`] cuts a file into its objects verbatim.
//! Nothing here knows words, lemmas or adverts.

mod actions;
pub mod ast;
mod comparison;
mod condition;
pub mod diagnostic;
pub mod fields;
mod foreign;
pub mod grammar;
mod group;
pub mod lexer;
pub mod print;
pub mod proximity;
pub mod split;
pub mod values;

pub(crate) use actions::path_fault;
pub use ast::Span;
pub use diagnostic::{Code, Diagnostic, Severity};
pub use fields::{Field, FieldKind, FieldMask, Fields, ValueId};
pub use grammar::{Parsed, parse};
