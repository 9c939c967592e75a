//! Events in: `POST /e` from browsers, `GET /e.gif` from those without scripts, `POST /v1/events` from the shop's server.
//!
//! An answer of 202 is given after the spool's `fdatasync`. Nothing here waits for ClickHouse.

use super::check::{Browser, Check};
use super::error::{ApiError, Rejected};
use super::openapi::{BrowserErrors, ImageErrors, ServerErrors};
use super::parameters::Parameters;
use super::wire::{Body, EventsBody, WireError, WireEvent, without_mark};
use super::{State, auth, body, limit, only};
use crate::event::{Field, Rejection};
use crate::identity;
use crate::planted::Fault;
use crate::shops::{PrivacySignal, Shop};
use crate::spool::{Appender, Records};
use crate::telemetry::Reason;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use futures_util::StreamExt;
use serde::Serialize;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// The browser's own bound on what may be in flight when a page closes.
pub const MAX_BROWSER_BYTES: usize = 64 << 10;
pub const MAX_BROWSER_EVENTS: usize = 100;
pub const MAX_SERVER_BYTES: usize = 1 << 20;
pub const MAX_SERVER_EVENTS: usize = 1_000;
/// One line of a stream.
const MAX_LINE_BYTES: usize = 64 << 10;
/// Rejections that the answer to a stream lists; the others are counted.
const MAX_LISTED: usize = 1_000;
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

#[derive(Serialize, ToSchema)]
struct Accepted {
    /// Events that are on disk here.
    accepted: usize,
    rejected: Vec<Rejected>,
    /// Rejections beyond those listed.
    #[serde(skip_serializing_if = "is_zero")]
    rejected_left_off: usize,
    #[serde(skip_serializing_if = "Dropped::is_none")]
    dropped: Dropped,
    /// Epoch milliseconds here, for a sender whose clock is wrong.
    now: i64,
}

/// Events that were acceptable and are not kept, by reason.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
struct Dropped {
    /// The visitor's browser sent `Sec-GPC: 1`.
    privacy_signal: usize,
}

impl Dropped {
    fn is_none(&self) -> bool {
        self.privacy_signal == 0
    }
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Any page may ask; whether its origin may send is known only with the shop, which is in the body.
async fn preflight(request: HttpRequest) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    response.insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "POST"));
    response.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"));
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
    state: web::Data<State>,
    appender: web::Data<Appender>,
) -> HttpResponse {
    match browser_events(&request, payload, &state, &appender).await {
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
    // A page of another origin reads no header but those named here; the snippet waits as long as this one says.
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Retry-After"));
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn browser_events(
    request: &HttpRequest,
    payload: web::Payload,
    state: &State,
    appender: &Appender,
) -> Result<Accepted, ApiError> {
    if !state.trusted_proxies.is_exempt(request) {
        state.limits.client(state.trusted_proxies.client(request))?;
    }
    body::expect_unencoded(request)?;
    body::expect_media_type(request, &["text/plain", "application/json"], "text/plain or application/json")?;
    let bytes = body::read(request, payload, MAX_BROWSER_BYTES).await?;
    let body =
        Body::parse(&bytes, MAX_BROWSER_EVENTS).map_err(|error| unusable(error, MAX_BROWSER_EVENTS))?;
    if body.events.is_empty() {
        return Err(ApiError::NoEvents);
    }
    if !state.trusted_proxies.is_exempt(request) {
        state.limits.client_events(state.trusted_proxies.client(request), body.events.len())?;
    }
    let shop = shop_of_page(request, state, body.shop.as_deref())?;
    let browser = browser(request, state, &shop);
    let mut intake = Intake::new(state, appender, shop, Some(browser));
    for event in body.events {
        intake.take(event)?;
    }
    intake.finish().await
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
    state: web::Data<State>,
    appender: web::Data<Appender>,
) -> Result<HttpResponse, ApiError> {
    if !state.trusted_proxies.is_exempt(&request) {
        let client = state.trusted_proxies.client(&request);
        state.limits.client(client)?;
        state.limits.client_events(client, 1)?;
    }
    let mut parameters = Parameters::read(request.query_string())?;
    let public_key = parameters.take("shop")?;
    parameters.finish()?;
    let shop = shop_of_page(&request, &state, public_key.as_deref())?;
    let page = request.headers().get(header::REFERER).map_or(&[][..], HeaderValue::as_bytes);
    let mut visit = WireEvent::default();
    visit.fields.kind = Field::Text(Cow::Borrowed("visit"));
    visit.fields.url = Field::Text(String::from_utf8_lossy(page));
    let browser = browser(&request, &state, &shop);
    let mut intake = Intake::new(&state, &appender, shop, Some(browser));
    intake.take(Ok(visit))?;
    intake.finish().await?;
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
    state: &State,
    public_key: Option<&str>,
) -> Result<Arc<Shop>, ApiError> {
    let public_key = public_key.ok_or(ApiError::ShopRequired)?;
    let shop =
        state.registry.snapshot().by_public_key(public_key).cloned().ok_or(ApiError::UnknownShopKey)?;
    if !state.trusted_proxies.is_exempt(request) {
        state.limits.shop(&shop.slug)?;
    }
    if let Some(origin) = request.headers().get(header::ORIGIN)
        && !origin.to_str().is_ok_and(|origin| shop.allows_origin(origin))
    {
        return Err(ApiError::OriginNotAllowed);
    }
    Ok(shop)
}

/// Who sends a page's request.
fn browser<'a>(request: &'a HttpRequest, state: &State, shop: &Shop) -> Browser<'a> {
    let user_agent = request.headers().get(header::USER_AGENT).map_or(&[][..], HeaderValue::as_bytes);
    let agent = state.agents.read(&String::from_utf8_lossy(user_agent));
    let address = state.trusted_proxies.client(request);
    let is_here = state.trusted_proxies.is_exempt(request);
    if is_here {
        state.trusted_proxies.note_browser_here(user_agent);
    }
    Browser {
        address,
        client: if is_here { 0 } else { identity::client_of(&shop.slug, limit::network(address)) },
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
    state: web::Data<State>,
    appender: web::Data<Appender>,
) -> Result<HttpResponse, ApiError> {
    body::expect_unencoded(&request)?;
    let accepted = if body::media_type(&request).eq_ignore_ascii_case("application/x-ndjson") {
        stream_events(&request, payload, &state, &appender).await?
    } else {
        server_events(&request, payload, &state, &appender).await?
    };
    Ok(HttpResponse::Accepted().insert_header((header::CACHE_CONTROL, "no-store")).json(accepted))
}

async fn server_events(
    request: &HttpRequest,
    payload: web::Payload,
    state: &State,
    appender: &Appender,
) -> Result<Accepted, ApiError> {
    body::expect_media_type(
        request,
        &["application/json", "text/plain"],
        "application/json, text/plain or application/x-ndjson",
    )?;
    let signed = auth::is_signed(request);
    let mut shop = if signed { None } else { Some(auth::secret_holder(request, state)?) };
    let bytes = body::read(request, payload, MAX_SERVER_BYTES).await?;
    if signed {
        shop = Some(auth::signer(request, state, &bytes)?);
    }
    let shop = shop.ok_or(ApiError::Unauthorized)?;
    let body = Body::parse(&bytes, MAX_SERVER_EVENTS).map_err(|error| unusable(error, MAX_SERVER_EVENTS))?;
    if body.events.is_empty() {
        return Err(ApiError::NoEvents);
    }
    if body.shop.as_deref().is_some_and(|key| !shop.public_keys.iter().any(|known| known == key)) {
        return Err(ApiError::ShopMismatch);
    }
    if !state.trusted_proxies.is_exempt(request) {
        state.limits.server(&shop.slug, body.events.len())?;
    }
    let mut intake = Intake::new(state, appender, shop, None);
    for event in body.events {
        intake.take(event)?;
    }
    intake.finish().await
}

/// One event a line, appended in portions while the rest still arrives.
async fn stream_events(
    request: &HttpRequest,
    mut payload: web::Payload,
    state: &State,
    appender: &Appender,
) -> Result<Accepted, ApiError> {
    let shop = auth::secret_holder(request, state)?;
    let exempt = state.trusted_proxies.is_exempt(request);
    let mut intake = Intake::new(state, appender, shop, None);
    let mut waiting = Vec::new();
    let mut ended = false;
    // The line at hand is too long; it is counted already and dropped up to its end.
    let mut dropping = false;
    let mut is_first = true;
    while !ended {
        match tokio::time::timeout(body::TIMEOUT, payload.next()).await {
            Ok(Some(Ok(chunk))) => waiting.extend_from_slice(&chunk),
            // Events before this place may be stored, so the answer must not promise that none is.
            Ok(Some(Err(_))) | Err(_) => return Err(ApiError::BrokenTransfer),
            Ok(None) => ended = true,
        }
        intake.check.received_at_ms = state.clock.now_ms();
        let mut start = 0;
        while start < waiting.len() {
            let line_end = match waiting[start..].iter().position(|&byte| byte == b'\n') {
                Some(length) => start + length,
                None if ended => waiting.len(),
                None => break,
            };
            let mut line = &waiting[start..line_end];
            if std::mem::take(&mut is_first) {
                line = without_mark(line);
            }
            let line = line.trim_ascii();
            start = line_end + 1;
            if std::mem::take(&mut dropping) || line.is_empty() {
                continue;
            }
            intake.take(event_of_line(line))?;
            if intake.records.len() == MAX_SERVER_EVENTS {
                // A stream cannot be refused in its middle; it is read more slowly instead.
                while let Some(wait) = intake.too_fast(exempt) {
                    tokio::time::sleep(wait).await;
                }
                intake.append().await?;
            }
        }
        waiting.drain(..start.min(waiting.len()));
        if waiting.len() > MAX_LINE_BYTES {
            if !dropping {
                intake.take(Err(line_too_long()))?;
            }
            dropping = true;
            waiting.clear();
        }
    }
    if intake.seen == 0 {
        return Err(ApiError::NoEvents);
    }
    intake.finish().await
}

fn event_of_line(line: &[u8]) -> Result<WireEvent<'_>, Rejection> {
    if line.len() > MAX_LINE_BYTES {
        return Err(line_too_long());
    }
    WireEvent::of_line(line)
}

fn line_too_long() -> Rejection {
    Rejection::new("event_too_large", format!("a line may have at most {MAX_LINE_BYTES} bytes"))
}

/// The events of one request on their way into the spool.
struct Intake<'a> {
    check: Check<'a>,
    appender: &'a Appender,
    seen: usize,
    accepted: usize,
    records: Records,
    /// Events among `records` that are a bot's.
    of_bots: usize,
    rejected: Vec<Rejected>,
    rejected_left_off: usize,
    /// Neither accepted yet, nor rejected, nor dropped.
    undecided: usize,
    dropped: Dropped,
}

/// Whatever ends the request, what was not decided was refused: so the counters balance.
impl Drop for Intake<'_> {
    fn drop(&mut self) {
        self.check.state.telemetry.events_refused.inc_by(self.undecided as u64);
    }
}

impl<'a> Intake<'a> {
    fn new(
        state: &'a State,
        appender: &'a Appender,
        shop: Arc<Shop>,
        browser: Option<Browser<'a>>,
    ) -> Intake<'a> {
        Intake {
            check: Check { state, shop, browser, received_at_ms: state.clock.now_ms() },
            appender,
            seen: 0,
            accepted: 0,
            records: Records::default(),
            of_bots: 0,
            rejected: Vec::new(),
            rejected_left_off: 0,
            undecided: 0,
            dropped: Dropped::default(),
        }
    }

    /// Accepts or rejects one event. An error is a fault of ours, not of the event.
    fn take(&mut self, event: Result<WireEvent<'_>, Rejection>) -> Result<(), ApiError> {
        let index = self.seen;
        self.seen += 1;
        let telemetry = &self.check.state.telemetry;
        telemetry.events_received.inc();
        self.undecided += 1;
        let event = match event {
            Ok(event) => {
                telemetry.fields_unknown.inc_by(self.unknown_fields(&event));
                let mut checked = self.check.check(&event);
                if checked.is_ok() && self.is_unwanted() {
                    self.dropped.privacy_signal += 1;
                    self.undecided -= 1;
                    telemetry.events_dropped.get_or_create(&Reason { reason: "privacy_signal" }).inc();
                    return Ok(());
                }
                if checked.is_ok() && !self.check.shop.has_events {
                    self.fix_rules()?;
                    // The time zone may have changed until a moment ago; now it cannot any more.
                    checked = self.check.check(&event);
                }
                checked
            }
            Err(rejection) => Err(rejection),
        };
        match event {
            Ok(event) => {
                let mut event = self.check.identified(event)?;
                let faults = self.check.state.faults;
                if faults.has(Fault::CountRepeatsTwice) {
                    event.id = uuid::Uuid::now_v7();
                }
                if faults.has(Fault::DropOneInTenThousand) && event.id.as_u128().is_multiple_of(10_000) {
                    self.accepted += 1;
                    self.undecided -= 1;
                    return Ok(());
                }
                self.records
                    .push_with(|record| serde_json::to_writer(record, &event))
                    .map_err(|error| ApiError::Internal(error.to_string()))?;
                self.of_bots += usize::from(event.bot);
            }
            Err(rejection) => {
                self.undecided -= 1;
                telemetry.events_rejected.get_or_create(&Reason { reason: rejection.code }).inc();
                if self.rejected.len() == MAX_LISTED {
                    self.rejected_left_off += 1;
                } else {
                    self.rejected.push(Rejected { index, rejection });
                }
            }
        }
        Ok(())
    }

    /// Of a browser's event also those that only a server may send: it is seen what a browser has and where it is.
    fn unknown_fields(&self, event: &WireEvent<'_>) -> u64 {
        let servers_own = [&event.user_agent, &event.ip].into_iter().filter(|field| **field != Field::Absent);
        let here = if self.check.browser.is_some() { servers_own.count() as u64 } else { 0 };
        event.unknown_fields + here
    }

    /// Whether the visitor asks not to be followed, and the shop listens.
    fn is_unwanted(&self) -> bool {
        self.check.shop.privacy_signal == PrivacySignal::Respect
            && self.check.browser.as_ref().is_some_and(|browser| browser.asks_for_privacy)
    }

    /// Marks, durably and before the first event is accepted, that the shop has events.
    fn fix_rules(&mut self) -> Result<(), ApiError> {
        let marked = self.check.state.registry.mark_events(&self.check.shop.slug);
        let shop = marked.map_err(|error| ApiError::Internal(error.to_string()))?;
        self.check.shop = shop.ok_or(ApiError::UnknownShopKey)?;
        Ok(())
    }

    /// How long the sender of a stream has to wait before its next portion.
    fn too_fast(&self, exempt: bool) -> Option<Duration> {
        if exempt {
            return None;
        }
        self.check.state.limits.server_wait(&self.check.shop.slug, MAX_SERVER_EVENTS).err()
    }

    async fn append(&mut self) -> Result<(), ApiError> {
        let records = std::mem::take(&mut self.records);
        let count = records.len();
        if count > 0 {
            self.appender.append(records).await?;
            self.check.state.telemetry.events_accepted.inc_by(count as u64);
            let of_bots = std::mem::take(&mut self.of_bots);
            if of_bots > 0 {
                let flagged = Reason { reason: "bot" };
                self.check.state.telemetry.events_flagged.get_or_create(&flagged).inc_by(of_bots as u64);
            }
            self.accepted += count;
            self.undecided -= count;
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<Accepted, ApiError> {
        self.append().await?;
        if self.accepted == 0 && self.dropped.is_none() {
            return Err(ApiError::NothingAcceptable {
                rejected: std::mem::take(&mut self.rejected),
                now_ms: self.check.received_at_ms,
            });
        }
        Ok(Accepted {
            accepted: self.accepted,
            rejected: std::mem::take(&mut self.rejected),
            rejected_left_off: self.rejected_left_off,
            dropped: self.dropped,
            now: self.check.received_at_ms,
        })
    }
}

/// Whether the page is fetched before anybody has asked to see it. `Purpose` is what older browsers send.
///
/// `prefetch;prerender` is no such request: it comes from a page that runs, and the snippet tells of a view only when
/// the page is shown, which is a moment before the browser drops the header.
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
