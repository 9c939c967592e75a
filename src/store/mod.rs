//! The only module that speaks ClickHouse: migrate, insert, ask.
//!
//! It does not know where the server comes from (embedded or external), nothing of HTTP requests and nothing
//! of the spool. Settings that a promise depends on are sent with the request, because servers' defaults differ
//! and move; every request has an end.

mod annotations;
mod ask;
mod batch;
mod cohorts;
mod connection;
mod events;
mod forget;
mod funnel;
mod inquiries;
mod insert;
mod ledger;
mod ledger_rows;
mod lists;
#[allow(missing_docs, reason = "their names and types say what their items are")]
mod migrate;
mod orders;
mod rows;
mod seen_values;
mod shops;
mod stamp;
mod views;

pub use annotations::Annotation;
pub use batch::Batch;
pub use connection::OLDEST_SERVER;
pub use events::{PathPosition, VisitorHead};
pub use forget::Traces;
pub use funnel::{Groups, Row};
pub use inquiries::{LostInquiries, LostInquiry, LostPage, LostPlace};
pub use insert::Insertion;
pub use ledger::{Piece, QueuePart};
pub use migrate::Divergence;
pub use seen_values::{Brought, Seen, SeenRow, hash_of};
pub use shops::{RulesRow, ShopRow};

use crate::durations::Durations;
use clickhouse::Client;
use connection::Probe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::RwLock;

/// A report may take this long; then it is given up.
const ASK_TIMEOUT: Duration = Duration::from_secs(30);

/// Where the tables are.
#[derive(Clone)]
pub struct StoreOptions {
    /// `http://host:port` or `https://host:port`.
    pub url: String,
    /// PEM file of the CA that is believed with `https://`; the system's when absent.
    pub ca_file: Option<PathBuf>,
    /// Who reads and writes.
    pub user: String,
    /// Theirs.
    pub password: String,
    /// Names and values of headers that every request carries.
    pub headers: Vec<(String, String)>,
    /// Made by [`Store::migrate`] when it is missing.
    pub database: String,
}

impl std::fmt::Debug for StoreOptions {
    /// Without the secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreOptions")
            .field("url", &self.url)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached or did not answer in time. The same call may work later.
    #[error("ClickHouse is away: {0}")]
    Away(String),
    /// It cannot be the server that is meant. The same call works only after the settings, or the server, were changed.
    #[error("{0}")]
    Unusable(String),
    /// It answered with an error. The same call will fail again.
    #[error("ClickHouse refused: {0}")]
    Refused(String),
    /// It refused the insert for what a row holds. The other rows will be taken without it.
    #[error("ClickHouse refused a row: {0}")]
    Poisoned(String),
    /// The tables are not those of this version.
    #[error(transparent)]
    Diverged(#[from] Divergence),
}

impl StoreError {
    /// Whether waiting may help.
    pub fn is_away(&self) -> bool {
        matches!(self, StoreError::Away(_) | StoreError::Unusable(_))
    }

    /// Whether waiting helps only when somebody changes something meanwhile.
    pub fn is_unusable(&self) -> bool {
        matches!(self, StoreError::Unusable(_))
    }
}

impl From<clickhouse::error::Error> for StoreError {
    fn from(error: clickhouse::error::Error) -> StoreError {
        use clickhouse::error::Error;
        match error {
            Error::Network(cause) => connection::failed(&*cause),
            Error::TimedOut => StoreError::Away("it did not answer in time".into()),
            Error::BadResponse(text) => answered(text),
            other => StoreError::Refused(other.to_string()),
        }
    }
}

/// What an error that the server answered means.
fn answered(text: String) -> StoreError {
    if is_passing(&text) {
        StoreError::Away(text)
    } else if POISON.contains(&code(&text).unwrap_or(0)) {
        StoreError::Poisoned(text)
    } else {
        StoreError::Refused(format!("bad response: {text}"))
    }
}

/// Whether an error answer is about the server's state and not about the request: no error of ClickHouse at all (a
/// proxy's), or one that passes.
fn is_passing(text: &str) -> bool {
    /// TIMEOUT_EXCEEDED, TOO_MANY_SIMULTANEOUS_QUERIES, SOCKET_TIMEOUT, NETWORK_ERROR, MEMORY_LIMIT_EXCEEDED,
    /// TABLE_IS_READ_ONLY, NOT_ENOUGH_SPACE, TOO_MANY_PARTS, KEEPER_EXCEPTION.
    const PASSING: [u32; 9] = [159, 202, 209, 210, 241, 242, 243, 252, 999];
    code(text).is_none_or(|code| PASSING.contains(&code))
}

/// INCORRECT_DATA, TOO_LARGE_STRING_SIZE, VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE, CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN,
/// DECIMAL_OVERFLOW, VIOLATED_CONSTRAINT. Only what is surely a row's fault: a row is set aside for it.
const POISON: [u32; 6] = [117, 131, 321, 349, 407, 469];

/// The number of ClickHouse's error, when the answer is one.
fn code(text: &str) -> Option<u32> {
    text.strip_prefix("Code: ")?.split('.').next()?.parse().ok()
}

/// The innermost cause, which is the one that says something ("connection refused").
fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Access to the tables. Clones share their connections.
#[derive(Clone)]
pub struct Store {
    client: Client,
    probe: Probe,
    database: String,
    /// Held for reading while an insert ends, see [`Store::await_insertions`].
    ending: Arc<RwLock<()>>,
    times: Arc<Times>,
}

/// How long ClickHouse took.
#[derive(Debug, Default)]
pub struct Times {
    /// Inserts of events, from the last row to the end.
    pub inserts: Durations,
    /// Questions, their answers' bytes included.
    pub questions: Durations,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("database", &self.database).finish_non_exhaustive()
    }
}

impl Store {
    /// Connects lazily: nothing is sent before the first call.
    ///
    /// # Errors
    /// Unusable: with `https://`, no CA is known whose word for the server could be taken.
    pub fn new(options: StoreOptions) -> Result<Store, StoreError> {
        let (client, probe) = connection::connect(&options)?;
        let times = Arc::default();
        Ok(Store { client, probe, database: options.database, ending: Arc::default(), times })
    }

    /// How long inserts and questions took.
    pub fn times(&self) -> &Times {
        &self.times
    }

    /// Whether the server answers.
    ///
    /// # Errors
    /// It is away, or refuses the user.
    pub async fn ping(&self) -> Result<(), StoreError> {
        in_time(self.client.clone().with_database("").query_raw("SELECT 1").execute()).await
    }
}

/// Gives a request up after [`ASK_TIMEOUT`].
async fn in_time<T>(
    request: impl Future<Output = Result<T, clickhouse::error::Error>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(ASK_TIMEOUT, request).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(StoreError::Away("it did not answer in time".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_that_pass_are_worth_waiting_for() {
        for (text, passing) in [
            ("Code: 241. DB::Exception: Memory limit exceeded", true),
            ("Code: 252. DB::Exception: Too many parts", true),
            ("502 Bad Gateway", true),
            ("Code: 62. DB::Exception: Syntax error", false),
            ("Code: 497. DB::Exception: tracker: Not enough privileges", false),
        ] {
            assert_eq!(is_passing(text), passing, "{text}");
        }
    }
}
