//! logmill: a log shipper and metrics extractor for every host.
//!
//! # The way of the data
//!
//! ```text
//! discover ─▶ read ─▶ frame ─▶ parse ─▶ derive ─▶ encode ─▶ ship ─▶ settle ─▶ checkpoint
//! globs,      bytes   lines →  fields   counters  bulk      POST,   verdict   offset of the last
//! notify +    of one  events   (nom)    histograms NDJSON   retry   per doc   settled byte per file
//! slow scan   file    (multi-           sessions
//!                     line)
//! ```
//!
//! The data goes in one direction through bounded channels. A full channel stops the reader: the log files
//! are the buffer. What moves is a [`event::Chunk`]: a range of one file that holds whole events. Parsing
//! borrows from it, and the bulk body is written straight from the parsed slots; nothing is allocated per event.
//!
//! # Modules, from the nouns to the program
//!
//! A module uses only modules above it in this list.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`allocations`] | how often a thread asked for memory; the only `unsafe` |
//! | [`block`] | sixteen bytes compared at once |
//! | [`limits`] | every limit: its unit, its default, what happens when it is reached |
//! | `durable` | names in directories that a power cut does not take |
//! | [`event`] | value, field, span, chunk: plain nouns, no I/O |
//! | [`pattern`] | the pattern language: grammar, kinds, times; compiled steps over bytes, no I/O |
//! | [`encode`] | events as text: bulk lines, JSON objects |
//! | [`mod@format`] | parsers by name for what a pattern cannot express: JSON, logfmt, syslog; and host format strings turned into patterns |
//! | [`config`] | what the user wrote, with the place of each word; diagnostics |
//! | [`mod@derive`] | counters, gauges and histograms from fields; series budgets; routes; exposition text |
//! | [`pipeline`] | one pipeline compiled: frame rule, patterns, constants, metric rules |
//! | [`state`] | settled spans → safe offsets; the checkpoint |
//! | [`lane`] | what becomes of the events of an input: its pipeline, its template, its metric rules |
//! | [`source`] | discover, identity, read, frame |
//! | [`ship`] | batch, verdict, backoff, client, rejects; file and stdout outputs |
//! | [`input`] | from the settings of an input to its lane and to what the source has to know of it |
//! | [`columns`] | the headers within a chunk of a file that names its columns |
//! | [`mill`] | one worker's pass over a chunk: parse, derive, encode |
//! | [`suggest`] | from a log of unknown form to the pipelines that fit, and to a draft of one |
//! | [`import`] | from the configurations of Filebeat and Logstash to ours, with a report |
//! | [`http`] | /metrics, /healthz, /readyz, status |
//! | [`agent`] | starts the tasks, owns shutdown and reload |
//! | [`demo`] | a synthetic company that writes log files, and the screen that shows what the agent makes of them |
//! | [`command`] | one file per subcommand |
//!
//! # Invariants
//!
//! - The checkpoint never passes a byte that is not settled: every event before it was accepted, was already
//!   there, was filtered, or was refused for good and kept in the reject store.
//! - An event's document `_id` depends on the identity of its file, its offset and its first line only, so a
//!   replay meets itself ("already there").
//! - Metrics see an event once: the position up to which a file was counted travels with the checkpoint.
//! - Only the source is cancelled at shutdown; each later stage ends because its input closed.
//! - Bytes stay bytes until JSON is written: nothing before [`encode`] needs valid UTF-8.
//!
//! Deliberately absent: an own queue on disk (the log files are one), a plug-in system, cargo features.

#![deny(unsafe_code)]
// They panic where standard output or standard error is closed or full; `command::out` does not.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod agent;
pub mod allocations;
pub mod block;
pub mod columns;
pub mod command;
pub mod config;
pub mod demo;
pub mod derive;
mod durable;
pub mod encode;
pub mod event;
pub mod format;
pub mod http;
pub mod import;
pub mod input;
pub mod lane;
pub mod limits;
pub mod mill;
pub mod pattern;
pub mod pipeline;
pub mod ship;
pub mod source;
pub mod state;
pub mod suggest;
