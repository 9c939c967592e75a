//! Figures out: `GET /v1/shops/{shop}/funnel`.

use super::error::ApiError;
use super::{State, auth, only};
use crate::event::shop_day;
use crate::funnel::{Funnel, MAX_WINDOW_DAYS, Question, Window};
use crate::shops::Shop;
use crate::store::StoreError;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, NaiveDate, SecondsFormat};
use serde::Serialize;
use std::sync::Arc;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/shops/{shop}/funnel").route(web::get().to(funnel)).default_service(only("GET")),
    );
}

#[derive(Serialize)]
struct FunnelAnswer<'a> {
    shop: &'a str,
    from: NaiveDate,
    to: NaiveDate,
    time_zone: &'a str,
    /// The window holds today.
    partial: bool,
    /// Every event that arrived before this is counted. RFC 3339.
    fresh_until: String,
    funnel: Funnel,
    cookieless_share: Option<f64>,
}

async fn funnel(
    request: HttpRequest,
    slug: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let shop = asked_shop(&request, &state, &slug)?;
    let now_ms = state.clock.now_ms();
    let today = shop_day(now_ms, shop.time_zone);
    let window = window(request.query_string(), today)?;
    let fresh_until_ms = fresh_until_ms(&state, now_ms);
    let question =
        Question { shop: shop.slug.clone(), window, today, now_ms, after_sale_days: shop.after_sale_days };
    let answer = state.store.funnel(&question).await.map_err(|error| unanswered(&state, error))?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(FunnelAnswer {
        shop: &shop.slug,
        from: window.from,
        to: window.to,
        time_zone: shop.time_zone.name(),
        partial: window.holds(today),
        fresh_until: rfc3339(fresh_until_ms),
        funnel: answer.funnel,
        cookieless_share: answer.cookieless_share,
    }))
}

/// The shop that a report is asked of, when the key may read it and has not asked too often.
pub(super) fn asked_shop(request: &HttpRequest, state: &State, slug: &str) -> Result<Arc<Shop>, ApiError> {
    let shop = auth::reader(request, state, slug)?;
    if !state.trusted_proxies.is_exempt(request) {
        state.limits.report(&shop.slug)?;
    }
    Ok(shop)
}

/// Before the first migration has run the tables are missing, which is no fault of the question.
pub(super) fn unanswered(state: &State, error: StoreError) -> ApiError {
    if state.progress.borrow().migrated {
        error.into()
    } else {
        ApiError::StoreUnavailable(error.to_string())
    }
}

/// Names and values of a query string.
pub(super) fn parameters(query: &str) -> Result<Vec<(String, String)>, ApiError> {
    serde_urlencoded::from_str(query)
        .map_err(|_| ApiError::invalid("query", "the query string cannot be read"))
}

/// Read before the question is asked, so that it is never later than what the answer saw.
pub(super) fn fresh_until_ms(state: &State, now_ms: i64) -> i64 {
    let progress = *state.progress.borrow();
    if progress.shipped >= state.spool.durable() { now_ms } else { progress.fresh_until_ms.min(now_ms) }
}

pub(super) fn rfc3339(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The window that a query string asks for.
fn window(query: &str, today: NaiveDate) -> Result<Window, ApiError> {
    let (mut from, mut to) = (None, None);
    for (name, value) in &parameters(query)? {
        let slot = match name.as_str() {
            "from" => &mut from,
            "to" => &mut to,
            _ => return Err(ApiError::invalid(name, "there is no such parameter; use from and to")),
        };
        if slot.replace(day(name, value)?).is_some() {
            return Err(ApiError::invalid(name, "it is given twice"));
        }
    }
    let window = match (from, to) {
        (None, None) => Window::last_days(today),
        (Some(from), Some(to)) => Window { from, to },
        (Some(_), None) => return Err(ApiError::invalid("to", "give it together with from, or neither")),
        (None, Some(_)) => return Err(ApiError::invalid("from", "give it together with to, or neither")),
    };
    if window.from > window.to {
        return Err(ApiError::invalid("from", "it is after to; the first day comes first"));
    }
    if window.days() > MAX_WINDOW_DAYS {
        return Err(ApiError::RangeTooLarge { max_days: MAX_WINDOW_DAYS });
    }
    Ok(window)
}

/// A calendar day that the store can hold.
fn day(name: &str, value: &str) -> Result<NaiveDate, ApiError> {
    let first = NaiveDate::from_ymd_opt(1971, 1, 1).unwrap_or_default();
    let last = NaiveDate::from_ymd_opt(2148, 12, 31).unwrap_or_default();
    NaiveDate::parse_from_str(value, "%Y-%m-%d")
        .ok()
        .filter(|day| value.len() == 10 && !value.contains('+') && (first..=last).contains(day))
        .ok_or_else(|| ApiError::invalid(name, "write a day as YYYY-MM-DD, for example 2026-11-11"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 22).unwrap()
    }

    #[test]
    fn no_days_mean_the_last_thirty() {
        let window = window("", today()).unwrap();
        assert_eq!((window.from.to_string(), window.to, window.days()), ("2026-10-24".into(), today(), 30));
    }

    #[test]
    fn wrong_windows_are_refused_by_the_name_of_the_parameter() {
        for (query, name) in [
            ("from=2026-11-01", "to"),
            ("to=2026-11-01", "from"),
            ("from=2026-11-02&to=2026-11-01", "from"),
            ("from=2026-02-30&to=2026-03-01", "from"),
            ("from=2026-11-01&to=today", "to"),
            ("from=2026-11-01&to=2026-11-1", "to"),
            ("from=%2B2026-1-01&to=2026-11-01", "from"),
            ("from=2026-11-01&from=2026-11-01&to=2026-11-01", "from"),
            ("from=2026-11-01&to=2026-11-02&tz=UTC", "tz"),
            ("from=0001-01-01&to=2026-11-02", "from"),
        ] {
            match window(query, today()) {
                Err(ApiError::InvalidParameter { name: found, .. }) => assert_eq!(found, name, "{query}"),
                other => panic!("{query}: {other:?}"),
            }
        }
        assert!(matches!(
            window("from=2024-01-01&to=2026-01-01", today()),
            Err(ApiError::RangeTooLarge { .. })
        ));
        assert!(window("from=2024-01-01&to=2025-12-31", today()).is_ok());
    }
}
