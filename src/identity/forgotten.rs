//! Who was to be forgotten, and when: keyed hashes in one private file.
//!
//! The spool hands out again what it has kept, and a dead letter may wait for months. Whoever sends such a
//! record to the store asks here first: what arrived before the forgetting must not come back. Entries do not
//! expire, because nothing tells when the last copy of a record is gone. The file names nobody, but whoever
//! has it, the key in `identity.json` and a visitor's id can tell that this visitor was forgotten.

use super::{Identities, IdentityError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{OwnedRwLockReadGuard, RwLock, RwLockWriteGuard};

#[derive(Debug, Default, Serialize, Deserialize)]
struct Entries {
    /// Epoch milliseconds of the forgetting, by the visitor's hash.
    visitors: BTreeMap<String, i64>,
}

impl Entries {
    fn latest_ms(&self) -> i64 {
        self.visitors.values().copied().max().unwrap_or(i64::MIN)
    }
}

#[derive(Debug)]
struct Memory {
    entries: Entries,
    /// Of all entries: nearly every record arrived later, and is let pass without a hash.
    latest_ms: i64,
}

/// The visitors that were forgotten. Clones share them.
#[derive(Debug, Clone)]
pub struct Forgotten {
    path: PathBuf,
    identities: Arc<Identities>,
    memory: Arc<RwLock<Memory>>,
}

/// What is known now; while it is held nobody is added.
#[derive(Debug)]
pub struct Known {
    identities: Arc<Identities>,
    memory: OwnedRwLockReadGuard<Memory>,
}

/// The right to add; while it is held nobody can look.
#[derive(Debug)]
pub struct Adding<'a> {
    path: &'a Path,
    identities: &'a Identities,
    memory: RwLockWriteGuard<'a, Memory>,
}

impl Forgotten {
    /// Reads `path`; a missing file names nobody.
    ///
    /// # Errors
    /// The file cannot be read or understood.
    pub fn open(path: &Path, identities: Arc<Identities>) -> Result<Forgotten, IdentityError> {
        let error = |cause| IdentityError { path: path.to_owned(), cause };
        let entries = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|cause| error(cause.into()))?,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Entries::default(),
            Err(cause) => return Err(error(cause)),
        };
        let memory = Memory { latest_ms: entries.latest_ms(), entries };
        Ok(Forgotten { path: path.to_owned(), identities, memory: Arc::new(RwLock::new(memory)) })
    }

    /// Whoever sends records holds this until they are in the store, so that a forgetting never falls
    /// between.
    pub async fn known(&self) -> Known {
        let memory = Arc::clone(&self.memory).read_owned().await;
        Known { identities: Arc::clone(&self.identities), memory }
    }

    /// Waits until nothing is being sent.
    pub async fn adding(&self) -> Adding<'_> {
        Adding { path: &self.path, identities: &self.identities, memory: self.memory.write().await }
    }
}

impl Known {
    /// Whether something that arrived at `received_at_ms` (epoch milliseconds) is of a visitor forgotten
    /// since.
    pub fn covers(&self, shop: &str, visitor: &str, received_at_ms: i64) -> bool {
        received_at_ms <= self.memory.latest_ms
            && self
                .memory
                .entries
                .visitors
                .get(&self.identities.forgotten_visitor(shop, visitor))
                .is_some_and(|&forgotten_at_ms| received_at_ms <= forgotten_at_ms)
    }
}

impl Adding<'_> {
    /// Remembers, durably, that what arrived up to `at_ms` (epoch milliseconds) of this visitor is to be
    /// forgotten.
    ///
    /// # Errors
    /// The file could not be written; everything is as it was.
    pub fn remember(&mut self, shop: &str, visitor: &str, at_ms: i64) -> Result<(), IdentityError> {
        let hash = self.identities.forgotten_visitor(shop, visitor);
        let before = self.memory.entries.visitors.get(&hash).copied();
        let at_ms = before.map_or(at_ms, |before| before.max(at_ms));
        self.memory.entries.visitors.insert(hash.clone(), at_ms);
        let written = serde_json::to_vec(&self.memory.entries)
            .map_err(std::io::Error::from)
            .and_then(|bytes| crate::file::replace(self.path, &bytes));
        if let Err(cause) = written {
            match before {
                Some(before) => self.memory.entries.visitors.insert(hash, before),
                None => self.memory.entries.visitors.remove(&hash),
            };
            return Err(IdentityError { path: self.path.to_owned(), cause });
        }
        self.memory.latest_ms = self.memory.latest_ms.max(at_ms);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_arrived_before_is_covered_after_a_restart_too_and_the_file_names_nobody() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("forgotten.json");
        let open = || {
            let identities = Identities::open(&directory.path().join("identity.json")).unwrap();
            Forgotten::open(&path, Arc::new(identities)).unwrap()
        };
        let forgotten = open();
        assert!(!forgotten.known().await.covers("tea", "mei-1", 0));
        forgotten.adding().await.remember("tea", "mei-1", 100).unwrap();
        forgotten.adding().await.remember("tea", "li-2", 300).unwrap();
        // A clock that was set back makes nothing come back.
        forgotten.adding().await.remember("tea", "mei-1", 50).unwrap();
        for forgotten in [forgotten, open()] {
            let known = forgotten.known().await;
            for (shop, visitor, received_at_ms, covered) in [
                ("tea", "mei-1", 100, true),
                ("tea", "mei-1", 101, false),
                ("tea", "li-2", 101, true),
                ("cup", "mei-1", 100, false),
                ("tea", "mei", 100, false),
                ("tea", "mei-1", 301, false),
            ] {
                assert_eq!(
                    known.covers(shop, visitor, received_at_ms),
                    covered,
                    "{visitor} {received_at_ms}"
                );
            }
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("mei") && !text.contains("tea"), "{text}");
    }

    #[tokio::test]
    async fn nobody_is_added_while_records_are_on_their_way() {
        let directory = tempfile::tempdir().unwrap();
        let identities = Arc::new(Identities::open(&directory.path().join("identity.json")).unwrap());
        let forgotten = Forgotten::open(&directory.path().join("forgotten.json"), identities).unwrap();
        let known = forgotten.known().await;
        assert!(futures_util::FutureExt::now_or_never(forgotten.adding()).is_none());
        drop(known);
        assert!(futures_util::FutureExt::now_or_never(forgotten.adding()).is_some());
    }
}
