//! Tables brought up to this version: numbered statements, each run once, and the views, replaced where their
//! text differs.
//!
//! What to run is decided by a pure function over what was run and what is known. Every statement is safe to
//! run twice, because ClickHouse has no transaction that would hold it together with its entry in the list.

pub(super) mod history;
mod rebuild;

use crate::store::ask::views::{self, sql_files};
use crate::store::client::{Store, in_time};
use crate::store::error::StoreError;
use clickhouse::Row;
use history::{Applied, checksum, dropped_by, made_by, pending};
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub use history::Divergence;

/// Statements in order of their number. Never edited after a release: add the next one.
const MIGRATIONS: &[(&str, &str)] = sql_files!("migrations":
    "0001_events",
    "0002_orders",
    "0003_visitor_days",
    "0004_orders_from_events",
    "0005_visitor_days_from_events",
    "0006_events_bot",
    "0007_visitor_days_without_bots",
    "0008_events_enriched",
    "0009_visitor_days_values",
    "0010_visitor_days_values_from_events",
    "0011_orders_customer",
    "0012_orders_customer_from_events",
    "0013_late_arrivals",
    "0014_late_arrivals_from_events",
    "0015_events_indexes",
    "0016_links",
    "0017_links_from_events",
    "0018_ledger_changes",
    "0019_ledger_changes_from_events",
    "0020_order_facts",
    "0021_day_facts",
    "0022_day_ledger",
    "0023_open_visitors",
    "0024_wide_dimensions",
    "0025_ledger_rules",
    "0026_ledger_orders",
    "0027_ledger_visitors",
    "0028_ledger_keys",
    "0029_annotations",
    "0030_shops",
    "0031_ledger_cohorts",
    "0032_ledger_keys",
    "0033_view_texts",
    "0034_seen_values",
    "0035_seen_values_of_before",
    "0036_event_log",
    "0037_order_events",
    "0038_conversation_events",
    "0039_visitor_activity",
    "0040_relations",
    "0041_ledger_changes_conversation",
    "0042_order_facts_money",
    "0043_day_facts_money",
    "0044_ledger_money",
    "0045_ledger_keys",
    "0046_ledger_conversations",
    "0047_rebuilt",
    "0048_drop_old_tables",
    "0049_event_log_parts",
);
/// Statements that a later one makes without effect, and that cannot run after it: of a database that does not
/// have them yet they are left out.
const SUPERSEDED: [&str; 1] = ["0031_ledger_cohorts"];
/// Before this statement runs, what it drops is made anew.
const DROPS_REBUILT: &str = "0048_drop_old_tables";

/// A migration may read months of a large shop; events wait in the spool meanwhile.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(1_800);

const HISTORY: &str = "CREATE TABLE IF NOT EXISTS migrations \
    (name String, checksum String, applied_at DateTime DEFAULT now()) \
    ENGINE = ReplacingMergeTree ORDER BY name";

/// When to make tables of an earlier version anew, which takes minutes of a large shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebuild {
    /// In the call.
    Now,
    /// In a later call: this one ends with an error that says so.
    Later,
}

/// A view, and the text it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize, Deserialize)]
struct Made {
    name: String,
    checksum: String,
}

impl Store {
    /// Makes the database, the tables and the views what this version expects.
    ///
    /// # Errors
    /// Away: call again later, what ran stays. Unusable: the server is none of our kind. Diverged: the tables
    /// belong to another version.
    pub async fn migrate(&self, rebuild: Rebuild) -> Result<(), StoreError> {
        self.probe.check().await?;
        let create = format!("CREATE DATABASE IF NOT EXISTS `{}`", self.database.replace('`', ""));
        let created = in_time(self.client.clone().with_database("").query_raw(&create).execute()).await;
        if let Err(error) = created
            // A user of an external server may own its database without being allowed to make one.
            && (error.is_away() || self.run("SELECT 1").await.is_err())
        {
            return Err(error);
        }
        self.run(HISTORY).await?;
        self.forget_history_of_the_missing().await?;
        let applied = in_time(
            self.client
                .query_raw("SELECT name, checksum FROM migrations FINAL ORDER BY name")
                .fetch_all::<Applied>(),
        )
        .await?;
        for (name, statement) in pending(&applied, MIGRATIONS)? {
            if name == DROPS_REBUILT {
                if rebuild == Rebuild::Later && self.to_rebuild().await? > 0 {
                    return Err(StoreError::Away("its tables are to be made anew first".into()));
                }
                self.rebuild().await?;
            }
            if !SUPERSEDED.contains(&name) {
                self.change(statement).await?;
            }
            in_time(async {
                let mut insert =
                    self.client.insert::<Applied>("migrations").await?.with_setting("async_insert", "0");
                insert.write(&Applied { name: name.into(), checksum: checksum(statement) }).await?;
                insert.end().await
            })
            .await?;
            tracing::info!(name, "migrated");
        }
        self.make_views().await
    }

    /// Has everything run again where a table is gone although it was made: a full disk may have cut what
    /// ClickHouse knew of it. Later statements change what earlier ones made, so none may be left out, and
    /// the history tells a start that is interrupted where it was.
    async fn forget_history_of_the_missing(&self) -> Result<(), StoreError> {
        let ran =
            in_time(self.client.query_raw("SELECT DISTINCT name FROM migrations").fetch_all::<String>())
                .await?;
        let there = self.names().await?;
        let made = MIGRATIONS.iter().filter(|(name, _)| ran.iter().any(|ran| ran == name));
        let made = made.filter_map(|(_, statement)| made_by(statement));
        let dropped: Vec<&str> = MIGRATIONS
            .iter()
            .filter(|(name, _)| ran.iter().any(|ran| ran == name))
            .flat_map(|(_, statement)| dropped_by(statement))
            .collect();
        let made = made.filter(|table| !dropped.contains(table));
        let missing: Vec<&str> = made.filter(|name| !there.iter().any(|found| found == name)).collect();
        if !missing.is_empty() {
            tracing::error!(tables = missing.join(", "), "tables are missing and are made again");
            self.run("TRUNCATE TABLE migrations").await?;
        }
        Ok(())
    }

    /// Names of all tables and views of the database.
    async fn names(&self) -> Result<Vec<String>, StoreError> {
        const NAMES: &str = "SELECT name FROM system.tables WHERE database = currentDatabase()";
        in_time(self.client.query_raw(NAMES).fetch_all::<String>()).await
    }

    /// Makes the views that are missing, or were made from another text. Replacing writes files, which a disk
    /// may have no room for, so nothing is replaced without need.
    async fn make_views(&self) -> Result<(), StoreError> {
        const MADE: &str = "SELECT name, checksum FROM view_texts FINAL";
        let made = in_time(self.client.query_raw(MADE).fetch_all::<Made>()).await?;
        let there = self.names().await?;
        for (name, statement) in views::statements() {
            let view = Made { name: name.into(), checksum: checksum(&statement) };
            if made.contains(&view) && there.contains(&view.name) {
                continue;
            }
            self.run(&statement).await?;
            in_time(async {
                let mut insert =
                    self.client.insert::<Made>("view_texts").await?.with_setting("async_insert", "0");
                insert.write(&view).await?;
                insert.end().await
            })
            .await?;
        }
        Ok(())
    }

    /// Runs a statement that may go through everything that is stored.
    async fn change(&self, statement: &str) -> Result<(), StoreError> {
        match tokio::time::timeout(CHANGE_TIMEOUT, self.client.query_raw(statement).execute()).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(StoreError::Away("a migration did not end in time".into())),
        }
    }

    async fn run(&self, statement: &str) -> Result<(), StoreError> {
        in_time(self.client.query_raw(statement).execute()).await
    }
}

/// Names of the files in a folder of `sql`, in order.
#[cfg(test)]
pub(super) fn listed(folder: &str) -> Vec<String> {
    let directory = format!("{}/sql/{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .unwrap()
        .filter_map(|entry| {
            entry.unwrap().file_name().into_string().unwrap().strip_suffix(".sql").map(str::to_owned)
        })
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_statement_makes_is_known_by_name() {
        let made: Vec<&str> = MIGRATIONS.iter().filter_map(|(_, statement)| made_by(statement)).collect();
        let making = MIGRATIONS
            .iter()
            .filter(|(_, statement)| statement.contains("CREATE ") && statement.contains("IF NOT EXISTS"));
        assert_eq!(made.len(), making.count());
        assert!(made.contains(&"events") && made.contains(&"visitor_days_from_events"), "{made:?}");
    }

    #[test]
    fn every_migration_is_listed_once_and_in_order() {
        let names: Vec<&str> = MIGRATIONS.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, listed("migrations"));
    }
}
