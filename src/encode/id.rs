//! The `_id` of a document: where its event stands, so that a replay meets itself.
//!
//! Its digits are `-`, `0` to `9`, `A` to `Z`, `_`, `a` to `z`: in ASCII order, so that ids of one file sort by
//! offset and share their beginning, which is what the term dictionary of Lucene compresses well.

use xxhash_rust::xxh3::xxh3_64;

use super::page::Pen;
use crate::event::FileKey;

/// Characters for the file, the offset and the line.
const FILE_BYTES: usize = 11;
const OFFSET_BYTES: usize = 8;
const LINE_BYTES: usize = 6;

/// Appends what the ids of all events of `file` begin with.
pub fn write_file(file: FileKey, out: &mut Vec<u8>) {
    // Its highest bits are three digits, which leave two bits of the first unused.
    out.extend_from_slice(&eight(file.0 >> 48).to_be_bytes()[16 - FILE_BYTES..]);
    out.extend_from_slice(&eight(file.0).to_be_bytes());
}

/// Appends the rest of the id of the event at `offset` whose first line is `line`.
///
/// The file and the offset alone would do while the checkpoint is whole. The line is there for the day when it
/// is not: a file that was truncated in place and lost its record is read again from the start, and a new line
/// at an old offset must not look like the old one. It is the first line and not the whole event, because a
/// multi-line event that was cut short by a time-out may be read back longer.
#[inline]
pub fn write_event(offset: u64, line: &[u8], pen: &mut Pen<'_>) {
    pen.block(&eight(offset).to_be_bytes(), OFFSET_BYTES);
    // The low bits of the hash, as the first of eight digits.
    let hash = xxh3_64(line) << (6 * (8 - LINE_BYTES));
    pen.block(&eight(hash).to_be_bytes(), LINE_BYTES);
}

/// The low 48 bits of `number` as eight digits, the first in the highest byte: all eight at once, without a look
/// into a table for each.
#[inline(always)]
fn eight(number: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // Halved three times, all parts of one size at once: six bits in each byte.
    let halves = (((number >> 24) & 0xff_ffff) << 32) | (number & 0xff_ffff);
    let quarters = ((halves & 0x00ff_f000_00ff_f000) << 4) | (halves & 0x0000_0fff_0000_0fff);
    let values = ((quarters & 0x0fc0_0fc0_0fc0_0fc0) << 2) | (quarters & 0x003f_003f_003f_003f);
    // 1 in each byte whose value is `least` or more.
    let from = |least: u64| ((values + ONES * (0x80 - least)) >> 7) & ONES;
    // The characters follow each other but for four gaps.
    values + ONES * u64::from(b'-') + 2 * from(1) + 7 * from(11) + 4 * from(37) + from(38)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::encode::Page;

    const DIGITS: &[u8; 64] = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

    /// One by one.
    fn digits(number: u64, count: u32) -> String {
        let digit = |at| char::from(DIGITS[(number.checked_shr(6 * at).unwrap_or(0) & 63) as usize]);
        (0..count).rev().map(digit).collect()
    }

    proptest! {
        #[test]
        fn an_id_is_made_of_digits(file: u64, offset: u64, line: Vec<u8>) {
            let expected = digits(file, 11) + &digits(offset, 8) + &digits(xxh3_64(&line), 6);
            prop_assert_eq!(id(file, offset, &line), expected);
        }
    }

    fn id(file: u64, offset: u64, line: &[u8]) -> String {
        let (mut out, mut page) = (Vec::new(), Page::default());
        write_file(FileKey(file), &mut out);
        page.write(|pen| write_event(offset, line, pen));
        out.extend_from_slice(page.text());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_same_place_and_line_is_the_same_id() {
        assert_eq!(id(7, 1000, b"line"), id(7, 1000, b"line"));
        assert_eq!(id(7, 1000, b"line").len(), 25);
    }

    #[test]
    fn another_file_offset_or_line_is_another_id() {
        let base = id(7, 1000, b"line");
        assert_ne!(base, id(8, 1000, b"line"));
        assert_ne!(base, id(7, 1001, b"line"));
        assert_ne!(base, id(7, 1000, b"lime"));
    }

    #[test]
    fn ids_of_one_file_sort_by_offset() {
        let ids: Vec<_> = [0, 1, 63, 64, 5_000_000_000, (1 << 48) - 1]
            .map(|offset| id(u64::MAX, offset, b""))
            .into();
        assert!(ids.is_sorted());
    }
}
