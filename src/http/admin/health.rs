//! Whether the server works, and what it counts: `/livez`, `/readyz` and `/metrics`, without a token.

use super::slice::Health;
use crate::engine::{self, EngineStatus};
use crate::http::reports::Reports;
use crate::process::Usage;
use crate::telemetry::{self, Readings};
use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde::Serialize;
use std::time::Duration;

const PING_PATIENCE: Duration = Duration::from_secs(1);

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/livez", web::get().to(HttpResponse::Ok))
        .route("/readyz", web::get().to(ready))
        .route("/metrics", web::get().to(metrics));
}

#[derive(Serialize)]
struct Ready<'a> {
    /// Events are taken, and will be: the spool and its disk have room for more, and the disk answers.
    ready: bool,
    /// Why not, as a word and a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<TroubleReport>,
    /// Figures need it; events are taken either way.
    store: &'static str,
    spool_bytes: u64,
    spool_max_bytes: u64,
    spool_unsent_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    spool_disk_free_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine_disk_free_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<EngineHealth<'a>>,
}

#[derive(Serialize)]
struct TroubleReport {
    code: &'static str,
    message: String,
}

#[derive(Serialize)]
struct EngineHealth<'a> {
    restarts: u64,
    first_exit: Option<&'a str>,
}

async fn ready(health: web::Data<Health>) -> HttpResponse {
    let spool = &health.reports.freshness.spool;
    let trouble = spool.trouble();
    let engine_disk_free_bytes = health.engine_disk_free_bytes();
    // Who watches gives up soon, and a server whose ClickHouse hangs takes events all the same.
    let ping = tokio::time::timeout(PING_PATIENCE, health.reports.store.ping());
    let answers = health.reports.freshness.has_tables() && ping.await.is_ok_and(|pinged| pinged.is_ok());
    let mut response =
        if trouble.is_none() { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.json(Ready {
        ready: trouble.is_none(),
        trouble: trouble.map(|trouble| TroubleReport { code: trouble.code(), message: trouble.to_string() }),
        store: match engine_disk_free_bytes {
            _ if !answers => "away",
            // It answers, but takes no more inserts; events wait in the spool.
            Some(free) if free < engine::START_BYTES => "disk_full",
            _ => "ok",
        },
        spool_bytes: spool.stored_bytes(),
        spool_max_bytes: spool.max_bytes(),
        spool_unsent_bytes: spool.unsent_bytes(),
        spool_disk_free_bytes: spool.free_bytes(),
        engine_disk_free_bytes,
        engine: health
            .engine
            .as_ref()
            .map(|engine| EngineHealth { restarts: engine.restarts(), first_exit: engine.first_exit() }),
    })
}

async fn metrics(health: web::Data<Health>) -> HttpResponse {
    let Health { reports, telemetry, engine } = &**health;
    let Reports { store, freshness, geo, .. } = reports;
    let spool = &freshness.spool;
    let now_ms = reports.gate.clock.now_ms();
    let age_seconds = |until_ms: i64| (now_ms - until_ms) as f64 / 1_000.0;
    let text = telemetry.text(Readings {
        spool_bytes: spool.stored_bytes(),
        spool_max_bytes: spool.max_bytes(),
        spool_disk_free_bytes: spool.free_bytes(),
        engine_disk_free_bytes: health.engine_disk_free_bytes(),
        spool_oldest_age_seconds: age_seconds(freshness.stored_until_ms(now_ms)),
        ledger_age_seconds: age_seconds(freshness.fresh_until_ms(now_ms)),
        spool_unsent_bytes: spool.unsent_bytes(),
        spool_lost_records: spool.lost_records(),
        spool_sync: spool.syncs().into(),
        inserts: (&store.times().inserts).into(),
        questions: (&store.times().questions).into(),
        process: Usage::now(),
        geo_built_at_seconds: geo.databases().iter().map(|database| database.built_at_seconds).min(),
        geo_databases_refused: geo.refused(),
        engine_restarts: engine.as_ref().map_or(0, EngineStatus::restarts),
    });
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, telemetry::MEDIA_TYPE)).body(text)
}
