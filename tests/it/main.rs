//! Integration tests: the real program against real servers.

mod agent;
mod deploy;
mod docs;
mod proxy;
mod samples;
mod servers;
mod smoke;
mod terminal;
mod walk;
