//! Integration tests: the real program against real servers.

mod agent;
mod docs;
mod proxy;
mod samples;
mod servers;
mod smoke;
