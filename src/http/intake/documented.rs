//! Which errors whoever sends events may get.

use super::bounds::{MAX_BROWSER_BYTES, MAX_BROWSER_EVENTS, MAX_SERVER_BYTES, MAX_SERVER_EVENTS};
use crate::http::edge::documented::{Responses, responses};
use crate::http::edge::error::ApiError;
use crate::spool::AppendError;
use utoipa::IntoResponses;

/// Errors of `/e`.
pub struct BrowserErrors;

impl IntoResponses for BrowserErrors {
    fn responses() -> Responses {
        let mut errors = reading("text/plain or application/json", MAX_BROWSER_BYTES, MAX_BROWSER_EVENTS);
        errors.extend([ApiError::ShopRequired, ApiError::UnknownShopKey, ApiError::OriginNotAllowed]);
        responses(errors)
    }
}

/// Errors of `/e.gif`.
pub struct ImageErrors;

impl IntoResponses for ImageErrors {
    fn responses() -> Responses {
        let mut errors = taking();
        errors.extend([
            ApiError::ShopRequired,
            ApiError::UnknownShopKey,
            ApiError::OriginNotAllowed,
            ApiError::invalid("shop", "it is given twice"),
            ApiError::KeyInUrl,
        ]);
        responses(errors)
    }
}

/// Errors of `/v1/events`.
pub struct ServerErrors;

impl IntoResponses for ServerErrors {
    fn responses() -> Responses {
        let accepted = "application/json, text/plain or application/x-ndjson";
        let mut errors = reading(accepted, MAX_SERVER_BYTES, MAX_SERVER_EVENTS);
        errors.extend([
            ApiError::Unauthorized,
            ApiError::BadSignature,
            ApiError::StaleTimestamp,
            ApiError::WrongKeyKind { needed: "the secret key (sk_…)" },
            ApiError::ShopMismatch,
            ApiError::BrokenTransfer,
        ]);
        responses(errors)
    }
}

/// Errors of whatever takes events.
fn taking() -> Vec<ApiError> {
    vec![
        ApiError::NothingAcceptable { rejected: Vec::new(), now_ms: 0 },
        ApiError::RateLimited { retry_after_seconds: 1 },
        ApiError::NotAppended(AppendError::Full),
        ApiError::NotAppended(AppendError::Overloaded),
        ApiError::NotAppended(AppendError::Disk),
    ]
}

/// Errors of whatever takes events from a body.
fn reading(accepted: &'static str, max_bytes: usize, max_events: usize) -> Vec<ApiError> {
    let mut errors = taking();
    errors.extend([
        ApiError::InvalidJson("the body is not valid JSON".into()),
        ApiError::JsonTooDeep,
        ApiError::NoEvents,
        ApiError::RequestTimeout,
        ApiError::PayloadTooLarge { max_bytes },
        ApiError::TooManyEvents { max_events },
        ApiError::UnsupportedMediaType { accepted },
        ApiError::UnsupportedEncoding,
    ]);
    errors
}
