//! The OpenAPI document: `GET /openapi.json`.
//!
//! It is made of the types and errors that answer, and of what stands beside the handlers, so that it cannot
//! say anything else than the program does. Each wing documents its own calls; here they are put together.
//! Objects stay open to new properties: fields are added to answers, and what is not known in an event is
//! ignored.

use super::edge::asset::COMPILED_IN;
use super::edge::documented::PublicErrors;
use super::edge::error::ErrorBody;
use super::edge::error::only;
use super::edge::format::Format;
use super::edge::parameters::Parameters;
use super::{intake, reports};
use crate::metrics::{GROUPS, Metric, Unit};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, RefOr, Schema};
use utoipa::{Modify, Number, OpenApi as _};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        description = "An e-commerce conversion funnel tracker: events in, the exact shop funnel out.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    paths(openapi),
    components(schemas(ErrorBody, Format)),
    tags(
        (name = "events", description = "Events in."),
        (name = "reports", description = "Figures out, always in the shop's time zone."),
        (name = "annotations", description = "What people want to remember of a day."),
        (name = "sharing", description = "Figures for others."),
    ),
)]
struct Document;

static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    let mut document = Document::openapi();
    // This one comes last.
    let own = std::mem::take(&mut document.paths);
    document.merge(intake::Document::openapi());
    document.merge(reports::Document::openapi());
    document.paths.paths.extend(own.paths);
    Keys.modify(&mut document);
    Figures.modify(&mut document);
    let mut text = document.to_pretty_json().expect("the document is made of texts and numbers");
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
async fn openapi(request: HttpRequest) -> Result<HttpResponse, super::edge::error::ApiError> {
    Parameters::read(request.query_string())?.finish()?;
    Ok(HttpResponse::Ok()
        .insert_header(COMPILED_IN)
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .body(DOCUMENT.as_str()))
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
                "`t=…,v1=…`: seconds since 1970, and in hex the HMAC-SHA256 of `{t}.{body}` with the 32 \
                bytes SHA-256(`sk_…`) as its key. The time may be 300 s away.",
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
