//! Every error of the HTTP interface: its status, its stable code, its sentence, and whether to try again.
//!
//! A 5xx never shows its cause; the cause is logged here, once, under the request id that the answer names.

use crate::event::Rejection;
use crate::spool::AppendError;
use crate::store::StoreError;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError, Route, web};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

const MAX_NAME_CHARS: usize = 40;
/// What a sender who nests too deep is told, of a body or of a line.
pub const TOO_DEEP: &str = "lists and objects may be within one another to a depth of 8";

/// Answers 405 on a known path that takes other methods.
pub fn only(allow: &'static str) -> Route {
    web::to(move || async move { Err::<(), _>(ApiError::MethodNotAllowed { allow }) })
}

/// What a caller did wrong or has to wait for.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// A parameter, or a field of a small body, is not of its form.
    #[error("`{name}`: {message}")]
    InvalidParameter {
        /// Of the parameter, cut.
        name: String,
        /// What it must be.
        message: String,
    },
    /// A key or a share link stands in the query string.
    #[error(
        "a key must not stand in an address, where logs and histories keep it; send it as `Authorization: \
        Bearer …`, and replace this one with `shopfunnel shop rotate-key`"
    )]
    KeyInUrl,
    /// `from` and `to` are too far apart.
    #[error("`from`, `to`: a window may have at most {max_days} days; ask for less at a time")]
    RangeTooLarge {
        /// Days of the longest window.
        max_days: i64,
    },
    /// The body is no JSON of a form that is taken.
    #[error("{0}")]
    InvalidJson(String),
    /// Lists and objects are within one another too deep.
    #[error("{TOO_DEEP}")]
    JsonTooDeep,
    /// A list of events without any.
    #[error("`events`: the list is empty; send at least one event")]
    NoEvents,
    /// Events came, and none of them can be taken.
    #[error("no event of the request is acceptable; `rejected` says why")]
    NothingAcceptable {
        /// Why, event by event.
        rejected: Vec<Rejected>,
        /// Epoch milliseconds here.
        now_ms: i64,
    },
    /// A page's request names no shop.
    #[error("`shop` is required: the shop's public key, pk_…")]
    ShopRequired,
    /// The public key is nobody's.
    #[error("`shop`: no shop has this public key; `shopfunnel shop show` prints it")]
    UnknownShopKey,
    /// No key, or one that is unknown or revoked.
    #[error("send `Authorization: Bearer …` with a key of this shop")]
    Unauthorized,
    /// A share link whose time is over.
    #[error("this link has expired; ask whoever sent it for a new one")]
    LinkExpired,
    /// A signature is missing, broken or wrong.
    #[error("`X-Shopfunnel-Signature`: the signature does not fit the body and the time")]
    BadSignature,
    /// The signature fits and is too old, or of the future.
    #[error("`X-Shopfunnel-Signature`: its time is more than 300 s away from now; sign again")]
    StaleTimestamp,
    /// A known key that is not for this.
    #[error("this key may not do that; {needed} is needed")]
    WrongKeyKind {
        /// The kind of key that is.
        needed: &'static str,
    },
    /// The page's origin is not among the shop's.
    #[error("`Origin`: events from there are not accepted; add it with `shopfunnel shop set --origin`")]
    OriginNotAllowed,
    /// Secret key and public key are of two shops.
    #[error("the key and the `shop` of the events belong to different shops")]
    ShopMismatch,
    /// No such address, or nothing that this key may see.
    #[error("there is nothing here")]
    NotFound,
    /// The address is there, the method is none of its own.
    #[error("this address takes {allow} only")]
    MethodNotAllowed {
        /// Those it has, as the header says them.
        allow: &'static str,
    },
    /// The path with its query is too long.
    #[error("the path with its query may have at most {max_bytes} bytes")]
    UriTooLong {
        /// The bound.
        max_bytes: usize,
    },
    /// All headers together are too long.
    #[error("the headers may have at most {max_bytes} bytes together")]
    HeadersTooLarge {
        /// The bound.
        max_bytes: usize,
    },
    /// The body is too long.
    #[error("the body may have at most {max_bytes} bytes; send less at a time")]
    PayloadTooLarge {
        /// The bound.
        max_bytes: usize,
    },
    /// A list of too many events.
    #[error("`events`: a request may hold at most {max_events}; send fewer at a time")]
    TooManyEvents {
        /// The bound.
        max_events: usize,
    },
    /// The body is of another type.
    #[error("`Content-Type`: send the body as {accepted}")]
    UnsupportedMediaType {
        /// The types that are taken.
        accepted: &'static str,
    },
    /// The body is packed.
    #[error("`Content-Encoding`: send the body as it is, without one")]
    UnsupportedEncoding,
    /// Too much within too little time.
    #[error("too many requests; send again after the time in Retry-After")]
    RateLimited {
        /// After which the same request may be taken.
        retry_after_seconds: u32,
    },
    /// The body came too slowly.
    #[error("the body did not arrive in time; send it again")]
    RequestTimeout,
    /// A stream ended before its end.
    #[error("the stream broke off; what came before may be counted, send it again with the same ids")]
    BrokenTransfer,
    /// The spool has not taken the events.
    #[error("events cannot be stored right now: {0}; send them again later")]
    NotAppended(AppendError),
    /// The store is away; the cause is for the log.
    #[error("figures are not available right now; ask again later")]
    StoreUnavailable(String),
    /// A fault of ours; the cause is for the log.
    #[error("something went wrong here; the log has it under the request id")]
    Internal(String),
}

/// The error that a response carries, for counting.
#[derive(Debug, Clone, Copy)]
pub struct Failure {
    /// [`ApiError::code`] of the error.
    pub code: &'static str,
    /// Why acceptable events were not stored.
    pub refusal: Option<AppendError>,
}

/// One event that was not accepted, by its place in the request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Rejected {
    /// From 0.
    pub index: usize,
    /// Why.
    #[serde(flatten)]
    pub rejection: Rejection,
}

impl ApiError {
    /// Names the parameter; a name that the caller made up is given back cut to what a name of ours could be.
    pub fn invalid(name: &str, message: impl Into<String>) -> ApiError {
        let name = name.chars().filter(char::is_ascii_graphic).take(MAX_NAME_CHARS).collect();
        ApiError::InvalidParameter { name, message: message.into() }
    }

    /// The stable word that programs and metrics use.
    pub fn code(&self) -> &'static str {
        match self {
            ApiError::InvalidParameter { .. } => "invalid_parameter",
            ApiError::KeyInUrl => "key_in_url",
            ApiError::RangeTooLarge { .. } => "range_too_large",
            ApiError::InvalidJson(_) => "invalid_json",
            ApiError::JsonTooDeep => "json_too_deep",
            ApiError::NoEvents => "no_events",
            ApiError::NothingAcceptable { .. } => "nothing_acceptable",
            ApiError::ShopRequired => "shop_required",
            ApiError::UnknownShopKey => "unknown_shop_key",
            ApiError::Unauthorized => "unauthorized",
            ApiError::LinkExpired => "link_expired",
            ApiError::BadSignature => "bad_signature",
            ApiError::StaleTimestamp => "stale_timestamp",
            ApiError::WrongKeyKind { .. } => "wrong_key_kind",
            ApiError::OriginNotAllowed => "origin_not_allowed",
            ApiError::ShopMismatch => "shop_mismatch",
            ApiError::NotFound => "not_found",
            ApiError::MethodNotAllowed { .. } => "method_not_allowed",
            ApiError::UriTooLong { .. } => "uri_too_long",
            ApiError::HeadersTooLarge { .. } => "headers_too_large",
            ApiError::PayloadTooLarge { .. } => "payload_too_large",
            ApiError::TooManyEvents { .. } => "too_many_events",
            ApiError::UnsupportedMediaType { .. } => "unsupported_media_type",
            ApiError::UnsupportedEncoding => "unsupported_encoding",
            ApiError::RateLimited { .. } => "rate_limited",
            ApiError::RequestTimeout => "request_timeout",
            ApiError::BrokenTransfer => "broken_transfer",
            ApiError::NotAppended(AppendError::Full | AppendError::DiskFull) => "spool_full",
            ApiError::NotAppended(AppendError::Overloaded) => "overloaded",
            ApiError::NotAppended(AppendError::Disk | AppendError::Closed) => "storage_error",
            ApiError::StoreUnavailable(_) => "store_unavailable",
            ApiError::Internal(_) => "internal",
        }
    }

    /// Seconds after which the same request may work.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            ApiError::RateLimited { retry_after_seconds } => Some(*retry_after_seconds),
            ApiError::NotAppended(AppendError::Full | AppendError::DiskFull) => Some(30),
            ApiError::NotAppended(_) | ApiError::StoreUnavailable(_) => Some(2),
            _ => None,
        }
    }
}

impl From<AppendError> for ApiError {
    fn from(error: AppendError) -> ApiError {
        ApiError::NotAppended(error)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> ApiError {
        if error.is_away() {
            ApiError::StoreUnavailable(error.to_string())
        } else {
            ApiError::Internal(error.to_string())
        }
    }
}

/// The body of every error.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorBody<'a> {
    error: ErrorDetail<'a>,
    /// 0, of `nothing_acceptable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted: Option<usize>,
    /// Of `nothing_acceptable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<&'a [Rejected]>,
    /// Of `nothing_acceptable`: epoch milliseconds here, for a sender whose clock is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<i64>,
}

#[derive(Serialize, ToSchema)]
struct ErrorDetail<'a> {
    /// The stable word that programs use.
    code: &'a str,
    /// What to do about it.
    message: String,
    /// Under which the server's log has a failure of ours.
    #[schema(pattern = "^[0-9a-f]{32}$")]
    request_id: String,
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            ApiError::InvalidParameter { .. }
            | ApiError::KeyInUrl
            | ApiError::RangeTooLarge { .. }
            | ApiError::InvalidJson(_)
            | ApiError::JsonTooDeep
            | ApiError::NoEvents
            | ApiError::NothingAcceptable { .. }
            | ApiError::ShopRequired => StatusCode::BAD_REQUEST,
            ApiError::UnknownShopKey
            | ApiError::Unauthorized
            | ApiError::LinkExpired
            | ApiError::BadSignature
            | ApiError::StaleTimestamp => StatusCode::UNAUTHORIZED,
            ApiError::WrongKeyKind { .. } | ApiError::OriginNotAllowed | ApiError::ShopMismatch => {
                StatusCode::FORBIDDEN
            }
            ApiError::NotFound => StatusCode::NOT_FOUND,
            ApiError::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            ApiError::UriTooLong { .. } => StatusCode::URI_TOO_LONG,
            ApiError::HeadersTooLarge { .. } => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            ApiError::PayloadTooLarge { .. } | ApiError::TooManyEvents { .. } => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            ApiError::UnsupportedMediaType { .. } | ApiError::UnsupportedEncoding => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            ApiError::RateLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            ApiError::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            ApiError::BrokenTransfer | ApiError::NotAppended(_) | ApiError::StoreUnavailable(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            ApiError::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let request_id = Uuid::now_v7().simple().to_string();
        match self {
            ApiError::StoreUnavailable(cause) | ApiError::Internal(cause) => {
                tracing::error!(%request_id, code = self.code(), cause, "a request failed");
            }
            _ => {}
        }
        let (rejected, now) = match self {
            ApiError::NothingAcceptable { rejected, now_ms } => (Some(rejected.as_slice()), Some(*now_ms)),
            _ => (None, None),
        };
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        response.insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
        if let Some(seconds) = self.retry_after_seconds() {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if let ApiError::MethodNotAllowed { allow } = self {
            response.insert_header((header::ALLOW, *allow));
        }
        if matches!(self, ApiError::Unauthorized) {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if matches!(self, ApiError::UriTooLong { .. } | ApiError::HeadersTooLarge { .. }) {
            response.force_close();
        }
        let refusal = if let ApiError::NotAppended(cause) = self { Some(*cause) } else { None };
        response.extensions_mut().insert(Failure { code: self.code(), refusal });
        response.json(ErrorBody {
            error: ErrorDetail { code: self.code(), message: self.to_string(), request_id },
            accepted: rejected.map(|_| 0),
            rejected,
            now,
        })
    }
}
