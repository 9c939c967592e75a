//! The body of a request: of a known type, as it was sent, in time, and not too large.

use super::error::ApiError;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, web};
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A whole body, or the next piece of a stream. The server itself bounds only the head of a request.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// What people write by hand.
pub const MAX_OBJECT_BYTES: usize = 16 << 10;
pub const JSON: &str = "application/json";
/// How some programs on Windows begin what they write in UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The bytes that a body or a file begins with, without a byte order mark.
pub fn without_mark(beginning: &[u8]) -> &[u8] {
    beginning.strip_prefix(BYTE_ORDER_MARK).unwrap_or(beginning)
}

/// A small JSON object.
///
/// # Errors
/// As [`read`]; it is no JSON 415, or not the object that is asked for 400.
pub async fn object<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<T, ApiError> {
    expect_unencoded(request)?;
    expect_media_type(request, &[JSON], JSON)?;
    let bytes = read(request, payload, MAX_OBJECT_BYTES).await?;
    serde_json::from_slice(without_mark(&bytes))
        .map_err(|error| ApiError::InvalidJson(format!("the body does not fit: {error}")))
}

/// The media type of the body as it was written, without parameters.
pub fn media_type(request: &HttpRequest) -> &str {
    let value = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().split(';').next().unwrap_or_default().trim()
}

/// # Errors
/// 415: the body is of none of the `expected` types.
pub fn expect_media_type(
    request: &HttpRequest,
    expected: &[&str],
    accepted: &'static str,
) -> Result<(), ApiError> {
    let sent = media_type(request);
    if expected.iter().any(|known| known.eq_ignore_ascii_case(sent)) {
        Ok(())
    } else {
        Err(ApiError::UnsupportedMediaType { accepted })
    }
}

/// A body is read as it is sent: what is never unpacked cannot grow.
///
/// # Errors
/// 415.
pub fn expect_unencoded(request: &HttpRequest) -> Result<(), ApiError> {
    let encoded = |value: &HeaderValue| !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity");
    if request.headers().get_all(header::CONTENT_ENCODING).any(encoded) {
        return Err(ApiError::UnsupportedEncoding);
    }
    Ok(())
}

/// The whole body.
///
/// # Errors
/// It is too large 413, too slow 408, or broke off 400.
pub async fn read(
    request: &HttpRequest,
    payload: web::Payload,
    max_bytes: usize,
) -> Result<web::Bytes, ApiError> {
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if declared.and_then(|bytes| bytes.parse().ok()).is_some_and(|bytes: u64| bytes > max_bytes as u64) {
        return Err(ApiError::PayloadTooLarge { max_bytes });
    }
    match tokio::time::timeout(TIMEOUT, payload.to_bytes_limited(max_bytes)).await {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Ok(Err(error))) => Err(broken(error)),
        Ok(Err(_)) => Err(ApiError::PayloadTooLarge { max_bytes }),
        Err(_) => Err(ApiError::RequestTimeout),
    }
}

/// What a body is refused with that did not arrive whole.
pub fn broken(error: impl std::fmt::Display) -> ApiError {
    ApiError::InvalidJson(format!("the body did not arrive whole: {error}"))
}
