//! The shop funnel of a window, its series, groups and comparison: `GET /v1/shops/{shop}/funnel`.

use super::documented::{ReportErrors, ShopPath};
use super::report::{Head, Report, filters, limit, unanswered};
use super::slice::Reports;
use crate::funnel::{Comparison, Dimension, Figures, Filters, Funnel, Interval, Money, Window};
use crate::http::edge::auth::Subject;
use crate::http::edge::csv::{Cell, Table};
use crate::http::edge::error::{ApiError, only};
use crate::http::edge::format::Format;
use crate::http::edge::parameters::Parameters;
use crate::metrics;
use crate::money::Sum;
use crate::store::{Groups, Row, StoreError};
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{Days, NaiveDate};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ArrayBuilder, KnownFormat, Object, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

const DEFAULT_GROUPS: u32 = 100;
const MAX_GROUPS: u32 = 500;

pub fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::resource("/v1/shops/{shop}/funnel").route(web::get().to(funnel)).default_service(only("GET")),
    );
}

#[derive(Serialize, ToSchema)]
struct FunnelAnswer<'a> {
    #[serde(flatten)]
    head: Head<'a>,
    /// The shop's own, ISO 4217. Other currencies are never converted into it.
    currency: &'a str,
    funnel: Funnel,
    /// One entry per currency.
    money: Vec<Money>,
    #[schema(required)]
    cookieless_share: Option<f64>,
    /// With `interval`: every bucket of the window.
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<Vec<Bucket>>,
    /// With `breakdown`: most visitors first.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<Group>>,
    /// With `breakdown`: groups beyond `limit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups_left_off: Option<u64>,
    /// With `compare`.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Previous>,
    /// What to know or do about these figures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Note>,
}

#[derive(Serialize, ToSchema)]
struct Bucket {
    /// First day, not before `from`.
    start: NaiveDate,
    funnel: Funnel,
    money: Vec<Money>,
}

#[derive(Serialize, ToSchema)]
struct Group {
    /// `null` is unknown.
    #[schema(required)]
    value: Option<String>,
    funnel: Funnel,
    money: Vec<Money>,
}

#[derive(Serialize, ToSchema)]
struct Previous {
    from: NaiveDate,
    to: NaiveDate,
    funnel: Funnel,
    money: Vec<Money>,
}

/// Something to know about an answer: a stable code for programs, a sentence for people.
#[derive(Serialize, ToSchema)]
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

/// The shop funnel
///
/// Every count and rate of the days `from` to `to`, both included, for distinct persons over all of them, and the money of
/// the orders placed on them. Without `from` and `to` it is the last 30 days.
#[utoipa::path(
    get,
    path = "/v1/shops/{shop}/funnel",
    tag = "reports",
    params(
        ShopPath,
        FunnelParameters,
    ),
    responses(
        (
            status = 200,
            description = "The figures. As CSV one row per part of the answer, in UTF-8 with a byte order mark.",
            content((FunnelAnswer = "application/json"), (String = "text/csv"))
        ),
        ReportErrors,
    ),
    security(("read_key" = []), ("secret_key" = []), ("share_link" = []))
)]
pub async fn funnel(
    request: HttpRequest,
    slug: web::Path<String>,
    reports: web::Data<Reports>,
) -> Result<HttpResponse, ApiError> {
    let (report, parameters) = Report::admit(&request, &reports, &slug, Subject::Sums)?;
    let asked = Asked::read(parameters)?;
    let found = Found::ask(&reports, &asked, &report).await.map_err(|error| unanswered(&reports, error))?;
    let notes = notes(&reports, &asked, &found.total);
    let answer = FunnelAnswer {
        head: report.head(found.restated_at_ms),
        currency: report.shop.currency.code(),
        funnel: found.total.funnel,
        money: found.total.money,
        cookieless_share: found.total.cookieless_share,
        series: found.series,
        groups_left_off: found.groups.as_ref().map(|groups| groups.left_off),
        groups: found.groups.map(|groups| groups.rows.into_iter().map(Group::from).collect()),
        previous: found.previous,
        notes,
    };
    report.format.answer("funnel.csv", &answer, || table(&answer))
}

/// One row per part of the answer, all with the same columns.
fn table(answer: &FunnelAnswer<'_>) -> Result<Table, ApiError> {
    let mut table = Table::default();
    let mut part =
        |part: &str, window: Window, value: Cell, funnel: &Funnel, money: &[Money], share: Cell| {
            let mut row = table.row();
            row.set("part", part.into())
                .set("from", window.from.to_string().as_str().into())
                .set("to", window.to.to_string().as_str().into())
                .set("value", value)
                .figures(&metrics::FUNNEL, funnel, "")?
                .set("cookieless_share", share);
            for money in money {
                let suffix = format!("_{}", money.currency);
                row.figures(&metrics::MONEY, money, &suffix)?;
                if let Some(waiting) = money.waiting_payments {
                    row.set(&format!("waiting_payments{suffix}"), Cell::Integer(waiting.count));
                    row.set(
                        &format!("waiting_payments_amount{suffix}"),
                        Cell::Decimal(waiting.amount.to_string()),
                    );
                }
            }
            Ok::<(), ApiError>(())
        };
    let window = Window { from: answer.head.from, to: answer.head.to };
    let share = answer.cookieless_share.map_or(Cell::Empty, Cell::Number);
    part("total", window, Cell::Empty, &answer.funnel, &answer.money, share)?;
    let series = answer.series.as_deref().unwrap_or_default();
    for (index, bucket) in series.iter().enumerate() {
        let to = series.get(index + 1).map_or(answer.head.to, |next| next.start - Days::new(1));
        let window = Window { from: bucket.start, to };
        part("series", window, Cell::Empty, &bucket.funnel, &bucket.money, Cell::Empty)?;
    }
    for group in answer.groups.as_deref().unwrap_or_default() {
        let value = group.value.as_deref().map_or(Cell::Empty, Cell::from);
        part("group", window, value, &group.funnel, &group.money, Cell::Empty)?;
    }
    if let Some(previous) = &answer.previous {
        let window = Window { from: previous.from, to: previous.to };
        part("previous", window, Cell::Empty, &previous.funnel, &previous.money, Cell::Empty)?;
    }
    Ok(table)
}

/// What may be asked, for the document; it is read by [`Asked::read`].
struct FunnelParameters;

impl IntoParams for FunnelParameters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let parameter = |name: &str, description: &str, schema: RefOr<Schema>| {
            let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Query);
            parameter.description(Some(description)).schema(Some(schema)).build()
        };
        let words = |words: &[&str]| {
            ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words.iter().copied()))
        };
        let day = || {
            let date = SchemaFormat::KnownFormat(KnownFormat::Date);
            ObjectBuilder::new().schema_type(Type::String).format(Some(date)).into()
        };
        let dimensions: Vec<&str> = Dimension::ALL.iter().map(|dimension| dimension.as_str()).collect();
        let limit = ObjectBuilder::new().schema_type(Type::Integer);
        let limit = limit.minimum(Some(1)).maximum(Some(f64::from(MAX_GROUPS)));
        let mut parameters = vec![
            parameter("from", "First day, with `to`.", day()),
            parameter("to", "Last day, with `from`; at most 731 days in all.", day()),
            parameter("interval", "Adds `series`.", Interval::schema()),
            parameter("breakdown", "Adds `groups`.", words(&dimensions).into()),
            parameter("limit", "Groups at most, 100 when absent. Goes with `breakdown`.", limit.into()),
            parameter("compare", "Adds `previous`.", Comparison::schema()),
            parameter("format", "Beats `Accept`.", Format::schema()),
        ];
        for dimension in Dimension::ALL {
            let value = match dimension.closed_values() {
                // The empty value is "unknown".
                Some(values) => words(&[values, &[""]].concat()).into(),
                None => Object::with_type(Type::String),
            };
            let values = ArrayBuilder::new().items(value).build();
            let description = "Only days that carry one of these values; an empty one is \"unknown\".";
            parameters.push(parameter(dimension.as_str(), description, values.into()));
        }
        parameters
    }
}

/// What the figures alone would not say.
fn notes(reports: &Reports, asked: &Asked, total: &Figures) -> Vec<Note> {
    let mut notes = Vec::new();
    let waiting: u64 = total.money.iter().filter_map(|money| money.waiting_payments).map(|w| w.count).sum();
    if waiting > 0 {
        notes.push(Note {
            code: "waiting_payments",
            message: format!(
                "{waiting} payments wait for their orders and are in no figure but received_amount; send an \
                event of kind `order` with the same order_id for each"
            ),
        });
    }
    let unverified = total.money.iter().filter(|money| money.unverified_paid_amount != Sum::default());
    let unverified: Vec<String> =
        unverified.map(|money| format!("{} {}", money.unverified_paid_amount, money.currency)).collect();
    if !unverified.is_empty() {
        notes.push(Note {
            code: "unverified_payments",
            message: format!(
                "{} of what was paid was told by pages only, which anybody can send; send orders and payments \
                from the shop's server, and then set payments = \"server\" (`shopfunnel shop set`)",
                unverified.join(", ")
            ),
        });
    }
    if asked.names(Dimension::Region) || asked.names(Dimension::City) {
        if !reports.geo.knows_cities() {
            notes.push(Note {
                code: "no_cities",
                message: "regions and cities are unknown, because no database of places that knows them is in use; \
                          name one with the setting `geo.database`"
                    .into(),
            });
        }
    } else if asked.names(Dimension::Country) && reports.geo.databases().is_empty() {
        notes.push(Note {
            code: "no_places",
            message: "countries are unknown, because no database of places is in use; bring one with `shopfunnel geo \
                      install`, or name one with the setting `geo.database`"
                .into(),
        });
    }
    if [Dimension::Country, Dimension::Region, Dimension::City].iter().any(|place| asked.names(*place)) {
        for database in reports.geo.databases() {
            let Some(credit) = database.credit() else { continue };
            if notes.iter().all(|note| note.code != credit.code) {
                notes.push(Note { code: credit.code, message: credit.sentence.into() });
            }
        }
    }
    notes
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
    async fn ask(reports: &Reports, asked: &Asked, report: &Report) -> Result<Found, StoreError> {
        let store = &reports.store;
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
        Ok(Found {
            total: total.into_iter().next().map_or_else(Figures::of_nobody, |row| row.figures),
            restated_at_ms: late,
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
        let filters = filters(&mut parameters, Dimension::ALL)?;
        parameters.finish()?;
        Ok(Asked { interval, breakdown, limit: limit.unwrap_or(DEFAULT_GROUPS), comparison, filters })
    }

    /// Whether figures are grouped or filtered by `dimension`.
    fn names(&self, dimension: Dimension) -> bool {
        self.breakdown == Some(dimension) || self.filters.names(dimension)
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
