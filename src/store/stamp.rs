//! Whether the store still holds what it was given.

use super::client::{Store, in_time};
use super::error::StoreError;

/// Another table under the same name, or parts that were found broken and put aside, mean that rows are gone.
const STAMP: &str = "SELECT \
    (SELECT toString(any(uuid)) FROM system.tables WHERE database = currentDatabase() AND name = 'event_log') \
    AS tables, (SELECT count() FROM system.detached_parts WHERE database = currentDatabase() AND reason \
    LIKE 'broken%') AS broken";

impl Store {
    /// A word that changes when the store has lost rows: a table was made anew, or broken parts were put
    /// aside. A server that does not let us look gives an empty one.
    ///
    /// # Errors
    /// Away: ask again later.
    pub async fn stamp(&self) -> Result<String, StoreError> {
        let mut rows = self.client.query_raw(STAMP).fetch_bytes("TSV")?;
        match in_time(rows.collect()).await {
            Ok(row) => Ok(String::from_utf8_lossy(&row).trim().replace('\t', " ")),
            Err(error) if error.is_away() => Err(error),
            Err(error) => {
                tracing::warn!(%error, "broken parts cannot be looked for");
                Ok(String::new())
            }
        }
    }
}
