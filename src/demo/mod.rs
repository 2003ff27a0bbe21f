//! The embedded default: something to look at before anything is configured.
//!
//! [`company`] makes up what a Shop, a CRM and a MES write into their logs; [`writer`] appends it to real files
//! and rotates them.

pub mod company;
pub mod writer;
