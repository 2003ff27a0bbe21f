//! Names that a power cut does not take: a file that is synced is lost all the same when its directory is not.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// Makes what happened to the names in `dir` durable.
pub(crate) fn sync_names(dir: &Path) -> io::Result<()> {
    match File::open(dir)?.sync_all() {
        // File systems without such a thing (CIFS) say so: their names are the server's business.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// Makes the directory, and those above it, unless they are there; durably. After an error the one that it was about is not
/// there, so that the next try makes it again.
pub(crate) fn create_dir(dir: &Path, mode: u32) -> io::Result<()> {
    create_dir_with(dir, mode, &sync_names)
}

fn create_dir_with(dir: &Path, mode: u32, sync_names: &dyn Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let above = folder_of(dir);
    // The root and `.` are their own parents, and there.
    if above != dir {
        create_dir_with(above, mode, sync_names)?;
    }
    match DirBuilder::new().mode(mode).create(dir) {
        Ok(()) => sync_names(above).inspect_err(|_| {
            // Empty, since nobody else knows of it yet; where even this fails, the name is as safe as the next sync makes it.
            let _ = fs::remove_dir(dir);
        }),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// The directory that holds the name `path`.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn each_new_directory_is_synced_into_the_one_above() {
        let dir = tempfile::tempdir().unwrap();
        let synced = RefCell::new(Vec::new());
        let note = |dir: &Path| {
            synced.borrow_mut().push(dir.to_path_buf());
            Ok(())
        };
        let deep = dir.path().join("a/b");
        create_dir_with(&deep, 0o700, &note).unwrap();
        create_dir_with(&deep, 0o700, &note).unwrap();
        assert_eq!(*synced.borrow(), [dir.path().to_path_buf(), dir.path().join("a")]);
        assert_eq!(fs::metadata(&deep).unwrap().permissions().mode() & 0o777, 0o700);
        create_dir(&dir.path().join("c"), 0o700).unwrap();
        assert!(create_dir(Path::new("."), 0o700).is_ok() && create_dir(Path::new("/"), 0o700).is_ok());
    }

    #[test]
    fn a_directory_that_could_not_be_synced_is_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let new = dir.path().join("new");
        assert!(create_dir_with(&new, 0o700, &|_| Err(io::Error::other("power"))).is_err());
        assert!(!new.exists());
    }

    #[test]
    fn a_bare_name_lies_in_the_current_directory() {
        assert_eq!(folder_of(Path::new("events.ndjson")), Path::new("."));
        assert_eq!(folder_of(Path::new("/var/events.ndjson")), Path::new("/var"));
    }
}
