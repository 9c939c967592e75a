//! A shop's past, line by line, straight into the store: the admin listener's `POST /import/events?shop=…`.
//!
//! Nothing of it goes through the spool, so an import fills no disk but ClickHouse's. It may be given up and repeated: an
//! event counts once by its id, and one without an id gets one that is made of its text.

use super::admin::{self, Admin, Refusal};
use super::check::Check;
use super::wire::{WireEvent, without_mark};
use crate::event::{Event, Field, Rejection};
use crate::new_values::{NewValues, ValueLimits};
use crate::store::{Insertion, StoreError};
use actix_web::rt::spawn;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uuid::{Builder, Uuid};

/// Rejections that are told; the others are counted.
const MAX_LISTED: usize = 100;
const MAX_LINE_BYTES: usize = 64 << 10;
/// Of one insert: few parts, and little to do again.
const MAX_BATCH_EVENTS: u64 = 200_000;
/// ClickHouse gives an insert up whose sender is silent for half a minute, or which lasts longer than it may; a producer at the
/// other end of a pipe may be that slow.
const MAX_BATCH_AGE: Duration = Duration::from_secs(10);
/// For the ledger after the last event.
const SETTLING_PATIENCE: Duration = Duration::from_secs(60);
/// The next piece may have to be made first, by a program at the other end of a pipe.
const PIECE_TIMEOUT: Duration = Duration::from_secs(600);

/// Which shop the lines belong to.
#[derive(Deserialize)]
pub struct Target {
    /// Slug.
    shop: String,
}

/// What became of the lines.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Lines that are not empty.
    pub lines: u64,
    /// Events that are in the store now.
    pub imported: u64,
    /// The first rejections, by line.
    pub rejected: Vec<RejectedLine>,
    /// Rejections beyond those listed.
    pub rejected_left_off: u64,
}

/// A line that was not taken.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectedLine {
    /// Counted from 1, empty ones too.
    pub line: u64,
    /// The stable word that programs use.
    pub code: String,
    /// What the line must be.
    pub message: String,
}

/// Events whose values are looked at together.
const MAX_WAITING: usize = 1_000;

/// Why an import ended early.
#[derive(Debug, thiserror::Error)]
enum ImportError {
    #[error("the lines did not arrive whole")]
    Broken,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Shop(String),
}

/// Takes the lines of a shop's past.
pub async fn events(
    request: HttpRequest,
    payload: web::Payload,
    target: web::Query<Target>,
    admin: web::Data<Admin>,
) -> HttpResponse {
    if !admin::opens(&request, &admin) {
        return admin::wrong_token();
    }
    let state = &admin.state;
    let Some(shop) = state.registry.snapshot().by_slug(&target.shop).cloned() else {
        let message =
            format!("there is no shop `{}`; `shopfunnel shop list` shows which there are", target.shop);
        return HttpResponse::BadRequest().json(Refusal { message, callers_fault: true });
    };
    let check = Check { state, shop, browser: None, received_at_ms: state.clock.now_ms() };
    let values = NewValues::new(state.store.clone(), ValueLimits::default());
    let mut import =
        Import { check, values, batch: None, ending: None, line: 0, receipt: Receipt::default() };
    match import.run(payload).await {
        Ok(()) => {
            // So that who looks next sees it; the figures of a long past take longer than anybody would wait for.
            let _ = timeout(SETTLING_PATIENCE, state.ledger.settle()).await;
            HttpResponse::Ok().json(import.receipt)
        }
        Err(error) => {
            tracing::warn!(shop = target.shop, line = import.line, %error, "an import ended early");
            let message = format!(
                "{error}; {} events are imported, up to line {} all were read; run the same command again when it can go on: \
                 what is imported already counts once",
                import.receipt.imported, import.line
            );
            HttpResponse::ServiceUnavailable().json(Refusal { message, callers_fault: false })
        }
    }
}

struct Import<'a> {
    check: Check<'a>,
    values: NewValues,
    batch: Option<Batch>,
    /// An insertion that has all its events. The store works on it while the next one is filled.
    ending: Option<JoinHandle<Result<u64, StoreError>>>,
    line: u64,
    receipt: Receipt,
}

/// What is being filled.
struct Batch {
    insertion: Insertion,
    /// Of the batch, and not added yet: the values of many are remembered as seen at once.
    waiting: Vec<Event>,
    events: u64,
    begun: Instant,
}

impl Batch {
    async fn add_waiting(&mut self) -> Result<(), StoreError> {
        for event in self.waiting.drain(..) {
            self.insertion.add(&event).await?;
        }
        Ok(())
    }
}

impl Import<'_> {
    async fn run(&mut self, mut payload: web::Payload) -> Result<(), ImportError> {
        let mut waiting = Vec::new();
        // The line at hand is too long; it is rejected already and dropped up to its end.
        let mut dropping = false;
        let mut ended = false;
        while !ended {
            let patience = match &self.batch {
                Some(batch) => MAX_BATCH_AGE.saturating_sub(batch.begun.elapsed()),
                None => PIECE_TIMEOUT,
            };
            match timeout(patience, payload.next()).await {
                Ok(Some(Ok(piece))) => waiting.extend_from_slice(&piece),
                Ok(Some(Err(_))) => return Err(ImportError::Broken),
                Ok(None) => ended = true,
                Err(_) if self.batch.is_some() => self.begin_end().await?,
                Err(_) => return Err(ImportError::Broken),
            }
            let mut start = 0;
            while start < waiting.len() {
                let end = match waiting[start..].iter().position(|&byte| byte == b'\n') {
                    Some(length) => start + length,
                    None if ended => waiting.len(),
                    None => break,
                };
                if std::mem::take(&mut dropping) {
                    self.line += 1;
                } else {
                    self.take(&waiting[start..end]).await?;
                }
                start = end + 1;
            }
            waiting.drain(..start.min(waiting.len()));
            if waiting.len() > MAX_LINE_BYTES {
                if !dropping {
                    self.receipt.lines += 1;
                    self.reject(self.line + 1, line_too_long());
                }
                dropping = true;
                waiting.clear();
            }
        }
        self.begin_end().await?;
        self.await_end().await
    }

    async fn take(&mut self, line: &[u8]) -> Result<(), ImportError> {
        let line = if self.line == 0 { without_mark(line) } else { line };
        self.line += 1;
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(());
        }
        self.receipt.lines += 1;
        let event = match self.event(line) {
            Ok(event) => event,
            Err(rejection) => {
                self.reject(self.line, rejection);
                return Ok(());
            }
        };
        let event = self.check.identified(event).map_err(|error| ImportError::Shop(error.to_string()))?;
        if !self.check.shop.has_events {
            // Durably and before the first event: its day depends on the shop's time zone, which stays from now on.
            let marked = self.check.state.registry.mark_events(&self.check.shop.slug);
            let shop = marked.map_err(|error| ImportError::Shop(error.to_string()))?;
            self.check.shop = shop.ok_or_else(|| ImportError::Shop("the shop was removed".into()))?;
        }
        let batch = match &mut self.batch {
            Some(batch) => batch,
            empty => {
                let insertion = self.check.state.store.insertion().await?;
                empty.insert(Batch { insertion, waiting: Vec::new(), events: 0, begun: Instant::now() })
            }
        };
        batch.waiting.push(event);
        batch.events += 1;
        if batch.waiting.len() == MAX_WAITING {
            self.values.bound(&mut batch.waiting).await?;
            batch.add_waiting().await?;
        }
        if batch.events == MAX_BATCH_EVENTS || batch.begun.elapsed() >= MAX_BATCH_AGE {
            self.begin_end().await?;
        }
        Ok(())
    }

    /// The event of a line.
    fn event(&self, line: &[u8]) -> Result<Event, Rejection> {
        if line.len() > MAX_LINE_BYTES {
            return Err(line_too_long());
        }
        let told = WireEvent::of_line(line)?;
        let mut event = self.check.check(&told)?;
        let is_made = told.fields.id == Field::Absent;
        if told.fields.at == Field::Absent && (is_made || event.id.get_version_num() != 7) {
            return Err(Rejection::new(
                "at_required",
                "tell when it happened with `at`, or by a UUIDv7 as `id`",
            ));
        }
        if is_made {
            event.id = id_of(&self.check.shop.slug, line);
        }
        Ok(event)
    }

    /// Has the store begin with what the batch holds, once it has done the one before.
    async fn begin_end(&mut self) -> Result<(), ImportError> {
        self.await_end().await?;
        if let Some(mut batch) = self.batch.take() {
            self.values.bound(&mut batch.waiting).await?;
            batch.add_waiting().await?;
            self.values.write().await?;
            let Batch { insertion, events, .. } = batch;
            self.ending = Some(spawn(async move { insertion.end().await.map(|()| events) }));
        }
        Ok(())
    }

    async fn await_end(&mut self) -> Result<(), ImportError> {
        if let Some(ending) = self.ending.take() {
            self.receipt.imported += ending.await.map_err(|_| ImportError::Broken)??;
        }
        Ok(())
    }

    fn reject(&mut self, line: u64, Rejection { code, message }: Rejection) {
        if self.receipt.rejected.len() == MAX_LISTED {
            self.receipt.rejected_left_off += 1;
        } else {
            let code = code.to_owned();
            self.receipt.rejected.push(RejectedLine { line, code, message });
        }
    }
}

fn line_too_long() -> Rejection {
    Rejection::new("event_too_large", format!("a line may have at most {MAX_LINE_BYTES} bytes"))
}

/// The same for the same line of the same shop, so that an import that is repeated counts once.
fn id_of(shop: &str, line: &[u8]) -> Uuid {
    let hash = Sha256::new().chain_update(shop).chain_update([0]).chain_update(line).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Builder::from_custom_bytes(bytes).into_uuid()
}
