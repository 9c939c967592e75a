//! Figures out: `GET /v1/shops/{shop}/funnel`.

use super::error::ApiError;
use super::parameters::Parameters;
use super::{State, auth, only};
use crate::event::shop_day;
use crate::funnel::{
    Comparison, Dimension, Figures, Filters, Funnel, Interval, MAX_WINDOW_DAYS, Money, Question, Window,
};
use crate::shops::Shop;
use crate::store::{Groups, Row, StoreError};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, NaiveDate, SecondsFormat};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

const DEFAULT_GROUPS: u32 = 100;
const MAX_GROUPS: u32 = 500;
/// Values that one dimension may be filtered by, together with those of the other dimensions.
const MAX_FILTER_VALUES: usize = 100;

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
    /// When the last event arrived that changed figures of a day of the window after that day had ended. RFC 3339.
    restated_at: Option<String>,
    funnel: Funnel,
    money: Vec<Money>,
    cookieless_share: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<Vec<Bucket>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<Group>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups_left_off: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Previous>,
    /// What to know or do about these figures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Note>,
}

#[derive(Serialize)]
struct Bucket {
    /// First day, not before `from`.
    start: NaiveDate,
    funnel: Funnel,
    money: Vec<Money>,
}

#[derive(Serialize)]
struct Group {
    /// `null` is unknown.
    value: Option<String>,
    funnel: Funnel,
    money: Vec<Money>,
}

#[derive(Serialize)]
struct Previous {
    from: NaiveDate,
    to: NaiveDate,
    funnel: Funnel,
    money: Vec<Money>,
}

/// Something to know about an answer: a stable code for programs, a sentence for people.
#[derive(Serialize)]
struct Note {
    code: &'static str,
    message: String,
}

/// What a query string asks for.
#[derive(Debug, PartialEq)]
struct Asked {
    window: Window,
    interval: Option<Interval>,
    breakdown: Option<Dimension>,
    limit: u32,
    comparison: Option<Comparison>,
    filters: Filters,
}

async fn funnel(
    request: HttpRequest,
    slug: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let shop = asked_shop(&request, &state, &slug)?;
    let now_ms = state.clock.now_ms();
    let today = shop_day(now_ms, shop.time_zone);
    let asked = Asked::read(request.query_string(), today)?;
    let fresh_until_ms = fresh_until_ms(&state, now_ms);
    let question = |window| Question {
        shop: shop.slug.clone(),
        window,
        today,
        now_ms,
        after_sale_days: shop.after_sale_days,
        currency: shop.currency,
    };
    let found = Found::ask(&state, &asked, &question).await.map_err(|error| unanswered(&state, error))?;
    let mut notes = Vec::new();
    let waiting: u64 =
        found.total.money.iter().filter_map(|money| money.waiting_payments).map(|w| w.count).sum();
    if waiting > 0 {
        notes.push(Note {
            code: "waiting_payments",
            message: format!(
                "{waiting} payments wait for their orders and are in no figure but received_amount; send an event of \
                 kind `order` with the same order_id for each"
            ),
        });
    }
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(FunnelAnswer {
        shop: &shop.slug,
        from: asked.window.from,
        to: asked.window.to,
        time_zone: shop.time_zone.name(),
        partial: asked.window.holds(today),
        fresh_until: rfc3339(fresh_until_ms),
        restated_at: found.restated_at_ms.map(rfc3339),
        funnel: found.total.funnel,
        money: found.total.money,
        cookieless_share: found.total.cookieless_share,
        series: found.series,
        groups_left_off: found.groups.as_ref().map(|groups| groups.left_off),
        groups: found.groups.map(|groups| groups.rows.into_iter().map(Group::from).collect()),
        previous: found.previous,
        notes,
    }))
}

/// The answers to everything that was asked.
struct Found {
    total: Figures,
    restated_at_ms: Option<i64>,
    series: Option<Vec<Bucket>>,
    groups: Option<Groups>,
    previous: Option<Previous>,
}

impl Found {
    async fn ask(
        state: &State,
        asked: &Asked,
        question: &impl Fn(Window) -> Question,
    ) -> Result<Found, StoreError> {
        let store = &state.store;
        let window = question(asked.window);
        let (total, late, series, groups, previous) = tokio::try_join!(
            store.figures(&window, None, &asked.filters),
            store.late_change(&window.shop, asked.window),
            async {
                match asked.interval {
                    Some(interval) => store.figures(&window, Some(interval), &asked.filters).await.map(Some),
                    None => Ok(None),
                }
            },
            async {
                match asked.breakdown {
                    Some(breakdown) => {
                        store.groups(&window, breakdown, &asked.filters, asked.limit).await.map(Some)
                    }
                    None => Ok(None),
                }
            },
            async {
                match asked.comparison.map(|comparison| asked.window.compared(comparison)) {
                    Some(compared) => {
                        let rows = store.figures(&question(compared), None, &asked.filters).await?;
                        Ok(Some(Previous::new(compared, rows)))
                    }
                    None => Ok(None),
                }
            },
        )?;
        let changed = total.iter().filter_map(|row| row.changed_at_ms).max();
        Ok(Found {
            total: total.into_iter().next().map_or_else(Figures::of_nobody, |row| row.figures),
            restated_at_ms: changed.max(late),
            series: asked
                .interval
                .zip(series)
                .map(|(interval, rows)| series_of(asked.window, interval, rows)),
            groups,
            previous,
        })
    }
}

/// All buckets of a series: the store knows only those in which something happened.
fn series_of(window: Window, interval: Interval, rows: Vec<Row<NaiveDate>>) -> Vec<Bucket> {
    let mut found: BTreeMap<NaiveDate, Figures> = rows.into_iter().map(|row| (row.of, row.figures)).collect();
    let buckets = window.buckets(interval).into_iter();
    buckets
        .map(|bucket| {
            let Figures { funnel, money, .. } = found.remove(&bucket.from).unwrap_or_else(Figures::of_nobody);
            Bucket { start: bucket.from, funnel, money }
        })
        .collect()
}

impl From<Row<Option<String>>> for Group {
    fn from(row: Row<Option<String>>) -> Group {
        Group { value: row.of, funnel: row.figures.funnel, money: row.figures.money }
    }
}

impl Previous {
    fn new(window: Window, rows: Vec<Row<NaiveDate>>) -> Previous {
        let figures = rows.into_iter().next().map_or_else(Figures::of_nobody, |row| row.figures);
        Previous { from: window.from, to: window.to, funnel: figures.funnel, money: figures.money }
    }
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

impl Asked {
    fn read(query: &str, today: NaiveDate) -> Result<Asked, ApiError> {
        let mut parameters = Parameters::read(query)?;
        let window = window(&mut parameters, today)?;
        let interval = choice(&mut parameters, "interval", "day, week or month", Interval::parse)?;
        let breakdown = choice(&mut parameters, "breakdown", &dimensions(), Dimension::parse)?;
        let comparison = choice(&mut parameters, "compare", "previous, weekday or year", Comparison::parse)?;
        let limit = match parameters.take("limit")? {
            None => DEFAULT_GROUPS,
            Some(_) if breakdown.is_none() => {
                return Err(ApiError::invalid("limit", "it goes with breakdown only"));
            }
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MAX_GROUPS).contains(limit) && !text.starts_with('+'))
                .ok_or_else(|| {
                    ApiError::invalid("limit", format!("write a number from 1 to {MAX_GROUPS}"))
                })?,
        };
        let filters = filters(&mut parameters)?;
        parameters.finish()?;
        Ok(Asked { window, interval, breakdown, limit, comparison, filters })
    }
}

/// A parameter that is one of a few words.
fn choice<T>(
    parameters: &mut Parameters,
    name: &'static str,
    words: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, ApiError> {
    let Some(word) = parameters.take(name)? else { return Ok(None) };
    parse(&word).map(Some).ok_or_else(|| ApiError::invalid(name, format!("write one of {words}")))
}

fn dimensions() -> String {
    Dimension::ALL.iter().map(|dimension| dimension.as_str()).collect::<Vec<_>>().join(", ")
}

/// Every dimension may be a filter, several times for several values; an empty value is "unknown".
fn filters(parameters: &mut Parameters) -> Result<Filters, ApiError> {
    let mut filters = Filters::default();
    let mut count = 0;
    for &dimension in Dimension::ALL {
        let name = dimension.as_str();
        for value in parameters.take_all(name) {
            count += 1;
            if count > MAX_FILTER_VALUES {
                let message = format!("a report may be filtered by at most {MAX_FILTER_VALUES} values");
                return Err(ApiError::invalid(name, message));
            }
            if let Some(values) = dimension.closed_values()
                && !value.is_empty()
                && !values.contains(&value.as_str())
            {
                return Err(ApiError::invalid(name, format!("write one of {}", values.join(", "))));
            }
            filters.allow(dimension, value);
        }
    }
    Ok(filters)
}

/// The window that the parameters ask for.
fn window(parameters: &mut Parameters, today: NaiveDate) -> Result<Window, ApiError> {
    let from = parameters.take("from")?.map(|value| day("from", &value)).transpose()?;
    let to = parameters.take("to")?.map(|value| day("to", &value)).transpose()?;
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
        let window = Asked::read("", today()).unwrap().window;
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
            ("interval=hour", "interval"),
            ("breakdown=colour", "breakdown"),
            ("breakdown=source&limit=501", "limit"),
            ("breakdown=source&limit=0", "limit"),
            ("limit=5", "limit"),
            ("compare=last", "compare"),
            ("customer_type=rich", "customer_type"),
            ("colour=red", "colour"),
        ] {
            match Asked::read(query, today()) {
                Err(ApiError::InvalidParameter { name: found, .. }) => assert_eq!(found, name, "{query}"),
                other => panic!("{query}: {other:?}"),
            }
        }
        assert!(matches!(
            Asked::read("from=2024-01-01&to=2026-01-01", today()),
            Err(ApiError::RangeTooLarge { .. })
        ));
        assert!(Asked::read("from=2024-01-01&to=2025-12-31", today()).is_ok());
    }
}
