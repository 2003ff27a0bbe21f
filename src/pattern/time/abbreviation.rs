use jiff::Timestamp as Instant;
use jiff::tz::TimeZone;

/// How a zone calls itself at some time: `CET`, `-03`. Up to eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Abbreviation([u8; 8]);

impl Abbreviation {
    pub const NONE: Abbreviation = Abbreviation([0; 8]);

    pub fn new(text: &[u8]) -> Option<Abbreviation> {
        let mut name = Self::NONE;
        name.0.get_mut(..text.len())?.copy_from_slice(text);
        Some(name)
    }

    pub fn at(zone: &TimeZone, at: Instant) -> Abbreviation {
        let info = zone.to_offset_info(at);
        Self::new(info.abbreviation().as_bytes()).unwrap_or(Self::NONE)
    }
}
