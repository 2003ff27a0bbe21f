//! Events as text: the two lines of a bulk body, and one JSON object for people and tests.

mod decimal;
mod document;
mod event;
mod id;
pub mod json;
mod page;
mod plain;
mod sheet;

pub use document::{Ends, Place, TIMESTAMP, Template};
pub use event::{write_event, write_value};
pub use page::{Page, Pen};
pub use sheet::{SHEET_BYTES, Sheet};
