//! Integration tests: the real program against real servers.

mod servers;
mod smoke;
