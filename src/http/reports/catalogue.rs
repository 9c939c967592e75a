//! What every figure means: `GET /v1/metrics`.

use crate::http::edge::asset::COMPILED_IN;
use crate::http::edge::documented::PublicErrors;
use crate::http::edge::error::{ApiError, only};
use crate::http::edge::parameters::Parameters;
use crate::metrics::{GROUPS, Metric};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

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
    Ok(HttpResponse::Ok().insert_header(COMPILED_IN).json(Catalogue { metrics }))
}
