use std::process::ExitCode;

use clap::Parser;
use logmill::allocations::Counting;
use logmill::command::{self, Arguments};

/// `logmill bench` says how often a line asks for memory.
#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() -> ExitCode {
    command::main(Arguments::parse())
}
