//! How the errors of an address are documented: one response per status, made of the errors themselves.

use super::error::ApiError;
use super::head::{MAX_HEADERS_BYTES, MAX_URI_BYTES};
use actix_web::ResponseError;
use std::collections::BTreeMap;
use utoipa::IntoResponses;
use utoipa::openapi::{ContentBuilder, Header, Object, Ref, RefOr, Response, ResponseBuilder, Type};

/// The responses of an address, by status.
pub type Responses = BTreeMap<String, RefOr<Response>>;

/// Errors of an address that needs no key.
pub struct PublicErrors;

impl IntoResponses for PublicErrors {
    fn responses() -> Responses {
        responses(vec![ApiError::invalid("from", "…"), ApiError::KeyInUrl])
    }
}

/// One response per status, that names the codes it may carry. Adds what any address may answer.
pub fn responses(mut errors: Vec<ApiError>) -> Responses {
    errors.extend([
        ApiError::UriTooLong { max_bytes: MAX_URI_BYTES },
        ApiError::HeadersTooLarge { max_bytes: MAX_HEADERS_BYTES },
        ApiError::Internal(String::new()),
    ]);
    let mut by_status: BTreeMap<String, Vec<ApiError>> = BTreeMap::new();
    for error in errors {
        by_status.entry(error.status_code().as_str().to_owned()).or_default().push(error);
    }
    by_status.into_iter().map(|(status, errors)| (status, refusal(&errors).into())).collect()
}

fn refusal(errors: &[ApiError]) -> Response {
    let sentences = errors.iter().map(|error| format!("- `{}`: {error}", error.code()));
    let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("Error"))).build();
    let mut response = ResponseBuilder::new()
        .description(sentences.collect::<Vec<_>>().join("\n"))
        .content("application/json", body)
        .build();
    if errors.iter().all(|error| error.retry_after_seconds().is_some()) {
        let mut seconds = Header::new(Object::with_type(Type::Integer));
        seconds.description = Some("Seconds after which the same request may work.".into());
        response.headers.insert("Retry-After".into(), RefOr::T(seconds));
    }
    response
}
