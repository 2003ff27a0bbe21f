//! `[[extract]]`: a second look at a field.

use crate::config::{self, Diagnostics, ExtractBuiltin};
use crate::event::{FieldId, Schema, Value};
use crate::format::pairs::{self, Separators};
use crate::format::rule::{Rest, Rule};
use crate::format::{json, logfmt, user_agent};
use crate::pattern::{Alternatives, Program, Scene};

use super::keys;
use super::written::{compile_patterns, known};

/// What is taken from which field.
#[derive(Debug)]
pub(super) struct Extract {
    field: FieldId,
    take: Take,
}

#[derive(Debug)]
enum Take {
    /// The first pattern that matches the whole field adds what it finds.
    Patterns(Alternatives),
    Json(Rule),
    Logfmt(Rule),
    Pairs(Rule, Separators),
    UserAgent {
        name: FieldId,
        class: FieldId,
    },
}

impl Extract {
    /// `None` when nothing sets the field, which is reported. Beside a format by name, the host's own format is that
    /// of the message: its patterns go before the first ones over it.
    pub fn compile(
        rule: &config::ExtractRule,
        host: &mut Vec<Program>,
        schema: &mut Schema,
        diagnostics: &mut Diagnostics,
    ) -> Option<Extract> {
        let field = known(&rule.field, schema, diagnostics)?;
        let Some(builtin) = &rule.builtin else {
            let mut patterns = compile_patterns(&rule.patterns, schema, diagnostics);
            if rule.field.value == "message" {
                patterns.splice(0..0, std::mem::take(host));
            }
            let take = Take::Patterns(patterns.into());
            return Some(Extract { field, take });
        };
        let mut keys = || {
            let rest = match &rule.prefix {
                Some(prefix) => Rest::Keep {
                    prefix: prefix.value.clone(),
                },
                None => Rest::Drop,
            };
            keys::of_keys(&rule.keys, rest, schema, diagnostics)
        };
        let take = match builtin.value {
            ExtractBuiltin::Json => Take::Json(keys()),
            ExtractBuiltin::Logfmt => Take::Logfmt(keys()),
            ExtractBuiltin::Query => Take::Pairs(keys(), Separators::QUERY),
            ExtractBuiltin::Pairs => {
                let separators = Separators {
                    between: rule.between,
                    equals: rule.equals,
                    encoded: false,
                };
                Take::Pairs(keys(), separators)
            }
            ExtractBuiltin::UserAgent => Take::UserAgent {
                name: schema.intern("user_agent.name"),
                class: schema.intern("user_agent.class"),
            },
        };
        Some(Extract { field, take })
    }

    /// Says that every field of the pipeline has its slot now: see [`Rule::reserve`].
    pub fn reserve(&mut self, schema: &Schema) {
        match &mut self.take {
            Take::Json(rule) | Take::Logfmt(rule) | Take::Pairs(rule, _) => rule.reserve(schema),
            Take::Patterns(_) | Take::UserAgent { .. } => {}
        }
    }

    /// A field that is not of the form leaves everything as it is.
    pub fn apply<'a>(&'a self, scene: &mut Scene<'a, '_>) {
        let text = match (scene.fields.get(self.field), &self.take) {
            (Value::Text(text), _) => text,
            // An object of a JSON line is as good as the text of one.
            (Value::Json(text), Take::Json(_)) => text,
            _ => return,
        };
        match &self.take {
            Take::Patterns(patterns) => {
                if !patterns.run(text, scene) {
                    // A pattern that sets this very field has taken it back.
                    scene.fields.set(self.field, Value::Text(text));
                }
            }
            Take::Json(rule) => {
                let _ = json::parse(rule, text, scene);
            }
            Take::Logfmt(rule) => {
                let _ = logfmt::parse(rule, text, scene);
            }
            Take::Pairs(rule, separators) => pairs::parse(rule, *separators, text, scene),
            Take::UserAgent { name, class } => {
                if let Some(agent) = user_agent::classify(text) {
                    scene.fields.set(*name, Value::Text(agent.name.as_bytes()));
                    scene
                        .fields
                        .set(*class, Value::Text(agent.class.name().as_bytes()));
                }
            }
        }
    }
}
