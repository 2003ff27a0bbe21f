//! JSON lines: one forward scan, no tree.

mod scan;
mod text;

pub(super) use scan::{Broken, Scan, Shape};
pub(super) use text::unescape;
