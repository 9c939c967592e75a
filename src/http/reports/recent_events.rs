//! The last events as they arrived, for checking an installation: `GET /v1/shops/{shop}/events/recent`.

use super::documented::{ReportErrors, ShopPath};
use super::report::{self, Admitted, rfc3339, unanswered};
use super::slice::Reports;
use crate::event::{Kind, StoredEvent, StoredItem};
use crate::http::edge::auth::Subject;
use crate::http::edge::csv::{Cell, Table};
use crate::http::edge::error::{ApiError, only};
use crate::http::edge::format::Format;
use crate::http::edge::parameters::Parameters;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/shops/{shop}/events/recent")
            .route(web::get().to(recent))
            .default_service(only("GET")),
    );
}

#[derive(Serialize, ToSchema)]
struct RecentAnswer<'a> {
    shop: &'a str,
    /// Every event that arrived before this is among those looked at. RFC 3339.
    #[schema(format = DateTime)]
    fresh_until: String,
    /// Newest first.
    events: Vec<StoredEvent>,
}

/// The last events
///
/// At most 100, newest arrival first, as they were stored: for checking an installation.
#[utoipa::path(
    get,
    path = "/v1/shops/{shop}/events/recent",
    tag = "reports",
    params(
        ShopPath,
        ("kind" = Option<Kind>, Query, description = "Only events of this kind."),
        ("format" = Option<Format>, Query, description = "Beats `Accept`."),
    ),
    responses(
        (
            status = 200,
            description = "The events. As CSV one row each.",
            content((RecentAnswer = "application/json"), (String = "text/csv"))
        ),
        ReportErrors,
    ),
    security(("read_key" = []), ("secret_key" = []))
)]
pub async fn recent(
    request: HttpRequest,
    slug: web::Path<String>,
    reports: web::Data<Reports>,
) -> Result<HttpResponse, ApiError> {
    let Admitted { shop, mut parameters } = report::admit(&request, &reports, &slug, Subject::Persons)?;
    let format = Format::of(&request, &mut parameters)?;
    let kind = kind(parameters)?;
    let now_ms = reports.gate.clock.now_ms();
    let fresh_until_ms = reports.freshness.stored_until_ms(now_ms);
    let found = reports.store.recent_events(&shop.slug, kind, now_ms).await;
    let events = found.map_err(|error| unanswered(&reports, error))?;
    let answer = RecentAnswer { shop: &shop.slug, fresh_until: rfc3339(fresh_until_ms), events };
    format.answer("recent_events.csv", &answer, || Ok(table(&answer.events)))
}

/// One row per event, with a column for every field.
pub(super) fn table(events: &[StoredEvent]) -> Table {
    let mut table = Table::default();
    let text = |text: &str| if text.is_empty() { Cell::Empty } else { Cell::from(text) };
    let decimal = |amount: &Option<String>| amount.clone().map_or(Cell::Empty, Cell::Decimal);
    // As JSON tells them: a table has no lists.
    let items = |items: &[StoredItem]| match items {
        [] => Cell::Empty,
        items => Cell::Text(serde_json::to_string(items).unwrap_or_default()),
    };
    for event in events {
        table
            .row()
            .set("at", event.at.as_str().into())
            .set("id", event.id.to_string().as_str().into())
            .set("kind", event.kind.as_str().into())
            .set("received_at", event.received_at.as_str().into())
            .set("visitor", text(&event.visitor))
            .set("cookieless", event.cookieless.to_string().as_str().into())
            .set("verified", event.verified.to_string().as_str().into())
            .set("bot", event.bot.to_string().as_str().into())
            .set("url", text(&event.url))
            .set("referrer", text(&event.referrer))
            .set("title", text(&event.title))
            .set("order_id", text(&event.order_id))
            .set("payment_id", text(&event.payment_id))
            .set("refund_id", text(&event.refund_id))
            .set("amount", decimal(&event.amount))
            .set("currency", text(&event.currency))
            .set("as_of", event.as_of.as_deref().map_or(Cell::Empty, Cell::from))
            .set("via", text(&event.via))
            .set("only_names", event.only_names.to_string().as_str().into())
            .set("items", items(&event.items))
            .set("cost", decimal(&event.cost))
            .set("shipping", decimal(&event.shipping))
            .set("tax", decimal(&event.tax))
            .set("discount", decimal(&event.discount))
            .set("conversation", text(&event.conversation))
            .set("by", text(&event.by))
            .set("agent", text(&event.agent))
            .set("channel", text(&event.channel))
            .set("topic", text(&event.topic))
            .set("score", event.score().map_or(Cell::Empty, |score| Cell::Integer(score.into())))
            .set("engaged_ms", event.engaged_ms.map_or(Cell::Empty, |ms| Cell::Integer(ms.into())))
            .set("variant", text(&event.variant))
            .set("product", text(&event.product));
    }
    table
}

/// The kind that is asked for; none = any.
fn kind(mut parameters: Parameters) -> Result<Option<Kind>, ApiError> {
    let kind = parameters.take("kind")?;
    parameters.finish()?;
    let Some(word) = kind else { return Ok(None) };
    Kind::parse(&word).map(Some).ok_or_else(|| {
        ApiError::invalid("kind", format!("it must be one of {}", Kind::ALL.map(Kind::as_str).join(", ")))
    })
}
