use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use rustix::fs::{AtFlags, CWD, FileType, Statx, StatxFlags, makedev, statx};
use rustix::io::Errno;

/// What the file system calls a file, whatever its names are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Inode {
    pub dev: u64,
    pub ino: u64,
}

/// What the file system says about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    pub inode: Inode,
    /// When it was created, nanoseconds since the epoch, where the file system keeps it.
    pub born: Option<i64>,
    /// When it was last written to, nanoseconds since the epoch.
    pub modified: i64,
    /// In bytes; of the compressed bytes where the file is compressed.
    pub size: u64,
    /// Names that lead to it; 0: deleted.
    pub links: u64,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Directory,
    /// A FIFO, a socket, a device: nothing that can be read twice.
    Other,
}

impl Facts {
    /// Of the file that the path leads to, through symbolic links.
    ///
    /// # Errors
    ///
    /// When there is none or it may not be looked at.
    pub fn of(path: &Path) -> io::Result<Facts> {
        match statx(CWD, path, AtFlags::empty(), MASK) {
            Ok(stat) => Ok(Facts::from(&stat)),
            Err(Errno::NOSYS) => Ok(Facts::from(&std::fs::metadata(path)?)),
            Err(error) => Err(error.into()),
        }
    }

    /// # Errors
    ///
    /// When the file system does not answer.
    pub fn of_open(file: &File) -> io::Result<Facts> {
        match statx(file.as_fd(), c"", AtFlags::EMPTY_PATH, MASK) {
            Ok(stat) => Ok(Facts::from(&stat)),
            Err(Errno::NOSYS) => Ok(Facts::from(&file.metadata()?)),
            Err(error) => Err(error.into()),
        }
    }
}

const MASK: StatxFlags = StatxFlags::BASIC_STATS.union(StatxFlags::BTIME);

impl From<&Statx> for Facts {
    fn from(stat: &Statx) -> Facts {
        let nanos = |at: &rustix::fs::StatxTimestamp| {
            at.tv_sec
                .saturating_mul(1_000_000_000)
                .saturating_add(i64::from(at.tv_nsec))
        };
        let has_birth = StatxFlags::from_bits_retain(stat.stx_mask).contains(StatxFlags::BTIME);
        Facts {
            inode: Inode {
                dev: makedev(stat.stx_dev_major, stat.stx_dev_minor),
                ino: stat.stx_ino,
            },
            born: has_birth.then(|| nanos(&stat.stx_btime)),
            modified: nanos(&stat.stx_mtime),
            size: stat.stx_size,
            links: u64::from(stat.stx_nlink),
            kind: match FileType::from_raw_mode(u32::from(stat.stx_mode)) {
                FileType::RegularFile => Kind::File,
                FileType::Directory => Kind::Directory,
                _ => Kind::Other,
            },
        }
    }
}

impl From<&std::fs::Metadata> for Facts {
    fn from(meta: &std::fs::Metadata) -> Facts {
        let born = meta
            .created()
            .ok()
            .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Facts {
            inode: Inode {
                dev: meta.dev(),
                ino: meta.ino(),
            },
            born: born.and_then(|since| i64::try_from(since.as_nanos()).ok()),
            modified: meta
                .mtime()
                .saturating_mul(1_000_000_000)
                .saturating_add(meta.mtime_nsec()),
            size: meta.size(),
            links: meta.nlink(),
            kind: if meta.is_file() {
                Kind::File
            } else if meta.is_dir() {
                Kind::Directory
            } else {
                Kind::Other
            },
        }
    }
}
