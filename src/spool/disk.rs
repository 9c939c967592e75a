//! The file operations a spool is made of, so that a test can put a disk that crashes under it.
//!
//! Nothing survives a power cut by itself: what was written to a file does after [`DiskFile::sync`], a
//! created, renamed or removed name does after [`Disk::sync_directory`].

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// One directory.
pub trait Disk: Debug + Send + Sync {
    /// Names of the files in it, in no order.
    fn names(&self) -> io::Result<Vec<String>>;
    /// Length of a file; `None` when there is none.
    fn length(&self, name: &str) -> io::Result<Option<u64>>;
    /// Up to `max_bytes` of a file from `offset` on; `None` when there is none.
    fn read(&self, name: &str, offset: u64, max_bytes: usize) -> io::Result<Option<Vec<u8>>>;
    /// A new file in the place of any older one, `reserved_bytes` long, of zeros whose room is taken.
    fn create(&self, name: &str, reserved_bytes: u64) -> io::Result<Box<dyn DiskFile>>;
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// A missing file is no error.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Cuts a file to `length` bytes, durably.
    fn cut(&self, name: &str, length: u64) -> io::Result<()>;
    fn sync_directory(&self) -> io::Result<()>;

    /// Puts a file with these bytes in the place of an older one: whole, or not at all, whatever happens.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let new = format!("{name}.new");
        let mut file = self.create(&new, 0)?;
        file.write_at(0, bytes)?;
        file.sync()?;
        self.rename(&new, name)?;
        self.sync_directory()
    }
}

/// A file that is written to.
pub trait DiskFile: Debug + Send {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Cuts the file to `length` bytes.
    fn cut(&mut self, length: u64) -> io::Result<()>;
    /// Makes everything written so far survive a power cut.
    fn sync(&mut self) -> io::Result<()>;
}

/// A directory of the file system; files are readable by their owner only.
#[derive(Debug)]
pub struct RealDisk {
    directory: PathBuf,
}

impl RealDisk {
    pub fn new(directory: &Path) -> RealDisk {
        RealDisk { directory: directory.to_owned() }
    }
}

impl Disk for RealDisk {
    fn names(&self) -> io::Result<Vec<String>> {
        let names = std::fs::read_dir(&self.directory)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
    }

    fn length(&self, name: &str) -> io::Result<Option<u64>> {
        found(std::fs::metadata(self.directory.join(name)).map(|metadata| metadata.len()))
    }

    fn read(&self, name: &str, offset: u64, max_bytes: usize) -> io::Result<Option<Vec<u8>>> {
        let Some(mut file) = found(File::open(self.directory.join(name)))? else { return Ok(None) };
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(max_bytes as u64).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn create(&self, name: &str, reserved_bytes: u64) -> io::Result<Box<dyn DiskFile>> {
        let path = self.directory.join(name);
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        if reserved_bytes > 0
            && let Err(error) = reserve(&file, reserved_bytes)
        {
            let _ = std::fs::remove_file(&path);
            return Err(error);
        }
        Ok(Box::new(RealFile { file }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.directory.join(from), self.directory.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        found(std::fs::remove_file(self.directory.join(name))).map(drop)
    }

    fn cut(&self, name: &str, length: u64) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(self.directory.join(name))?;
        file.set_len(length)?;
        file.sync_all()
    }

    fn sync_directory(&self) -> io::Result<()> {
        crate::file::sync_directory(&self.directory)
    }
}

fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes the room now, so that a full disk shows when a segment begins and not in its middle.
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    match fallocate(file, FallocateFlags::empty(), 0, bytes) {
        // Some file systems cannot; there a full disk shows later, which is handled as well.
        Err(rustix::io::Errno::OPNOTSUPP) => Ok(()),
        result => Ok(result?),
    }
}

#[derive(Debug)]
struct RealFile {
    file: File,
}

impl DiskFile for RealFile {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }
}
