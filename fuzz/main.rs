//! Feeds changed fixtures to what reads bytes of others: `cargo run --example fuzz -- [SECONDS] [SEED] [TARGET]`.
//!
//! Each target runs for SECONDS (5). The seed is printed; with the same seed the same inputs come in the same
//! order. It runs with the stable compiler and needs nothing installed; it does not see which code an input reaches,
//! so the seeds have to be good: they are the fixtures.

mod mutate;
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mutate::Mutator;

/// Inputs that are tried between two looks at the clock.
const BETWEEN_LOOKS: u32 = 64;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let mut number = || arguments.next().and_then(|text| text.parse::<u64>().ok());
    let seconds = Duration::from_secs(number().unwrap_or(5));
    let seed = number().unwrap_or_else(from_clock);
    let only = arguments.next();
    println!("seed {seed}");
    for target in targets::all() {
        if only.as_deref().is_some_and(|only| only != target.name) {
            continue;
        }
        match run(&target, seed, seconds) {
            Ok(tried) => println!(
                "{}: {tried} inputs from {} seeds",
                target.name,
                target.seeds.len()
            ),
            Err(input) => {
                eprintln!(
                    "{}: panicked with seed {seed}, on {}",
                    target.name,
                    input.escape_ascii()
                );
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

/// How many inputs were tried, or the one that the target panicked on.
fn run(target: &targets::Target, seed: u64, time: Duration) -> Result<u64, Vec<u8>> {
    let mut mutator = Mutator::new(seed);
    let began = Instant::now();
    let mut tried = 0;
    while began.elapsed() < time {
        for _ in 0..BETWEEN_LOOKS {
            let input = mutator.input(&target.seeds);
            tried += 1;
            if catch_unwind(AssertUnwindSafe(|| (target.check)(&input))).is_err() {
                return Err(input);
            }
        }
    }
    Ok(tried)
}

fn from_clock() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(1, |now| now.as_nanos() as u64)
}
