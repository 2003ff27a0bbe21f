use std::thread::{Builder, JoinHandle};

use anyhow::{Context, bail};

/// Runs `work` in a thread of this name.
pub fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> anyhow::Result<JoinHandle<()>> {
    Builder::new()
        .name(name)
        .spawn(work)
        .context("cannot start a thread; the system's limit of threads may be reached")
}

/// Waits for the end of all of them.
///
/// # Errors
///
/// When one of them has panicked: the agent has not ended because somebody wanted it to.
pub fn join_all(threads: impl Iterator<Item = JoinHandle<()>>) -> anyhow::Result<()> {
    let mut broken = Vec::new();
    for thread in threads {
        let name = thread.thread().name().unwrap_or_default().to_owned();
        if thread.join().is_err() {
            broken.push(name);
        }
    }
    if !broken.is_empty() {
        bail!(
            "a thread has panicked ({}); what it had under way is read again at the next start",
            broken.join(", ")
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_panics_is_an_error_and_the_others_are_waited_for() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let broken = spawn("worker-0".to_owned(), || panic!("on purpose")).unwrap();
        let whole = spawn("worker-1".to_owned(), move || sender.send(()).unwrap()).unwrap();
        let error = join_all([broken, whole].into_iter()).unwrap_err();
        assert!(error.to_string().contains("(worker-0)"), "{error}");
        assert_eq!(receiver.try_recv(), Ok(()));
        assert!(join_all(std::iter::empty()).is_ok());
    }
}
