use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::limits::{CLOSING_MAX, NOTED_FILES_MAX, OPEN_FILES_MAX};

/// How many descriptors each part of the source may hold. Together they leave a sixteenth of what the system grants
/// for connections and the state directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptors {
    /// Files that stay open between two looks. One more is open while it is looked at.
    pub quiet: usize,
    /// Files that came while the agent runs, or were rotated away, are opened at once up to here: they may be deleted
    /// before their turn comes. At least `quiet`.
    pub urgent: usize,
    /// New files that are held open until the source looks at them. As many again may come while it does.
    pub noted: usize,
    /// Files that wait to be closed.
    pub closing: usize,
}

impl Descriptors {
    /// The shares of `granted` descriptors.
    pub fn of(granted: u64) -> Descriptors {
        let share = |sixteenths: u64, most: usize| {
            let share = granted.saturating_mul(sixteenths) / 16;
            usize::try_from(share).unwrap_or(most).clamp(4, most)
        };
        let quiet = share(8, OPEN_FILES_MAX);
        Descriptors {
            quiet,
            urgent: quiet + share(2, OPEN_FILES_MAX / 2),
            noted: share(2, NOTED_FILES_MAX),
            closing: share(1, CLOSING_MAX),
        }
    }

    /// The shares of what the system grants. Asks for eight times the most that quiet files may have first: many
    /// systems grant 1024 and allow much more.
    pub fn ask() -> Descriptors {
        let limit = getrlimit(Resource::Nofile);
        let wanted = 8 * OPEN_FILES_MAX as u64;
        let allowed = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
        let Some(current) = limit.current.filter(|current| *current < allowed) else {
            return Descriptors::of(limit.current.unwrap_or(u64::MAX));
        };
        let more = Rlimit {
            current: Some(allowed),
            maximum: limit.maximum,
        };
        // Without it fewer files stay open at once, which costs time and nothing else.
        let granted = setrlimit(Resource::Nofile, more).map_or(current, |()| allowed);
        Descriptors::of(granted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_leave_room_for_connections() {
        for granted in [64, 256, 1024, 4096] {
            let of = Descriptors::of(granted);
            let taken = of.urgent + 2 * of.noted + of.closing;
            assert!(taken as u64 <= granted * 15 / 16, "{granted}: {of:?}");
        }
        let most = Descriptors::of(1 << 40);
        assert_eq!(most, Descriptors::of(u64::MAX));
        assert_eq!(most.quiet, OPEN_FILES_MAX);
    }
}
