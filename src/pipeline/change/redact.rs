use std::ops::Range;

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use super::sensitive;
use super::text::{joined, text_of};
use crate::config::Sensitive;
use crate::derive::KeyedHash;
use crate::event::{FieldId, Fields, Value};

/// `[[redact]]`, compiled.
#[derive(Debug)]
pub(super) struct Redact {
    /// All fields, when there is none.
    pub fields: Vec<FieldId>,
    /// The whole value, when there is none.
    pub find: Vec<Sensitive>,
    /// A word takes the place of what is found, when there is none.
    pub hash: Option<KeyedHash>,
}

/// What stands in for a whole value.
const WHOLE: &[u8] = b"[redacted]";

impl Redact {
    pub fn apply<'a>(&self, fields: &mut Fields<'a>, arena: &'a Bump) {
        for &field in &self.fields {
            if let Some(value) = self.instead(fields.get(field), arena) {
                fields.set(field, value);
            }
        }
        if self.fields.is_empty() {
            for slot in fields.slots_mut() {
                if let Some(value) = self.instead(*slot, arena) {
                    *slot = value;
                }
            }
            for at in 0..fields.extra().len() {
                if let Some(value) = self.instead(fields.extra()[at].value, arena) {
                    fields.set_extra(at, value);
                }
            }
        }
    }

    /// What takes the place of a value; `None` where it stays.
    fn instead<'a>(&self, value: Value<'a>, arena: &'a Bump) -> Option<Value<'a>> {
        if self.find.is_empty() {
            return self.whole(value, arena);
        }
        match value {
            Value::Text(text) => self.parts(text, false, arena).map(Value::Text),
            Value::Json(raw) => self.parts(raw, true, arena).map(Value::Json),
            Value::Int(number) => {
                let mut digits = itoa::Buffer::new();
                let text = digits.format(number).as_bytes();
                self.find
                    .iter()
                    .find_map(|kind| sensitive::next(*kind, text, 0).map(|_| *kind))
                    .map(|kind| Value::Text(self.word(kind, text, arena)))
            }
            _ => None,
        }
    }

    fn whole<'a>(&self, value: Value<'a>, arena: &'a Bump) -> Option<Value<'a>> {
        if value.is_absent() {
            return None;
        }
        let mut digits = itoa::Buffer::new();
        Some(Value::Text(match (&self.hash, text_of(value, &mut digits)) {
            (Some(hash), Some(text)) => arena.alloc_slice_copy(&hash.of(text)),
            _ => WHOLE,
        }))
    }

    /// The text with its parts replaced; `None` where there is nothing to replace.
    fn parts<'a>(&self, text: &'a [u8], json: bool, arena: &'a Bump) -> Option<&'a [u8]> {
        let mut found = false;
        let mut now = text;
        for &kind in &self.find {
            if let Some(changed) = self.replaced(kind, now, json, arena) {
                now = changed;
                found = true;
            }
        }
        found.then_some(now)
    }

    fn replaced<'a>(&self, kind: Sensitive, text: &[u8], json: bool, arena: &'a Bump) -> Option<&'a [u8]> {
        let mut next = sensitive::next(kind, text, 0);
        next.as_ref()?;
        let mut out = ArenaVec::with_capacity_in(text.len() + WHOLE.len(), arena);
        let mut at = 0;
        let mut strings = Strings::default();
        while let Some(found) = next {
            let from = if json {
                behind_escape(text, &found)
            } else {
                found.start
            };
            out.extend_from_slice_copy(&text[at..from]);
            let secret = &text[from..found.end];
            let word = self.word(kind, secret, arena);
            match () {
                () if !json || strings.inside(text, from) => out.extend_from_slice_copy(word),
                // A bare number of a JSON text becomes a string; a part of one stays.
                () if is_whole(text, &found) => {
                    out.extend_from_slice_copy(joined(&[b"\"", word, b"\""], arena))
                }
                () => out.extend_from_slice_copy(secret),
            }
            at = found.end;
            next = sensitive::next(kind, text, at);
        }
        out.extend_from_slice_copy(&text[at..]);
        Some(out.into_bump_slice())
    }

    fn word<'a>(&self, kind: Sensitive, text: &[u8], arena: &'a Bump) -> &'a [u8] {
        match (&self.hash, kind) {
            (Some(hash), _) => arena.alloc_slice_copy(&hash.of(text)),
            (None, Sensitive::Emails) => b"[email]",
            (None, Sensitive::Cards) => b"[card]",
            (None, Sensitive::Tokens) => b"[token]",
        }
    }
}

/// Where what was found begins when the letters of an escape (`\n`, `\u00e9`) are not counted to it.
fn behind_escape(text: &[u8], found: &Range<usize>) -> usize {
    let slashes = text[..found.start]
        .iter()
        .rev()
        .take_while(|&&byte| byte == b'\\')
        .count();
    let letters = match (slashes % 2, text[found.start]) {
        (0, _) => 0,
        (_, b'u') => 5,
        _ => 1,
    };
    (found.start + letters).min(found.end)
}

/// Whether it is a JSON value from end to end.
fn is_whole(text: &[u8], found: &Range<usize>) -> bool {
    let begins = found.start.checked_sub(1).map(|before| text[before]);
    let ends = text.get(found.end);
    begins.is_none_or(|byte| matches!(byte, b':' | b',' | b'[') || byte.is_ascii_whitespace())
        && ends.is_none_or(|byte| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace())
}

/// Whether a place of a JSON text is within a string; asked for places that ascend.
#[derive(Default)]
struct Strings {
    at: usize,
    inside: bool,
}

impl Strings {
    fn inside(&mut self, text: &[u8], place: usize) -> bool {
        while self.at < place {
            match text[self.at] {
                b'\\' if self.inside => self.at += 1,
                b'"' => self.inside = !self.inside,
                _ => {}
            }
            self.at += 1;
        }
        self.inside
    }
}
