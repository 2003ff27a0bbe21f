use std::sync::{Mutex, MutexGuard, PoisonError};

/// Counts are sums: a panic elsewhere cannot leave them half done in a way that matters more than losing them.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
