//! What one visitor did, for support: `GET /v1/shops/{shop}/visitors/{id}`, page by page.

use super::error::ApiError;
use super::report::{asked_shop, fresh_until_ms, parameters, rfc3339, unanswered};
use super::{State, auth, only};
use crate::event::{StoredEvent, is_visitor_id};
use crate::secret::hex;
use crate::store::PathPosition;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::DateTime;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::ops::Range;
use uuid::Uuid;

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 500;
/// A cursor is the time and the id of the last event, and a checksum that binds them to the visitor.
const CURSOR_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 8;
/// Times that the store can hold, in epoch milliseconds: up to the end of 2199.
const STORABLE_MS: Range<i64> = 0..7_258_118_400_000;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/shops/{shop}/visitors/{id}")
            .route(web::get().to(path))
            .default_service(only("GET")),
    );
}

#[derive(Serialize)]
struct PathAnswer<'a> {
    shop: &'a str,
    visitor: &'a str,
    /// Every event that arrived before this is counted. RFC 3339.
    fresh_until: String,
    first_seen: Option<String>,
    last_seen: Option<String>,
    /// Orders that the visitor placed.
    orders: u64,
    /// In time order.
    events: Vec<StoredEvent>,
    next_cursor: Option<String>,
}

async fn path(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (slug, visitor) = path.into_inner();
    let shop = asked_shop(&request, &state, &slug)?;
    if !is_visitor_id(&visitor) {
        let form = "the id at the end of the path must be 1 to 64 characters of A-Z a-z 0-9 _ . : -";
        return Err(ApiError::invalid("visitor", form));
    }
    let page = Page::read(request.query_string(), &shop.slug, &visitor)?;
    let fresh_until_ms = fresh_until_ms(&state, state.clock.now_ms());
    let (head, events) = futures_util::future::try_join(
        state.store.visitor_head(&shop.slug, &visitor),
        // One more tells whether anything follows.
        state.store.visitor_path(&shop.slug, &visitor, page.after, page.limit + 1),
    )
    .await
    .map_err(|error| unanswered(&state, error))?;
    if head.events == 0 {
        return Err(ApiError::NotFound);
    }
    let (events, next) = page.cut(events)?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(PathAnswer {
        shop: &shop.slug,
        visitor: &visitor,
        fresh_until: rfc3339(fresh_until_ms),
        first_seen: head.first_seen,
        last_seen: head.last_seen,
        orders: head.orders,
        events,
        next_cursor: next.map(|next| cursor(next, &shop.slug, &visitor)),
    }))
}

/// Which part of a path is asked for.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    after: PathPosition,
    limit: u32,
}

impl Page {
    fn read(query: &str, shop: &str, visitor: &str) -> Result<Page, ApiError> {
        let (mut after, mut limit) = (None, None);
        for (name, value) in &parameters(query)? {
            let is_second = match name.as_str() {
                "limit" => limit.replace(read_limit(value)?).is_some(),
                "cursor" => after.replace(read_cursor(value, shop, visitor)?).is_some(),
                _ => {
                    return Err(ApiError::invalid(name, "there is no such parameter; use limit and cursor"));
                }
            };
            if is_second {
                return Err(ApiError::invalid(name, "it is given twice"));
            }
        }
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

/// The text of a position, good for this visitor of this shop only.
fn cursor(after: PathPosition, shop: &str, visitor: &str) -> String {
    let mut bytes = Vec::with_capacity(CURSOR_BYTES);
    bytes.extend(after.at_ms.to_be_bytes());
    bytes.extend(after.id.as_bytes());
    bytes.extend(checksum(&bytes, shop, visitor));
    hex(&bytes)
}

fn read_cursor(text: &str, shop: &str, visitor: &str) -> Result<PathPosition, ApiError> {
    let wrong = || ApiError::invalid("cursor", "it is not the next_cursor of a page of this visitor");
    let bytes = auth::from_hex(text).ok_or_else(wrong)?;
    let (position, sum) = bytes.split_at(CURSOR_BYTES - CHECKSUM_BYTES);
    let (at, id) = position.split_at(size_of::<i64>());
    let at_ms = i64::from_be_bytes(at.try_into().map_err(|_| wrong())?);
    let id = Uuid::from_slice(id).map_err(|_| wrong())?;
    let is_ours = sum == checksum(position, shop, visitor) && STORABLE_MS.contains(&at_ms);
    is_ours.then_some(PathPosition { at_ms, id }).ok_or_else(wrong)
}

/// No secret: it only keeps cursors from being mixed up.
fn checksum(position: &[u8], shop: &str, visitor: &str) -> [u8; CHECKSUM_BYTES] {
    let text = [position, shop.as_bytes(), b"\n", visitor.as_bytes()].concat();
    let mut sum = [0; CHECKSUM_BYTES];
    sum.copy_from_slice(&Sha256::digest(text)[..CHECKSUM_BYTES]);
    sum
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
        let text = cursor(AFTER, "tea", "v");
        assert_eq!(read_cursor(&text, "tea", "v").unwrap(), AFTER);
        let other_digit = if text.ends_with('0') { '1' } else { '0' };
        let spoilt = format!("{}{other_digit}", &text[..text.len() - 1]);
        for (text, shop, visitor) in [
            (text.as_str(), "cup", "v"),
            (text.as_str(), "tea", "w"),
            (&text[1..], "tea", "v"),
            (spoilt.as_str(), "tea", "v"),
            ("", "tea", "v"),
            ("é".repeat(32).as_str(), "tea", "v"),
            (cursor(PathPosition { at_ms: i64::MAX, ..AFTER }, "tea", "v").as_str(), "tea", "v"),
        ] {
            match read_cursor(text, shop, visitor) {
                Err(ApiError::InvalidParameter { name, .. }) => assert_eq!(name, "cursor", "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_wrong_page_is_refused_by_the_name_of_the_parameter() {
        let read = |query: &str| Page::read(query, "tea", "v");
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
