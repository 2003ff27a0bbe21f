use std::process::ExitCode;

use clap::Parser;
use logmill::command::{self, Arguments};

fn main() -> ExitCode {
    command::main(Arguments::parse())
}
