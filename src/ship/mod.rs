//! Events become bulk bodies, bodies become verdicts.

mod document;
mod id;
pub mod json;

pub use document::{Place, TIMESTAMP, Template, write_value};
