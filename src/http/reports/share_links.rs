//! Links that show a shop's figures to whoever has them, for a time: `POST /v1/shops/{shop}/share-links`.

use super::documented::{ShopPath, WritingErrors};
use super::report::{self, rfc3339};
use super::slice::Reports;
use crate::http::edge::body;
use crate::http::edge::error::{ApiError, only};
use crate::shops::share::{self, DAY_SECONDS, MAX_DAYS};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const DEFAULT_DAYS: u16 = 30;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/shops/{shop}/share-links")
            .route(web::post().to(make))
            .default_service(only("POST")),
    );
}

/// What link is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewShareLink {
    /// How long it shows the figures; 30 when absent.
    #[schema(minimum = 1, maximum = 366)]
    days: Option<u16>,
}

#[derive(Serialize, ToSchema)]
struct ShareLink {
    /// Of the page that shows the figures.
    #[schema(format = "uri")]
    url: String,
    /// What the link holds, for programs: `Authorization: Bearer sl_…`.
    token: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// A link that shows the figures
///
/// To whoever has it, until it expires or the key that made it is revoked. It shows sums, no single visitor.
#[utoipa::path(
    post,
    path = "/v1/shops/{shop}/share-links",
    tag = "sharing",
    params(ShopPath),
    request_body = NewShareLink,
    responses((status = 201, description = "The link, shown once.", body = ShareLink), WritingErrors),
    security(("read_key" = []), ("secret_key" = []))
)]
pub async fn make(
    request: HttpRequest,
    slug: web::Path<String>,
    reports: web::Data<Reports>,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let (key, shop) = report::admit_holder(&request, &reports, &slug)?;
    let wanted: NewShareLink = body::object(&request, payload).await?;
    let days = wanted.days.unwrap_or(DEFAULT_DAYS);
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(ApiError::invalid("days", format!("write a number from 1 to {MAX_DAYS}")));
    }
    let expires_at_seconds = reports.gate.clock.now_ms() / 1_000 + i64::from(days) * DAY_SECONDS;
    let token = share::token(&shop.slug, expires_at_seconds, &key);
    let url = format!("{}/#share={token}", reports.public_url.trim_end_matches('/'));
    let link = ShareLink { url, token, expires_at: rfc3339(expires_at_seconds * 1_000) };
    Ok(HttpResponse::Created().insert_header((header::CACHE_CONTROL, "no-store")).json(link))
}
