//! What people want to remember of a day, shown in the trend: `/v1/shops/{shop}/annotations`.

use super::documented::{ReportErrors, ShopPath, WindowParameters, WritingErrors};
use super::report::{self, Head, Report, unanswered};
use super::slice::Reports;
use crate::http::edge::auth::Subject;
use crate::http::edge::body;
use crate::http::edge::csv::Table;
use crate::http::edge::error::{ApiError, only};
use crate::store::Annotation;
use crate::text;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

const MAX_TEXT_CHARS: usize = 200;
/// Of one shop. More would hide the trend that they explain.
const MAX_ANNOTATIONS: usize = 1_000;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/v1/shops/{shop}/annotations")
                .route(web::get().to(list))
                .route(web::post().to(add))
                .default_service(only("GET, POST")),
        )
        .service(
            web::resource("/v1/shops/{shop}/annotations/{annotation}")
                .route(web::delete().to(remove))
                .default_service(only("DELETE")),
        );
}

#[derive(Serialize, ToSchema)]
struct AnnotationsAnswer<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    /// By day, then by text.
    annotations: Vec<Annotation>,
}

/// What is to be remembered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAnnotation {
    /// `YYYY-MM-DD`.
    #[schema(format = Date)]
    day: String,
    /// At most 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    text: String,
}

/// What happened on which day
///
/// What people wrote about days of the window: a campaign, a new agent, a change of the shop.
#[utoipa::path(
    get,
    path = "/v1/shops/{shop}/annotations",
    tag = "annotations",
    params(ShopPath, WindowParameters),
    responses(
        (
            status = 200,
            description = "The annotations. As CSV one row each.",
            content((AnnotationsAnswer = "application/json"), (String = "text/csv"))
        ),
        ReportErrors,
    ),
    security(("read_key" = []), ("secret_key" = []), ("share_link" = []))
)]
pub async fn list(
    request: HttpRequest,
    slug: web::Path<String>,
    reports: web::Data<Reports>,
) -> Result<HttpResponse, ApiError> {
    let (report, parameters) = Report::admit(&request, &reports, &slug, Subject::Sums)?;
    parameters.finish()?;
    let found = reports.store.annotations(&report.shop.slug, Some(report.window)).await;
    let annotations = found.map_err(|error| unanswered(&reports, error))?;
    let answer = AnnotationsAnswer { head: report.head(None), annotations };
    report.format.answer("annotations.csv", &answer, || Ok(table(&answer.annotations)))
}

fn table(annotations: &[Annotation]) -> Table {
    let mut table = Table::default();
    for annotation in annotations {
        table
            .row()
            .set("id", annotation.id.to_string().as_str().into())
            .set("day", annotation.day.to_string().as_str().into())
            .set("text", annotation.text.as_str().into());
    }
    table
}

/// Remember something of a day
#[utoipa::path(
    post,
    path = "/v1/shops/{shop}/annotations",
    tag = "annotations",
    params(ShopPath),
    request_body = NewAnnotation,
    responses((status = 201, description = "It is kept.", body = Annotation), WritingErrors),
    security(("read_key" = []), ("secret_key" = []))
)]
pub async fn add(
    request: HttpRequest,
    slug: web::Path<String>,
    reports: web::Data<Reports>,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    let (_, shop) = report::admit_holder(&request, &reports, &slug)?;
    let new: NewAnnotation = body::object(&request, payload).await?;
    let day = report::day("day", &new.day)?;
    let text = new.text.trim();
    if text.is_empty() || text.chars().count() > MAX_TEXT_CHARS || text::holds_hidden(text) {
        let message =
            format!("write 1 to {MAX_TEXT_CHARS} characters on one line, without marks of writing direction");
        return Err(ApiError::invalid("text", message));
    }
    let kept =
        reports.store.annotations(&shop.slug, None).await.map_err(|error| unanswered(&reports, error))?;
    if kept.len() >= MAX_ANNOTATIONS {
        let message = format!("a shop may have at most {MAX_ANNOTATIONS} annotations; remove some first");
        return Err(ApiError::invalid("text", message));
    }
    let annotation = Annotation { id: Uuid::now_v7(), day, text: text.to_owned() };
    let written = reports.store.write_annotation(&shop.slug, &annotation).await;
    written.map_err(|error| unanswered(&reports, error))?;
    Ok(HttpResponse::Created().insert_header((header::CACHE_CONTROL, "no-store")).json(annotation))
}

/// Forget what was remembered
#[utoipa::path(
    delete,
    path = "/v1/shops/{shop}/annotations/{annotation}",
    tag = "annotations",
    params(
        ShopPath,
        ("annotation" = Uuid, Path, description = "Its id."),
    ),
    responses((status = 204, description = "It is gone."), ReportErrors),
    security(("read_key" = []), ("secret_key" = []))
)]
pub async fn remove(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    reports: web::Data<Reports>,
) -> Result<HttpResponse, ApiError> {
    let (slug, id) = path.into_inner();
    let (_, shop) = report::admit_holder(&request, &reports, &slug)?;
    let id: Uuid = id.parse().map_err(|_| ApiError::NotFound)?;
    let kept =
        reports.store.annotations(&shop.slug, None).await.map_err(|error| unanswered(&reports, error))?;
    let annotation = kept.iter().find(|annotation| annotation.id == id).ok_or(ApiError::NotFound)?;
    let removed = reports.store.remove_annotation(&shop.slug, annotation).await;
    removed.map_err(|error| unanswered(&reports, error))?;
    Ok(HttpResponse::NoContent().finish())
}
