//! The admin listener: health and counters for the operator, and the door through which `shopfunnel shop …` reaches a
//! running server.
//!
//! The door opens with a random token that lies in the data directory, readable by its owner only, and is new
//! at every start.

use super::{State, auth, import, report};
use crate::engine::{self, EngineStatus};
use crate::event::is_visitor_id;
use crate::forget::{self, Places};
use crate::funnel::Window;
use crate::identity::forgotten::Forgotten;
use crate::process::Usage;
use crate::room;
use crate::shops::command::{self, Command, CommandError, Reply};
use crate::spool::DeadLetters;
use crate::telemetry::{self, Readings};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;
use subtle::ConstantTimeEq;

const PING_PATIENCE: Duration = Duration::from_secs(1);
/// Path of the door.
pub const SHOPS_PATH: &str = "/shops";
pub const FORGET_PATH: &str = "/visitors/forget";
pub const LEDGER_PATH: &str = "/ledger/verify";
pub const RETRY_PATH: &str = "/dead-letters/retry";
pub const IMPORT_EVENTS_PATH: &str = "/import/events";

/// What the admin listener needs besides the public state.
#[derive(Clone)]
pub struct Admin {
    pub state: State,
    pub token: String,
    pub dead_letters: DeadLetters,
    pub forgotten: Forgotten,
    /// Of the embedded engine, when there is one.
    pub engine: Option<EngineStatus>,
}

impl Admin {
    /// `None` with an external server, and where the system does not say.
    fn engine_disk_free_bytes(&self) -> Option<u64> {
        room::free_bytes(self.engine.as_ref()?.directory()).ok()
    }
}

/// Where the door of a running server is; kept in the data directory.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Door {
    pub url: String,
    pub token: String,
}

/// How many dead letters went back into the spool.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Retried {
    pub retried: usize,
}

/// Which ledger to verify.
#[derive(Debug, Serialize, Deserialize)]
pub struct VerifyLedger {
    pub shop: String,
    /// With `to`: only these days.
    pub from: Option<NaiveDate>,
    pub to: Option<NaiveDate>,
    /// Puts right what is wrong.
    pub mends: bool,
}

/// Whom to forget.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ForgetVisitor {
    /// Slug.
    pub shop: String,
    pub visitor: String,
}

/// What went wrong with a command, over the wire.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refusal {
    pub message: String,
    /// The caller wrote something wrong, as opposed to the server failing.
    pub callers_fault: bool,
}

impl Refusal {
    pub fn new(error: &CommandError) -> Refusal {
        Refusal { message: error.to_string(), callers_fault: !matches!(error, CommandError::Registry(_)) }
    }
}

/// Name of the door's file in a data directory.
pub fn door_file(data_dir: &Path) -> PathBuf {
    data_dir.join("admin.json")
}

/// The routes of the admin listener.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/livez", web::get().to(HttpResponse::Ok))
        .route("/readyz", web::get().to(ready))
        .route("/metrics", web::get().to(metrics))
        .route(SHOPS_PATH, web::post().to(shops))
        .route(FORGET_PATH, web::post().to(forget_visitor))
        .route(LEDGER_PATH, web::post().to(verify_ledger))
        .route(RETRY_PATH, web::post().to(retry))
        .route(IMPORT_EVENTS_PATH, web::post().to(import::events));
}

#[derive(Serialize)]
struct Ready<'a> {
    /// Events are taken, and will be: the spool and its disk have room for more, and the disk answers.
    ready: bool,
    /// Why not, as a word and a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<TroubleTold>,
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
struct TroubleTold {
    code: &'static str,
    message: String,
}

#[derive(Serialize)]
struct EngineHealth<'a> {
    restarts: u64,
    first_exit: Option<&'a str>,
}

async fn ready(admin: web::Data<Admin>) -> HttpResponse {
    let spool = &admin.state.spool;
    let trouble = spool.trouble();
    let engine_disk_free_bytes = admin.engine_disk_free_bytes();
    // Who watches gives up soon, and a server whose ClickHouse hangs takes events all the same.
    let ping = tokio::time::timeout(PING_PATIENCE, admin.state.store.ping());
    let answers = admin.state.progress.borrow().migrated && ping.await.is_ok_and(|pinged| pinged.is_ok());
    let mut response =
        if trouble.is_none() { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response.json(Ready {
        ready: trouble.is_none(),
        trouble: trouble.map(|trouble| TroubleTold { code: trouble.code(), message: trouble.to_string() }),
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
        engine: admin
            .engine
            .as_ref()
            .map(|engine| EngineHealth { restarts: engine.restarts(), first_exit: engine.first_exit() }),
    })
}

async fn metrics(admin: web::Data<Admin>) -> HttpResponse {
    let state = &admin.state;
    let now_ms = state.clock.now_ms();
    let progress = *state.progress.borrow();
    let waits = progress.shipped < state.spool.durable();
    let oldest_age_ms = if waits { now_ms - progress.fresh_until_ms } else { 0 };
    let text = state.telemetry.text(Readings {
        spool_bytes: state.spool.stored_bytes(),
        spool_max_bytes: state.spool.max_bytes(),
        spool_disk_free_bytes: state.spool.free_bytes(),
        engine_disk_free_bytes: admin.engine_disk_free_bytes(),
        spool_oldest_age_seconds: oldest_age_ms.max(0) as f64 / 1_000.0,
        ledger_age_seconds: (now_ms - report::fresh_until_ms(state, now_ms)) as f64 / 1_000.0,
        spool_unsent_bytes: state.spool.unsent_bytes(),
        spool_lost_records: state.spool.lost_records(),
        spool_sync: state.spool.syncs().into(),
        inserts: (&state.store.times().inserts).into(),
        questions: (&state.store.times().questions).into(),
        process: Usage::now(),
        geo_built_at_seconds: state.geo.databases().iter().map(|database| database.built_at_seconds).min(),
        geo_databases_refused: state.geo.refused(),
        engine_restarts: admin.engine.as_ref().map_or(0, EngineStatus::restarts),
    });
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, telemetry::MEDIA_TYPE)).body(text)
}

async fn shops(request: HttpRequest, admin: web::Data<Admin>, command: web::Json<Command>) -> HttpResponse {
    if !opens(&request, &admin) {
        return wrong_token();
    }
    let applied: Result<Reply, CommandError> =
        command::apply(&admin.state.registry, command.into_inner(), &admin.state.public_url);
    match applied {
        Ok(reply) => HttpResponse::Ok().json(reply),
        Err(error) => HttpResponse::BadRequest().json(Refusal::new(&error)),
    }
}

async fn retry(request: HttpRequest, admin: web::Data<Admin>) -> HttpResponse {
    if !opens(&request, &admin) {
        return wrong_token();
    }
    match admin.dead_letters.retry(&admin.state.spool).await {
        Ok(retried) => HttpResponse::Ok().json(Retried { retried }),
        Err(error) => HttpResponse::ServiceUnavailable()
            .json(Refusal { message: error.to_string(), callers_fault: false }),
    }
}

async fn forget_visitor(
    request: HttpRequest,
    admin: web::Data<Admin>,
    whom: web::Json<ForgetVisitor>,
) -> HttpResponse {
    if !opens(&request, &admin) {
        return wrong_token();
    }
    let ForgetVisitor { shop, visitor } = whom.into_inner();
    let state = &admin.state;
    let wrong = if !state.registry.snapshot().has_slug(&shop) {
        Some(format!("there is no shop `{shop}`; `shopfunnel shop list` shows which there are"))
    } else if !is_visitor_id(&visitor) {
        Some("a visitor's id is 1 to 64 characters of A-Z a-z 0-9 _ . : -".to_owned())
    } else {
        None
    };
    if let Some(message) = wrong {
        return HttpResponse::BadRequest().json(Refusal { message, callers_fault: true });
    }
    let places = Places {
        clock: state.clock.clone(),
        spool: state.spool.clone(),
        progress: state.progress.clone(),
        store: state.store.clone(),
        ledger: state.ledger.clone(),
        dead_letters: admin.dead_letters.clone(),
        forgotten: admin.forgotten.clone(),
    };
    match forget::forget(&places, &shop, &visitor).await {
        Ok(receipt) => HttpResponse::Ok().json(receipt),
        Err(error) => {
            tracing::warn!(shop, %error, "a visitor is not forgotten yet");
            HttpResponse::ServiceUnavailable()
                .json(Refusal { message: error.to_string(), callers_fault: false })
        }
    }
}

async fn verify_ledger(
    request: HttpRequest,
    admin: web::Data<Admin>,
    asked: web::Json<VerifyLedger>,
) -> HttpResponse {
    if !opens(&request, &admin) {
        return wrong_token();
    }
    let VerifyLedger { shop, from, to, mends } = asked.into_inner();
    let state = &admin.state;
    if state.registry.snapshot().by_slug(&shop).is_none() {
        let message = format!("there is no shop `{shop}`; `shopfunnel shop list` shows which there are");
        return HttpResponse::BadRequest().json(Refusal { message, callers_fault: true });
    }
    let window = from.zip(to).map(|(from, to)| Window { from, to });
    match state.ledger.verify(&shop, window, mends).await {
        Ok(verdict) => HttpResponse::Ok().json(verdict),
        Err(error) => HttpResponse::ServiceUnavailable()
            .json(Refusal { message: error.to_string(), callers_fault: false }),
    }
}

pub(super) fn opens(request: &HttpRequest, admin: &Admin) -> bool {
    let token = auth::bearer(request).unwrap_or_default();
    bool::from(token.as_bytes().ct_eq(admin.token.as_bytes()))
}

pub(super) fn wrong_token() -> HttpResponse {
    HttpResponse::Unauthorized().json(Refusal { message: "the token is wrong".into(), callers_fault: true })
}
