use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, IoSliceMut, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use rustix::fs::OFlags;
use rustix::io::Errno;

use super::facts::Facts;
use super::identity::TAIL_BYTES;

/// Opens a file for reading. Never waits: a FIFO that took the file's place opens at once.
///
/// # Errors
///
/// When there is none, it may not be read, or it is no regular file.
pub fn open(path: &Path) -> io::Result<File> {
    // The flag's bits fit an i32 on every system that has it.
    let flags = OFlags::NONBLOCK.bits() as i32;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// The bytes of a file, at any position; of a compressed file the bytes that it was made from.
#[derive(Debug)]
pub enum Bytes {
    Plain(File),
    Gz(Box<GzBytes>),
}

impl Bytes {
    pub fn plain(file: File) -> Bytes {
        Bytes::Plain(file)
    }

    pub fn gz(file: File) -> Bytes {
        Bytes::Gz(Box::new(GzBytes::new(file)))
    }

    pub fn is_gz(&self) -> bool {
        matches!(self, Bytes::Gz(_))
    }

    /// # Errors
    ///
    /// When the file system does not answer.
    pub fn facts(&self) -> io::Result<Facts> {
        match self {
            Bytes::Plain(file) => Facts::of_open(file),
            Bytes::Gz(gz) => Facts::of_open(gz.file()),
        }
    }

    /// Reads from `at` on until `into` is full or the file ends, and says how much it was.
    ///
    /// # Errors
    ///
    /// When the disk fails, or the compressed bytes are damaged or not complete yet.
    pub fn read_at(&mut self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        self.read_two(at, &mut [], into)
    }

    /// As [`Bytes::read_at`], into two buffers one behind the other, so that both are of one moment.
    ///
    /// # Errors
    ///
    /// As [`Bytes::read_at`].
    pub fn read_two(&mut self, at: u64, first: &mut [u8], second: &mut [u8]) -> io::Result<usize> {
        match self {
            Bytes::Plain(file) => read_plain(file, at, first, second),
            Bytes::Gz(gz) => {
                let read = gz.read_at(at, first)?;
                if read < first.len() {
                    return Ok(read);
                }
                Ok(read + gz.read_at(at + read as u64, second)?)
            }
        }
    }
}

fn read_plain(file: &File, at: u64, first: &mut [u8], second: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    loop {
        let (left_first, left_second) = if done < first.len() {
            (&mut first[done..], &mut second[..])
        } else {
            let skip = done - first.len();
            (&mut [][..], &mut second[skip..])
        };
        if left_first.is_empty() && left_second.is_empty() {
            return Ok(done);
        }
        let mut into = [IoSliceMut::new(left_first), IoSliceMut::new(left_second)];
        match rustix::io::preadv(file, &mut into, at + done as u64) {
            Ok(0) => return Ok(done),
            Ok(read) => done += read,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reads a gzip file from any position of the bytes that it was made from. Going forward costs what lies
/// between; going back more than [`GzBytes::KEPT`] bytes costs everything from the beginning on.
#[derive(Debug)]
pub struct GzBytes {
    decoder: MultiGzDecoder<BufReader<File>>,
    /// What was decompressed last.
    kept: Vec<u8>,
    /// Position of the first byte of `kept`.
    from: u64,
    ended: bool,
}

impl GzBytes {
    /// Bytes before the last position that was asked for that stay in memory.
    const KEPT: u64 = TAIL_BYTES as u64;
    /// How much is decompressed at once, in bytes.
    const STEP: usize = 64 << 10;

    fn new(file: File) -> GzBytes {
        GzBytes {
            decoder: MultiGzDecoder::new(BufReader::new(file)),
            kept: Vec::new(),
            from: 0,
            ended: false,
        }
    }

    fn file(&self) -> &File {
        self.decoder.get_ref().get_ref()
    }

    fn rewind(&mut self) -> io::Result<()> {
        use std::io::Seek;
        let mut file = self.file().try_clone()?;
        file.rewind()?;
        *self = GzBytes::new(file);
        Ok(())
    }

    fn read_at(&mut self, at: u64, into: &mut [u8]) -> io::Result<usize> {
        if at < self.from {
            self.rewind()?;
        }
        let wanted = at + into.len() as u64;
        while !self.ended && self.from + (self.kept.len() as u64) < wanted {
            // Everything before the position is of no use any more, except a little.
            let keep_from = at.saturating_sub(Self::KEPT);
            if keep_from > self.from {
                let drop = usize::try_from(keep_from - self.from)
                    .map_or(self.kept.len(), |drop| drop.min(self.kept.len()));
                self.kept.drain(..drop);
                self.from += drop as u64;
            }
            let len = self.kept.len();
            self.kept.resize(len + Self::STEP, 0);
            let read = match self.decoder.read(&mut self.kept[len..]) {
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {
                    self.kept.truncate(len);
                    continue;
                }
                Err(error) => {
                    self.kept.truncate(len);
                    return Err(error);
                }
            };
            self.kept.truncate(len + read);
            self.ended = read == 0;
        }
        let Ok(skip) = usize::try_from(at - self.from) else {
            return Ok(0);
        };
        let there = self.kept.get(skip..).unwrap_or_default();
        let read = there.len().min(into.len());
        into[..read].copy_from_slice(&there[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::facts::Kind;
    use std::io::Write;

    #[test]
    fn compressed_bytes_are_read_at_any_position() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.gz");
        let plain: Vec<u8> = (0..500_000u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        let mut out = Vec::new();
        // Two members, as `cat a.gz b.gz` makes them.
        for half in plain.chunks(300_000) {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gz.write_all(half).unwrap();
            out.extend(gz.finish().unwrap());
        }
        std::fs::write(&path, &out).unwrap();
        let mut bytes = Bytes::gz(File::open(&path).unwrap());
        for (at, len) in [
            (0, 10),
            (299_990, 20),
            (299_995, 100_000),
            (5, 5),
            (499_990, 100),
            (600_000, 10),
        ] {
            let mut into = vec![0; len];
            let read = bytes.read_at(at as u64, &mut into).unwrap();
            let end = plain.len().min(at + len);
            assert_eq!(
                &into[..read],
                plain.get(at..end).unwrap_or_default(),
                "{at} {len}"
            );
        }
        let (mut first, mut second) = ([0; 7], [0; 9]);
        assert_eq!(bytes.read_two(400_000, &mut first, &mut second).unwrap(), 16);
        assert_eq!(
            (&first[..], &second[..]),
            (&plain[400_000..400_007], &plain[400_007..400_016])
        );

        std::fs::write(&path, &out[..out.len() / 2]).unwrap();
        let mut cut = Bytes::gz(File::open(&path).unwrap());
        assert!(
            cut.read_at(499_000, &mut [0; 10]).is_err(),
            "half a file is no file"
        );
    }

    #[test]
    fn the_facts_of_a_path_and_of_its_descriptor_agree() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        std::fs::write(&path, b"12345").unwrap();
        let file = open(&path).unwrap();
        let facts = Facts::of(&path).unwrap();
        assert_eq!(facts, Facts::of_open(&file).unwrap());
        assert_eq!((facts.size, facts.links, facts.kind), (5, 1, Kind::File));
        let plain = Facts::from(&file.metadata().unwrap());
        assert_eq!((plain.inode, plain.modified), (facts.inode, facts.modified));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(Facts::of_open(&file).unwrap().links, 0);
        assert_eq!(Facts::of(dir.path()).unwrap().kind, Kind::Directory);
    }
}
