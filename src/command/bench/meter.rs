//! What this process has used.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use crate::allocations;

/// Reads the clocks now, and says later what has been used since.
#[derive(Debug)]
pub struct Meter {
    began: Instant,
    cpu_nanos: u64,
    thread_cpu_nanos: u64,
    allocations: u64,
}

impl Meter {
    pub fn start() -> Self {
        Meter {
            began: Instant::now(),
            cpu_nanos: nanos(ClockId::ProcessCPUTime),
            thread_cpu_nanos: thread_cpu_nanos(),
            allocations: allocations::of_this_thread(),
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Of all threads, in the program and in the kernel for it.
    pub fn cpu_nanos(&self) -> u64 {
        nanos(ClockId::ProcessCPUTime).saturating_sub(self.cpu_nanos)
    }

    /// Of this thread.
    pub fn thread_cpu_nanos(&self) -> u64 {
        thread_cpu_nanos().saturating_sub(self.thread_cpu_nanos)
    }

    /// Of this thread.
    pub fn allocations(&self) -> u64 {
        allocations::of_this_thread() - self.allocations
    }
}

/// CPU time of this thread since it began.
pub fn thread_cpu_nanos() -> u64 {
    nanos(ClockId::ThreadCPUTime)
}

fn nanos(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    // Neither is ever below 0.
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The most memory that this process has had, in bytes; `None` where the system does not say.
pub fn rss_bytes_max() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_is_seen() {
        let meter = Meter::start();
        let memory = std::hint::black_box(vec![1u8; 1 << 20]);
        assert_eq!(meter.allocations(), 1);
        let sum: u64 = memory.iter().map(|&byte| u64::from(byte)).sum();
        assert_eq!(sum, 1 << 20);
        assert!(meter.cpu_nanos() > 0 && meter.thread_cpu_nanos() > 0);
        assert!(rss_bytes_max().is_none_or(|bytes| bytes > 1 << 20));
    }
}
