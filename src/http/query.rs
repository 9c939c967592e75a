//! Figures out: `GET /v1/shops/{shop}/funnel`.

use super::error::ApiError;
use super::parameters::Parameters;
use super::report::{Head, Report, answer, filters, limit, unanswered};
use super::{State, only};
use crate::funnel::{Comparison, Dimension, Figures, Filters, Funnel, Interval, Money, Window};
use crate::store::{Groups, Row, StoreError};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::Serialize;
use std::collections::BTreeMap;

const DEFAULT_GROUPS: u32 = 100;
const MAX_GROUPS: u32 = 500;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/shops/{shop}/funnel").route(web::get().to(funnel)).default_service(only("GET")),
    );
}

#[derive(Serialize)]
struct FunnelAnswer<'a> {
    #[serde(flatten)]
    head: Head<'a>,
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

/// What a query string asks for besides the window.
#[derive(Debug, PartialEq)]
struct Asked {
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
    let (report, parameters) = Report::admit(&request, &state, &slug)?;
    let asked = Asked::read(parameters)?;
    let found = Found::ask(&state, &asked, &report).await.map_err(|error| unanswered(&state, error))?;
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
    Ok(answer(&FunnelAnswer {
        head: report.head(found.restated_at_ms),
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
    async fn ask(state: &State, asked: &Asked, report: &Report) -> Result<Found, StoreError> {
        let store = &state.store;
        let window = report.question(report.window);
        let (total, late, series, groups, previous) = tokio::try_join!(
            store.figures(&window, None, &asked.filters),
            store.late_change(&window.shop, report.window),
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
                match asked.comparison.map(|comparison| report.window.compared(comparison)) {
                    Some(compared) => {
                        let rows = store.figures(&report.question(compared), None, &asked.filters).await?;
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
                .map(|(interval, rows)| series_of(report.window, interval, rows)),
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

impl Asked {
    fn read(mut parameters: Parameters) -> Result<Asked, ApiError> {
        let interval = choice(&mut parameters, "interval", "day, week or month", Interval::parse)?;
        let breakdown = choice(&mut parameters, "breakdown", &dimensions(), Dimension::parse)?;
        let comparison = choice(&mut parameters, "compare", "previous, weekday or year", Comparison::parse)?;
        let limit = limit(&mut parameters, MAX_GROUPS)?;
        if limit.is_some() && breakdown.is_none() {
            return Err(ApiError::invalid("limit", "it goes with breakdown only"));
        }
        let limit = limit.unwrap_or(DEFAULT_GROUPS);
        let filters = filters(&mut parameters, Dimension::ALL)?;
        parameters.finish()?;
        Ok(Asked { interval, breakdown, limit, comparison, filters })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_words_are_refused_by_the_name_of_the_parameter() {
        for (query, name) in [
            ("interval=hour", "interval"),
            ("breakdown=colour", "breakdown"),
            ("breakdown=source&limit=501", "limit"),
            ("limit=5", "limit"),
            ("compare=last", "compare"),
            ("customer_type=rich", "customer_type"),
            ("colour=red", "colour"),
        ] {
            match Asked::read(Parameters::read(query).unwrap()) {
                Err(ApiError::InvalidParameter { name: found, .. }) => assert_eq!(found, name, "{query}"),
                other => panic!("{query}: {other:?}"),
            }
        }
    }
}
