//! The pattern language: a line with its changing parts replaced by `{field}`.
//!
//! ```text
//! {name}         everything up to the text that follows; at the end, all the rest
//! {name:kind}    a number, an address, a time …: see `Kind`
//! {name?}        may be absent: empty or `-` gives no field
//! {_}            match, keep nothing
//! {{ }}          a brace
//! two or more spaces: one or more spaces or tabs in the line
//! ```
//!
//! ```text
//! pattern text ──grammar (nom)──▶ pieces ──compile──▶ Program: capture, separator, capture, separator …
//!                                                        │
//!                                  bytes of an event ──run──▶ slots of Fields
//! ```
//!
//! How a capture finds its end depends on its kind. An *open* kind (text) asks the separator: its value ends at
//! the first place where the literal that follows occurs and, when a typed capture follows that literal, where
//! the byte after it is one that the type can begin with. A *closed* kind (number, time, address) knows its own
//! end, and the literal must stand right there. Either way the position only moves forward: the time is linear
//! in the length of the line, whatever the line holds, and nothing is allocated unless a quoted value holds
//! escapes, which are unescaped into the arena.
//!
//! No I/O here, and no wall clock: [`Clock`] is told the time.

mod alternatives;
mod byteset;
mod capture;
mod compile;
mod explain;
mod grammar;
mod kind;
mod level;
mod list;
mod needle;
mod net;
mod number;
mod octets;
mod outline;
mod quoted;
mod run;
mod scene;
mod scopes;
mod separator;
mod sequels;
mod time;
mod unit;
mod web;

pub use alternatives::Alternatives;
pub use capture::Capture;
pub use explain::Explanation;
pub use grammar::SyntaxError;
pub use kind::Kind;
#[cfg(test)]
pub(crate) use needle::EXAMINED;
pub use outline::Outline;
pub use run::{Mismatch, Program};
pub use scene::Scene;
pub use sequels::Sequels;
pub use time::{Clock, Form};
pub use unit::Unit;

use crate::event::Timestamp;

/// What a reader of one value gives: the rest of the input and the value. A nom parser that says no more about
/// a failure than that there was one, which keeps a failed attempt as cheap as a successful one.
type Read<'a, T> = nom::IResult<&'a [u8], T, ()>;

/// A whole text as an instant, by RFC 3339; what a container runtime writes before a line.
pub fn rfc3339(text: &[u8], clock: &mut Clock) -> Option<Timestamp> {
    match Form::Rfc3339.read(text, clock) {
        Ok(([], at)) => Some(at),
        _ => None,
    }
}

/// The failure of a [`Read`].
fn fail<'a, T>() -> Read<'a, T> {
    Err(nom::Err::Error(()))
}

#[cfg(test)]
mod tests;
