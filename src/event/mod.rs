//! The plain nouns that every stage shares. No I/O here.

mod chunk;
pub mod ecs;
mod fields;
mod schema;
mod span;
mod timestamp;
mod value;

pub use chunk::{Chunk, Frame, Stream};
pub use fields::{Extra, Fields};
pub use schema::{FieldId, Schema};
pub use span::{FileKey, Span};
pub use timestamp::{Timestamp, TimestampWriter};
pub use value::Value;
