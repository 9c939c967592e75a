//! How much room a disk has, and whether it is enough for what is about to be written.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Bytes that somebody will write below a directory.
#[derive(Debug, Clone)]
pub struct Need {
    /// On the disk that is meant.
    pub directory: PathBuf,
    /// At most so many.
    pub bytes: u64,
}

/// A disk with less room than is needed.
#[derive(Debug, thiserror::Error)]
#[error(
    "the disk of {} is full: {free_bytes} bytes are free, and a start needs {needed_bytes}; free some and \
    start again, nothing is lost",
    directory.display()
)]
pub struct Shortage {
    /// On the disk that is meant.
    pub directory: PathBuf,
    /// What the disk has left.
    pub free_bytes: u64,
    /// What all needs on the disk come to.
    pub needed_bytes: u64,
}

/// Bytes that this process may still write to the disk of `directory`.
///
/// # Errors
/// The directory is not there.
pub fn free_bytes(directory: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(directory)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// The first disk that has not the room for all that is needed on it.
///
/// # Errors
/// A directory is not there.
pub fn shortage(needs: &[Need]) -> io::Result<Option<Shortage>> {
    let disks = needs.iter().map(|need| Ok(std::fs::metadata(&need.directory)?.dev()));
    let disks: Vec<u64> = disks.collect::<io::Result<_>>()?;
    for (need, disk) in needs.iter().zip(&disks) {
        let on_it = needs.iter().zip(&disks).filter(|(_, other)| *other == disk);
        let needed_bytes = on_it.map(|(need, _)| need.bytes).sum();
        let free_bytes = free_bytes(&need.directory)?;
        if free_bytes < needed_bytes {
            return Ok(Some(Shortage { directory: need.directory.clone(), free_bytes, needed_bytes }));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_on_one_disk_add_up() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let free = free_bytes(one.path()).unwrap();
        let need =
            |directory: &tempfile::TempDir, bytes| Need { directory: directory.path().to_owned(), bytes };
        assert!(shortage(&[need(&one, 1), need(&other, 1)]).unwrap().is_none());
        let short = shortage(&[need(&one, free / 4 * 3), need(&other, free / 4 * 3)]).unwrap().unwrap();
        assert_eq!(short.needed_bytes, free / 4 * 3 * 2);
        assert!(short.to_string().contains("free some and start again"));
    }
}
