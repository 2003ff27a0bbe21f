//! The `_id` of a document: where its event stands, so that a replay meets itself.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::event::FileKey;

/// Characters of one id: 11 for the file, 8 for the offset, 6 for the line.
pub const ID_BYTES: usize = 25;

/// In ASCII order, so that ids of one file sort by offset and share their beginning, which is what the term
/// dictionary of Lucene compresses well.
const DIGITS: &[u8; 64] = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

/// Appends the id of the event at `offset` of `file` whose first line is `line`.
///
/// The file and the offset alone would do while the checkpoint is whole. The line is there for the day when it
/// is not: a file that was truncated in place and lost its record is read again from the start, and a new line
/// at an old offset must not look like the old one. It is the first line and not the whole event, because a
/// multi-line event that was cut short by a time-out may be read back longer.
pub fn write(file: FileKey, offset: u64, line: &[u8], out: &mut Vec<u8>) {
    let hash = xxh3_64_with_seed(line, file.0 ^ offset);
    let mut id = [0; ID_BYTES];
    put(&mut id[..11], file.0);
    put(&mut id[11..19], offset);
    put(&mut id[19..], hash);
    out.extend_from_slice(&id);
}

/// The low bits of `number` as digits of 64, the highest first.
fn put(digits: &mut [u8], number: u64) {
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest & 63) as usize];
        rest >>= 6;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(file: u64, offset: u64, line: &[u8]) -> String {
        let mut out = Vec::new();
        write(FileKey(file), offset, line, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_same_place_and_line_is_the_same_id() {
        assert_eq!(id(7, 1000, b"line"), id(7, 1000, b"line"));
        assert_eq!(id(7, 1000, b"line").len(), ID_BYTES);
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
