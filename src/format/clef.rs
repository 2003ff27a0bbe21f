//! Serilog's compact JSON (CLEF): the message of an event that has its template only.
//!
//! `@mt` is the template and the event's other keys are what its holes hold; `@r` has the texts of the holes with a
//! format, which only the program could write. <https://messagetemplates.org>
//!
//! ```text
//! {"@mt":"Order {OrderId} took {Elapsed:0.0} ms","@r":["12.5"],"OrderId":7,"Elapsed":12.4999}
//! Order 7 took 12.5 ms
//! ```

use bumpalo::Bump;
use bumpalo::collections::Vec;

use super::json::{self, Scan, Shape};
use super::{Mismatch, rule::Rule};
use crate::block::{self, Block};
use crate::event::{FieldId, Schema, Value};
use crate::limits::{RENDERED_BYTES_MAX, TEMPLATE_KEYS_MAX};
use crate::pattern::Scene;

/// A JSON line whose message may have to be put together.
#[derive(Clone, Debug)]
pub struct Clef {
    pub rule: Rule,
    message: FieldId,
}

impl Clef {
    pub fn new(rule: Rule, schema: &mut Schema) -> Self {
        Clef {
            rule,
            message: schema.intern("message"),
        }
    }

    pub fn parse<'a>(&self, text: &'a [u8], scene: &mut Scene<'a, '_>) -> Result<(), Mismatch> {
        json::parse(&self.rule, text, scene)?;
        if scene.fields.get(self.message).is_absent()
            && let Some(message) = render(text, scene.arena)
        {
            scene.fields.set(self.message, Value::Text(message));
        }
        Ok(())
    }
}

/// A key of the event with its value as it is written.
type Member<'a> = (&'a [u8], &'a [u8], Shape);

fn is_text(member: &&Member<'_>) -> bool {
    matches!(member.2, Shape::String { .. })
}

/// The message of an event that has a template. One that would be longer than [`RENDERED_BYTES_MAX`] is the template
/// itself.
fn render<'a>(event: &'a [u8], arena: &'a Bump) -> Option<&'a [u8]> {
    let members = members(event, arena)?;
    let value = |name: &[u8]| members.iter().rev().find(|member| member.0 == name);
    let template = json::unescaped(value(b"@mt").filter(is_text)?.1.get(1..)?, arena);
    let mut renderings = value(b"@r").map(|&(_, list, _)| Scan::new(list, 1));
    let mut out = Vec::with_capacity_in(template.len() * 2, arena);
    let mut rest = template;
    while let Some(at) = memchr::memchr2(b'{', b'}', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        if let [a, b, behind @ ..] = rest
            && a == b
        {
            out.push(*a);
            rest = behind;
            continue;
        }
        let (tag, behind) = split_tag(rest);
        rest = behind;
        let Some(hole) = Hole::read(tag) else {
            out.extend_from_slice(tag);
            continue;
        };
        let from = out.len();
        let written = match &mut renderings {
            Some(list) if hole.has_format => next_text(list),
            _ => None,
        };
        match (written, value(hole.name)) {
            (Some(text), _) => out.extend_from_slice(json::unescaped(text, arena)),
            (None, Some(&(_, raw, Shape::String { .. }))) => {
                out.extend_from_slice(json::unescaped(&raw[1..], arena));
            }
            (None, Some(&(_, raw, _))) => literal(raw, &mut out, arena),
            // Serilog leaves a hole that nothing fills.
            (None, None) => out.extend_from_slice(tag),
        }
        hole.align(from, &mut out);
        if out.len() > RENDERED_BYTES_MAX {
            return Some(template);
        }
    }
    out.extend_from_slice(rest);
    Some(out.into_bump_slice())
}

/// The keys of an event, as many as [`TEMPLATE_KEYS_MAX`]; none of what is no object.
fn members<'a>(event: &'a [u8], arena: &'a Bump) -> Option<Vec<'a, Member<'a>>> {
    let body = event.strip_prefix("\u{feff}".as_bytes()).unwrap_or(event);
    let mut scan = Scan::new(body, 0);
    let mut members = Vec::with_capacity_in(16, arena);
    scan.expect(b'{').ok()?;
    while members.len() < TEMPLATE_KEYS_MAX && !scan.take(b'}') {
        let (key, _) = scan.key().ok()?;
        let (raw, shape) = scan.value(1).ok()?;
        members.push((key, raw, shape));
        let _ = scan.take(b',');
    }
    Some(members)
}

/// The next text of a list behind its bracket, from behind its quote on.
fn next_text<'a>(list: &mut Scan<'a>) -> Option<&'a [u8]> {
    let (raw, shape) = list.value(1).ok()?;
    let _ = list.take(b',');
    matches!(shape, Shape::String { .. }).then(|| &raw[1..])
}

/// Cuts a template that begins with a brace behind the brace that closes it, or before the first byte that Serilog
/// takes in no hole. What is cut off is a hole, or text as it stands.
fn split_tag(template: &[u8]) -> (&[u8], &[u8]) {
    let ends = |block: Block| {
        block.is(b'}')
            | block.within(b'<', b'>')
            | block.is(b'^')
            | block.is(b'`')
            | block.is(b'~')
            | block.below(b' ')
    };
    let end = block::find(template, 0, ends).unwrap_or(template.len());
    template.split_at(end + usize::from(template.get(end) == Some(&b'}')))
}

/// `{Name}`, `{@Name,-10:0.00}`: a place in a template that a value goes to.
struct Hole<'a> {
    name: &'a [u8],
    /// Characters that the value takes at least; to the left of them where it is below zero.
    width: i32,
    has_format: bool,
}

impl<'a> Hole<'a> {
    /// The hole that `tag` is with its braces.
    fn read(tag: &'a [u8]) -> Option<Hole<'a>> {
        let inner = tag.strip_prefix(b"{")?.strip_suffix(b"}")?;
        let (inner, has_format) = match memchr::memchr(b':', inner) {
            Some(colon) => (&inner[..colon], true),
            None => (inner, false),
        };
        let (name, width) = match memchr::memchr(b',', inner) {
            Some(comma) => (
                &inner[..comma],
                str::from_utf8(&inner[comma + 1..]).ok()?.parse().ok()?,
            ),
            None => (inner, 0),
        };
        let name = match name {
            [b'@' | b'$', name @ ..] | name => name,
        };
        let is_name = !name.is_empty()
            && name
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        let hole = Hole {
            name,
            width,
            has_format,
        };
        is_name.then_some(hole)
    }

    /// Fills up what `out` has from `from` on with blanks.
    fn align(&self, from: usize, out: &mut Vec<u8>) {
        let wide = out[from..].iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
        let missing = (self.width.unsigned_abs() as usize)
            .min(RENDERED_BYTES_MAX)
            .saturating_sub(wide);
        let len = out.len();
        out.resize(len + missing, b' ');
        if self.width > 0 {
            out[from..].rotate_right(missing);
        }
    }
}

/// Appends a JSON value as .NET and Serilog write it: `True`, `[1, "a"]`, `Customer { Name: "x" }`.
fn literal(raw: &[u8], out: &mut Vec<u8>, arena: &Bump) {
    let mut scan = Scan::new(raw, 0);
    let _ = value(&mut scan, out, arena);
}

/// Recursive as deep as the event nests, which its parser has limited.
fn value(scan: &mut Scan<'_>, out: &mut Vec<u8>, arena: &Bump) -> Result<(), json::Broken> {
    if scan.take(b'[') {
        out.push(b'[');
        let mut first = true;
        while !scan.take(b']') {
            if !first {
                scan.expect(b',')?;
                out.extend_from_slice(b", ");
            }
            first = false;
            value(scan, out, arena)?;
        }
        out.push(b']');
        return Ok(());
    }
    if scan.take(b'{') {
        return structure(scan, out, arena);
    }
    let (raw, shape) = scan.value(1)?;
    match shape {
        Shape::String { .. } => {
            out.push(b'"');
            for &byte in json::unescaped(&raw[1..], arena) {
                if byte == b'"' {
                    out.push(b'\\');
                }
                out.push(byte);
            }
            out.push(b'"');
        }
        Shape::True => out.extend_from_slice(b"True"),
        Shape::False => out.extend_from_slice(b"False"),
        _ => out.extend_from_slice(raw),
    }
    Ok(())
}

/// An object behind its brace. Its type stands before it, wherever `$type` is.
fn structure(scan: &mut Scan<'_>, out: &mut Vec<u8>, arena: &Bump) -> Result<(), json::Broken> {
    let from = out.len();
    out.extend_from_slice(b"{ ");
    let mut first = true;
    let mut typed = false;
    while !scan.take(b'}') {
        if scan.take(b',') {
            continue;
        }
        let (key, _) = scan.key()?;
        if key == b"$type" {
            let (name, _) = scan.value(1)?;
            // Once: moving the rest costs its length.
            if std::mem::replace(&mut typed, true) {
                continue;
            }
            let name = json::unescaped(name.get(1..).unwrap_or_default(), arena);
            let len = out.len();
            out.extend_from_slice(name);
            out.push(b' ');
            let put = out.len() - len;
            out[from..].rotate_right(put);
            continue;
        }
        if !first {
            out.extend_from_slice(b", ");
        }
        first = false;
        out.extend_from_slice(key);
        out.extend_from_slice(b": ");
        value(scan, out, arena)?;
    }
    out.extend_from_slice(b" }");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rendered(event: &str) -> Option<String> {
        let arena = Bump::new();
        render(event.as_bytes(), &arena).map(|text| String::from_utf8(text.to_vec()).unwrap())
    }

    #[test]
    fn holes_are_filled() {
        for (event, message) in [
            (
                r#"{"@mt":"Order {OrderId} of {Name}","OrderId":7,"Name":"a \"b\""}"#,
                r#"Order 7 of a "b""#,
            ),
            (
                r#"{"@mt":"{A:0.0} {B} {C:x}","@r":["1.2","ff"],"A":1.23,"B":2,"C":255}"#,
                "1.2 2 ff",
            ),
            (r#"{"@mt":"{A:0.0}","A":1.23}"#, "1.23"),
            (
                r#"{"@mt":"{{literal}} {Missing:x} {Yes} {No}","Yes":true,"No":null}"#,
                "{literal} {Missing:x} True null",
            ),
            (
                r#"{"@mt":"|{A,5}|{B,-5}|{C,2}|","A":7,"B":"é","C":"long"}"#,
                "|    7|é    |long|",
            ),
            (
                r#"{"@mt":"{@Customer} {$Text}","Customer":{"Name":"x \"y\"","Tags":["vip",1],"$type":"Customer"},"Text":[]}"#,
                r#"Customer { Name: "x \"y\"", Tags: ["vip", 1] } []"#,
            ),
            (r#"{"@mt":"no {hole","x":1}"#, "no {hole"),
            (r#"{"@mt":"{} {a b} }","x":1}"#, "{} {a b} }"),
            // What is no hole is text up to where a hole would end.
            (r#"{"@mt":"{a b {x} {x} {{{a {{","x":1}"#, "{a b {x} 1 {{a {{"),
            (r#"{"@mt":"{\n a: {x}}","x":1}"#, "{\n a: 1}"),
            (r#"{"A":1,"@mt":"{A}{A}","A":2}"#, "22"),
        ] {
            assert_eq!(rendered(event).as_deref(), Some(message), "{event}");
        }
        assert_eq!(rendered(r#"{"@m":"x"}"#), None);
        assert_eq!(rendered(r#"{"@mt":7}"#), None);
        assert_eq!(rendered("x"), None);
    }

    #[test]
    fn a_message_that_grows_too_long_stays_a_template() {
        let holes = "{A}".repeat(100);
        let event = format!(
            r#"{{"@mt":"{holes}","A":"{}"}}"#,
            "a".repeat(RENDERED_BYTES_MAX / 50)
        );
        assert_eq!(rendered(&event), Some(holes));
    }

    proptest! {
        #[test]
        fn any_template_and_value_is_taken(template: String, text: String, other in "[{}@$:,A-C0-9 -]{0,40}") {
            let event = serde_json::json!({"@mt": template + &other, "A": text, "B": {"C": [other]}}).to_string();
            prop_assert!(rendered(&event).is_some());
        }
    }
}
