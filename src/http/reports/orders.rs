//! What the orders of a window tell about their persons, and what they are worth: `GET
//! /v1/shops/{shop}/orders`.

use super::documented::{ReportErrors, ShopPath, WindowParameters};
use super::report::{Head, Report, unanswered};
use super::slice::Reports;
use crate::funnel::{Cycle, Filters, Money, Repeat};
use crate::http::edge::auth::Subject;
use crate::http::edge::csv::{Cell, Table};
use crate::http::edge::error::{ApiError, only};
use crate::money::{Currency, Sum};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/shops/{shop}/orders").route(web::get().to(orders)).default_service(only("GET")),
    );
}

#[derive(Serialize, ToSchema)]
struct OrdersAnswer<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    repeat: Repeat,
    cycle: Cycle,
    money: Vec<OrderValues>,
}

/// What a paid order of one currency is worth on average; `null` without such orders.
#[derive(Serialize, ToSchema)]
struct OrderValues {
    currency: Currency,
    #[schema(required)]
    avg_order_value: Option<Sum>,
    #[schema(required)]
    inquiry_avg_order_value: Option<Sum>,
    #[schema(required)]
    silent_avg_order_value: Option<Sum>,
}

impl From<Money> for OrderValues {
    fn from(money: Money) -> OrderValues {
        OrderValues {
            currency: money.currency,
            avg_order_value: money.avg_order_value,
            inquiry_avg_order_value: money.inquiry_avg_order_value,
            silent_avg_order_value: money.silent_avg_order_value,
        }
    }
}

/// Who buys again, and how long it takes
///
/// Of the orders placed in the window: persons who bought again, days from the first visit to order and payment, and what an order is worth after an inquiry and without one.
#[utoipa::path(
    get,
    path = "/v1/shops/{shop}/orders",
    tag = "reports",
    params(ShopPath, WindowParameters),
    responses(
        (
            status = 200,
            description = "The figures. As CSV one row.",
            content((OrdersAnswer = "application/json"), (String = "text/csv"))
        ),
        ReportErrors,
    ),
    security(("read_key" = []), ("secret_key" = []), ("share_link" = []))
)]
pub async fn orders(
    request: HttpRequest,
    slug: web::Path<String>,
    reports: web::Data<Reports>,
) -> Result<HttpResponse, ApiError> {
    let (report, parameters) = Report::admit(&request, &reports, &slug, Subject::Sums)?;
    parameters.finish()?;
    let question = report.question(report.window);
    let filters = Filters::default();
    let (repeat, cycle, figures, late) = tokio::try_join!(
        reports.store.repeat(&question),
        reports.store.cycle(&question),
        reports.store.figures(&question, None, &filters),
        reports.store.late_change(&question.shop, report.window),
    )
    .map_err(|error| unanswered(&reports, error))?;
    let money = figures.into_iter().flat_map(|row| row.figures.money).map(OrderValues::from).collect();
    let answer = OrdersAnswer { head: report.head(late), repeat, cycle, money };
    report.format.answer("orders.csv", &answer, || Ok(table(&answer)))
}

fn table(answer: &OrdersAnswer<'_>) -> Table {
    let mut table = Table::default();
    let number = |number: Option<f64>| number.map_or(Cell::Empty, Cell::Number);
    let mut row = table.row();
    row.set("from", answer.head.from.to_string().as_str().into())
        .set("to", answer.head.to.to_string().as_str().into())
        .set("payers", Cell::Integer(answer.repeat.payers))
        .set("repeat_buyers", Cell::Integer(answer.repeat.repeat_buyers))
        .set("repeat_buyer_rate", number(answer.repeat.repeat_buyer_rate))
        .set("old_buyers", Cell::Integer(answer.repeat.old_buyers))
        .set("old_buyer_share", number(answer.repeat.old_buyer_share));
    for (name, span) in
        [("days_to_order", &answer.cycle.days_to_order), ("days_to_payment", &answer.cycle.days_to_payment)]
    {
        row.set(&format!("{name}_orders"), Cell::Integer(span.orders))
            .set(&format!("{name}_median"), number(span.median))
            .set(&format!("{name}_mean"), number(span.mean));
    }
    for values in &answer.money {
        for (name, value) in [
            ("avg_order_value", values.avg_order_value),
            ("inquiry_avg_order_value", values.inquiry_avg_order_value),
            ("silent_avg_order_value", values.silent_avg_order_value),
        ] {
            let cell = value.map_or(Cell::Empty, |value| Cell::Decimal(value.to_string()));
            row.set(&format!("{name}_{}", values.currency), cell);
        }
    }
    table
}
