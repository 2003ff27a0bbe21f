//! Integration tests: the real program against real servers.

mod agent;
mod proxy;
mod servers;
mod smoke;
