//! The wire format of Protocol Buffers (<https://protobuf.dev/programming-guides/encoding/>): tags, varints and
//! lengths, which is all that a page of metrics needs.

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const DELIMITED: u32 = 2;

/// Seven bits a byte, the low ones first; every byte but the last has its high bit set.
pub(super) fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Small numbers of either sign as small unsigned ones.
fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

/// Appends what `fill` appends, with its length before it. Short messages, which are most, stay where they are
/// written; a longer one is moved to make room for its length.
pub(super) fn delimited(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.push(0);
    fill(out);
    let len = out.len() - at - 1;
    if len < 0x80 {
        out[at] = len as u8;
        return;
    }
    let mut prefix = Vec::with_capacity(10);
    varint(len as u64, &mut prefix);
    out.splice(at..=at, prefix);
}

pub(super) fn message(field: u32, out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    tag(field, DELIMITED, out);
    delimited(out, fill);
}

pub(super) fn bytes(field: u32, value: &[u8], out: &mut Vec<u8>) {
    tag(field, DELIMITED, out);
    varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

pub(super) fn uint(field: u32, value: u64, out: &mut Vec<u8>) {
    tag(field, VARINT, out);
    varint(value, out);
}

/// A field of type `sint32` or `sint64`.
pub(super) fn sint(field: u32, value: i64, out: &mut Vec<u8>) {
    uint(field, zigzag(value), out);
}

pub(super) fn double(field: u32, value: f64, out: &mut Vec<u8>) {
    tag(field, FIXED64, out);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A repeated field of type `sint64`, packed.
pub(super) fn packed_sints(field: u32, values: impl Iterator<Item = i64>, out: &mut Vec<u8>) {
    message(field, out, |out| {
        values.for_each(|value| varint(zigzag(value), out));
    });
}

fn tag(field: u32, kind: u32, out: &mut Vec<u8>) {
    varint(u64::from(field << 3 | kind), out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(make: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = vec![0xff];
        make(&mut out);
        out.split_off(1)
    }

    /// The examples of the specification.
    #[test]
    fn numbers_are_as_the_specification_shows_them() {
        assert_eq!(made(|out| varint(1, out)), [0x01]);
        assert_eq!(made(|out| varint(150, out)), [0x96, 0x01]);
        assert_eq!(made(|out| uint(1, 150, out)), [0x08, 0x96, 0x01]);
        let mut most = [0xff; 10];
        most[9] = 1;
        assert_eq!(made(|out| varint(u64::MAX, out)), most);
        assert_eq!([0, -1, 1, -2, i64::MAX].map(zigzag), [0, 1, 2, 3, u64::MAX - 1]);
        assert_eq!(zigzag(i64::MIN), u64::MAX);
        assert_eq!(
            made(|out| double(2, 1.0, out)),
            [0x11, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]
        );
        assert_eq!(
            made(|out| bytes(2, b"testing", out)),
            [0x12, 0x07, b't', b'e', b's', b't', b'i', b'n', b'g']
        );
        assert_eq!(
            made(|out| packed_sints(6, [1, -1].into_iter(), out)),
            [0x32, 2, 2, 1]
        );
    }

    #[test]
    fn a_message_has_its_length_before_it_however_long_it_is() {
        for len in [0, 1, 127, 128, 16_383, 16_384, 100_000] {
            let content = vec![7; len];
            let mut expected = vec![0x1a];
            varint(len as u64, &mut expected);
            expected.extend_from_slice(&content);
            assert_eq!(
                made(|out| message(3, out, |out| out.extend_from_slice(&content))),
                expected
            );
        }
    }
}
