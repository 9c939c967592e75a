//! What became of the inquirers of each day: `GET /v1/shops/{shop}/cohorts`.

use super::documented::{ReportErrors, ShopPath, WindowParameters};
use super::report::{Head, Report, unanswered};
use super::slice::Reports;
use crate::funnel::{Cohort, FINAL_DAYS, Interval, Window};
use crate::http::edge::auth::Subject;
use crate::http::edge::csv::{Cell, Table};
use crate::http::edge::error::{ApiError, only};
use crate::metrics;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{Days, NaiveDate};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/shops/{shop}/cohorts").route(web::get().to(cohorts)).default_service(only("GET")),
    );
}

#[derive(Serialize, ToSchema)]
struct CohortsAnswer<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    /// The sums of the cohorts and their rates; open while any of them is.
    total: Outcome,
    /// One per day.
    cohorts: Vec<Day>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CohortDay)]
struct Day {
    day: NaiveDate,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Serialize, ToSchema)]
#[schema(as = CohortOutcome)]
struct Outcome {
    #[serde(flatten)]
    cohort: Cohort,
    /// Not all days for which the cohort is watched have passed.
    open: bool,
}

/// What became of each day's inquirers
///
/// Of the visitors who asked before buying on a day: who ordered and who paid that day, by the next, by three days later.
#[utoipa::path(
    get,
    path = "/v1/shops/{shop}/cohorts",
    tag = "reports",
    params(ShopPath, WindowParameters),
    responses(
        (
            status = 200,
            description = "The cohorts. As CSV one row per day.",
            content((CohortsAnswer = "application/json"), (String = "text/csv"))
        ),
        ReportErrors,
    ),
    security(("read_key" = []), ("secret_key" = []), ("share_link" = []))
)]
pub async fn cohorts(
    request: HttpRequest,
    slug: web::Path<String>,
    reports: web::Data<Reports>,
) -> Result<HttpResponse, ApiError> {
    let (report, parameters) = Report::admit(&request, &reports, &slug, Subject::Sums)?;
    parameters.finish()?;
    let watched = Days::new(FINAL_DAYS.into());
    let question = report.question(report.window);
    let (rows, restated_at_ms) = futures_util::future::try_join(
        reports.store.cohorts(&question),
        reports
            .store
            .late_change(&question.shop, Window { from: report.window.from, to: report.window.to + watched }),
    )
    .await
    .map_err(|error| unanswered(&reports, error))?;
    let mut found: BTreeMap<Option<NaiveDate>, Cohort> = rows.into_iter().collect();
    let mut outcome = |day: Option<NaiveDate>, last: NaiveDate| Outcome {
        cohort: found.remove(&day).unwrap_or_default(),
        open: last + watched >= report.today,
    };
    let total = outcome(None, report.window.to);
    let days = report.window.buckets(Interval::Day).into_iter();
    let cohorts = days.map(|day| Day { day: day.from, outcome: outcome(Some(day.from), day.from) }).collect();
    let answer = CohortsAnswer { head: report.head(restated_at_ms), total, cohorts };
    report.format.answer("cohorts.csv", &answer, || table(&answer.cohorts))
}

fn table(days: &[Day]) -> Result<Table, ApiError> {
    let mut table = Table::default();
    for Day { day, outcome: Outcome { cohort, open } } in days {
        table
            .row()
            .set("day", day.to_string().as_str().into())
            .set("open", open.to_string().as_str().into())
            .set("inquirers", Cell::Integer(cohort.inquirers))
            .set("buyers_d0", Cell::Integer(cohort.buyers_d0))
            .set("buyers_final", Cell::Integer(cohort.buyers_final))
            .set("payers_d0", Cell::Integer(cohort.payers_d0))
            .set("payers_d1", Cell::Integer(cohort.payers_d1))
            .set("payers_final", Cell::Integer(cohort.payers_final))
            .figures(&metrics::COHORTS, cohort, "")?;
    }
    Ok(table)
}
