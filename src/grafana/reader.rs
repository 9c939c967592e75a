//! A user of an external ClickHouse who reads one shop and nothing else, for a Grafana that its owner may
//! write SQL in.
//!
//! Written as statements, or as a file for the server's `users.d`. Rights are given table by table, each with
//! the rows of the shop alone, so that a table that is added later shows nothing.

use crate::secret::hex;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Tables that the views read. Every one of them has the column `shop`.
pub const TABLES: [&str; 13] = [
    "annotations",
    "conversation_events",
    "day_facts",
    "day_ledger",
    "event_log",
    "late_arrivals",
    "open_visitors",
    "order_events",
    "order_facts",
    "relations",
    "shops",
    "visitor_activity",
    "wide_dimensions",
];
/// What a server that is too old lets such a user see.
pub const UNGUARDED: &str = "the server must be ClickHouse 26.7.6.5 or later, or of 26.6, 26.5 and 26.3 at least 26.6.4.10, \
    26.5.8.18 and 26.3.22.6: before, the function mergeTreeIndex shows every user of a table the keys of \
    all its rows";
/// What one dashboard may cost: seconds and bytes of a question, questions of a minute, rows of an hour.
const MAX_SECONDS: u32 = 10;
const MAX_BYTES: u64 = 1 << 30;
const MAX_QUESTIONS: u32 = 600;
const MAX_ROWS: u64 = 5_000_000_000;

/// Whom to make.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    /// Where the views are.
    pub database: &'a str,
    /// Views of the database, which read with their reader's rights.
    pub views: &'a [&'a str],
    /// Slug.
    pub shop: &'a str,
    /// Of the user that is made.
    pub password: &'a str,
}

impl Reader<'_> {
    /// The user's name.
    pub fn user(&self) -> String {
        format!("grafana_{}", self.shop.replace('-', "_"))
    }

    /// Statements for a user who may make users. Running them again changes the password and nothing else.
    pub fn statements(&self) -> String {
        let Reader { database, shop, .. } = self;
        let (user, password) = (self.user(), self.password_hash());
        let mut text = format!(
            "CREATE SETTINGS PROFILE IF NOT EXISTS shopfunnel_reader SETTINGS readonly = 1,\n  \
             max_execution_time = {MAX_SECONDS} CHANGEABLE_IN_READONLY, max_memory_usage = {MAX_BYTES}, \
             use_query_cache = 0;\n\
             CREATE USER IF NOT EXISTS {user} IDENTIFIED WITH sha256_hash BY '{password}' \
             SETTINGS PROFILE 'shopfunnel_reader';\n\
             ALTER USER {user} IDENTIFIED WITH sha256_hash BY '{password}';\n\
             CREATE QUOTA IF NOT EXISTS shopfunnel_reader_{user} FOR INTERVAL 1 minute MAX queries = \
             {MAX_QUESTIONS},\n  FOR INTERVAL 1 hour MAX read_rows = {MAX_ROWS} TO {user};\n"
        );
        for table in TABLES {
            let _ = writeln!(
                text,
                "CREATE ROW POLICY IF NOT EXISTS {user}_reads ON {database}.{table} USING shop = '{shop}' \
                TO {user};"
            );
        }
        for name in TABLES.iter().chain(self.views) {
            let _ = writeln!(text, "GRANT SELECT ON {database}.{name} TO {user};");
        }
        text
    }

    /// The same as a file for `users.d`.
    pub fn xml(&self) -> String {
        let Reader { database, shop, .. } = self;
        let (user, password) = (self.user(), self.password_hash());
        let policies: String = TABLES
            .map(|table| format!("          <{table}><filter>shop = '{shop}'</filter></{table}>\n"))
            .concat();
        let grants: String = TABLES
            .iter()
            .chain(self.views)
            .map(|name| format!("        <query>GRANT SELECT ON {database}.{name}</query>\n"))
            .collect();
        format!(
            "<clickhouse>
  <profiles>
    <shopfunnel_reader>
      <readonly>1</readonly>
      <max_execution_time>{MAX_SECONDS}</max_execution_time>
      <max_memory_usage>{MAX_BYTES}</max_memory_usage>
      <use_query_cache>0</use_query_cache>
      <constraints><max_execution_time><changeable_in_readonly/></max_execution_time></constraints>
    </shopfunnel_reader>
  </profiles>
  <quotas>
    <shopfunnel_{user}>
      <interval><duration>60</duration><queries>{MAX_QUESTIONS}</queries></interval>
      <interval><duration>3600</duration><read_rows>{MAX_ROWS}</read_rows></interval>
    </shopfunnel_{user}>
  </quotas>
  <users>
    <{user}>
      <password_sha256_hex>{password}</password_sha256_hex>
      <networks><ip>::/0</ip></networks>
      <profile>shopfunnel_reader</profile>
      <quota>shopfunnel_{user}</quota>
      <databases>
        <{database}>
{policies}        </{database}>
      </databases>
      <grants>
{grants}      </grants>
    </{user}>
  </users>
</clickhouse>
"
        )
    }

    fn password_hash(&self) -> String {
        hex(&Sha256::digest(self.password.as_bytes()))
    }
}
