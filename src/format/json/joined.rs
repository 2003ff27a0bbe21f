use bumpalo::Bump;
use bumpalo::collections::Vec;

use super::repair::unescaped;
use super::scan::{Scan, Shape};

/// The texts of an array of texts, one per line, as some programs write a stack trace; `None` for any other array.
/// `raw` must be a valid JSON array.
#[cold]
pub(crate) fn joined<'a>(raw: &[u8], arena: &'a Bump) -> Option<&'a [u8]> {
    let mut scan = Scan::new(raw, 1);
    let mut text = Vec::with_capacity_in(raw.len(), arena);
    loop {
        scan.blanks();
        let (item, Shape::String { .. }) = scan.value(0).ok()? else {
            return None;
        };
        text.extend_from_slice_copy(unescaped(item.get(1..)?, arena));
        if !scan.take(b',') {
            return Some(text.into_bump_slice());
        }
        text.push(b'\n');
    }
}

/// Whether an array, or one within it, holds an object or, for `object` false, holds something else. `raw` must be a
/// valid JSON array.
#[cold]
pub(crate) fn holds(raw: &[u8], object: bool) -> bool {
    let mut scan = Scan::new(raw, 0);
    loop {
        scan.blanks();
        match scan.peek() {
            Some(b'[' | b',' | b']') => scan.jump(scan.at() + 1),
            Some(_) => match scan.value(0) {
                Ok((_, shape)) if (shape == Shape::Object) == object => return true,
                Ok(_) => {}
                Err(_) => return false,
            },
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_texts_are_joined() {
        let arena = Bump::new();
        for (raw, expected) in [
            (r#"["a"]"#, Some("a")),
            ("[ \"a: b\" ,\n\"at c\\t\\\"d\\\"\" ]", Some("a: b\nat c\t\"d\"")),
            (r#"["",""]"#, Some("\n")),
            ("[]", None),
            ("[1]", None),
            (r#"["a",1]"#, None),
            (r#"["a",["b"]]"#, None),
            (r#"["a",null]"#, None),
        ] {
            assert_eq!(
                joined(raw.as_bytes(), &arena),
                expected.map(str::as_bytes),
                "{raw}"
            );
        }
    }
}
