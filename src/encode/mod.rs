//! Events as text: the two lines of a bulk body, and one JSON object for people and tests.

mod document;
mod event;
mod id;
pub mod json;

pub use document::{Ends, Place, TIMESTAMP, Template};
pub use event::{write_event, write_value};
