//! Who asked and has not bought, for calling back: `GET /v1/shops/{shop}/inquiries/lost`, page by page.

use super::documented::{ReportErrors, ShopPath, WindowParameters};
use super::report::{Head, Report, filters, limit, rfc3339, unanswered};
use super::slice::Reports;
use crate::funnel::{Dimension, Filters};
use crate::http::edge::auth::Subject;
use crate::http::edge::csv::{Cell, Table};
use crate::http::edge::cursor;
use crate::http::edge::error::{ApiError, only};
use crate::http::edge::parameters::Parameters;
use crate::money::{Currency, Sum};
use crate::store::{LostInquiry, LostPage, LostPlace};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 500;
const DAY_MS: f64 = 86_400_000.0;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/shops/{shop}/inquiries/lost")
            .route(web::get().to(lost))
            .default_service(only("GET")),
    );
}

#[derive(Serialize, ToSchema)]
struct LostAnswer<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    /// Of all pages.
    lost_inquiries: u64,
    /// Most recent first.
    inquiries: Vec<Lost>,
    #[schema(required)]
    next_cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = LostInquiry)]
struct Lost {
    visitor: String,
    is_cookieless: bool,
    /// RFC 3339.
    #[schema(format = DateTime)]
    first_asked_at: String,
    #[schema(format = DateTime)]
    last_asked_at: String,
    /// Since the last inquiry, with fractions.
    age_days: f64,
    #[schema(required)]
    agent: Option<String>,
    #[schema(required)]
    channel: Option<String>,
    #[schema(required)]
    product: Option<String>,
    #[schema(required)]
    value: Option<Sum>,
    #[schema(required)]
    currency: Option<Currency>,
}

impl Lost {
    fn new(lost: LostInquiry, now_ms: i64) -> Lost {
        // A clock may be ahead of ours.
        let age_ms = (now_ms - lost.last_asked_ms).max(0);
        Lost {
            visitor: lost.visitor,
            is_cookieless: lost.is_cookieless,
            first_asked_at: rfc3339(lost.first_asked_ms),
            last_asked_at: rfc3339(lost.last_asked_ms),
            age_days: age_ms as f64 / DAY_MS,
            agent: lost.agent,
            channel: lost.channel,
            product: lost.product,
            value: lost.value.map(|(value, _)| value),
            currency: lost.value.map(|(_, currency)| currency),
        }
    }
}

/// Who asked and has not bought
///
/// For calling back: the visitors with a pre-sale inquiry in the window that no order of theirs has followed, most recent first.
#[utoipa::path(
    get,
    path = "/v1/shops/{shop}/inquiries/lost",
    tag = "reports",
    params(
        ShopPath,
        WindowParameters,
        ("agent" = Option<Vec<String>>, Query, description = "Only of these agents; an empty one is \"unknown\"."),
        ("channel" = Option<Vec<String>>, Query, description = "Only of these chat tools; an empty one is \"unknown\"."),
        ("limit" = Option<u32>, Query, description = "Inquiries per page, 100 when absent.", minimum = 1, maximum = 500),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before."),
    ),
    responses(
        (
            status = 200,
            description = "One page. As CSV one row per visitor, without the cursor: ask for it as JSON, or for up to 500.",
            content((LostAnswer = "application/json"), (String = "text/csv"))
        ),
        ReportErrors,
    ),
    security(("read_key" = []), ("secret_key" = []))
)]
pub async fn lost(
    request: HttpRequest,
    slug: web::Path<String>,
    reports: web::Data<Reports>,
) -> Result<HttpResponse, ApiError> {
    let (report, mut parameters) = Report::admit(&request, &reports, &slug, Subject::Persons)?;
    let filters = filters(&mut parameters, &[Dimension::Agent, Dimension::Channel])?;
    let list = list(&report, &filters);
    // The list is made of events, so what counts is what of these is there.
    let as_of_ms = reports.freshness.stored_until_ms(report.now_ms);
    let page = page(&mut parameters, as_of_ms, &list)?;
    parameters.finish()?;
    let question = report.question(report.window);
    let (found, restated_at_ms) = futures_util::future::try_join(
        reports.store.lost_inquiries(&question, &filters, page),
        reports.store.late_change(&question.shop, report.window),
    )
    .await
    .map_err(|error| unanswered(&reports, error))?;
    let answer = LostAnswer {
        head: report.head(restated_at_ms),
        lost_inquiries: found.count,
        inquiries: found.rows.into_iter().map(|row| Lost::new(row, report.now_ms)).collect(),
        next_cursor: found.next.map(|next| write_cursor(next, &list)),
    };
    report.format.answer("lost_inquiries.csv", &answer, || Ok(table(&answer.inquiries)))
}

fn table(inquiries: &[Lost]) -> Table {
    let mut table = Table::default();
    let text = |text: &Option<String>| text.as_deref().map_or(Cell::Empty, Cell::from);
    for lost in inquiries {
        table
            .row()
            .set("visitor", lost.visitor.as_str().into())
            .set("is_cookieless", lost.is_cookieless.to_string().as_str().into())
            .set("first_asked_at", lost.first_asked_at.as_str().into())
            .set("last_asked_at", lost.last_asked_at.as_str().into())
            .set("age_days", Cell::Number(lost.age_days))
            .set("agent", text(&lost.agent))
            .set("channel", text(&lost.channel))
            .set("product", text(&lost.product))
            .set("value", lost.value.map_or(Cell::Empty, |value| Cell::Decimal(value.to_string())))
            .set("currency", lost.currency.map_or(Cell::Empty, |currency| currency.code().into()));
    }
    table
}

/// What the list is of: a cursor is good for the same shop, days and filters only.
fn list(report: &Report, filters: &Filters) -> String {
    let window = report.window;
    format!("{}\n{}\n{}\n{:?}", report.shop.slug, window.from, window.to, filters.columns())
}

fn page(parameters: &mut Parameters, as_of_ms: i64, list: &str) -> Result<LostPage, ApiError> {
    let limit = limit(parameters, MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT);
    let after = match parameters.take("cursor")? {
        None => LostPlace::first(as_of_ms),
        Some(text) => read_cursor(&text, list).ok_or_else(|| {
            let message = "it is not the next_cursor of a page of this list; give it with the same from, to, agent and \
                           channel as that page, or leave it out to begin anew";
            ApiError::invalid("cursor", message)
        })?,
    };
    Ok(LostPage { after, limit })
}

fn write_cursor(place: LostPlace, list: &str) -> String {
    let mut bytes = [0; cursor::PLACE_BYTES];
    let parts = [place.as_of_ms.to_be_bytes(), place.last_asked_ms.to_be_bytes(), place.person.to_be_bytes()];
    bytes.copy_from_slice(parts.as_flattened());
    cursor::write(bytes, &[list])
}

fn read_cursor(text: &str, list: &str) -> Option<LostPlace> {
    let place = cursor::read(text, &[list])?;
    let (as_of, rest) = place.split_first_chunk()?;
    let (last_asked, person) = rest.split_first_chunk()?;
    let place = LostPlace {
        as_of_ms: i64::from_be_bytes(*as_of),
        last_asked_ms: i64::from_be_bytes(*last_asked),
        person: u64::from_be_bytes(person.try_into().ok()?),
    };
    (cursor::STORABLE_MS.contains(&place.as_of_ms) && cursor::STORABLE_MS.contains(&place.last_asked_ms))
        .then_some(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_for_its_own_list_only() {
        let place =
            LostPlace { as_of_ms: 1_795_320_000_000, last_asked_ms: 1_795_310_000_000, person: u64::MAX };
        let text = write_cursor(place, "tea");
        assert_eq!(read_cursor(&text, "tea"), Some(place));
        assert_eq!(read_cursor(&text, "cup"), None);
        for beyond in [LostPlace { as_of_ms: -1, ..place }, LostPlace { last_asked_ms: i64::MAX, ..place }] {
            assert_eq!(read_cursor(&write_cursor(beyond, "tea"), "tea"), None);
        }
    }
}
