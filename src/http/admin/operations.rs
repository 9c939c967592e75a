//! What commands have done to the data: events imported, a visitor forgotten, the ledger verified, dead
//! letters sent again.

use super::door::Opened;
use super::refusal::Refusal;
use crate::event::{Checked, Event, Rejection, is_visitor_id};
use crate::funnel::Window;
use crate::http::edge::error::ApiError;
use crate::http::intake::check::Check;
use crate::http::intake::lines::Lines;
use crate::http::intake::wire::WireEvent;
use crate::operations::forget::{self, Locations};
use crate::operations::import::{Import, ImportError};
use crate::upkeep::UpkeepHandle;
use actix_web::{HttpResponse, web};
use chrono::NaiveDate;
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::time::timeout;
use uuid::{Builder, Uuid};

/// Takes a [`ForgetVisitor`].
pub const FORGET_PATH: &str = "/visitors/forget";
/// Takes a [`VerifyLedger`].
pub const LEDGER_PATH: &str = "/ledger/verify";
/// Takes nothing, and answers [`Retried`].
pub const RETRY_PATH: &str = "/dead-letters/retry";
/// Takes events, one a line; `?shop=` names the slug.
pub const IMPORT_EVENTS_PATH: &str = "/import/events";
/// For the ledger after the last event of an import.
const SETTLING_PATIENCE: Duration = Duration::from_secs(60);
/// The next piece may have to be made first, by a program at the other end of a pipe.
const PIECE_TIMEOUT: Duration = Duration::from_secs(600);

/// Which shop the lines of an import belong to.
#[derive(Deserialize)]
struct Target {
    /// Slug.
    shop: String,
}

/// How many dead letters went back into the spool.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Retried {
    /// Records.
    pub retried: usize,
}

/// Which ledger to verify.
#[derive(Debug, Serialize, Deserialize)]
pub struct VerifyLedger {
    /// Slug.
    pub shop: String,
    /// With `to`: only these days.
    pub from: Option<NaiveDate>,
    /// With `from`.
    pub to: Option<NaiveDate>,
    /// Puts right what is wrong.
    pub mends: bool,
}

/// Whom to forget.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ForgetVisitor {
    /// Slug.
    pub shop: String,
    /// Their id.
    pub visitor: String,
}

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route(FORGET_PATH, web::post().to(forget_visitor))
        .route(LEDGER_PATH, web::post().to(verify_ledger))
        .route(RETRY_PATH, web::post().to(retry))
        .route(IMPORT_EVENTS_PATH, web::post().to(import_events));
}

async fn retry(opened: Opened) -> HttpResponse {
    match opened.dead_letters.retry(&opened.intake.spool).await {
        Ok(retried) => HttpResponse::Ok().json(Retried { retried }),
        Err(error) => Refusal::failed(error.to_string()),
    }
}

async fn forget_visitor(opened: Opened, whom: web::Json<ForgetVisitor>) -> HttpResponse {
    let ForgetVisitor { shop, visitor } = whom.into_inner();
    let reports = &opened.reports;
    if !reports.gate.registry.snapshot().has_slug(&shop) {
        return Refusal::no_shop(&shop);
    }
    if !is_visitor_id(&visitor) {
        return Refusal::wrong("a visitor's id is 1 to 64 characters of A-Z a-z 0-9 _ . : -".to_owned());
    }
    let locations = Locations {
        clock: reports.gate.clock.clone(),
        spool: opened.intake.spool.clone(),
        progress: reports.freshness.progress.clone(),
        store: reports.store.clone(),
        upkeep: reports.freshness.upkeep.clone(),
        dead_letters: opened.dead_letters.clone(),
        forgotten: opened.forgotten.clone(),
    };
    match forget::forget(&locations, &shop, &visitor).await {
        Ok(receipt) => HttpResponse::Ok().json(receipt),
        Err(error) => {
            tracing::warn!(shop, %error, "a visitor is not forgotten yet");
            Refusal::failed(error.to_string())
        }
    }
}

async fn verify_ledger(opened: Opened, asked: web::Json<VerifyLedger>) -> HttpResponse {
    let VerifyLedger { shop, from, to, mends } = asked.into_inner();
    let reports = &opened.reports;
    if reports.gate.registry.snapshot().by_slug(&shop).is_none() {
        return Refusal::no_shop(&shop);
    }
    let window = from.zip(to).map(|(from, to)| Window { from, to });
    match reports.freshness.upkeep.verify(&shop, window, mends).await {
        Ok(verdict) => HttpResponse::Ok().json(verdict),
        Err(error) => Refusal::failed(error.to_string()),
    }
}

async fn import_events(opened: Opened, payload: web::Payload, target: web::Query<Target>) -> HttpResponse {
    let intake = &opened.intake;
    let Some(shop) = intake.gate.registry.snapshot().by_slug(&target.shop).cloned() else {
        return Refusal::no_shop(&target.shop);
    };
    let check = Check { intake, shop, browser: None, received_at_ms: intake.gate.clock.now_ms() };
    let mut import = Import::new(opened.reports.store.clone());
    match import_lines(&mut import, check, payload, &opened.reports.freshness.upkeep).await {
        Ok(()) => {
            // So that who looks next sees it; the figures of a long past take longer than anybody would wait
            // for.
            let _ = timeout(SETTLING_PATIENCE, opened.reports.freshness.upkeep.settle()).await;
            HttpResponse::Ok().json(import.receipt)
        }
        Err(error) => {
            tracing::warn!(shop = target.shop, line = import.line, %error, "an import ended early");
            Refusal::failed(format!(
                "{error}; {} events are imported, up to line {} all were read; run the same command again \
                when it can go on: what is imported already counts once",
                import.receipt.imported, import.line
            ))
        }
    }
}

async fn import_lines(
    import: &mut Import,
    mut check: Check<'_>,
    mut payload: web::Payload,
    upkeep: &UpkeepHandle,
) -> Result<(), ImportError> {
    let mut hold = None;
    let mut lines = Lines::default();
    let mut has_ended = false;
    while !has_ended {
        let patience = import.patience();
        // A producer that is slow, or has stopped, must not slow the ledgers of all shops.
        match (import.is_quick(), &hold) {
            (true, None) => hold = Some(upkeep.hold()),
            (false, Some(_)) => hold = None,
            _ => {}
        }
        match timeout(patience.unwrap_or(PIECE_TIMEOUT), payload.next()).await {
            Ok(Some(Ok(piece))) => lines.add(&piece),
            Ok(Some(Err(_))) => return Err(ImportError::Broken),
            Ok(None) => {
                lines.end();
                has_ended = true;
            }
            Err(_) if patience.is_some() => import.end_batch().await?,
            Err(_) => return Err(ImportError::Broken),
        }
        while let Some(line) = lines.next() {
            import.line = line.number;
            import.receipt.lines += 1;
            let read = match line.text {
                Ok(text) => event_of(text, &mut check, import)?,
                Err(rejection) => Err(rejection),
            };
            match read {
                Ok(event) => import.add(event).await?,
                Err(rejection) => import.reject(rejection),
            }
        }
    }
    import.finish().await
}

/// The event of a line. An error is a fault of ours, not of the line.
fn event_of(
    line: &[u8],
    check: &mut Check<'_>,
    import: &mut Import,
) -> Result<Result<Event, Rejection>, ImportError> {
    let failed = |error: ApiError| ImportError::Shop(error.to_string());
    let sent = match WireEvent::of_line(line) {
        Ok(sent) => sent,
        Err(rejection) => return Ok(Err(rejection)),
    };
    let is_made = sent.fields.id.is_absent();
    let checked = check.check(&sent).and_then(|checked| {
        if sent.fields.at.is_absent() && (is_made || checked.event.id.get_version_num() != 7) {
            let message = "tell when it happened with `at`, or by a UUIDv7 as `id`";
            return Err(Rejection::new("at_required", message));
        }
        Ok(checked)
    });
    let Checked { mut event, left_out } = match check.before_the_first(&sent, checked).map_err(failed)? {
        Ok(checked) => checked,
        Err(rejection) => return Ok(Err(rejection)),
    };
    if is_made {
        event.id = id_of(&check.shop.slug, line);
    }
    for name in &sent.unknown {
        import.note_ignored(name);
    }
    for left_out in left_out {
        import.note_left_out(left_out);
    }
    check.identified(event).map(Ok).map_err(failed)
}

/// The same for the same line of the same shop, so that an import that is repeated counts once.
fn id_of(shop: &str, line: &[u8]) -> Uuid {
    let hash = Sha256::new().chain_update(shop).chain_update([0]).chain_update(line).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}
