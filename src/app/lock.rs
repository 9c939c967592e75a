//! One process to a data directory.

use crate::file;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// Holds the data directory for one process.
#[derive(Debug)]
pub struct DataDirLock {
    _file: File,
}

/// Why a data directory cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error(
        "the data directory {} is in use by another shopfunnel; stop that one or choose another with \
         SHOPFUNNEL_DATA_DIR",
        .0.display()
    )]
    InUse(PathBuf),
    #[error("cannot use the data directory {}: {cause}", path.display())]
    Io { path: PathBuf, cause: std::io::Error },
}

impl DataDirLock {
    /// Takes the data directory, creating it when it is missing.
    ///
    /// # Errors
    /// Another process has it, or it cannot be written.
    pub fn take(data_dir: &Path) -> Result<DataDirLock, LockError> {
        let io = |cause| LockError::Io { path: data_dir.to_owned(), cause };
        file::create_private_directory(data_dir).map_err(io)?;
        let lock = file::open_private(&data_dir.join("lock")).map_err(io)?;
        match lock.try_lock() {
            Ok(()) => Ok(DataDirLock { _file: lock }),
            Err(TryLockError::WouldBlock) => Err(LockError::InUse(data_dir.to_owned())),
            Err(TryLockError::Error(cause)) => Err(io(cause)),
        }
    }
}
