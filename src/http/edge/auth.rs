//! Whose key a request carries, and what it may do.

use super::error::ApiError;
use super::gate::Gate;
use crate::secret::from_hex;
use crate::shops::key::{KeyHash, KeyKind};
use crate::shops::{Shop, share};
use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// How far a signature's time may be from now, in seconds.
const SIGNATURE_TOLERANCE_SECONDS: i64 = 300;
pub const READING_KEY: &str = "a read key (rk_…) or secret key (sk_…)";
const SHOP_HEADER: &str = "X-Shopfunnel-Shop";
const SIGNATURE_HEADER: &str = "X-Shopfunnel-Signature";

/// What a report tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Sums over visitors, which a share link shows too.
    Sums,
    /// Single visitors, which only the holder of a key may see.
    Persons,
}

/// The shop `slug`, for whoever may read what it tells of `subject`.
///
/// # Errors
/// No or unknown key, an expired share link 401; public key, or a share link where a key is needed 403;
/// unknown slug, or the key of another shop 404.
pub fn reader(
    request: &HttpRequest,
    gate: &Gate,
    slug: &str,
    subject: Subject,
) -> Result<Arc<Shop>, ApiError> {
    match bearer(request) {
        Some(token) if share::is_token(token) => {
            let shop = guest(token, gate)?;
            match subject {
                _ if shop.slug != slug => Err(ApiError::NotFound),
                Subject::Persons => Err(ApiError::WrongKeyKind { needed: READING_KEY }),
                Subject::Sums => Ok(shop),
            }
        }
        _ => Ok(reading_key(request, gate, slug)?.1),
    }
}

/// A key that may read the figures of the shop `slug`, as its hash, and the shop.
///
/// # Errors
/// As [`reader`]; a share link is no key 403.
pub fn reading_key(request: &HttpRequest, gate: &Gate, slug: &str) -> Result<(KeyHash, Arc<Shop>), ApiError> {
    let key = bearer(request).unwrap_or_default();
    if share::is_token(key) {
        guest(key, gate)?;
        return Err(ApiError::WrongKeyKind { needed: READING_KEY });
    }
    let (_, shop) = holder(request, gate, READING_KEY)?;
    if shop.slug == slug { Ok((KeyHash::of(key), shop)) } else { Err(ApiError::NotFound) }
}

/// The shop that a share link shows.
fn guest(token: &str, gate: &Gate) -> Result<Arc<Shop>, ApiError> {
    let claim = share::read(token).ok_or(ApiError::Unauthorized)?;
    let snapshot = gate.registry.snapshot();
    let shop = snapshot.by_slug(claim.slug).filter(|shop| claim.is_genuine(shop));
    let shop = shop.ok_or(ApiError::Unauthorized)?;
    let now_seconds = gate.clock.now_ms() / 1_000;
    if claim.is_too_long(now_seconds) {
        return Err(ApiError::Unauthorized);
    }
    if now_seconds >= claim.expires_at_seconds {
        return Err(ApiError::LinkExpired);
    }
    Ok(shop.clone())
}

/// The shop whose server sends, by its secret key.
///
/// # Errors
/// No or unknown key 401; public or read key 403.
pub fn secret_holder(request: &HttpRequest, gate: &Gate) -> Result<Arc<Shop>, ApiError> {
    let needed = "the secret key (sk_…)";
    match holder(request, gate, needed)? {
        (KeyKind::Secret, shop) => Ok(shop),
        _ => Err(ApiError::WrongKeyKind { needed }),
    }
}

fn holder(
    request: &HttpRequest,
    gate: &Gate,
    needed: &'static str,
) -> Result<(KeyKind, Arc<Shop>), ApiError> {
    let key = bearer(request).ok_or(ApiError::Unauthorized)?;
    let snapshot = gate.registry.snapshot();
    if snapshot.by_public_key(key).is_some() {
        return Err(ApiError::WrongKeyKind { needed });
    }
    let (kind, shop) = snapshot.by_key(key).ok_or(ApiError::Unauthorized)?;
    Ok((*kind, shop.clone()))
}

/// The key after `Bearer`.
pub fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// Whether a request is signed instead of carrying its key.
pub fn is_signed(request: &HttpRequest) -> bool {
    request.headers().contains_key(SIGNATURE_HEADER)
}

/// The shop whose server signed `body`: `X-Shopfunnel-Shop: pk_…` and
/// `X-Shopfunnel-Signature: t=…,v1=…`, HMAC-SHA256 over `"{t}.{body}"` with SHA-256 of the secret key.
///
/// # Errors
/// One answer for a missing, broken or wrong signature; another for one whose time is off.
pub fn signer(request: &HttpRequest, gate: &Gate, body: &[u8]) -> Result<Arc<Shop>, ApiError> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let public_key = header(SHOP_HEADER).ok_or(ApiError::BadSignature)?;
    let snapshot = gate.registry.snapshot();
    let shop = snapshot.by_public_key(public_key).ok_or(ApiError::BadSignature)?;

    let mut time = None;
    let mut signatures = Vec::new();
    for part in header(SIGNATURE_HEADER).unwrap_or_default().split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) => time = Some(value),
            Some(("v1", value)) => signatures.extend(from_hex(value)),
            _ => {}
        }
    }
    let time = time.ok_or(ApiError::BadSignature)?;
    let genuine = shop.secret_keys.iter().any(|key| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes a key of any length");
        mac.update(time.as_bytes());
        mac.update(b".");
        mac.update(body);
        let expected = mac.finalize().into_bytes();
        signatures.iter().any(|signature| bool::from(expected.as_slice().ct_eq(signature)))
    });
    if !genuine {
        return Err(ApiError::BadSignature);
    }
    let signed_at: i64 = time.parse().map_err(|_| ApiError::BadSignature)?;
    let away = (gate.clock.now_ms() / 1_000).saturating_sub(signed_at);
    if away.unsigned_abs() > SIGNATURE_TOLERANCE_SECONDS.unsigned_abs() {
        return Err(ApiError::StaleTimestamp);
    }
    Ok(shop.clone())
}
