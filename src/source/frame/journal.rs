use super::{End, offset, range};
use crate::event::Frame;
use crate::format::journal::{NoField, field};
use crate::limits::CHUNK_FRAMES_MAX;
use crate::source::FrameRule;

/// Entries of journald's export format: a blank line ends one, but for those within its binary fields.
pub(super) fn frame(
    rule: &FrameRule,
    input: &[u8],
    start: usize,
    end: End,
    frames: &mut Vec<Frame>,
) -> usize {
    let mut taken = start;
    while frames.len() < CHUNK_FRAMES_MAX {
        // NUL bytes are what a crash has left.
        taken += input[taken..]
            .iter()
            .take_while(|&&byte| matches!(byte, b'\n' | 0))
            .count();
        let rest = &input[taken..];
        if rest.is_empty() {
            break;
        }
        let entry = entry(rest, rule.event_bytes_max, end);
        let Some((length, cut)) = entry else { break };
        let text = rest[..length].strip_suffix(b"\n").unwrap_or(&rest[..length]);
        let first_line = memchr::memchr(b'\n', text).unwrap_or(text.len());
        frames.push(Frame {
            text: range(taken, taken + text.len()),
            at: offset(taken),
            first_line: offset(first_line),
            outer_time: 0..0,
            stream: None,
            cut,
        });
        taken += length;
    }
    taken
}

/// The line end behind a name and the number behind that.
const LENGTH_BYTES: usize = 9;

/// The length of the entry that `text` begins with, and whether it was cut; `None` when its end is not there yet. It ends
/// before the field that would take it over `bytes_max`; a field that is longer by itself is cut there.
fn entry(text: &[u8], bytes_max: usize, end: End) -> Option<(usize, bool)> {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest[0] == b'\n' {
            return Some((at, false));
        }
        let (bytes, broken) = match field(rest) {
            // The line end of the last one may be still to come.
            Ok(field) => (
                Some(field.bytes).filter(|&bytes| rest[..bytes].ends_with(b"\n")),
                false,
            ),
            Err(NoField::Short) => (None, false),
            Err(NoField::Broken { bytes }) if at + bytes > bytes_max => (Some(bytes), false),
            Err(NoField::Broken { .. }) if at > 0 => return Some((at, false)),
            // A line that is no field is an event by itself.
            Err(NoField::Broken { .. }) => (memchr::memchr(b'\n', rest).map(|line| line + 1), true),
        };
        match bytes {
            Some(bytes) if at + bytes <= bytes_max => at += bytes,
            // Beyond the limit; with the length of a binary field it is certain that the field is too long.
            None if text.len() <= bytes_max + LENGTH_BYTES => break,
            _ if at > 0 => return Some((at, false)),
            _ => return Some((bytes_max.min(text.len()), true)),
        }
        if broken {
            return Some((at, false));
        }
    }
    match end {
        End::Eof => Some((text.len(), false)),
        // Every field that is there is whole.
        End::Flush if at > 0 => Some((at, false)),
        End::Flush | End::More => None,
    }
}
