//! Events in: `POST /e` from browsers, `GET /e.gif` from those without scripts, `POST /v1/events` from the
//! shop's server.
//!
//! An answer of 202 is given after the spool's `fdatasync`. Nothing here waits for ClickHouse.

use super::bounds::{MAX_BROWSER_BYTES, MAX_BROWSER_EVENTS, MAX_SERVER_BYTES, MAX_SERVER_EVENTS};
use super::check::Browser;
use super::documented::{BrowserErrors, ImageErrors, ServerErrors};
use super::lines::Lines;
use super::sink::{Accepted, Sink};
use super::slice::Intake;
use super::wire::{Body, EventsBody, WireError, WireEvent};
use crate::event::Field;
use crate::http::edge::Caller;
use crate::http::edge::error::{ApiError, only};
use crate::http::edge::parameters::Parameters;
use crate::http::edge::{auth, body, limit};
use crate::identity;
use crate::shops::Shop;
use crate::spool::Appender;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use futures_util::StreamExt;
use std::borrow::Cow;
use std::sync::Arc;

const PREFLIGHT_SECONDS: u32 = 86_400;
/// One transparent pixel, as GIF89a.
const PIXEL: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\0\0\0!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
static SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
static SEC_GPC: HeaderName = HeaderName::from_static("sec-gpc");
static PURPOSE: HeaderName = HeaderName::from_static("purpose");

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/e")
                .route(web::post().to(from_browser))
                .route(web::method(actix_web::http::Method::OPTIONS).to(preflight))
                .default_service(only("POST, OPTIONS")),
        )
        .service(web::resource("/e.gif").route(web::get().to(from_image)).default_service(only("GET")))
        .service(
            web::resource("/v1/events").route(web::post().to(from_server)).default_service(only("POST")),
        );
}

/// Any page may ask; whether its origin may send is known only with the shop, which is in the body. Any
/// header may come along: pages put their own on every request that their scripts make, and nothing here reads
/// them.
async fn preflight(request: HttpRequest) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    response.insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "POST"));
    let wanted = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let wanted = wanted.unwrap_or(HeaderValue::from_static("content-type"));
    response.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, wanted));
    response.insert_header((header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_SECONDS));
    with_origin(&request, response.finish())
}

/// Events from a page
///
/// At most 100 events and 64 KiB.
#[utoipa::path(
    post,
    path = "/e",
    tag = "events",
    request_body(content((EventsBody = "application/json"), (String = "text/plain"))),
    responses(
        (status = 202, description = "The accepted events are on disk and count exactly once.", body = Accepted),
        BrowserErrors,
    )
)]
pub async fn from_browser(
    request: HttpRequest,
    payload: web::Payload,
    intake: web::Data<Intake>,
    appender: web::Data<Appender>,
) -> HttpResponse {
    match browser_events(&request, payload, &intake, &appender).await {
        Ok(accepted) => with_origin(&request, HttpResponse::Accepted().json(accepted)),
        // Without the header the page cannot read the answer, which is what an unlisted origin gets.
        Err(error @ ApiError::OriginNotAllowed) => error.error_response(),
        Err(error) => with_origin(&request, error.error_response()),
    }
}

/// Lets the page of this origin read the answer; never with credentials.
fn with_origin(request: &HttpRequest, mut response: HttpResponse) -> HttpResponse {
    let headers = response.headers_mut();
    if let Some(origin) = request.headers().get(header::ORIGIN) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    // A page of another origin reads no header but those named here; the snippet waits as long as this one
    // says.
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After"));
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn browser_events(
    request: &HttpRequest,
    payload: web::Payload,
    intake: &Intake,
    appender: &Appender,
) -> Result<Accepted, ApiError> {
    let caller = intake.gate.caller(request);
    intake.gate.limited(caller, |limits| limits.client(caller.address))?;
    body::expect_unencoded(request)?;
    body::expect_media_type(request, &["text/plain", "application/json"], "text/plain or application/json")?;
    let bytes = body::read(request, payload, MAX_BROWSER_BYTES).await?;
    let body =
        Body::parse(&bytes, MAX_BROWSER_EVENTS).map_err(|error| unusable(error, MAX_BROWSER_EVENTS))?;
    if body.events.is_empty() {
        return Err(ApiError::NoEvents);
    }
    let count = body.events.len();
    intake.gate.limited(caller, |limits| limits.client_events(caller.address, count))?;
    let shop = shop_of_page(request, caller, intake, body.shop.as_deref())?;
    let browser = browser(request, caller, intake, &shop);
    let mut sink = Sink::new(intake, appender, shop, Some(browser));
    for event in body.events {
        sink.take(event)?;
    }
    sink.finish().await
}

/// A visit of a browser that runs no scripts
///
/// `<noscript><img src="https://HOST/e.gif?shop=pk_…"></noscript>` on the page, which is the request's `Referer`.
#[utoipa::path(
    get,
    path = "/e.gif",
    tag = "events",
    params(("shop" = String, Query, description = "The shop's public key.", pattern = "^pk_[0-9a-f]{32}$")),
    responses(
        (status = 200, description = "The visit is on disk and counts; a transparent picture of one pixel.", content_type = "image/gif"),
        ImageErrors,
    )
)]
pub async fn from_image(
    request: HttpRequest,
    intake: web::Data<Intake>,
    appender: web::Data<Appender>,
) -> Result<HttpResponse, ApiError> {
    let caller = intake.gate.caller(&request);
    intake.gate.limited(caller, |limits| {
        limits.client(caller.address)?;
        limits.client_events(caller.address, 1)
    })?;
    let mut parameters = Parameters::read(request.query_string())?;
    let public_key = parameters.take("shop")?;
    parameters.finish()?;
    let shop = shop_of_page(&request, caller, &intake, public_key.as_deref())?;
    let page = request.headers().get(header::REFERER).map_or(&[][..], HeaderValue::as_bytes);
    let mut visit = WireEvent::default();
    visit.fields.kind = Field::Text(Cow::Borrowed("visit"));
    visit.fields.url = Field::Text(String::from_utf8_lossy(page));
    let browser = browser(&request, caller, &intake, &shop);
    let mut sink = Sink::new(&intake, &appender, shop, Some(browser));
    sink.take(Ok(visit))?;
    sink.finish().await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "image/gif"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header(("Cross-Origin-Resource-Policy", "cross-origin"))
        .body(PIXEL))
}

/// The shop that a page names, if it may have events now and from this page's origin.
fn shop_of_page(
    request: &HttpRequest,
    caller: Caller,
    intake: &Intake,
    public_key: Option<&str>,
) -> Result<Arc<Shop>, ApiError> {
    let public_key = public_key.ok_or(ApiError::ShopRequired)?;
    let shop =
        intake.gate.registry.snapshot().by_public_key(public_key).cloned().ok_or(ApiError::UnknownShopKey)?;
    intake.gate.limited(caller, |limits| limits.shop(&shop.slug))?;
    if let Some(origin) = request.headers().get(header::ORIGIN)
        && !origin.to_str().is_ok_and(|origin| shop.allows_origin(origin))
    {
        return Err(ApiError::OriginNotAllowed);
    }
    Ok(shop)
}

/// Who sends a page's request.
fn browser<'a>(request: &'a HttpRequest, caller: Caller, intake: &Intake, shop: &Shop) -> Browser<'a> {
    let user_agent = request.headers().get(header::USER_AGENT).map_or(&[][..], HeaderValue::as_bytes);
    let agent = intake.agents.read(&String::from_utf8_lossy(user_agent));
    let Caller { address, is_exempt } = caller;
    if is_exempt {
        intake.gate.trusted_proxies.note_browser_here(user_agent);
    }
    Browser {
        address,
        client: if is_exempt { 0 } else { identity::client_of(&shop.slug, limit::network(address)) },
        user_agent: std::str::from_utf8(user_agent).unwrap_or_default(),
        is_bot: agent.bot || is_prefetch(request),
        agent,
        asks_for_privacy: request.headers().get(&SEC_GPC).is_some_and(|value| value == "1"),
    }
}

/// Events from the shop's server
///
/// At most 1 000 events and 1 MiB; `application/x-ndjson`, one event a line, without limit.
#[utoipa::path(
    post,
    path = "/v1/events",
    tag = "events",
    request_body(content(
        (EventsBody = "application/json"),
        (String = "text/plain"),
        (String = "application/x-ndjson"),
    )),
    responses(
        (status = 202, description = "The accepted events are on disk and count exactly once.", body = Accepted),
        ServerErrors,
    ),
    security(("secret_key" = []), ("signature_shop" = [], "signature" = []))
)]
pub async fn from_server(
    request: HttpRequest,
    payload: web::Payload,
    intake: web::Data<Intake>,
    appender: web::Data<Appender>,
) -> Result<HttpResponse, ApiError> {
    body::expect_unencoded(&request)?;
    let accepted = if body::media_type(&request).eq_ignore_ascii_case("application/x-ndjson") {
        stream_events(&request, payload, &intake, &appender).await?
    } else {
        server_events(&request, payload, &intake, &appender).await?
    };
    Ok(HttpResponse::Accepted().insert_header((header::CACHE_CONTROL, "no-store")).json(accepted))
}

async fn server_events(
    request: &HttpRequest,
    payload: web::Payload,
    intake: &Intake,
    appender: &Appender,
) -> Result<Accepted, ApiError> {
    body::expect_media_type(
        request,
        &["application/json", "text/plain"],
        "application/json, text/plain or application/x-ndjson",
    )?;
    let signed = auth::is_signed(request);
    let mut shop = if signed { None } else { Some(auth::secret_holder(request, &intake.gate)?) };
    let bytes = body::read(request, payload, MAX_SERVER_BYTES).await?;
    if signed {
        shop = Some(auth::signer(request, &intake.gate, &bytes)?);
    }
    let shop = shop.ok_or(ApiError::Unauthorized)?;
    let body = Body::parse(&bytes, MAX_SERVER_EVENTS).map_err(|error| unusable(error, MAX_SERVER_EVENTS))?;
    if body.events.is_empty() {
        return Err(ApiError::NoEvents);
    }
    if body.shop.as_deref().is_some_and(|key| !shop.public_keys.iter().any(|known| known == key)) {
        return Err(ApiError::ShopMismatch);
    }
    let caller = intake.gate.caller(request);
    intake.gate.limited(caller, |limits| limits.server(&shop.slug, body.events.len()))?;
    let mut sink = Sink::new(intake, appender, shop, None);
    for event in body.events {
        sink.take(event)?;
    }
    sink.finish().await
}

/// One event a line, appended in portions while the rest still arrives.
async fn stream_events(
    request: &HttpRequest,
    mut payload: web::Payload,
    intake: &Intake,
    appender: &Appender,
) -> Result<Accepted, ApiError> {
    let shop = auth::secret_holder(request, &intake.gate)?;
    let is_exempt = intake.gate.caller(request).is_exempt;
    let mut sink = Sink::new(intake, appender, shop, None);
    let mut lines = Lines::default();
    let mut has_ended = false;
    while !has_ended {
        match tokio::time::timeout(body::TIMEOUT, payload.next()).await {
            Ok(Some(Ok(piece))) => lines.add(&piece),
            // Events before this line may be stored, so the answer must not promise that none is.
            Ok(Some(Err(_))) | Err(_) => return Err(ApiError::BrokenTransfer),
            Ok(None) => {
                lines.end();
                has_ended = true;
            }
        }
        sink.arrives_at(intake.gate.clock.now_ms());
        while let Some(line) = lines.next() {
            sink.take(line.text.and_then(WireEvent::of_line))?;
            if sink.waiting() == MAX_SERVER_EVENTS {
                // A stream cannot be refused in its middle; it is read more slowly instead.
                while let Some(wait) = sink.too_fast(is_exempt) {
                    tokio::time::sleep(wait).await;
                }
                sink.append().await?;
            }
        }
    }
    if sink.is_untouched() {
        return Err(ApiError::NoEvents);
    }
    sink.finish().await
}

/// Whether the page is fetched before anybody has asked to see it. `Purpose` is what older browsers send.
///
/// `prefetch;prerender` is no such request: it comes from a page that runs, and the snippet tells of a view
/// only when the page is shown, which is a moment before the browser drops the header.
fn is_prefetch(request: &HttpRequest) -> bool {
    [&SEC_PURPOSE, &PURPOSE].into_iter().filter_map(|name| request.headers().get(name)).any(|value| {
        let mut words = value.as_bytes().split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
        words.next().is_some_and(|purpose| purpose.eq_ignore_ascii_case(b"prefetch"))
            && !words.any(|word| word.eq_ignore_ascii_case(b"prerender"))
    })
}

fn unusable(error: WireError, max_events: usize) -> ApiError {
    match error {
        WireError::Invalid(sentence) => ApiError::InvalidJson(sentence),
        WireError::TooDeep => ApiError::JsonTooDeep,
        WireError::TooMany => ApiError::TooManyEvents { max_events },
    }
}
