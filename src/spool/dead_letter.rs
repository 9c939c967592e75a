//! Records that the store refused for what they hold, one file each, until somebody has mended the cause.
//!
//! A file is named after its record and its checksum, so that setting the same record aside twice leaves one
//! file, and two records of one name leave two. Its first line is the reason, the rest is the record as it
//! was spooled: both can be read with a pager.

use super::{AppendError, Records, Spool};
use std::io;
use std::path::{Path, PathBuf};

const EXTENSION: &str = "dead";
/// While a letter is sent again.
const UNDER_WAY: &str = "sending";

/// A directory of dead letters, made when the first one arrives.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    directory: PathBuf,
}

/// One refused record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    pub name: String,
    pub reason: String,
    pub record: Vec<u8>,
}

/// What is to become of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redaction {
    Keep,
    Remove,
    /// By this record; the reason, which may quote the old one, goes too.
    Replace(Vec<u8>),
}

/// How many letters a revision has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Redacted {
    pub removed: u64,
    pub replaced: u64,
}

/// Why dead letters could not be sent again. Those that were not are still there.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    #[error(transparent)]
    Append(#[from] AppendError),
    #[error("a dead letter cannot be read or removed: {0}")]
    Io(#[from] io::Error),
}

impl DeadLetters {
    /// Those of the spool in `spool_directory`.
    pub fn beside(spool_directory: &Path) -> DeadLetters {
        DeadLetters { directory: spool_directory.with_file_name("dead-letter") }
    }

    /// Sets a record aside, durably. `name` is of letters, digits and `-`.
    ///
    /// # Errors
    /// It could not be written; the record must then not be given up.
    pub fn put(&self, name: &str, reason: &str, record: &[u8]) -> io::Result<()> {
        crate::file::create_private_directory(&self.directory)?;
        let line = reason.replace(['\n', '\r'], " ");
        let name = format!("{name}-{:08x}", crc32c::crc32c(record));
        crate::file::replace(&self.path(&name, EXTENSION), &[line.as_bytes(), b"\n", record].concat())
    }

    /// All of them, by name.
    ///
    /// # Errors
    /// The directory or a file in it cannot be read.
    pub fn list(&self) -> io::Result<Vec<DeadLetter>> {
        let entries = match std::fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut letters = Vec::new();
        for entry in entries {
            let path = entry?.path();
            // One that a killed process was sending again is a letter still: twice counts once.
            let is_letter = path.extension().is_some_and(|found| found == EXTENSION || found == UNDER_WAY);
            if !is_letter {
                continue;
            }
            let bytes = std::fs::read(&path)?;
            let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
            letters.push(DeadLetter {
                name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
                reason: String::from_utf8_lossy(&bytes[..end]).into_owned(),
                record: bytes.get(end + 1..).unwrap_or_default().to_vec(),
            });
        }
        letters.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(letters)
    }

    /// Puts every record back into the spool; the store is asked again. Returns how many.
    ///
    /// # Errors
    /// See [`RetryError`].
    pub async fn retry(&self, spool: &Spool) -> Result<usize, RetryError> {
        let letters = self.list()?;
        for letter in &letters {
            let mut records = Records::default();
            records.push(&letter.record);
            // Out of the way first: when it is refused again at once, the new letter must not be taken for
            // this one.
            let (letter, under_way) =
                (self.path(&letter.name, EXTENSION), self.path(&letter.name, UNDER_WAY));
            match std::fs::rename(&letter, &under_way) {
                // A killed process had begun with it.
                Err(error) if error.kind() == io::ErrorKind::NotFound && under_way.exists() => {}
                result => result?,
            }
            if let Err(error) = spool.append(records).await {
                std::fs::rename(&under_way, &letter)?;
                return Err(error.into());
            }
            std::fs::remove_file(under_way)?;
        }
        Ok(letters.len())
    }

    /// Goes through all letters. One that is being sent again meanwhile may be on its way as it was.
    ///
    /// # Errors
    /// A file cannot be read, written or removed; the next call goes through the rest.
    pub fn redact(&self, redact: impl Fn(&[u8]) -> Redaction) -> io::Result<Redacted> {
        let mut redacted = Redacted::default();
        for letter in self.list()? {
            match redact(&letter.record) {
                Redaction::Keep => continue,
                Redaction::Remove => redacted.removed += 1,
                Redaction::Replace(record) => {
                    let name = letter.name.rsplit_once('-').map_or(&*letter.name, |(name, _)| name);
                    self.put(name, "it was refused before it was redacted", &record)?;
                    redacted.replaced += 1;
                }
            }
            for extension in [EXTENSION, UNDER_WAY] {
                match std::fs::remove_file(self.path(&letter.name, extension)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        if redacted != Redacted::default() {
            crate::file::sync_directory(&self.directory)?;
        }
        Ok(redacted)
    }

    fn path(&self, name: &str, extension: &str) -> PathBuf {
        self.directory.join(name).with_extension(extension)
    }
}
