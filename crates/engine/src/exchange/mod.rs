//! How do adverts come in and answers go out? One JSON schema for the HTTP service, the command line
//! and Python: [`Advert::from_json`] reads a request, [`write_record`] writes its answer,
//! [`write_error_record`] the answer to what is no advert.
//!
//! Nothing here knows HTTP, files or Python, and no text of a request is ever part of a message unescaped.

mod advert;
mod code_points;
mod explanation;
mod fault;
mod record;
mod refusal;
#[cfg(test)]
mod tests;
mod values;

pub use advert::{Advert, AdvertId};
pub use code_points::CodePoints;
pub use explanation::write_explanation;
pub use fault::AdvertError;
pub use record::{write_error_record, write_record};
pub use values::{Given, expected_of};
