//! Why the upkeep cannot go on for now.

use crate::store::StoreError;
use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub(super) enum UpkeepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot keep a batch in {}: {cause}", path.display())]
    File { path: PathBuf, cause: io::Error },
    /// Nothing is derived, numbered or compared on a guess: the next round reads the tables first.
    #[error("what the tables hold has not been read since the last failure")]
    Unread,
}
