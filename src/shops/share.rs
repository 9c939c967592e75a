//! Links that show a shop's figures until a day: signed, so that nothing is kept of them.
//!
//! A token is `sl_{slug}.{expires_at}.{signature}`: seconds since 1970 in hexadecimal digits, and the
//! HMAC-SHA256 of what stands before it. Its key is the hash of the key that made the link, so whoever
//! revokes that key revokes its links.

use super::Shop;
use super::key::KeyHash;
use crate::secret::{from_hex, hex};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const PREFIX: &str = "sl_";
/// No link shows figures for longer, whatever its token says: who has seen a key's hash could sign one
/// without end.
pub const MAX_DAYS: u16 = 366;
/// Seconds of a day of a link's life.
pub const DAY_SECONDS: i64 = 86_400;
/// Keeps these signatures apart from others made with the same key.
const PURPOSE: &[u8] = b"share-link\n";

/// What a token says, whether it is true or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim<'a> {
    /// Of the shop whose figures it opens.
    pub slug: &'a str,
    /// Since 1970.
    pub expires_at_seconds: i64,
    signed: &'a str,
    signature: &'a str,
}

/// Whether `text` is meant as a token.
pub fn is_token(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// A token for the figures of `slug`, signed with the key that `maker` is the hash of.
pub fn token(slug: &str, expires_at_seconds: i64, maker: &KeyHash) -> String {
    let signed = format!("{PREFIX}{slug}.{expires_at_seconds:x}");
    let signature = hex(&mac(&signed, maker).finalize().into_bytes());
    format!("{signed}.{signature}")
}

/// Reads a token; `None` when it has not the form of one.
pub fn read(token: &str) -> Option<Claim<'_>> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (slug, expires_at) = signed.strip_prefix(PREFIX)?.split_once('.')?;
    let expires_at_seconds = i64::from_str_radix(expires_at, 16).ok()?;
    Some(Claim { slug, expires_at_seconds, signed, signature })
}

impl Claim<'_> {
    /// Whether a key that `shop` still has made the token.
    pub fn is_genuine(&self, shop: &Shop) -> bool {
        let Some(signature) = from_hex(self.signature) else { return false };
        let mut keys = shop.read_keys.iter().chain(&shop.secret_keys);
        self.slug == shop.slug && keys.any(|key| mac(self.signed, key).verify_slice(&signature).is_ok())
    }

    /// Whether the token would show figures for longer than any that is made.
    pub fn is_too_long(&self, now_seconds: i64) -> bool {
        self.expires_at_seconds > now_seconds.saturating_add(i64::from(MAX_DAYS) * DAY_SECONDS)
    }
}

fn mac(signed: &str, key: &KeyHash) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(PURPOSE);
    mac.update(signed.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use crate::shops::{Payments, PrivacySignal};

    fn shop(slug: &str, keys: &[&str]) -> Shop {
        Shop {
            slug: slug.into(),
            name: slug.into(),
            time_zone: chrono_tz::UTC,
            currency: Currency::parse("CNY").unwrap(),
            origins: Vec::new(),
            after_sale_days: 21,
            payments: Payments::Any,
            max_browser_amount: None,
            privacy_signal: PrivacySignal::Respect,
            public_keys: Vec::new(),
            secret_keys: Vec::new(),
            read_keys: keys.iter().map(|key| KeyHash::of(key)).collect(),
            declared: false,
            has_events: false,
        }
    }

    #[test]
    fn a_token_is_good_for_its_shop_as_long_as_the_key_that_made_it() {
        let made = token("tea", 1_795_320_000, &KeyHash::of("rk_1"));
        let claim = read(&made).unwrap();
        assert_eq!((claim.slug, claim.expires_at_seconds), ("tea", 1_795_320_000));
        assert!(claim.is_genuine(&shop("tea", &["rk_2", "rk_1"])));
        assert!(!claim.is_genuine(&shop("tea", &["rk_2"])), "its key was revoked");
        assert!(!claim.is_genuine(&shop("cup", &["rk_1"])));
    }

    #[test]
    fn nothing_in_a_token_can_be_changed() {
        let made = token("tea", 0x6b02_0000, &KeyHash::of("rk_1"));
        let shops = [shop("tea", &["rk_1"]), shop("tee", &["rk_1"])];
        for (place, byte) in made.char_indices().filter(|(_, byte)| byte.is_ascii_alphanumeric()) {
            let other = if byte == 'e' { 'f' } else { 'e' };
            let mut changed = made.clone();
            changed.replace_range(place..=place, other.encode_utf8(&mut [0; 1]));
            if let Some(claim) = read(&changed) {
                assert!(!shops.iter().any(|shop| claim.is_genuine(shop)), "{changed}");
            }
        }
        for text in ["", "sl_", "sl_tea", "sl_tea.1", "sl_tea.x.00", "rk_tea.1.00"] {
            assert!(read(text).is_none_or(|claim| !claim.is_genuine(&shops[0])), "{text}");
        }
    }
}
