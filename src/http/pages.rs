//! Files for browsers, compiled in: the snippet and the funnel page.

use super::only;
use actix_web::http::header;
use actix_web::{HttpResponse, web};

const SNIPPET: &str = include_str!("../../js-snippet/dist/s.js");
const FULL_SNIPPET: &str = include_str!("../../js-snippet/dist/s.full.js");
const PAGE: &str = include_str!("../../dashboards/web/dist/index.html");
const PAGE_SCRIPT: &str = include_str!("../../dashboards/web/dist/page.js");
const PAGE_STYLE: &str = include_str!("../../dashboards/web/dist/page.css");

/// The page runs its own script only, talks to this server only, and is never framed.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub fn routes(config: &mut web::ServiceConfig) {
    for (path, media_type, content) in [
        ("/", "text/html; charset=utf-8", PAGE),
        ("/page.js", "text/javascript; charset=utf-8", PAGE_SCRIPT),
        ("/page.css", "text/css; charset=utf-8", PAGE_STYLE),
    ] {
        config.service(
            web::resource(path)
                .route(web::get().to(move || async move { page_file(media_type, content) }))
                .route(web::head().to(move || async move { page_file(media_type, content) }))
                .default_service(only("GET, HEAD")),
        );
    }
    for (path, content) in [("/s.js", SNIPPET), ("/s.full.js", FULL_SNIPPET)] {
        config.service(
            web::resource(path)
                .route(web::get().to(move || async move { snippet(content) }))
                .route(web::head().to(move || async move { snippet(content) }))
                .default_service(only("GET, HEAD")),
        );
    }
}

fn page_file(media_type: &'static str, content: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .body(content)
}

/// Any shop's page may load it, also with an integrity attribute, which needs the CORS header.
fn snippet(content: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/javascript; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header(("Cross-Origin-Resource-Policy", "cross-origin"))
        .body(content)
}
