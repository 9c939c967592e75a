//! What became of the inquirers of each day: `GET /v1/shops/{shop}/cohorts`.

use super::error::ApiError;
use super::report::{Head, Report, answer, unanswered};
use super::{State, only};
use crate::funnel::{Cohort, FINAL_DAYS, Interval, Window};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{Days, NaiveDate};
use serde::Serialize;
use std::collections::BTreeMap;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/shops/{shop}/cohorts").route(web::get().to(cohorts)).default_service(only("GET")),
    );
}

#[derive(Serialize)]
struct CohortsAnswer<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    /// The sums of the cohorts and their rates; open while any of them is.
    total: Outcome,
    /// One per day.
    cohorts: Vec<Day>,
}

#[derive(Serialize)]
struct Day {
    day: NaiveDate,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Serialize)]
struct Outcome {
    #[serde(flatten)]
    cohort: Cohort,
    /// Not all days for which the cohort is watched have passed.
    open: bool,
}

async fn cohorts(
    request: HttpRequest,
    slug: web::Path<String>,
    state: web::Data<State>,
) -> Result<HttpResponse, ApiError> {
    let (report, parameters) = Report::admit(&request, &state, &slug)?;
    parameters.finish()?;
    let watched = Days::new(FINAL_DAYS.into());
    let question = report.question(report.window);
    let (rows, restated_at_ms) = futures_util::future::try_join(
        state.store.cohorts(&question),
        state
            .store
            .late_change(&question.shop, Window { from: report.window.from, to: report.window.to + watched }),
    )
    .await
    .map_err(|error| unanswered(&state, error))?;
    let mut found: BTreeMap<Option<NaiveDate>, Cohort> = rows.into_iter().collect();
    let mut outcome = |day: Option<NaiveDate>, last: NaiveDate| Outcome {
        cohort: found.remove(&day).unwrap_or_default(),
        open: last + watched >= report.today,
    };
    let total = outcome(None, report.window.to);
    let days = report.window.buckets(Interval::Day).into_iter();
    let cohorts = days.map(|day| Day { day: day.from, outcome: outcome(Some(day.from), day.from) }).collect();
    Ok(answer(&CohortsAnswer { head: report.head(restated_at_ms), total, cohorts }))
}
