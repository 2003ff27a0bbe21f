//! Integration tests: the real program against real servers.

mod proxy;
mod servers;
mod smoke;
