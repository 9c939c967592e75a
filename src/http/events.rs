//! The last events as they arrived, for checking an installation: `GET /v1/shops/{shop}/events/recent`.

use super::auth::Subject;
use super::error::ApiError;
use super::openapi::ReportErrors;
use super::parameters::Parameters;
use super::report::{self, Admitted, rfc3339, stored_until_ms, unanswered};
use super::{State, only};
use crate::event::{Kind, StoredEvent};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/shops/{shop}/events/recent")
            .route(web::get().to(recent))
            .default_service(only("GET")),
    );
}

#[derive(Serialize, ToSchema)]
struct RecentAnswer<'a> {
    shop: &'a str,
    /// Every event that arrived before this is among those looked at. RFC 3339.
    #[schema(format = DateTime)]
    fresh_until: String,
    /// Newest first.
    events: Vec<StoredEvent>,
}

/// The last events
///
/// At most 100, newest arrival first, as they were stored: for checking an installation.
#[utoipa::path(
    get,
    path = "/v1/shops/{shop}/events/recent",
    tag = "reports",
    params(
        ("shop" = String, Path, description = "Slug of the shop.", pattern = "^[a-z0-9-]{1,40}$"),
        ("kind" = Option<Kind>, Query, description = "Only events of this kind."),
    ),
    responses((status = 200, description = "The events.", body = RecentAnswer), ReportErrors),
    security(("read_key" = []), ("secret_key" = []))
)]
pub async fn recent(
    request: HttpRequest,
    slug: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let Admitted { shop, parameters } = report::admit(&request, &state, &slug, Subject::Persons)?;
    let kind = kind(parameters)?;
    let now_ms = state.clock.now_ms();
    let fresh_until_ms = stored_until_ms(&state, now_ms);
    let found = state.store.recent_events(&shop.slug, kind, now_ms).await;
    let events = found.map_err(|error| unanswered(&state, error))?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(RecentAnswer {
        shop: &shop.slug,
        fresh_until: rfc3339(fresh_until_ms),
        events,
    }))
}

/// The kind that is asked for; none = any.
fn kind(mut parameters: Parameters) -> Result<Option<Kind>, ApiError> {
    let kind = parameters.take("kind")?;
    parameters.finish()?;
    let Some(word) = kind else { return Ok(None) };
    Kind::parse(&word).map(Some).ok_or_else(|| {
        ApiError::invalid("kind", format!("it must be one of {}", Kind::ALL.map(Kind::as_str).join(", ")))
    })
}
