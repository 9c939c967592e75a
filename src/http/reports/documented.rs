//! What the document says of every report: what an address and its window look like, and which errors there
//! are.

use crate::funnel::MAX_WINDOW_DAYS;
use crate::http::edge::documented::{Responses, responses};
use crate::http::edge::error::ApiError;
use crate::http::edge::format::Format;
use crate::http::edge::{auth, body};
use chrono::NaiveDate;
use utoipa::{IntoParams, IntoResponses};

/// Whose report it is.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes only; `report::admit` reads it")]
pub struct ShopPath {
    /// Slug of the shop.
    #[param(pattern = "^[a-z0-9-]{1,40}$")]
    shop: String,
}

/// What every report of a window takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes only; `Report::admit` reads it")]
pub struct WindowParameters {
    /// First day, with `to`.
    from: Option<NaiveDate>,
    /// Last day, with `from`; at most 731 days in all.
    to: Option<NaiveDate>,
    /// Beats `Accept`.
    format: Option<Format>,
}

/// Errors of every report.
pub struct ReportErrors;

impl IntoResponses for ReportErrors {
    fn responses() -> Responses {
        responses(vec![
            ApiError::invalid("from", "…"),
            ApiError::KeyInUrl,
            ApiError::RangeTooLarge { max_days: MAX_WINDOW_DAYS },
            ApiError::Unauthorized,
            ApiError::LinkExpired,
            ApiError::WrongKeyKind { needed: auth::READING_KEY },
            ApiError::NotFound,
            ApiError::RateLimited { retry_after_seconds: 1 },
            ApiError::StoreUnavailable(String::new()),
        ])
    }
}

/// Errors of whatever takes an object about a shop.
pub struct WritingErrors;

impl IntoResponses for WritingErrors {
    fn responses() -> Responses {
        responses(vec![
            ApiError::invalid("day", "…"),
            ApiError::KeyInUrl,
            ApiError::InvalidJson("the body does not fit".into()),
            ApiError::Unauthorized,
            ApiError::LinkExpired,
            ApiError::WrongKeyKind { needed: auth::READING_KEY },
            ApiError::NotFound,
            ApiError::RequestTimeout,
            ApiError::PayloadTooLarge { max_bytes: body::MAX_OBJECT_BYTES },
            ApiError::UnsupportedMediaType { accepted: body::JSON },
            ApiError::UnsupportedEncoding,
            ApiError::RateLimited { retry_after_seconds: 1 },
            ApiError::StoreUnavailable(String::new()),
        ])
    }
}
