use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// What the settings depend on besides their file. Tests bring their own.
pub trait Surroundings {
    /// An environment variable; one that is not UTF-8 counts as unset.
    fn variable(&self, name: &str) -> Option<String>;
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// What relative paths begin at.
    fn current_dir(&self) -> io::Result<PathBuf>;
    fn cores(&self) -> NonZeroUsize;
}

/// The machine that the program runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Surroundings for System {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn current_dir(&self) -> io::Result<PathBuf> {
        std::env::current_dir()
    }

    fn cores(&self) -> NonZeroUsize {
        std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
    }
}
