//! Parsers by name for what a pattern cannot express, and host format strings turned into patterns.

pub mod container;
pub mod host;
pub mod json;
pub mod trace;
