//! Ids that name a person without keeping what identifies them.
//!
//! A *cookieless* id is a keyed hash of shop, address and user agent under a random salt that belongs to one
//! day of one time zone. The salt is deleted after [`SALT_LIFE_MS`]; from then on nobody, the operator
//! included, can recompute the id. A *customer* id is kept as a keyed hash under a key of this installation.
//! The address itself is only ever an argument here.

pub mod forgotten;

use crate::secret::{fill_random, hex};
use chrono::NaiveDate;
use chrono_tz::Tz;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

/// How long a day's salt is kept, in milliseconds.
pub const SALT_LIFE_MS: i64 = 48 * 3_600_000;
/// 128 bits: enough that two visitors of one day never meet.
const ID_BYTES: usize = 16;

/// Why an id could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot read or write {}: {cause}", path.display())]
pub struct IdentityError {
    path: PathBuf,
    cause: std::io::Error,
}

#[derive(Debug, Serialize, Deserialize)]
struct Secrets {
    customer_key: [u8; 32],
    salts: Vec<Salt>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Salt {
    time_zone: Tz,
    day: NaiveDate,
    made_at_ms: i64,
    salt: [u8; 32],
}

/// Maker of ids, with its secrets in one private file.
#[derive(Debug)]
pub struct Identities {
    path: PathBuf,
    secrets: Mutex<Secrets>,
}

impl Secrets {
    /// Whether anything changed.
    fn forget_old_salts(&mut self, now_ms: i64) -> bool {
        let before = self.salts.len();
        let mut is_changed = false;
        for salt in &mut self.salts {
            // Made while the clock was ahead: its life begins now, or it would last as long as the clock was
            // ahead.
            is_changed |= salt.made_at_ms > now_ms;
            salt.made_at_ms = salt.made_at_ms.min(now_ms);
        }
        self.salts.retain(|salt| now_ms - salt.made_at_ms < SALT_LIFE_MS);
        is_changed || self.salts.len() < before
    }
}

impl Identities {
    /// Reads the secrets of `path`, or makes and writes them.
    ///
    /// # Errors
    /// The file cannot be read, written or understood.
    pub fn open(path: &Path) -> Result<Identities, IdentityError> {
        let error = |cause| IdentityError { path: path.to_owned(), cause };
        let secrets = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|cause| error(cause.into()))?,
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                let mut customer_key = [0; 32];
                fill_random(&mut customer_key);
                let secrets = Secrets { customer_key, salts: Vec::new() };
                write(path, &secrets).map_err(error)?;
                secrets
            }
            Err(cause) => return Err(error(cause)),
        };
        Ok(Identities { path: path.to_owned(), secrets: Mutex::new(secrets) })
    }

    /// The id of whoever sits at `address` with `user_agent`, the same for all of `day` at one shop.
    ///
    /// # Errors
    /// A new day's salt could not be written; without that the day would split at a restart.
    pub fn cookieless(
        &self,
        shop: &str,
        time_zone: Tz,
        day: NaiveDate,
        address: IpAddr,
        user_agent: &str,
        now_ms: i64,
    ) -> Result<String, IdentityError> {
        let salt = self.salt(time_zone, day, now_ms)?;
        Ok(keyed_hash(&salt, &[shop, &address.to_canonical().to_string(), user_agent]))
    }

    /// The stored form of the shop's own `customer` id.
    pub fn customer(&self, shop: &str, customer: &str) -> String {
        let key = self.lock().customer_key;
        keyed_hash(&key, &[shop, customer])
    }

    /// How a visitor who was forgotten is remembered. Three parts, so that it is no customer's.
    fn forgotten_visitor(&self, shop: &str, visitor: &str) -> String {
        let key = self.lock().customer_key;
        keyed_hash(&key, &["forgotten", shop, visitor])
    }

    /// Deletes every salt older than [`SALT_LIFE_MS`], in memory and on disk.
    ///
    /// # Errors
    /// The file could not be written; the next call tries again.
    pub fn forget_old_salts(&self, now_ms: i64) -> Result<(), IdentityError> {
        let mut secrets = self.lock();
        if secrets.forget_old_salts(now_ms) { self.write(&secrets) } else { Ok(()) }
    }

    fn salt(&self, time_zone: Tz, day: NaiveDate, now_ms: i64) -> Result<[u8; 32], IdentityError> {
        let mut secrets = self.lock();
        if let Some(known) = secrets.salts.iter().find(|s| s.day == day && s.time_zone == time_zone) {
            return Ok(known.salt);
        }
        let mut salt = [0; 32];
        fill_random(&mut salt);
        secrets.forget_old_salts(now_ms);
        secrets.salts.push(Salt { time_zone, day, made_at_ms: now_ms, salt });
        if let Err(error) = self.write(&secrets) {
            secrets.salts.pop();
            return Err(error);
        }
        Ok(salt)
    }

    fn write(&self, secrets: &Secrets) -> Result<(), IdentityError> {
        write(&self.path, secrets).map_err(|cause| IdentityError { path: self.path.clone(), cause })
    }

    fn lock(&self) -> MutexGuard<'_, Secrets> {
        self.secrets.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn write(path: &Path, secrets: &Secrets) -> std::io::Result<()> {
    crate::file::replace(path, &serde_json::to_vec(secrets)?)
}

/// Who sits in `network`, as 16 bits for one shop: thousands of networks share each number, so that none is
/// told by it. Without a key, because every tracker of a shop must come to the same.
pub fn client_of(shop: &str, network: IpAddr) -> u16 {
    let hash =
        Sha256::new().chain_update(shop).chain_update([0]).chain_update(network.to_string()).finalize();
    u16::from_le_bytes([hash[0], hash[1]]).max(1)
}

fn keyed_hash(key: &[u8; 32], parts: &[&str]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        mac.update(&(part.len() as u64).to_le_bytes());
        mac.update(part.as_bytes());
    }
    hex(&mac.finalize().into_bytes()[..ID_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));
    const DAY_MS: i64 = 86_400_000;

    fn id(
        identities: &Identities,
        shop: &str,
        day: &str,
        address: IpAddr,
        agent: &str,
        now_ms: i64,
    ) -> String {
        let zone = chrono_tz::Asia::Shanghai;
        identities.cookieless(shop, zone, day.parse().unwrap(), address, agent, now_ms).unwrap()
    }

    #[test]
    fn one_person_has_one_id_a_day_and_another_the_next() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("identity.json");
        let identities = Identities::open(&path).unwrap();
        let monday = id(&identities, "tea", "2026-11-23", HOME, "Firefox", 0);
        assert_eq!(monday, id(&identities, "tea", "2026-11-23", HOME, "Firefox", 5));
        let mapped = "::ffff:203.0.113.7".parse().unwrap();
        assert_eq!(monday, id(&identities, "tea", "2026-11-23", mapped, "Firefox", 5));
        assert_ne!(monday, id(&identities, "tea", "2026-11-24", HOME, "Firefox", 5));
        assert_ne!(monday, id(&identities, "cup", "2026-11-23", HOME, "Firefox", 5));
        assert_ne!(monday, id(&identities, "tea", "2026-11-23", HOME, "Chrome", 5));
        let reopened = Identities::open(&path).unwrap();
        assert_eq!(monday, id(&reopened, "tea", "2026-11-23", HOME, "Firefox", 9));
        assert_eq!(reopened.customer("tea", "c1"), identities.customer("tea", "c1"));
        assert_ne!(reopened.customer("tea", "c1"), reopened.customer("cup", "c1"));
    }

    #[test]
    fn a_salt_is_gone_from_disk_after_its_life() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("identity.json");
        let identities = Identities::open(&path).unwrap();
        let before = id(&identities, "tea", "2026-11-23", HOME, "Firefox", 0);
        identities.forget_old_salts(2 * DAY_MS - 1).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().contains("2026-11-23"));
        identities.forget_old_salts(2 * DAY_MS).unwrap();
        assert!(!std::fs::read_to_string(&path).unwrap().contains("2026-11-23"));
        assert_ne!(before, id(&identities, "tea", "2026-11-23", HOME, "Firefox", 2 * DAY_MS));
    }

    #[test]
    fn a_salt_made_while_the_clock_was_ahead_lives_no_longer_than_others() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("identity.json");
        let identities = Identities::open(&path).unwrap();
        id(&identities, "tea", "2036-11-23", HOME, "Firefox", 3_652 * DAY_MS);
        identities.forget_old_salts(0).unwrap();
        identities.forget_old_salts(2 * DAY_MS - 1).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().contains("2036-11-23"));
        identities.forget_old_salts(2 * DAY_MS).unwrap();
        assert!(!std::fs::read_to_string(&path).unwrap().contains("2036-11-23"));
    }
}
