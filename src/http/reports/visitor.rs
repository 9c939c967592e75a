//! What one visitor did, for support: `GET /v1/shops/{shop}/visitors/{id}`, page by page.

use super::documented::{ReportErrors, ShopPath};
use super::recent_events::table;
use super::report::{self, Admitted, rfc3339, unanswered};
use super::slice::Reports;
use crate::event::{StoredEvent, is_visitor_id};
use crate::http::edge::auth::Subject;
use crate::http::edge::cursor;
use crate::http::edge::error::{ApiError, only};
use crate::http::edge::format::Format;
use crate::http::edge::parameters::Parameters;
use crate::store::PathPosition;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::DateTime;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 500;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/shops/{shop}/visitors/{id}")
            .route(web::get().to(path))
            .default_service(only("GET")),
    );
}

#[derive(Serialize, ToSchema)]
struct PathAnswer<'a> {
    shop: &'a str,
    visitor: &'a str,
    /// Every event that arrived before this is counted. RFC 3339.
    #[schema(format = DateTime)]
    fresh_until: String,
    #[schema(required, format = DateTime)]
    first_seen: Option<String>,
    #[schema(required, format = DateTime)]
    last_seen: Option<String>,
    /// Orders that the visitor placed.
    orders: u64,
    /// In time order.
    events: Vec<StoredEvent>,
    /// Of the next page; `null` on the last one.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// What one visitor did
///
/// Page by page in time order, with what became of the visitor's orders: for support.
#[utoipa::path(
    get,
    path = "/v1/shops/{shop}/visitors/{id}",
    tag = "reports",
    params(
        ShopPath,
        ("id" = String, Path, description = "The visitor's id.", pattern = "^[A-Za-z0-9_.:-]{1,64}$"),
        ("limit" = Option<u32>, Query, description = "Events of a page, 100 when absent.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
        ("format" = Option<Format>, Query, description = "Beats `Accept`."),
    ),
    responses(
        (
            status = 200,
            description = "One page. As CSV one row per event, without the cursor: ask for it as JSON, or for up to 500.",
            content((PathAnswer = "application/json"), (String = "text/csv"))
        ),
        ReportErrors,
    ),
    security(("read_key" = []), ("secret_key" = []))
)]
pub async fn path(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    reports: web::Data<Reports>,
) -> Result<HttpResponse, ApiError> {
    let (slug, visitor) = path.into_inner();
    let Admitted { shop, mut parameters } = report::admit(&request, &reports, &slug, Subject::Persons)?;
    let format = Format::of(&request, &mut parameters)?;
    if !is_visitor_id(&visitor) {
        let form = "the id at the end of the path must be 1 to 64 characters of A-Z a-z 0-9 _ . : -";
        return Err(ApiError::invalid("visitor", form));
    }
    let page = Page::read(parameters, &shop.slug, &visitor)?;
    let fresh_until_ms = reports.freshness.stored_until_ms(reports.gate.clock.now_ms());
    let (head, events) = futures_util::future::try_join(
        reports.store.visitor_head(&shop.slug, &visitor),
        // One more tells whether anything follows.
        reports.store.visitor_path(&shop.slug, &visitor, page.after, page.limit + 1),
    )
    .await
    .map_err(|error| unanswered(&reports, error))?;
    if head.events == 0 {
        return Err(ApiError::NotFound);
    }
    let (events, next) = page.cut(events)?;
    let answer = PathAnswer {
        shop: &shop.slug,
        visitor: &visitor,
        fresh_until: rfc3339(fresh_until_ms),
        first_seen: head.first_seen,
        last_seen: head.last_seen,
        orders: head.orders,
        events,
        next_cursor: next.map(|next| write_cursor(next, &shop.slug, &visitor)),
    };
    format.answer("visitor_events.csv", &answer, || Ok(table(&answer.events)))
}

/// Which part of a path is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    after: PathPosition,
    limit: u32,
}

impl Page {
    fn read(mut parameters: Parameters, shop: &str, visitor: &str) -> Result<Page, ApiError> {
        let limit = parameters.take("limit")?.map(|text| read_limit(&text)).transpose()?;
        let after = parameters.take("cursor")?.map(|text| read_cursor(&text, shop, visitor)).transpose()?;
        parameters.finish()?;
        Ok(Page { after: after.unwrap_or_default(), limit: limit.unwrap_or(DEFAULT_LIMIT) })
    }

    /// The events of this page, and where the next one begins.
    fn cut(
        &self,
        mut events: Vec<StoredEvent>,
    ) -> Result<(Vec<StoredEvent>, Option<PathPosition>), ApiError> {
        let follows = events.len() > self.limit as usize;
        events.truncate(self.limit as usize);
        let next = match events.last().filter(|_| follows) {
            None => None,
            Some(last) => {
                let at = DateTime::parse_from_rfc3339(&last.at)
                    .map_err(|error| ApiError::Internal(format!("`at` of a stored event: {error}")))?;
                Some(PathPosition { at_ms: at.timestamp_millis(), id: last.id })
            }
        };
        Ok((events, next))
    }
}

fn read_limit(text: &str) -> Result<u32, ApiError> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|limit| is_plain && (1..=MAX_LIMIT).contains(limit))
        .ok_or_else(|| ApiError::invalid("limit", format!("it must be a whole number from 1 to {MAX_LIMIT}")))
}

/// The place of an event is its time and its id.
fn write_cursor(after: PathPosition, shop: &str, visitor: &str) -> String {
    let mut place = [0; cursor::PLACE_BYTES];
    let (at, id) = place.split_at_mut(size_of::<i64>());
    at.copy_from_slice(&after.at_ms.to_be_bytes());
    id.copy_from_slice(after.id.as_bytes());
    cursor::write(place, &[shop, visitor])
}

fn read_cursor(text: &str, shop: &str, visitor: &str) -> Result<PathPosition, ApiError> {
    let place = cursor::read(text, &[shop, visitor]);
    place
        .and_then(|place| {
            let (at, id) = place.split_first_chunk()?;
            Some(PathPosition { at_ms: i64::from_be_bytes(*at), id: Uuid::from_slice(id).ok()? })
        })
        .filter(|position| cursor::STORABLE_MS.contains(&position.at_ms))
        .ok_or_else(|| ApiError::invalid("cursor", "it is not the next_cursor of a page of this visitor"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER: PathPosition = PathPosition {
        at_ms: 1_795_320_000_000,
        id: Uuid::from_u128(0x0193_5000_0000_7000_8000_0000_0000_0001),
    };

    #[test]
    fn a_cursor_is_read_back_for_its_own_visitor_only() {
        let text = write_cursor(AFTER, "tea", "v");
        assert_eq!(read_cursor(&text, "tea", "v").unwrap(), AFTER);
        let beyond = write_cursor(PathPosition { at_ms: i64::MAX, ..AFTER }, "tea", "v");
        for (text, visitor) in [(text.as_str(), "w"), ("", "v"), (beyond.as_str(), "v")] {
            match read_cursor(text, "tea", visitor) {
                Err(ApiError::InvalidParameter { name, .. }) => assert_eq!(name, "cursor", "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_wrong_page_is_refused_by_the_name_of_the_parameter() {
        let read = |query: &str| Page::read(Parameters::read(query)?, "tea", "v");
        assert_eq!(read("").unwrap(), Page { after: PathPosition::default(), limit: 100 });
        assert_eq!(read("limit=500").unwrap().limit, 500);
        for (query, name) in [
            ("limit=0", "limit"),
            ("limit=501", "limit"),
            ("limit=%2B5", "limit"),
            ("limit=", "limit"),
            ("limit=5&limit=5", "limit"),
            ("cursor=", "cursor"),
            ("page=2", "page"),
        ] {
            match read(query) {
                Err(ApiError::InvalidParameter { name: found, .. }) => assert_eq!(found, name, "{query}"),
                other => panic!("{query}: {other:?}"),
            }
        }
    }
}
