//! Files for browsers, compiled in: the snippet and the funnel page.

use super::edge::asset::{Asset, asset};
use super::edge::error::only;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use std::sync::LazyLock;

static SNIPPET: LazyLock<Asset> =
    LazyLock::new(|| asset!("js-snippet/dist/s.js", "text/javascript; charset=utf-8"));
static FULL_SNIPPET: LazyLock<Asset> =
    LazyLock::new(|| asset!("js-snippet/dist/s.full.js", "text/javascript; charset=utf-8"));
static PAGE: LazyLock<Asset> =
    LazyLock::new(|| asset!("dashboards/web/dist/index.html", "text/html; charset=utf-8"));
static PAGE_SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| asset!("dashboards/web/dist/page.js", "text/javascript; charset=utf-8"));
static PAGE_STYLE: LazyLock<Asset> =
    LazyLock::new(|| asset!("dashboards/web/dist/page.css", "text/css; charset=utf-8"));

/// The page runs its own script only, talks to this server only, and is never framed.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The page's address stays while its content changes.
const ASK_EACH_TIME: &str = "no-cache";
/// The address holds the hash of the content.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Shops have the snippet's address in their pages, and a new version must reach them within an hour.
const AN_HOUR: &str = "public, max-age=3600";

pub fn routes(config: &mut web::ServiceConfig) {
    serve(config, "/", &PAGE, |asset, request| page_file(asset, request, ASK_EACH_TIME));
    // As `dashboards/web/build.mjs` writes them into the page.
    let script = format!("/page.{}.js", PAGE_SCRIPT.hash());
    let style = format!("/page.{}.css", PAGE_STYLE.hash());
    serve(config, &script, &PAGE_SCRIPT, |asset, request| page_file(asset, request, FOR_EVER));
    serve(config, &style, &PAGE_STYLE, |asset, request| page_file(asset, request, FOR_EVER));
    serve(config, "/s.js", &SNIPPET, snippet);
    serve(config, "/s.full.js", &FULL_SNIPPET, snippet);
}

fn serve(
    config: &mut web::ServiceConfig,
    path: &str,
    asset: &'static Asset,
    answer: fn(&Asset, &HttpRequest) -> HttpResponse,
) {
    let handler = move |request: HttpRequest| async move { answer(asset, &request) };
    config.service(
        web::resource(path)
            .route(web::get().to(handler))
            .route(web::head().to(handler))
            .default_service(only("GET, HEAD")),
    );
}

fn page_file(asset: &Asset, request: &HttpRequest, kept: &'static str) -> HttpResponse {
    asset.answer(request, |response| {
        response
            .insert_header((header::CACHE_CONTROL, kept))
            .insert_header((header::REFERRER_POLICY, "no-referrer"))
            .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY));
    })
}

/// Any shop's page may load it, also with an integrity attribute, which needs the CORS header.
fn snippet(asset: &Asset, request: &HttpRequest) -> HttpResponse {
    asset.answer(request, |response| {
        response
            .insert_header((header::CACHE_CONTROL, AN_HOUR))
            .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
            .insert_header(("Cross-Origin-Resource-Policy", "cross-origin"));
    })
}
