use std::sync::{Mutex, PoisonError};

/// Whether the output answers, for those who ask while it runs.
#[derive(Debug, Default)]
pub struct Health {
    trouble: Mutex<Option<String>>,
}

impl Health {
    /// Why nothing can be delivered now, in one line; `None` when it can, or when nothing was tried yet.
    pub fn trouble(&self) -> Option<String> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn set(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}
