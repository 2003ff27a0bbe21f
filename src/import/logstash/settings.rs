//! The settings of a plugin, taken one by one; what is left is reported.

use serde_json::Value as Json;

use super::grammar::{Plugin, Setting, Value};

/// Settings that are not yet taken.
pub struct Settings {
    pub plugin: String,
    /// Of the plugin.
    pub line: usize,
    left: Vec<Setting>,
}

impl Settings {
    pub fn of(plugin: &Plugin) -> Settings {
        Settings {
            plugin: plugin.name.clone(),
            line: plugin.line,
            left: plugin.settings.clone(),
        }
    }

    pub fn take(&mut self, name: &str) -> Option<Setting> {
        let at = self.left.iter().position(|setting| setting.name == name)?;
        Some(self.left.remove(at))
    }

    /// Every setting of that name: Logstash lets one be written twice.
    pub fn take_all(&mut self, name: &str) -> Vec<Setting> {
        let mut all = Vec::new();
        while let Some(setting) = self.take(name) {
            all.push(setting);
        }
        all
    }

    pub fn text(&mut self, name: &str) -> Option<String> {
        self.take(name)?.value.text()
    }

    pub fn texts(&mut self, name: &str) -> Vec<String> {
        self.take(name)
            .map(|setting| setting.value.texts())
            .unwrap_or_default()
    }

    pub fn is_true(&mut self, name: &str) -> bool {
        self.take(name)
            .is_some_and(|setting| matches!(setting.value.text().as_deref(), Some("true")))
    }

    pub fn rest(self) -> Vec<Setting> {
        self.left
    }
}

impl Value {
    pub fn text(&self) -> Option<String> {
        match self {
            Value::Scalar(Json::String(text)) => Some(text.clone()),
            Value::Scalar(other) => Some(other.to_string()),
            Value::List(items) => match items.as_slice() {
                [one] => one.text(),
                _ => None,
            },
            Value::Hash(_) => None,
            Value::Plugin(plugin) => Some(plugin.name.clone()),
        }
    }

    pub fn scalar(&self) -> Option<Json> {
        match self {
            Value::Scalar(value) => Some(value.clone()),
            _ => None,
        }
    }

    /// A scalar, or a list of them.
    pub fn texts(&self) -> Vec<String> {
        match self {
            Value::List(items) => items.iter().filter_map(Value::text).collect(),
            other => other.text().into_iter().collect(),
        }
    }

    /// A hash, or a list of names and values in turn, which older files have; `line` is that of the setting.
    pub fn pairs(&self, line: usize) -> Vec<(String, usize, Value)> {
        match self {
            Value::Hash(entries) => entries.clone(),
            Value::List(items) => items
                .chunks_exact(2)
                .filter_map(|pair| Some((pair[0].text()?, line, pair[1].clone())))
                .collect(),
            _ => Vec::new(),
        }
    }
}
