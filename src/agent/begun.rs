use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// Units in which /proc/PID/stat counts time, in nanoseconds: `USER_HZ` is 100 (proc(5)).
const TICK_NANOS: i64 = 10_000_000;

/// Which field of /proc/PID/stat says when the process was made, counted from the one behind the command's name,
/// which may hold anything (proc(5), field 22).
const START_TIME: usize = 19;

/// When this process was made, in nanoseconds since the epoch, or a little earlier. What is written to a log from then
/// on is the agent's to deliver, also before it has looked for the first time.
pub fn process_began() -> i64 {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX));
    let age = age(&fs::read_to_string("/proc/self/stat").unwrap_or_default());
    now - age.unwrap_or(0).max(0)
}

/// How long ago the process was made, in nanoseconds; `None` where the system does not say.
fn age(stat: &str) -> Option<i64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: i64 = fields.split_ascii_whitespace().nth(START_TIME)?.parse().ok()?;
    let up = clock_gettime(ClockId::Boottime);
    let up = up.tv_sec.checked_mul(1_000_000_000)?.checked_add(up.tv_nsec)?;
    up.checked_sub(ticks.checked_mul(TICK_NANOS)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_is_older_than_this_test_and_younger_than_the_machine() {
        let up = clock_gettime(ClockId::Boottime).tv_sec * 1_000_000_000;
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let old = age(&stat).unwrap();
        assert!((0..=up).contains(&old), "{old} {up}");
        // A command may be called anything.
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let renamed = format!("1 (a) b){fields}");
        assert!(age(&renamed).unwrap() >= old);
        assert_eq!(age("1 (x) R 1"), None);
    }
}
