//! The batch that is on its way into the tables: on the disk before its first insert, and until its last.

use super::error::UpkeepError;
use crate::file;
use crate::store::LedgerBatch;
use std::io;
use std::path::{Path, PathBuf};
use tokio::task::spawn_blocking;

/// `DATA_DIR/ledger.batch`.
#[derive(Debug)]
pub struct BatchFile {
    path: PathBuf,
}

/// What the file holds.
pub enum Kept {
    Nothing,
    Batch(LedgerBatch),
    /// It is written whole or not at all, so its disk has lost some of it.
    Damaged,
}

impl BatchFile {
    pub fn new(data_dir: &Path) -> BatchFile {
        BatchFile { path: data_dir.join("ledger.batch") }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a crash, or an insert that failed, has left.
    ///
    /// # Errors
    /// Of every call here: the file cannot be read or written; call again later.
    pub async fn read(&self) -> Result<Kept, UpkeepError> {
        let path = self.path.clone();
        self.blocking(move || match std::fs::read(path) {
            Ok(bytes) => Ok(LedgerBatch::from_bytes(&bytes).map_or(Kept::Damaged, Kept::Batch)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Kept::Nothing),
            Err(error) => Err(error),
        })
        .await
    }

    /// Keeps a batch, fsynced.
    ///
    /// # Errors
    /// As [`BatchFile::read`].
    pub async fn keep(&self, batch: &LedgerBatch) -> Result<(), UpkeepError> {
        let (path, bytes) = (self.path.clone(), batch.to_bytes());
        self.blocking(move || file::replace(&path, &bytes?)).await
    }

    /// Removes it.
    ///
    /// # Errors
    /// As [`BatchFile::read`].
    pub async fn forget(&self) -> Result<(), UpkeepError> {
        let path = self.path.clone();
        self.blocking(move || std::fs::remove_file(path)).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, UpkeepError> {
        let done = spawn_blocking(work).await.unwrap_or_else(|lost| Err(io::Error::other(lost)));
        done.map_err(|cause| UpkeepError::File { path: self.path.clone(), cause })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_read_back_as_it_was_written() {
        assert_eq!(
            LedgerBatch::from_bytes(&LedgerBatch::default().to_bytes().unwrap()),
            Some(LedgerBatch::default())
        );
        assert_eq!(LedgerBatch::from_bytes(b"torn"), None);
    }
}
