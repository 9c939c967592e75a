//! What others see of the upkeep, and how they ask it to hurry or to verify.

use super::verdict::{Verdict, VerifyError, VerifyRequest};
use crate::funnel::Window;
use crate::spool::Position;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Notify, mpsc, oneshot, watch};

/// How far the ledger is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settled {
    /// Everything shipped before this is in the ledger.
    pub shipped: Position,
    /// Epoch milliseconds: what arrived before is in the ledger, give or take the length of a request.
    pub fresh_until_ms: i64,
    /// Nothing was queued when the queue was last looked at.
    pub is_idle: bool,
    /// Of those who asked, how many were served.
    pub(super) served: u64,
}

/// What others see of the upkeep, and how they ask it to hurry.
#[derive(Debug, Clone)]
pub struct UpkeepHandle {
    pub(super) wanted: Arc<AtomicU64>,
    pub(super) wake: Arc<Notify>,
    pub(super) settled: watch::Receiver<Settled>,
    pub(super) requests: mpsc::Sender<VerifyRequest>,
    pub(super) holds: watch::Sender<usize>,
}

/// Somebody is about to write much, see [`UpkeepHandle::hold`].
#[derive(Debug)]
pub struct Hold(watch::Sender<usize>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.send_modify(|holds| *holds -= 1);
    }
}

impl UpkeepHandle {
    /// Waits until everything that is in the store now is in the ledger.
    ///
    /// # Errors
    /// The upkeep has ended.
    pub async fn settle(&self) -> Result<(), watch::error::RecvError> {
        let wanted = self.wanted.fetch_add(1, Ordering::SeqCst) + 1;
        self.wake.notify_one();
        self.settled.clone().wait_for(|settled| settled.served >= wanted).await.map(drop)
    }

    /// Has the upkeep work less often until the answer is dropped: who changes again and again meanwhile is
    /// then found once.
    pub fn hold(&self) -> Hold {
        self.holds.send_modify(|holds| *holds += 1);
        Hold(self.holds.clone())
    }

    /// How far it is.
    pub fn settled(&self) -> Settled {
        *self.settled.borrow()
    }

    /// Compares the ledger of a shop with what follows from its events, for rows of the days of `window` or
    /// all; `mends` puts right what is wrong.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub async fn verify(
        &self,
        shop: &str,
        window: Option<Window>,
        mends: bool,
    ) -> Result<Verdict, VerifyError> {
        let (reply, answer) = oneshot::channel();
        let request = VerifyRequest { shop: shop.to_owned(), window, mends, reply };
        self.requests.send(request).await.map_err(|_| VerifyError::Stopping)?;
        self.wake.notify_one();
        answer.await.map_err(|_| VerifyError::Stopping)?
    }
}
