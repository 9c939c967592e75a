//! Access to the tables: the client of ClickHouse, and how the other modules of the store make their
//! requests. Every request has an end.

use super::connection::{self, Probe, StoreOptions};
use super::error::StoreError;
use crate::durations::Durations;
use clickhouse::Client;
use clickhouse::query::Query;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::RwLock;

/// A report may take this long; then it is given up.
const ASK_TIMEOUT: Duration = Duration::from_secs(30);
/// One thread, so that the share of time that the upkeep works is the share of a core that it takes.
const SETTINGS: [(&str, &str); 3] = [
    ("max_execution_time", "100"),
    ("max_threads", "1"),
    // Each piece of work is asked about once.
    ("use_query_condition_cache", "0"),
];
/// A piece of work may take this long.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Access to the tables. Clones share their connections.
#[derive(Clone)]
pub struct Store {
    pub(in crate::store) client: Client,
    pub(in crate::store) probe: Probe,
    pub(in crate::store) database: String,
    /// Held for reading while an insert ends, see [`Store::await_insertions`].
    pub(in crate::store) ending: Arc<RwLock<()>>,
    pub(in crate::store) times: Arc<Times>,
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

    pub(in crate::store) async fn all<T>(&self, question: Query) -> Result<Vec<T>, StoreError>
    where
        T: clickhouse::RowOwned + clickhouse::RowRead,
    {
        let asked = limited(question).fetch_all::<T>();
        match tokio::time::timeout(TIMEOUT, asked).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(StoreError::Away("it did not answer in time".into())),
        }
    }

    pub(in crate::store) async fn one<T>(&self, question: Query) -> Result<T, StoreError>
    where
        T: clickhouse::RowOwned + clickhouse::RowRead,
    {
        let row = self.all::<T>(question).await?.pop();
        row.ok_or_else(|| StoreError::Refused("a row was expected, and none came".into()))
    }

    pub(in crate::store) async fn work(&self, order: Query) -> Result<(), StoreError> {
        let done = limited(order).execute();
        match tokio::time::timeout(TIMEOUT, done).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(StoreError::Away("it did not answer in time".into())),
        }
    }

    pub(in crate::store) async fn insert_rows(&self, into: &str, rows: Vec<u8>) -> Result<(), StoreError> {
        let mut insert = self
            .client
            .insert_formatted_with(format!("INSERT INTO {into} FORMAT RowBinary"))
            .with_timeouts(Some(TIMEOUT), Some(TIMEOUT))
            .with_setting("async_insert", "0")
            .with_setting("insert_deduplicate", "0")
            .with_setting("max_partitions_per_insert_block", "0");
        insert.send(rows.into()).await?;
        Ok(insert.end().await?)
    }
}

fn limited(query: Query) -> Query {
    SETTINGS.into_iter().fold(query, |query, (name, value)| query.with_setting(name, value))
}

/// Gives a request up after [`ASK_TIMEOUT`].
pub(in crate::store) async fn in_time<T>(
    request: impl Future<Output = Result<T, clickhouse::error::Error>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(ASK_TIMEOUT, request).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(StoreError::Away("it did not answer in time".into())),
    }
}
