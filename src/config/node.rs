//! One value of a [`Table`] as the type that a key takes.

use std::ops::RangeInclusive;

use serde_json::Value;

use super::document::{Node, NodeValue, Table};
use super::{Diagnostic, Diagnostics, Spanned};

const SCALAR: &str = "a string, a number, `true` or `false`";

impl Table {
    pub(super) fn string(
        &self,
        key: &str,
        expected: &str,
        node: Node,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<String>> {
        match node.value {
            NodeValue::Text(text) => Some(self.spanned(text, node.span)),
            _ => self.wrong_type(key, expected, &node, diagnostics),
        }
    }

    pub(super) fn strings(
        &self,
        key: &str,
        node: Node,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Spanned<String>> {
        match node.value {
            NodeValue::Array(items) => items
                .into_iter()
                .filter_map(|item| self.string(key, "a string", item, diagnostics))
                .collect(),
            _ => self
                .string(key, "a string or an array of strings", node, diagnostics)
                .into_iter()
                .collect(),
        }
    }

    /// Strings, booleans and numbers, one or several, as JSON has them.
    pub(super) fn scalars(&self, key: &str, node: Node, diagnostics: &mut Diagnostics) -> Vec<Value> {
        let items = match node.value {
            NodeValue::Array(items) => items,
            _ => vec![node],
        };
        items
            .into_iter()
            .filter_map(|item| match item.value {
                NodeValue::Array(_) => self.wrong_type(key, SCALAR, &item, diagnostics),
                _ => self.json(key, item, diagnostics).map(|value| value.value),
            })
            .collect()
    }

    /// A value as JSON has it.
    pub(super) fn json(
        &self,
        key: &str,
        node: Node,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<Value>> {
        let value = match node.value {
            NodeValue::Text(text) => Value::from(text),
            NodeValue::Bool(bool) => Value::from(bool),
            NodeValue::Integer(number) if i64::try_from(number).is_ok() => Value::from(number as i64),
            NodeValue::Float(number) if number.is_finite() => Value::from(number),
            NodeValue::Array(items) => Value::Array(
                items
                    .into_iter()
                    .filter_map(|item| self.json(key, item, diagnostics).map(|value| value.value))
                    .collect(),
            ),
            _ => return self.wrong_type(key, SCALAR, &node, diagnostics),
        };
        Some(self.spanned(value, node.span))
    }

    pub(super) fn wrong_type<T>(
        &self,
        key: &str,
        expected: &str,
        node: &Node,
        diagnostics: &mut Diagnostics,
    ) -> Option<T> {
        if !matches!(node.value, NodeValue::Broken) {
            diagnostics.push(
                Diagnostic::error(format!("expected {expected}, found {}", node.value.kind())).at_value(
                    &self.spanned((), node.span.clone()),
                    format!("`{key}` takes {expected}"),
                ),
            );
        }
        None
    }

    pub(super) fn wrong_value<T>(
        &self,
        key: &str,
        expected: &str,
        node: Node,
        help: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<T> {
        diagnostics.push(
            Diagnostic::error(format!("`{key}` is not {expected}"))
                .at_value(&self.spanned((), node.span), "")
                .help(help),
        );
        None
    }

    /// The value when it is within the range; `None` stands for one that not even the type can hold.
    pub(super) fn within<T: PartialOrd>(
        &self,
        key: &str,
        value: Option<T>,
        range: RangeInclusive<T>,
        write: impl Fn(&T) -> String,
        node: Node,
        diagnostics: &mut Diagnostics,
    ) -> Option<Spanned<T>> {
        match value {
            Some(value) if range.contains(&value) => Some(self.spanned(value, node.span)),
            _ => {
                let (from, to) = (write(range.start()), write(range.end()));
                diagnostics.push(Diagnostic::error(format!("`{key}` is out of range")).at_value(
                    &self.spanned((), node.span),
                    format!("must be between {from} and {to}"),
                ));
                None
            }
        }
    }
}
