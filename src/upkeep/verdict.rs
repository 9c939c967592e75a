//! What verifying a ledger finds, or why it finds nothing.

use super::error::UpkeepError;
use crate::funnel::Window;
use crate::store::StoreError;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

/// A request to verify a shop.
#[derive(Debug)]
pub(super) struct VerifyRequest {
    pub shop: String,
    pub window: Option<Window>,
    pub mends: bool,
    pub reply: oneshot::Sender<Result<Verdict, VerifyError>>,
}

/// What was found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Visitors and orders looked at.
    pub looked_at: u64,
    /// Rows of the ledger looked at.
    pub rows: u64,
    /// Orders and visitors' days that were written down otherwise than they are.
    pub wrong_facts: u64,
    /// Rows of the ledger that were not the sum of what was written down.
    pub wrong_rows: u64,
    /// All of that is right now.
    pub mended: bool,
}

impl Verdict {
    /// Whether everything was as it must be.
    pub fn is_right(&self) -> bool {
        self.wrong_facts + self.wrong_rows == 0
    }
}

/// Why a shop could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The store is away, or refuses.
    #[error("{0}; try again when the store is back")]
    Store(String),
    /// Every look found other visitors changed.
    #[error("its visitors change faster than they can be looked at; try again at a quieter time")]
    Restless,
    /// No row of the ledger can have it.
    #[error("{0} is no day of the ledger; name days from 1970-01-01 to 2149-06-06")]
    Day(NaiveDate),
    /// Nobody will answer any more.
    #[error("the server is stopping")]
    Stopping,
}

impl From<UpkeepError> for VerifyError {
    fn from(error: UpkeepError) -> VerifyError {
        VerifyError::Store(error.to_string())
    }
}

impl From<StoreError> for VerifyError {
    fn from(error: StoreError) -> VerifyError {
        VerifyError::Store(error.to_string())
    }
}
