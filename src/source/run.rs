use std::io;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::tailer::{Setup, Tailer};
use crate::limits::{OPEN_FILES_MAX, READ_EVERY};

/// Starts the source's thread. It ends after [`super::Bell::shutdown`], or when a worker has ended; its
/// senders are dropped then, so that everything behind it ends too.
///
/// # Errors
///
/// When the system gives no thread.
pub fn start(setup: Setup) -> io::Result<JoinHandle<()>> {
    raise_descriptors();
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

/// Asks for more descriptors than quiet files may have, so that there is always one for a file that is
/// rotated away quickly and for a connection. Many systems grant 1024 and allow much more.
fn raise_descriptors() {
    let granted = getrlimit(Resource::Nofile);
    let wanted = 4 * OPEN_FILES_MAX as u64;
    let allowed = granted.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if granted.current.is_some_and(|current| current < allowed) {
        let more = Rlimit {
            current: Some(allowed),
            maximum: granted.maximum,
        };
        // Without it fewer files stay open at once, which costs time and nothing else.
        let _ = setrlimit(Resource::Nofile, more);
    }
}
