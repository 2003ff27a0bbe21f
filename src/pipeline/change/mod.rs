//! What a pipeline changes in an event after it is parsed. Nothing of it is there for pipelines that change nothing.
//!
//! ```text
//! fields ──▶ level ──▶ lookup ──▶ rename ──▶ drop, sample ──▶ redact ──▶ fields
//!                                                 └─▶ filtered
//! ```

mod compile;
mod fate;
mod level;
mod lookup;
mod redact;
mod selection;
mod sensitive;
#[cfg(test)]
mod tests;
mod text;

pub(super) use compile::{Names, compile};
pub(super) use fate::Decision;

use crate::event::{FieldId, Value};
use crate::pattern::Scene;

use fate::Fate;
use level::Level;
use lookup::Lookup;
use redact::Redact;

/// The changes of one pipeline, compiled.
#[derive(Debug, Default)]
pub(super) struct Changes {
    level: Option<Level>,
    lookups: Vec<Lookup>,
    /// From, to.
    renames: Vec<(FieldId, FieldId)>,
    fates: Vec<Fate>,
    redacts: Vec<Redact>,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.level.is_none()
            && self.lookups.is_empty()
            && self.renames.is_empty()
            && self.fates.is_empty()
            && self.redacts.is_empty()
    }

    /// Makes the changes in an event whose text is `event`. Allocates in the scene's arena only.
    pub fn apply<'a>(&'a self, event: &[u8], scene: &mut Scene<'a, '_>) -> Decision {
        if let Some(level) = &self.level {
            level.apply(scene.fields);
        }
        for lookup in &self.lookups {
            lookup.apply(scene.fields);
        }
        for &(from, to) in &self.renames {
            let value = scene.fields.get(from);
            if !value.is_absent() {
                scene.fields.set(to, value);
                scene.fields.set(from, Value::Absent);
            }
        }
        let dropped = self.fates.iter().find_map(|fate| fate.decide(event, scene));
        if dropped == Some(Decision::Drop { counted: false }) {
            // Nobody sees it any more.
            return Decision::Drop { counted: false };
        }
        for redact in &self.redacts {
            redact.apply(scene.fields, scene.arena);
        }
        dropped.unwrap_or(Decision::Ship)
    }
}
