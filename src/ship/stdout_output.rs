//! Documents to standard output, one JSON object per line, for pipes and eyes.

use std::io::{self, Write};
use std::sync::Arc;

use tokio::sync::mpsc::Receiver;

use super::batch::Batch;
use super::ended::Ended;
use super::settle::{Settle, settle_all};

/// Writes the source lines of batches; `W` is standard output but in tests.
#[derive(Debug)]
pub struct StdoutOutput<W = io::Stdout> {
    out: W,
    /// Source lines of one batch.
    lines: Vec<u8>,
}

impl Default for StdoutOutput {
    fn default() -> Self {
        StdoutOutput {
            out: io::stdout(),
            lines: Vec::new(),
        }
    }
}

impl<W: Write + Send + 'static> StdoutOutput<W> {
    pub(super) async fn run(mut self, mut batches: Receiver<Batch>, settle: Arc<dyn Settle>) -> Ended {
        while let Some(batch) = batches.recv().await {
            // A reader that pauses must not hold up a thread of the runtime.
            let written = tokio::task::spawn_blocking(move || {
                let result = self.write(&batch);
                (self, batch, result)
            });
            let Ok((back, batch, result)) = written.await else {
                return Ended::GaveUp;
            };
            self = back;
            match result {
                Ok(()) => settle_all(&batch, &*settle),
                Err(error) => {
                    // `head` has seen enough: that is no error.
                    if error.kind() == io::ErrorKind::BrokenPipe {
                        return Ended::Closed;
                    }
                    tracing::error!(
                        "cannot write to standard output: {error}; what is not written is read again at the next start"
                    );
                    return Ended::Failed;
                }
            }
        }
        Ended::Drained
    }

    fn write(&mut self, batch: &Batch) -> io::Result<()> {
        self.lines.clear();
        for doc in 0..batch.docs.len() {
            let both = &batch.body[batch.bytes_of(doc..doc + 1)];
            let source = memchr::memchr(b'\n', both).map_or(&[][..], |end| &both[end + 1..]);
            self.lines.extend_from_slice(source);
        }
        self.out.write_all(&self.lines)?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::mpsc;

    use super::*;
    use crate::ship::testing::{Settled, batch_of};

    /// Takes `room` bytes, then the reader is gone.
    #[derive(Clone, Default)]
    struct Pipe {
        text: Arc<Mutex<Vec<u8>>>,
        room: usize,
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut text = self.text.lock().unwrap();
            if text.len() + bytes.len() > self.room {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            text.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    async fn run(room: usize) -> (Ended, String, u64) {
        let pipe = Pipe {
            room,
            ..Pipe::default()
        };
        let settled = Arc::new(Settled::default());
        let (sender, receiver) = mpsc::channel(1);
        sender.send(batch_of(&["{\"n\":1}", "{\"n\":2}"])).await.unwrap();
        drop(sender);
        let output = StdoutOutput {
            out: pipe.clone(),
            lines: Vec::new(),
        };
        let ended = output.run(receiver, settled.clone()).await;
        let text = String::from_utf8(pipe.text.lock().unwrap().clone()).unwrap();
        (ended, text, settled.total().accepted)
    }

    #[tokio::test]
    async fn only_source_lines_are_written() {
        assert_eq!(
            run(1000).await,
            (Ended::Drained, "{\"n\":1}\n{\"n\":2}\n".to_owned(), 2)
        );
    }

    #[tokio::test]
    async fn a_reader_that_went_away_ends_the_output_and_settles_nothing() {
        assert_eq!(run(10).await, (Ended::Closed, String::new(), 0));
    }
}
