//! What the orders of a window tell about their persons, and what they are worth: `GET /v1/shops/{shop}/orders`.

use super::error::ApiError;
use super::report::{Head, Report, answer, unanswered};
use super::{State, only};
use crate::funnel::{Cycle, Filters, Money, Repeat};
use crate::money::{Currency, Sum};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/shops/{shop}/orders").route(web::get().to(orders)).default_service(only("GET")),
    );
}

#[derive(Serialize)]
struct OrdersAnswer<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    repeat: Repeat,
    cycle: Cycle,
    money: Vec<OrderValues>,
}

/// What a paid order of one currency is worth on average; `null` without such orders.
#[derive(Serialize)]
struct OrderValues {
    currency: Currency,
    avg_order_value: Option<Sum>,
    inquiry_avg_order_value: Option<Sum>,
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

async fn orders(
    request: HttpRequest,
    slug: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (report, parameters) = Report::admit(&request, &state, &slug)?;
    parameters.finish()?;
    let question = report.question(report.window);
    let filters = Filters::default();
    let (repeat, cycle, figures, late) = tokio::try_join!(
        state.store.repeat(&question),
        state.store.cycle(&question),
        state.store.figures(&question, None, &filters),
        state.store.late_change(&question.shop, report.window),
    )
    .map_err(|error| unanswered(&state, error))?;
    let changed = figures.iter().filter_map(|row| row.changed_at_ms).max();
    let money = figures.into_iter().flat_map(|row| row.figures.money).map(OrderValues::from).collect();
    Ok(answer(&OrdersAnswer { head: report.head(changed.max(late)), repeat, cycle, money }))
}
