use bumpalo::Bump;

use super::Clock;
use crate::event::{FieldId, Fields, Value};

/// What every parser of one event works on: where its values go, the time to complete times with, and the
/// memory for the values that are not in the line as they are.
#[derive(Debug)]
pub struct Scene<'a, 's> {
    pub fields: &'s mut Fields<'a>,
    pub clock: &'s mut Clock,
    pub arena: &'a Bump,
}

/// Where a run leaves its values: in a [`Scene`], or nowhere when only the match is of interest.
pub(super) trait Keep<'a> {
    fn put(&mut self, field: FieldId, value: Value<'a>);
    fn clock(&mut self) -> &mut Clock;
    /// `None` where no value is kept, and so none need be unescaped.
    fn arena(&self) -> Option<&'a Bump>;
}

impl<'a> Keep<'a> for Scene<'a, '_> {
    fn put(&mut self, field: FieldId, value: Value<'a>) {
        self.fields.set(field, value);
    }

    fn clock(&mut self) -> &mut Clock {
        self.clock
    }

    fn arena(&self) -> Option<&'a Bump> {
        Some(self.arena)
    }
}

/// Keeps nothing.
pub(super) struct Nothing<'s> {
    pub clock: &'s mut Clock,
}

impl<'a> Keep<'a> for Nothing<'_> {
    fn put(&mut self, _: FieldId, _: Value<'a>) {}

    fn clock(&mut self) -> &mut Clock {
        self.clock
    }

    fn arena(&self) -> Option<&'a Bump> {
        None
    }
}
