use crate::derive::Condition;
use crate::event::{FieldId, Value};
use crate::pattern::{Program, Scene};

/// Which events a rule is for: those for which all of it holds.
#[derive(Debug, Default)]
pub(super) struct Selection {
    pub conditions: Vec<Condition>,
    /// A field, and the patterns of which one must match the whole of it.
    pub matches: Vec<(FieldId, Vec<Program>)>,
}

impl Selection {
    pub fn holds(&self, scene: &mut Scene<'_, '_>) -> bool {
        self.conditions
            .iter()
            .all(|condition| condition.holds(scene.fields))
            && self.matches.iter().all(|(field, programs)| {
                let text = match scene.fields.get(*field) {
                    Value::Text(text) | Value::Json([b'"', text @ .., b'"']) => text,
                    _ => return false,
                };
                programs.iter().any(|program| program.matches(text, scene.clock))
            })
    }
}
