//! JSON lines: one forward scan, no tree.

mod explain;
mod joined;
mod line;
mod repair;
mod scan;
mod text;

pub(super) use explain::explain;
pub(super) use joined::{holds, joined};
pub use line::parse;
pub(super) use repair::{lossy, number, repaired, unescaped};
pub(super) use scan::{Broken, Scan, Shape};
pub(super) use text::unescape;

#[cfg(test)]
mod tests;
