use super::extras::{Extras, TooMany};
use super::found::{FEW, Found, Places};
use super::{NodeId, Rule};
use crate::pattern::Scene;

/// Names and texts of one event on their way into its fields, for formats without objects.
pub(in crate::format) struct Pairs<'a, 'r> {
    rule: &'r Rule,
    places: Places<'a, 'r>,
    extras: Extras<'a>,
}

impl<'a, 'r> Pairs<'a, 'r> {
    pub fn new(rule: &'r Rule, few: &'r mut [u16; FEW], scene: &Scene<'a, '_>) -> Self
    where
        'a: 'r,
    {
        Pairs {
            rule,
            places: Places::new(rule.paths(), few, scene.arena),
            extras: Extras::new(scene),
        }
    }

    /// Of equal names the last text counts.
    pub fn put(&mut self, name: &'a [u8], text: &'a [u8], scene: &mut Scene<'a, '_>) -> Result<(), TooMany> {
        let found = Found::Text(text);
        let member = self.rule.member(NodeId::ROOT, name);
        match member.path {
            Some(path) => {
                self.places.put(path, found);
                Ok(())
            }
            None => {
                let key = (NodeId::ROOT, name);
                self.rule
                    .leave(key, member.otherwise, (found, false), &mut self.extras, scene)
            }
        }
    }

    /// Sets the fields.
    pub fn finish(&mut self, scene: &mut Scene<'a, '_>) -> Result<(), TooMany> {
        self.rule.finish(&mut self.places, false, &mut self.extras, scene)
    }

    /// Takes back what [`Pairs::put`] has kept.
    pub fn undo(&self, scene: &mut Scene<'a, '_>) {
        self.extras.undo(scene);
    }
}
