//! Keys: made at random, shown once, kept as SHA-256.
//!
//! A key is full-entropy random, so a plain hash is enough and a table look-up by hash tells nothing about
//! it.

use crate::secret::{fill_random, from_hex, hex};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// Active keys of one kind a shop may have, so that a key can be changed without a gap.
pub const MAX_ACTIVE: usize = 2;

/// What a key lets its holder do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// In the page, names the shop, proves nothing.
    Public,
    /// On the shop's server, sends verified events and reads figures.
    Secret,
    /// Reads figures.
    Read,
}

impl KeyKind {
    fn prefix(self) -> &'static str {
        match self {
            KeyKind::Public => "pk_",
            KeyKind::Secret => "sk_",
            KeyKind::Read => "rk_",
        }
    }

    fn random_bytes(self) -> usize {
        match self {
            KeyKind::Public => 16,
            KeyKind::Secret | KeyKind::Read => 32,
        }
    }

    /// The kind that a key's prefix claims.
    pub fn of(key: &str) -> Option<KeyKind> {
        [KeyKind::Public, KeyKind::Secret, KeyKind::Read]
            .into_iter()
            .find(|kind| key.starts_with(kind.prefix()))
    }

    /// A new random key of this kind.
    pub fn make(self) -> String {
        let mut random = [0_u8; 32];
        fill_random(&mut random[..self.random_bytes()]);
        format!("{}{}", self.prefix(), hex(&random[..self.random_bytes()]))
    }

    /// Whether `key` has the form of this kind.
    pub fn has_form(self, key: &str) -> bool {
        key.strip_prefix(self.prefix()).is_some_and(|digits| {
            digits.len() == self.random_bytes() * 2
                && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        })
    }
}

/// SHA-256 of a key. Also the key of its holder's signatures, so it is a secret itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyHash([u8; 32]);

impl KeyHash {
    /// The hash of a key.
    pub fn of(key: &str) -> KeyHash {
        KeyHash(Sha256::digest(key.as_bytes()).into())
    }

    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(***)")
    }
}

impl From<KeyHash> for String {
    fn from(hash: KeyHash) -> String {
        hex(&hash.0)
    }
}

impl TryFrom<String> for KeyHash {
    type Error = &'static str;

    fn try_from(digits: String) -> Result<KeyHash, &'static str> {
        from_hex(&digits).map(KeyHash).ok_or("a key hash is 64 hexadecimal digits")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_key_has_its_form_and_its_kind() {
        for kind in [KeyKind::Public, KeyKind::Secret, KeyKind::Read] {
            let key = kind.make();
            assert!(kind.has_form(&key), "{key}");
            assert_eq!(KeyKind::of(&key), Some(kind));
            assert_ne!(key, kind.make());
        }
        assert_eq!(KeyKind::of("key"), None);
        assert!(!KeyKind::Public.has_form("pk_short"));
    }

    #[test]
    fn a_hash_survives_its_text_and_hides_in_logs() {
        let hash = KeyHash::of("sk_1");
        assert_eq!(KeyHash::try_from(String::from(hash)), Ok(hash));
        assert_eq!(format!("{hash:?}"), "KeyHash(***)");
    }
}
