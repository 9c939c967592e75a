//! Bounds on the head of a request, checked before anything is looked up.
//!
//! The server itself gives up at 96 headers or 128 KiB, with an answer of its own without a body.

use super::error::ApiError;
use actix_web::dev::RequestHead;

/// Of the path with its query.
pub const MAX_URI_BYTES: usize = 2 << 10;
/// Names and values of all headers together.
pub const MAX_HEADERS_BYTES: usize = 16 << 10;

/// Checks the sizes of a head.
///
/// # Errors
/// 414 or 431; the connection is closed after either.
pub fn check(head: &RequestHead) -> Result<(), ApiError> {
    if head.uri.path_and_query().is_some_and(|uri| uri.as_str().len() > MAX_URI_BYTES) {
        return Err(ApiError::UriTooLong { max_bytes: MAX_URI_BYTES });
    }
    let bytes: usize = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > MAX_HEADERS_BYTES {
        return Err(ApiError::HeadersTooLarge { max_bytes: MAX_HEADERS_BYTES });
    }
    Ok(())
}
