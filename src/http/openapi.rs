//! The OpenAPI document: `GET /openapi.json`.
//!
//! It is made of the types and errors that answer, and of what stands beside the handlers, so that it cannot say
//! anything else than the program does. A new call is one line in `paths`. Objects stay open to new properties: fields
//! are added to answers, and what is not known in an event is ignored.

use super::catalogue::CACHE_CONTROL;
use super::error::{ApiError, ErrorBody};
use super::format::Format;
use super::parameters::Parameters;
use super::{
    annotations, catalogue, cohorts, events, ingest, inquiries, only, orders, query, share_links, visitors,
};
use super::{auth, body};
use crate::metrics::{GROUPS, Metric, Unit};
use crate::spool::AppendError;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, Header, Object, OpenApi, Ref, RefOr, Response, ResponseBuilder, Schema, Type,
};
use utoipa::{IntoResponses, Modify, Number, OpenApi as _};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        description = "An e-commerce conversion funnel tracker: events in, the exact shop funnel out.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(
        ingest::from_browser,
        ingest::from_server,
        ingest::from_image,
        query::funnel,
        cohorts::cohorts,
        orders::orders,
        inquiries::lost,
        events::recent,
        visitors::path,
        annotations::list,
        annotations::add,
        annotations::remove,
        share_links::make,
        catalogue::metrics,
        openapi,
    ),
    components(schemas(ErrorBody, Format)),
    tags(
        (name = "events", description = "Events in."),
        (name = "reports", description = "Figures out, always in the shop's time zone."),
        (name = "annotations", description = "What people want to remember of a day."),
        (name = "sharing", description = "Figures for others."),
    ),
    modifiers(&Keys, &Figures)
)]
struct Document;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let mut text = Document::openapi().to_pretty_json().expect("the document is made of texts and numbers");
    text.push('\n');
    text
});

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/openapi.json").route(web::get().to(openapi)).default_service(only("GET")));
}

/// This document
///
/// For programs that make clients. Needs no key.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "reports",
    responses((status = 200, description = "An OpenAPI 3.1 document.", body = Object), PublicErrors)
)]
async fn openapi(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    Parameters::read(request.query_string())?.finish()?;
    Ok(HttpResponse::Ok()
        .insert_header(CACHE_CONTROL)
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .body(DOCUMENT.as_str()))
}

/// Errors of an address that needs no key.
pub struct PublicErrors;

impl IntoResponses for PublicErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        errors(vec![ApiError::invalid("from", "…"), ApiError::KeyInUrl])
    }
}

/// Errors of every report.
pub struct ReportErrors;

impl IntoResponses for ReportErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        errors(vec![
            ApiError::invalid("from", "…"),
            ApiError::KeyInUrl,
            ApiError::RangeTooLarge { max_days: crate::funnel::MAX_WINDOW_DAYS },
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
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        errors(vec![
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

/// Errors of `/e`.
pub struct BrowserErrors;

impl IntoResponses for BrowserErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let accepted = "text/plain or application/json";
        let mut errors_of_browsers = reading(accepted, ingest::MAX_BROWSER_BYTES, ingest::MAX_BROWSER_EVENTS);
        errors_of_browsers.extend([
            ApiError::ShopRequired,
            ApiError::UnknownShopKey,
            ApiError::OriginNotAllowed,
        ]);
        errors(errors_of_browsers)
    }
}

/// Errors of `/e.gif`.
pub struct ImageErrors;

impl IntoResponses for ImageErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut errors_of_image = taking();
        errors_of_image.extend([
            ApiError::ShopRequired,
            ApiError::UnknownShopKey,
            ApiError::OriginNotAllowed,
            ApiError::invalid("shop", "it is given twice"),
            ApiError::KeyInUrl,
        ]);
        errors(errors_of_image)
    }
}

/// Errors of `/v1/events`.
pub struct ServerErrors;

impl IntoResponses for ServerErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let accepted = "application/json, text/plain or application/x-ndjson";
        let mut errors_of_servers = reading(accepted, ingest::MAX_SERVER_BYTES, ingest::MAX_SERVER_EVENTS);
        errors_of_servers.extend([
            ApiError::Unauthorized,
            ApiError::BadSignature,
            ApiError::StaleTimestamp,
            ApiError::WrongKeyKind { needed: "the secret key (sk_…)" },
            ApiError::ShopMismatch,
            ApiError::BrokenTransfer,
        ]);
        errors(errors_of_servers)
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

/// One response per status, that names the codes it may carry. Adds what any address may answer.
fn errors(mut errors: Vec<ApiError>) -> BTreeMap<String, RefOr<Response>> {
    errors.extend([
        ApiError::UriTooLong { max_bytes: super::head::MAX_URI_BYTES },
        ApiError::HeadersTooLarge { max_bytes: super::head::MAX_HEADERS_BYTES },
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

/// How a caller says who it is.
struct Keys;

impl Modify for Keys {
    fn modify(&self, document: &mut OpenApi) {
        let Some(components) = &mut document.components else { return };
        for (name, format, description) in [
            ("read_key", "rk_…", "A shop's read key: its figures."),
            ("secret_key", "sk_…", "A shop's secret key: its figures, and events from its server."),
            ("share_link", "sl_…", "What a share link holds: the shop's sums, until it expires."),
        ] {
            let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format(format);
            let bearer = bearer.description(Some(description)).build();
            components.add_security_scheme(name, SecurityScheme::Http(bearer));
        }
        for (name, header, description) in [
            ("signature_shop", "X-Shopfunnel-Shop", "The shop's public key, `pk_…`."),
            (
                "signature",
                "X-Shopfunnel-Signature",
                "`t=…,v1=…`: seconds since 1970, and in hex the HMAC-SHA256 of `{t}.{body}` with the 32 bytes \
                 SHA-256(`sk_…`) as its key. The time may be 300 s away.",
            ),
        ] {
            let header = ApiKey::Header(ApiKeyValue::with_description(header, description));
            components.add_security_scheme(name, SecurityScheme::ApiKey(header));
        }
    }
}

/// What the catalogue knows of a figure, put wherever the figure is answered.
struct Figures;

impl Modify for Figures {
    fn modify(&self, document: &mut OpenApi) {
        let Some(components) = &mut document.components else { return };
        let metrics: BTreeMap<&str, &Metric> =
            GROUPS.iter().flat_map(|group| group.metrics).map(|metric| (metric.id, metric)).collect();
        let objects = components.schemas.values_mut().filter_map(|schema| match schema {
            RefOr::T(Schema::Object(object)) => Some(object),
            _ => None,
        });
        for (name, property) in objects.flat_map(|object| &mut object.properties) {
            let Some(metric) = metrics.get(name.as_str()) else { continue };
            let description = format!("{} `{}`", metric.description.en, metric.formula);
            match property {
                RefOr::T(Schema::Object(property)) => {
                    property.description = Some(description);
                    if metric.unit == Unit::Ratio {
                        property.minimum = Some(Number::from(0.0));
                        property.maximum = Some(Number::from(1.0));
                    }
                }
                RefOr::T(Schema::OneOf(property)) => property.description = Some(description),
                RefOr::Ref(property) => property.description = description,
                RefOr::T(_) => {}
            }
        }
    }
}
