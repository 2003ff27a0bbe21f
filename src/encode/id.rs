//! The `_id` of a document: where its event stands, so that a replay meets itself.

use xxhash_rust::xxh3::xxh3_64;

use crate::event::FileKey;

/// Characters for the file, the offset and the line.
const FILE_BYTES: usize = 11;
const OFFSET_BYTES: usize = 8;
const LINE_BYTES: usize = 6;

/// In ASCII order, so that ids of one file sort by offset and share their beginning, which is what the term
/// dictionary of Lucene compresses well.
const DIGITS: &[u8; 64] = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

/// Appends what the ids of all events of `file` begin with.
pub fn write_file(file: FileKey, out: &mut Vec<u8>) {
    out.extend_from_slice(&digits::<FILE_BYTES>(file.0));
}

/// Appends the rest of the id of the event at `offset` whose first line is `line`.
///
/// The file and the offset alone would do while the checkpoint is whole. The line is there for the day when it
/// is not: a file that was truncated in place and lost its record is read again from the start, and a new line
/// at an old offset must not look like the old one. It is the first line and not the whole event, because a
/// multi-line event that was cut short by a time-out may be read back longer.
pub fn write_event(offset: u64, line: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&digits::<OFFSET_BYTES>(offset));
    out.extend_from_slice(&digits::<LINE_BYTES>(xxh3_64(line)));
}

/// The low bits of `number` as digits of 64, the highest first.
fn digits<const LENGTH: usize>(number: u64) -> [u8; LENGTH] {
    let mut digits = [0; LENGTH];
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest & 63) as usize];
        rest >>= 6;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(file: u64, offset: u64, line: &[u8]) -> String {
        let mut out = Vec::new();
        write_file(FileKey(file), &mut out);
        write_event(offset, line, &mut out);
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
