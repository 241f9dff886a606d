//! Jobsieve's engine: text in, categories out.

pub mod exchange;
pub mod engine;
pub mod lang;
pub mod text;
