use jiff::Timestamp as Instant;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::abbreviation::Abbreviation;
use crate::event::Timestamp;
use crate::pattern::Sequels;

/// What completes a time that does not say everything: the zone of the host that wrote it, and the present, for
/// years and dates that are left out. One parser has one clock; it also remembers the last second that it read.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: TimeZone,
    now: Timestamp,
    /// `now` on the wall clock of the zone, in civil seconds.
    civil_now: i64,
    season: Season,
    /// The last `2026-11-22T17:28:30`, `22/Nov/2026:17:28:30 +0100` (this one as an instant) and
    /// `Nov 22 17:28:30` with what they are.
    pub(super) iso: Memo<19>,
    pub(super) clf: Memo<26>,
    /// Depends on `now`: forgotten when that changes.
    pub(super) syslog: Memo<15>,
    /// What the lines of a file that names its columns said of them last; empty where they have said nothing.
    header: Vec<u8>,
    /// In which order the keys of the lines came last.
    keys: Sequels,
}

impl Clock {
    /// A clock that takes times without a zone to be in `zone`.
    pub fn new(zone: TimeZone, now: Timestamp) -> Clock {
        let season = match zone.to_fixed_offset() {
            Ok(offset) => Season::always(&zone, offset),
            Err(_) => Season::NEVER,
        };
        Clock {
            civil_now: civil(&zone, now),
            zone,
            now,
            season,
            iso: Memo::default(),
            clf: Memo::default(),
            syslog: Memo::default(),
            header: Vec::new(),
            keys: Sequels::default(),
        }
    }

    /// The names of the columns, as the file's last header has them.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// Keeps a header, given in pieces; none, for a file that has not shown one yet.
    pub fn set_header(&mut self, names: &[&[u8]]) {
        self.header.clear();
        names
            .iter()
            .for_each(|piece| self.header.extend_from_slice(piece));
    }

    /// In which order the keys of the lines came last.
    #[inline(always)]
    pub fn keys(&mut self) -> &mut Sequels {
        &mut self.keys
    }

    /// Tells the present.
    pub fn set_now(&mut self, now: Timestamp) {
        if now != self.now {
            self.now = now;
            self.civil_now = civil(&self.zone, now);
            self.syslog = Memo::default();
        }
    }

    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The present on the wall clock of the zone.
    pub(super) fn civil_now(&self) -> i64 {
        self.civil_now
    }

    /// The instant at which the zone's wall clock shows `civil`. Where it shows it twice (the hour before summer
    /// time ends), the first of the two; where it never shows it, the instant as if the clock had gone on.
    #[inline]
    pub(super) fn local(&mut self, civil: i64) -> Option<i64> {
        if self.season.has(civil) {
            return Some(civil - self.season.offset);
        }
        self.enter(civil)
    }

    /// The instant at which the zone's wall clock shows `civil` and calls itself `name`, which tells apart the
    /// two that [`Clock::local`] cannot.
    pub(super) fn local_named(&mut self, civil: i64, name: Abbreviation) -> Option<i64> {
        if !self.season.has(civil) {
            self.enter(civil);
        }
        if self.season.has(civil) && self.season.name == name {
            return Some(civil - self.season.offset);
        }
        let shown = Offset::UTC.to_datetime(Instant::from_second(civil).ok()?);
        let (before, after) = match self.zone.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => (offset, offset),
            AmbiguousOffset::Gap { before, after } | AmbiguousOffset::Fold { before, after } => {
                (before, after)
            }
        };
        [before, after].into_iter().find_map(|offset| {
            let secs = civil - i64::from(offset.seconds());
            let at = Instant::from_second(secs).ok()?;
            (Abbreviation::at(&self.zone, at) == name).then_some(secs)
        })
    }

    /// [`Clock::local`] from the zone's rules; keeps the season that `civil` is in.
    fn enter(&mut self, civil: i64) -> Option<i64> {
        let shown = Offset::UTC.to_datetime(Instant::from_second(civil).ok()?);
        let at = self.zone.to_ambiguous_timestamp(shown).compatible().ok()?;
        let offset = self.zone.to_offset(at);
        // In a gap the instant's own offset is not the one that led to it: no season has such a time.
        if civil - at.as_second() == i64::from(offset.seconds()) {
            self.season = Season::around(&self.zone, at, offset);
        }
        Some(at.as_second())
    }
}

/// What the zone's wall clock shows at an instant.
fn civil(zone: &TimeZone, at: Timestamp) -> i64 {
    let offset = match Instant::from_second(at.secs) {
        Ok(instant) => zone.to_offset(instant).seconds(),
        Err(_) => 0,
    };
    at.secs.saturating_add(i64::from(offset))
}

/// The wall-clock times, from one change of the clocks to the next, that stand for one instant each and are all
/// equally far from UTC.
#[derive(Clone, Debug)]
struct Season {
    /// Civil seconds, the first inside.
    from: i64,
    /// The first outside.
    to: i64,
    /// Seconds east of UTC.
    offset: i64,
    name: Abbreviation,
}

impl Season {
    const NEVER: Season = Season {
        from: 0,
        to: 0,
        offset: 0,
        name: Abbreviation::NONE,
    };

    fn always(zone: &TimeZone, offset: Offset) -> Season {
        Season {
            from: i64::MIN,
            to: i64::MAX,
            offset: i64::from(offset.seconds()),
            name: Abbreviation::at(zone, Instant::UNIX_EPOCH),
        }
    }

    fn around(zone: &TimeZone, at: Instant, offset: Offset) -> Season {
        let seconds = i64::from(offset.seconds());
        // `preceding` leaves out a change at `at` itself, at which this season would begin.
        let begin = jiff::SignedDuration::from_secs(1);
        let from = zone
            .preceding(at.saturating_add(begin).unwrap_or(at))
            .next()
            .map_or(i64::MIN, |change| {
                let start = change.timestamp();
                let before = zone.to_offset(start.saturating_sub(begin).unwrap_or(start));
                // Clocks put back: the times up to the old offset were shown before, and belong to that season.
                start.as_second() + seconds.max(i64::from(before.seconds()))
            });
        let to = zone
            .following(at)
            .next()
            .map_or(i64::MAX, |change| change.timestamp().as_second() + seconds);
        Season {
            from,
            to,
            offset: seconds,
            name: Abbreviation::at(zone, at),
        }
    }

    #[inline]
    fn has(&self, civil: i64) -> bool {
        self.from <= civil && civil < self.to
    }
}

/// The last text of `N` bytes, and the second that it stands for.
#[derive(Clone, Debug)]
pub(super) struct Memo<const N: usize> {
    text: [u8; N],
    /// Seconds since 1970, civil unless the text has a zone. `None`: nothing is remembered.
    second: Option<i64>,
}

impl<const N: usize> Default for Memo<N> {
    fn default() -> Self {
        Memo {
            text: [0; N],
            second: None,
        }
    }
}

impl<const N: usize> Memo<N> {
    /// What the text stands for, from memory or from `read`, which is remembered.
    #[inline]
    pub fn get(&mut self, text: &[u8; N], read: impl FnOnce(&[u8; N]) -> Option<i64>) -> Option<i64> {
        if self.second.is_some() && self.text == *text {
            return self.second;
        }
        let second = read(text)?;
        self.text = *text;
        self.second = Some(second);
        Some(second)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn clock(zone: &str) -> Clock {
        Clock::new(
            TimeZone::get(zone).unwrap(),
            Timestamp {
                secs: 1_795_368_510,
                nanos: 0,
                digits: 0,
            },
        )
    }

    #[test]
    fn the_hour_that_comes_twice_is_the_first() {
        let mut clock = clock("Europe/Warsaw");
        let civil = |hour, minute| jiff_civil(2026, 10, 25, hour, minute);
        // Summer time ends at 01:00 UTC: 03:00 CEST becomes 02:00 CET.
        assert_eq!(clock.local(civil(1, 59)), Some(civil(1, 59) - 7200));
        assert_eq!(clock.local(civil(2, 30)), Some(civil(2, 30) - 7200));
        assert_eq!(clock.local(civil(3, 0)), Some(civil(3, 0) - 3600));
        assert_eq!(clock.local(civil(2, 30)), Some(civil(2, 30) - 7200));
        let named = |clock: &mut Clock, name: &[u8]| {
            clock.local_named(civil(2, 30), Abbreviation::new(name).unwrap())
        };
        assert_eq!(named(&mut clock, b"CEST"), Some(civil(2, 30) - 7200));
        assert_eq!(named(&mut clock, b"CET"), Some(civil(2, 30) - 3600));
        assert_eq!(named(&mut clock, b"EST"), None);
    }

    #[test]
    fn an_hour_that_never_comes_is_as_if_the_clock_had_gone_on() {
        let mut clock = clock("Europe/Warsaw");
        let civil = |hour, minute| jiff_civil(2026, 3, 29, hour, minute);
        assert_eq!(clock.local(civil(1, 59)), Some(civil(1, 59) - 3600));
        assert_eq!(clock.local(civil(2, 30)), Some(civil(2, 30) - 3600));
        assert_eq!(clock.local(civil(3, 0)), Some(civil(3, 0) - 7200));
    }

    fn jiff_civil(year: i16, month: i8, day: i8, hour: i8, minute: i8) -> i64 {
        let shown = jiff::civil::date(year, month, day).at(hour, minute, 0, 0);
        Offset::UTC.to_timestamp(shown).unwrap().as_second()
    }

    proptest! {
        /// Near the changes of 2025 to 2027 and elsewhere, in any order: what is remembered never shows.
        #[test]
        fn a_local_time_is_what_jiff_says(
            zone in prop::sample::select(vec![
                "UTC", "Europe/Warsaw", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Casablanca",
                "Pacific/Apia", "America/Sao_Paulo",
            ]),
            times in prop::collection::vec(
                prop_oneof![
                    -2_000_000_000i64..4_000_000_000,
                    (0i64..800, -7200i64..7200).prop_map(|(day, second)| 1_735_689_600 + day * 86_400 + second),
                ],
                1..20,
            ),
        ) {
            let mut clock = clock(zone);
            let zone = TimeZone::get(zone).unwrap();
            for civil in times {
                let shown = Offset::UTC.to_datetime(Instant::from_second(civil).unwrap());
                let expected = zone.to_timestamp(shown).unwrap().as_second();
                prop_assert_eq!(clock.local(civil), Some(expected), "{}", shown);
            }
        }
    }
}
