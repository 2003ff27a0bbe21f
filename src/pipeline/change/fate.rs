use xxhash_rust::xxh3::xxh3_64;

use super::selection::Selection;
use super::text::text_of;
use crate::event::FieldId;
use crate::pattern::Scene;

/// What becomes of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Ship,
    Drop {
        /// Metrics count it nevertheless.
        counted: bool,
    },
}

/// `[[drop]]` or `[[sample]]`, compiled.
#[derive(Debug)]
pub(super) struct Fate {
    pub when: Selection,
    pub share: Option<Share>,
    /// Whether metrics count what is not shipped.
    pub counted: bool,
}

/// The part of the events that is shipped.
#[derive(Debug)]
pub(super) struct Share {
    /// Events whose hash is below this are shipped.
    below: u64,
    /// What is hashed: a field, or the event's text. The same text gets the same answer after a restart, so that a
    /// file that is read again is sampled alike.
    by: Option<FieldId>,
}

impl Share {
    /// `keep` is above 0 and below 1.
    pub fn new(keep: f64, by: Option<FieldId>) -> Self {
        // A float as large as 2^64 is held to the largest integer.
        let below = (keep * 2f64.powi(64)) as u64;
        Share { below, by }
    }

    fn takes(&self, event: &[u8], scene: &Scene<'_, '_>) -> bool {
        let mut digits = itoa::Buffer::new();
        let value = self.by.map(|by| scene.fields.get(by));
        let text = value.and_then(|value| text_of(value, &mut digits));
        xxh3_64(text.unwrap_or(event)) < self.below
    }
}

impl Fate {
    /// `None` where the event is not this rule's, or is shipped.
    pub fn decide(&self, event: &[u8], scene: &mut Scene<'_, '_>) -> Option<Decision> {
        if !self.when.holds(scene) {
            return None;
        }
        let kept = self.share.as_ref().is_some_and(|share| share.takes(event, scene));
        (!kept).then_some(Decision::Drop {
            counted: self.counted,
        })
    }
}
