//! Standard output and standard error as commands write to them.
//!
//! Whoever reads may have seen enough: what is written to a closed pipe is left out, and the command goes on and ends
//! as it would have. A device that is full is an error. The macros of the standard library panic at both.

use std::io::{self, Stderr, Stdout, Write};

/// One of the two streams.
#[derive(Debug)]
pub struct Out<W> {
    to: W,
    name: &'static str,
    /// Nobody reads any more.
    closed: bool,
}

/// Standard output.
pub fn stdout() -> Out<Stdout> {
    Out::new(io::stdout(), "standard output")
}

/// Standard error.
pub fn stderr() -> Out<Stderr> {
    Out::new(io::stderr(), "standard error")
}

impl<W> Out<W> {
    fn new(to: W, name: &'static str) -> Self {
        Out {
            to,
            name,
            closed: false,
        }
    }

    /// Whether more need not be made.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// `written`, or `otherwise` where the pipe is closed.
    fn heed<T>(&mut self, written: io::Result<T>, otherwise: T) -> io::Result<T> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(otherwise)
            }
            // `write_all` tries again by itself.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => Err(io::Error::new(
                error.kind(),
                format!("cannot write to {}: {error}", self.name),
            )),
            written => written,
        }
    }
}

impl<W: Write> Write for Out<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let written = self.to.write(bytes);
        self.heed(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let written = self.to.flush();
        self.heed(written, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes `room` bytes and fails then.
    struct Failing {
        room: usize,
        with: io::ErrorKind,
    }

    impl Write for Failing {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.room == 0 {
                return Err(self.with.into());
            }
            let taken = bytes.len().min(self.room);
            self.room -= taken;
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn failing(with: io::ErrorKind) -> Out<Failing> {
        Out::new(Failing { room: 3, with }, "standard output")
    }

    #[test]
    fn what_nobody_reads_any_more_is_left_out() {
        let mut out = failing(io::ErrorKind::BrokenPipe);
        writeln!(out, "a").unwrap();
        assert!(!out.is_closed());
        writeln!(out, "some more").unwrap();
        assert!(out.is_closed());
        writeln!(out, "and more").unwrap();
        out.flush().unwrap();
    }

    #[test]
    fn a_full_device_is_an_error_that_says_which() {
        let mut out = failing(io::ErrorKind::StorageFull);
        let error = writeln!(out, "too much").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert!(error.to_string().contains("standard output"), "{error}");
    }
}
