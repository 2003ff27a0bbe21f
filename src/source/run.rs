use std::io;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::tailer::{Setup, Tailer};
use crate::limits::READ_EVERY;

/// Starts the source's thread. It ends after [`super::Bell::shutdown`], or when a worker has ended; its
/// senders are dropped then, so that everything behind it ends too.
///
/// # Errors
///
/// When the system gives no thread.
pub fn start(setup: Setup) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name("source".to_owned()).spawn(move || {
        let bell = setup.bell.clone();
        let mut tailer = Tailer::new(setup, Instant::now());
        while !tailer.is_ended() {
            let pause = tailer.step(Instant::now());
            if !pause.is_zero() {
                bell.wait(pause, READ_EVERY);
            }
        }
        tailer.keep_all(Instant::now());
    })
}
