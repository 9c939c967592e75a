//! What all reports have in common: who may ask, the window, how fresh the answer is, the head of the answer.

use super::slice::Reports;
use crate::clock::moment;
use crate::event::shop_day;
use crate::funnel::{Dimension, Filters, MAX_WINDOW_DAYS, Question, Window};
use crate::http::edge::auth;
use crate::http::edge::auth::Subject;
use crate::http::edge::error::ApiError;
use crate::http::edge::format::Format;
use crate::http::edge::parameters::Parameters;
use crate::shops::Shop;
use crate::shops::key::KeyHash;
use crate::store::StoreError;
use actix_web::HttpRequest;
use chrono::{Datelike, NaiveDate, SecondsFormat};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Whose days the store can hold.
const STORABLE_YEARS: std::ops::RangeInclusive<i32> = 1971..=2148;
/// Values that one dimension may be filtered by, together with those of the other dimensions.
const MAX_FILTER_VALUES: usize = 100;

/// A report that may be asked for.
#[derive(Debug)]
pub struct Admitted {
    pub shop: Arc<Shop>,
    /// None is taken yet. The report takes its own and then calls [`Parameters::finish`].
    pub parameters: Parameters,
}

/// Lets a request for a report of the shop `slug` in.
///
/// # Errors
/// A key in the address 400, before anything else is said; then those of [`auth::reader`]; too many reports
/// 429.
pub fn admit(
    request: &HttpRequest,
    reports: &Reports,
    slug: &str,
    subject: Subject,
) -> Result<Admitted, ApiError> {
    let parameters = Parameters::read(request.query_string())?;
    let shop = auth::reader(request, &reports.gate, slug, subject)?;
    count(request, reports, &shop)?;
    Ok(Admitted { shop, parameters })
}

/// Lets in a request that changes something about the shop `slug` and takes no parameters: the hash of its
/// key, and the shop.
///
/// # Errors
/// As [`admit`]; a parameter 400; a share link is no key 403.
pub fn admit_holder(
    request: &HttpRequest,
    reports: &Reports,
    slug: &str,
) -> Result<(KeyHash, Arc<Shop>), ApiError> {
    let parameters = Parameters::read(request.query_string())?;
    let (key, shop) = auth::reading_key(request, &reports.gate, slug)?;
    count(request, reports, &shop)?;
    parameters.finish()?;
    Ok((key, shop))
}

/// Counts a request for something of a shop. While the tables are made or made anew nothing can be told.
fn count(request: &HttpRequest, reports: &Reports, shop: &Shop) -> Result<(), ApiError> {
    let gate = &reports.gate;
    gate.limited(gate.caller(request), |limits| limits.report(&shop.slug))?;
    if reports.freshness.has_tables() {
        Ok(())
    } else {
        Err(ApiError::StoreUnavailable("the tables of this version are not there yet".into()))
    }
}

/// A report of a window that is asked for.
pub(super) struct Report {
    pub shop: Arc<Shop>,
    pub format: Format,
    pub window: Window,
    /// The shop's day of `now_ms`.
    pub today: NaiveDate,
    pub now_ms: i64,
    /// Every event that arrived before this is counted.
    pub fresh_until_ms: i64,
}

/// What every report of a window begins with.
#[derive(Serialize, ToSchema)]
pub(super) struct Head<'a> {
    /// Slug.
    pub shop: &'a str,
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// In which the days are meant.
    pub time_zone: &'a str,
    /// The window holds today.
    pub partial: bool,
    /// Every event that arrived before this is counted. RFC 3339.
    #[schema(format = DateTime)]
    pub fresh_until: String,
    /// When the last event arrived that changed figures of a day of the window after that day had ended. RFC 3339.
    #[schema(required, format = DateTime)]
    pub restated_at: Option<String>,
}

impl Report {
    /// Lets a request for a report of the shop `slug` in. The report takes its own parameters and then calls
    /// [`Parameters::finish`].
    ///
    /// # Errors
    /// Those of [`admit`]; a wrong `format` or window 400.
    pub fn admit(
        request: &HttpRequest,
        reports: &Reports,
        slug: &str,
        subject: Subject,
    ) -> Result<(Report, Parameters), ApiError> {
        let Admitted { shop, mut parameters } = admit(request, reports, slug, subject)?;
        let format = Format::of(request, &mut parameters)?;
        let now_ms = reports.gate.clock.now_ms();
        let today = shop_day(now_ms, shop.time_zone);
        let window = window(&mut parameters, today)?;
        let fresh_until_ms = reports.freshness.fresh_until_ms(now_ms);
        Ok((Report { shop, format, window, today, now_ms, fresh_until_ms }, parameters))
    }

    /// What to ask the store about `window`.
    pub fn question(&self, window: Window) -> Question {
        Question {
            shop: self.shop.slug.clone(),
            window,
            today: self.today,
            now_ms: self.now_ms,
            after_sale_days: self.shop.after_sale_days,
            currency: self.shop.currency,
        }
    }

    pub fn head(&self, restated_at_ms: Option<i64>) -> Head<'_> {
        Head {
            shop: &self.shop.slug,
            from: self.window.from,
            to: self.window.to,
            time_zone: self.shop.time_zone.name(),
            partial: self.window.holds(self.today),
            fresh_until: rfc3339(self.fresh_until_ms),
            restated_at: restated_at_ms.map(rfc3339),
        }
    }
}

/// Before the first migration has run the tables are missing, which is no fault of the question.
pub(super) fn unanswered(reports: &Reports, error: StoreError) -> ApiError {
    if reports.freshness.has_tables() { error.into() } else { ApiError::StoreUnavailable(error.to_string()) }
}

pub(super) fn rfc3339(ms: i64) -> String {
    moment(ms).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// How many rows are asked for.
pub(super) fn limit(parameters: &mut Parameters, max: u32) -> Result<Option<u32>, ApiError> {
    let Some(text) = parameters.take("limit")? else { return Ok(None) };
    text.parse()
        .ok()
        .filter(|limit| (1..=max).contains(limit) && !text.starts_with('+'))
        .map(Some)
        .ok_or_else(|| ApiError::invalid("limit", format!("write a number from 1 to {max}")))
}

/// Each of `dimensions` may be a filter, several times for several values; an empty value is "unknown".
pub(super) fn filters(parameters: &mut Parameters, dimensions: &[Dimension]) -> Result<Filters, ApiError> {
    let mut filters = Filters::default();
    let mut count = 0;
    for &dimension in dimensions {
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
pub(super) fn day(name: &str, value: &str) -> Result<NaiveDate, ApiError> {
    // Calendars read more than the form that is promised: signs, blanks, digits of other writings.
    let has_form = value.len() == 10
        && value.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    NaiveDate::parse_from_str(value, "%Y-%m-%d")
        .ok()
        .filter(|day| has_form && STORABLE_YEARS.contains(&day.year()))
        .ok_or_else(|| ApiError::invalid(name, "write a day as YYYY-MM-DD, for example 2026-11-11"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Result<Window, ApiError> {
        let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        let mut parameters = Parameters::read(query)?;
        let window = window(&mut parameters, today)?;
        limit(&mut parameters, 500)?;
        parameters.finish()?;
        Ok(window)
    }

    #[test]
    fn no_days_mean_the_last_thirty() {
        let window = asked("").unwrap();
        let (from, to) = (window.from.to_string(), window.to.to_string());
        assert_eq!((from.as_str(), to.as_str(), window.days()), ("2026-10-24", "2026-11-22", 30));
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
            ("from=2026-%201-%202&to=2026-11-02", "from"),
            ("from=2026-11-01&to=2026%E2%88%9211-02", "to"),
            ("from=%EF%BC%92026-11-1&to=2026-11-02", "from"),
            ("from=-026-11-01&to=2026-11-02", "from"),
            ("limit=501", "limit"),
            ("limit=0", "limit"),
            ("limit=%2B5", "limit"),
        ] {
            match asked(query) {
                Err(ApiError::InvalidParameter { name: found, .. }) => assert_eq!(found, name, "{query}"),
                other => panic!("{query}: {other:?}"),
            }
        }
        assert!(matches!(asked("from=2024-01-01&to=2026-01-01"), Err(ApiError::RangeTooLarge { .. })));
        assert!(asked("from=2024-01-01&to=2025-12-31").is_ok());
    }
}
