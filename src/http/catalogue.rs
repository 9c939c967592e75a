//! What every figure means: `GET /v1/metrics`.

use super::error::ApiError;
use super::only;
use super::openapi::PublicErrors;
use super::parameters::Parameters;
use crate::metrics::{GROUPS, Metric};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

/// What is compiled in changes with the program only.
pub const CACHE_CONTROL: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=3600");

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/v1/metrics").route(web::get().to(metrics)).default_service(only("GET")));
}

/// All figures in reading order.
#[derive(Serialize, ToSchema)]
struct Catalogue {
    metrics: Vec<&'static Metric>,
}

/// What every figure means
///
/// Id, names, formula, unit and basis of every figure that any report answers. Needs no key.
#[utoipa::path(
    get,
    path = "/v1/metrics",
    tag = "reports",
    responses((status = 200, description = "All figures in reading order.", body = Catalogue), PublicErrors)
)]
pub async fn metrics(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    Parameters::read(request.query_string())?.finish()?;
    let metrics = GROUPS.iter().flat_map(|group| group.metrics).collect();
    Ok(HttpResponse::Ok().insert_header(CACHE_CONTROL).json(Catalogue { metrics }))
}
