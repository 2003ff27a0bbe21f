//! How each program lays out its log: one file per layout, nothing about what is logged.
//!
//! Every function returns whole lines with their newline.

pub mod aspnet;
pub mod nginx;
pub mod postgres;
pub mod rabbit;
pub mod spring;

#[cfg(test)]
mod tests;
