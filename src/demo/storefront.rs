//! The demo shop's pages, compiled in; each carries the real snippet.

use crate::app::Routes;
use crate::http::CONTENT_SECURITY_POLICY;
use crate::http::edge::error::ApiError;
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde_json::json;
use std::sync::Arc;

/// What a page holds where the script tag goes.
const TAG_PLACE: &str = "<!--shopfunnel-tag-->";

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("storefront/", $name)))),*]
    };
}

const FILES: &[(&str, &str)] = files!(
    "index.html",
    "product-longjing.html",
    "product-puer.html",
    "product-oolong.html",
    "product-jasmine.html",
    "product-gaiwan.html",
    "product-teapot.html",
    "cart.html",
    "checkout.html",
    "pay.html",
    "thanks.html",
    "shop.css",
    "shop.js",
);

/// The demo's pages with its keys.
#[derive(Debug, Clone)]
pub struct Pages {
    tag: Arc<str>,
    session: Arc<str>,
}

impl Pages {
    /// Pages of the shop with this public key, which show the figures that the read key opens.
    pub fn new(public_key: &str, read_key: &str) -> Pages {
        // The demo is looked at on localhost and by test browsers, which the snippet leaves out otherwise.
        let tag = format!(
            r#"<script defer src="/s.js" data-shop="{public_key}" data-allow="localhost webdriver"></script>"#
        );
        let session = json!({ "shop": super::SLUG, "read_key": read_key }).to_string();
        Pages { tag: tag.into(), session: session.into() }
    }
}

/// The routes of these pages.
pub fn routes(pages: Pages) -> Routes {
    let pages = web::Data::new(pages);
    Arc::new(move |config| {
        config
            .app_data(pages.clone())
            .route("/demo", web::get().to(async || redirect()))
            .route("/demo/session.json", web::get().to(session))
            .route("/demo/{file:.*}", web::get().to(storefront));
    })
}

fn redirect() -> HttpResponse {
    HttpResponse::Found().insert_header((header::LOCATION, "/demo/")).finish()
}

/// Lets the funnel page sign in by itself. Only a demo gives its read key away.
async fn session(pages: web::Data<Pages>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(pages.session.to_string())
}

async fn storefront(pages: web::Data<Pages>, file: web::Path<String>) -> Result<HttpResponse, ApiError> {
    let name = if file.is_empty() { "index.html" } else { file.as_str() };
    let (_, content) = FILES.iter().find(|(known, _)| *known == name).ok_or(ApiError::NotFound)?;
    let media_type = match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        _ => "text/html; charset=utf-8",
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .body(content.replace(TAG_PLACE, &pages.tag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_a_place_for_the_tag_and_every_file_is_listed() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/demo/storefront");
        let mut files: Vec<_> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let mut listed: Vec<_> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        files.sort();
        listed.sort();
        assert_eq!(files, listed);
        for (name, content) in FILES.iter().filter(|(name, _)| name.ends_with(".html")) {
            assert_eq!(content.matches(TAG_PLACE).count(), 1, "{name}");
        }
    }
}
