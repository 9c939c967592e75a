//! The registry: every shop in memory, and the file behind it.
//!
//! Readers take an immutable snapshot and never wait. A change is written to a new file, fsynced and renamed
//! over the old one before readers see it, so a key that was printed is a key that survives a crash.

use super::Shop;
use super::key::{KeyHash, KeyKind};
use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

const FORMAT: u32 = 1;

/// Why the registry could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The disk refuses.
    #[error("cannot read or write {}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it says.
        cause: std::io::Error,
    },
    /// The file is not what was written.
    #[error("{} is damaged ({cause}); restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where it stops being that.
        cause: serde_json::Error,
    },
    /// A later version has written the file.
    #[error("{} was written by a newer shopfunnel (format {found}); use that version", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The number of its form.
        found: u32,
    },
}

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct File {
    format: u32,
    shops: Vec<Arc<Shop>>,
    /// Slugs of removed shops that had events. They are never given again: the events would reappear.
    #[serde(default)]
    retired_slugs: Vec<String>,
}

/// All shops at one moment, found by slug or key.
#[derive(Debug, Default)]
pub struct Snapshot {
    file: File,
    by_public_key: HashMap<String, Arc<Shop>>,
    by_key_hash: HashMap<KeyHash, (KeyKind, Arc<Shop>)>,
}

impl Snapshot {
    fn new(file: File) -> Snapshot {
        let mut snapshot = Snapshot { file, ..Snapshot::default() };
        for shop in &snapshot.file.shops {
            for key in &shop.public_keys {
                snapshot.by_public_key.insert(key.clone(), shop.clone());
            }
            for (kind, hashes) in [(KeyKind::Secret, &shop.secret_keys), (KeyKind::Read, &shop.read_keys)] {
                for hash in hashes {
                    snapshot.by_key_hash.insert(*hash, (kind, shop.clone()));
                }
            }
        }
        snapshot
    }

    /// All shops, in the order they were added.
    pub fn shops(&self) -> &[Arc<Shop>] {
        &self.file.shops
    }

    /// The shop of this slug.
    pub fn by_slug(&self, slug: &str) -> Option<&Arc<Shop>> {
        self.file.shops.iter().find(|shop| shop.slug == slug)
    }

    /// Whether a shop has this slug, or had it and left events under it.
    pub fn has_slug(&self, slug: &str) -> bool {
        self.by_slug(slug).is_some() || self.file.retired_slugs.iter().any(|retired| retired == slug)
    }

    /// The shop of this public key.
    pub fn by_public_key(&self, key: &str) -> Option<&Arc<Shop>> {
        self.by_public_key.get(key)
    }

    /// The shop a secret or read key belongs to, and which of the two it is.
    pub fn by_key(&self, key: &str) -> Option<&(KeyKind, Arc<Shop>)> {
        self.by_key_hash.get(&KeyHash::of(key))
    }
}

/// The shops of one data directory. One process holds it at a time (the data directory's lock).
#[derive(Debug)]
pub struct Registry {
    path: PathBuf,
    current: ArcSwap<Snapshot>,
    writing: Mutex<()>,
}

impl Registry {
    /// Reads `path`; a missing file is an empty registry.
    ///
    /// # Errors
    /// The file cannot be read, is damaged, or was written by a newer version.
    pub fn open(path: &Path) -> Result<Registry, RegistryError> {
        let io = |cause| RegistryError::Io { path: path.to_owned(), cause };
        let file = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice::<File>(&bytes)
                .map_err(|cause| RegistryError::Damaged { path: path.to_owned(), cause })?,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                File { format: FORMAT, ..File::default() }
            }
            Err(cause) => return Err(io(cause)),
        };
        if file.format > FORMAT {
            return Err(RegistryError::Newer { path: path.to_owned(), found: file.format });
        }
        Ok(Registry {
            path: path.to_owned(),
            current: ArcSwap::from_pointee(Snapshot::new(file)),
            writing: Mutex::new(()),
        })
    }

    /// The shops as they are now.
    pub fn snapshot(&self) -> arc_swap::Guard<Arc<Snapshot>> {
        self.current.load()
    }

    /// Adds a shop, or edits the one of the same slug, durably. `edit` sees the shop as it is now, and what
    /// it returns as an error leaves everything as it was.
    ///
    /// # Errors
    /// What `edit` refuses, or the file could not be written.
    pub fn edit<T, E: From<RegistryError>>(
        &self,
        edit: impl FnOnce(&mut Shops<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let _writing = self.writing.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mut file = self.current.load().file.clone();
        let done = edit(&mut Shops { file: &mut file })?;
        let bytes = serde_json::to_vec_pretty(&file)
            .map_err(|cause| RegistryError::Damaged { path: self.path.clone(), cause })?;
        crate::file::replace(&self.path, &bytes)
            .map_err(|cause| RegistryError::Io { path: self.path.clone(), cause })?;
        self.current.store(Arc::new(Snapshot::new(file)));
        Ok(done)
    }

    /// The shop, with the mark that it has events. Durable before the first event is accepted.
    ///
    /// # Errors
    /// The file could not be written.
    pub fn mark_events(&self, slug: &str) -> Result<Option<Arc<Shop>>, RegistryError> {
        self.edit(|shops| {
            Ok(shops.get_mut(slug).map(|shop| {
                shop.has_events = true;
                Arc::new(shop.clone())
            }))
        })
    }
}

/// The shops while they are edited; see [`Registry::edit`].
pub struct Shops<'a> {
    file: &'a mut File,
}

impl Shops<'_> {
    /// The shop of this slug, to be changed.
    pub fn get_mut(&mut self, slug: &str) -> Option<&mut Shop> {
        self.file.shops.iter_mut().find(|shop| shop.slug == slug).map(Arc::make_mut)
    }

    /// Whether a shop other than `slug` has the public key.
    pub fn has_public_key_of_another(&self, key: &str, slug: &str) -> bool {
        let has_key = |shop: &Shop| shop.public_keys.iter().any(|known| known == key);
        self.file.shops.iter().any(|shop| shop.slug != slug && has_key(shop))
    }

    /// Whether a new shop may take `slug`: nobody has it, and no removed shop left events under it.
    pub fn slug_is_free(&self, slug: &str) -> bool {
        !self.slug_is_retired(slug) && !self.file.shops.iter().any(|shop| shop.slug == slug)
    }

    /// Whether a removed shop had events under this slug.
    pub fn slug_is_retired(&self, slug: &str) -> bool {
        self.file.retired_slugs.iter().any(|retired| retired == slug)
    }

    /// Adds a shop whose slug is free.
    pub fn add(&mut self, shop: Shop) {
        debug_assert!(self.slug_is_free(&shop.slug));
        self.file.shops.push(Arc::new(shop));
    }

    /// Removes a shop, and retires its slug when it has events.
    pub fn remove(&mut self, slug: &str) {
        if self.file.shops.iter().any(|shop| shop.slug == slug && shop.has_events) {
            self.file.retired_slugs.push(slug.to_owned());
        }
        self.file.shops.retain(|shop| shop.slug != slug);
    }
}
