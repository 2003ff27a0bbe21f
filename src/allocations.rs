//! How often this thread has asked for memory: what `logmill bench` reports, and what tests hold the promise of
//! "nothing is allocated per line" against.
//!
//! The only `unsafe` of the crate.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, and a count for each thread. A program counts when it registers it:
///
/// ```
/// #[global_allocator]
/// static ALLOCATOR: logmill::allocations::Counting = logmill::allocations::Counting;
/// ```
#[derive(Debug)]
pub struct Counting;

thread_local! {
    // Initialised by the compiler and without a destructor: touching it neither allocates nor registers anything,
    // so that the allocator may.
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<i64> = const { Cell::new(0) };
}

/// How often this thread has asked for memory since it began, growing of what it had included; 0 for ever in a
/// program that does not register [`Counting`].
///
/// A count of each thread by itself costs one addition to memory that no other thread touches.
pub fn of_this_thread() -> u64 {
    COUNT.get()
}

/// Bytes that this thread has asked for and not given back; what another thread gives back is that one's. 0 where
/// [`of_this_thread`] is.
pub fn bytes_of_this_thread() -> i64 {
    BYTES.get()
}

#[inline]
fn count(bytes: usize) {
    COUNT.set(COUNT.get().wrapping_add(1));
    BYTES.set(BYTES.get().wrapping_add_unsigned(bytes as u64));
}

#[inline]
fn uncount(bytes: usize) {
    BYTES.set(BYTES.get().wrapping_sub_unsigned(bytes as u64));
}

// SAFETY: each function passes its arguments unchanged to the function of the same name of `System`, whose contract
// is the same, and passes back what that one gives. `count` and `uncount` do not allocate and do not panic, so nothing
// unwinds out of here and no call comes back into here.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        count(bytes);
        uncount(layout.size());
        // SAFETY: as above; the memory is from `System`, since all of it is.
        unsafe { System.realloc(memory, layout, bytes) }
    }

    #[inline]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        uncount(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// The tests of the library count, too.
#[cfg(test)]
#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asking_is_counted_on_the_thread_that_asks() {
        let before = of_this_thread();
        let mut memory: Vec<u8> = Vec::with_capacity(64);
        assert_eq!(of_this_thread(), before + 1);
        memory.push(1);
        assert_eq!(of_this_thread(), before + 1, "there was room");
        memory.reserve(1000);
        assert_eq!(of_this_thread(), before + 2);
        let held = bytes_of_this_thread();
        drop(memory);
        assert_eq!(of_this_thread(), before + 2);
        assert!(
            held - bytes_of_this_thread() >= 1001,
            "what grew is given back whole"
        );
        let elsewhere = std::thread::spawn(|| {
            let before = of_this_thread();
            drop(Vec::<u8>::with_capacity(64));
            of_this_thread() - before
        });
        assert_eq!(elsewhere.join().ok(), Some(1));
    }
}
