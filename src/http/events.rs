//! The last events as they arrived, for checking an installation: `GET /v1/shops/{shop}/events/recent`.

use super::error::ApiError;
use super::report::{asked_shop, fresh_until_ms, parameters, rfc3339, unanswered};
use super::{State, only};
use crate::event::{Kind, StoredEvent};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/shops/{shop}/events/recent")
            .route(web::get().to(recent))
            .default_service(only("GET")),
    );
}

#[derive(Serialize)]
struct RecentAnswer<'a> {
    shop: &'a str,
    /// Every event that arrived before this is among those looked at. RFC 3339.
    fresh_until: String,
    /// Newest first.
    events: Vec<StoredEvent>,
}

async fn recent(
    request: HttpRequest,
    slug: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let shop = asked_shop(&request, &state, &slug)?;
    let kind = kind(request.query_string())?;
    let now_ms = state.clock.now_ms();
    let fresh_until_ms = fresh_until_ms(&state, now_ms);
    let found = state.store.recent_events(&shop.slug, kind, now_ms).await;
    let events = found.map_err(|error| unanswered(&state, error))?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(RecentAnswer {
        shop: &shop.slug,
        fresh_until: rfc3339(fresh_until_ms),
        events,
    }))
}

/// The kind that a query string asks for; none = any.
fn kind(query: &str) -> Result<Option<Kind>, ApiError> {
    let mut found = None;
    for (name, value) in &parameters(query)? {
        if name != "kind" {
            return Err(ApiError::invalid(name, "there is no such parameter; use kind"));
        }
        let kind = Kind::parse(value).ok_or_else(|| {
            ApiError::invalid(name, format!("it must be one of {}", Kind::ALL.map(Kind::as_str).join(", ")))
        })?;
        if found.replace(kind).is_some() {
            return Err(ApiError::invalid(name, "it is given twice"));
        }
    }
    Ok(found)
}
