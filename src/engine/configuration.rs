//! What ClickHouse reads at its start: who may come in by its door, users with their rights, bounds of
//! memory.

use super::TOKEN_HEADER;
use super::settings::{self, GRAFANA, Settings, TRACKER};
use crate::secret::hex;
use sha2::{Digest, Sha256};
use std::path::Path;

/// Engines of the tables that the tracker makes.
const TABLE_ENGINES: [&str; 5] =
    ["MergeTree", "ReplacingMergeTree", "AggregatingMergeTree", "SummingMergeTree", "Memory"];
/// Rows that a statement of `default` may read. The one that keeps the process alive reads a row a second,
/// hence three years; anybody else's ends after a moment.
const DEFAULT_MAX_ROWS: u64 = 100_000_000;
const DEFAULT_MAX_BYTES: u64 = 100 << 20;
/// A question of Grafana.
const READER_MAX_BYTES: u64 = 1 << 30;

/// ClickHouse keeps up to 5 GiB of marks and gives none back when memory is short.
const MAX_MARK_CACHE_BYTES: u64 = 1 << 30;

/// The server's configuration.
///
/// ClickHouse answers on a port of loopback, which every process of the machine and every page in its
/// browsers can reach, and its user `default` has no password. So the door is shut before any user is asked
/// for: without a token in [`TOKEN_HEADER`] no handler matches, and the answer is 404. A page cannot send the
/// header, because ClickHouse answers no preflight.
pub fn server_xml(directory: &Path, settings: &Settings, max_memory_bytes: u64) -> String {
    let users = settings::users(directory);
    let rules: String = [&settings.tracker_token, &settings.grafana_token]
        .map(|token| {
            let header = format!("<headers><{TOKEN_HEADER}>{token}</{TOKEN_HEADER}></headers>");
            format!(
                "    <rule><url>/ping</url>{header}<handler><type>ping</type></handler></rule>\n    \
                 <rule>{header}<handler><type>dynamic_query_handler</type>\
                 <query_param_name>query</query_param_name></handler></rule>\n"
            )
        })
        .concat();
    format!(
        "<clickhouse>\n  <logger><level>error</level><console>1</console></logger>\n  \
         <users_config>{}</users_config>\n  \
         <max_server_memory_usage>{max_memory_bytes}</max_server_memory_usage>\n  \
         <mark_cache_size>{}</mark_cache_size>\n  \
         <http_handlers>\n{rules}  </http_handlers>\n</clickhouse>\n",
        xml_text(&users.to_string_lossy()),
        (max_memory_bytes / 8).min(MAX_MARK_CACHE_BYTES),
    )
}

/// Users, their rights and limits; `database` may end in `*`.
pub fn users_xml(settings: &Settings, database: &str) -> String {
    let engines: String = TABLE_ENGINES
        .map(|engine| format!("        <query>GRANT TABLE ENGINE ON {engine}</query>\n"))
        .concat();
    // The process's own session logs in as `default` without a password, so that user may do nothing but open
    // the listener and keep the process alive, and cannot raise its limits.
    format!(
        r#"<clickhouse>
  <profiles>
    <default></default>
    <own>
      <max_memory_usage>{DEFAULT_MAX_BYTES}</max_memory_usage>
      <max_rows_to_read>{DEFAULT_MAX_ROWS}</max_rows_to_read>
      <max_threads>1</max_threads>
      <max_concurrent_queries_for_user>2</max_concurrent_queries_for_user>
      <constraints>
        <max_memory_usage><const/></max_memory_usage>
        <max_rows_to_read><const/></max_rows_to_read>
        <max_threads><const/></max_threads>
        <max_concurrent_queries_for_user><const/></max_concurrent_queries_for_user>
      </constraints>
    </own>
    <reader>
      <readonly>1</readonly>
      <max_execution_time>10</max_execution_time>
      <max_memory_usage>{READER_MAX_BYTES}</max_memory_usage>
      <optimize_and_compare_chain>0</optimize_and_compare_chain>
      <optimize_aggregators_of_group_by_keys>0</optimize_aggregators_of_group_by_keys>
      <constraints><max_execution_time><changeable_in_readonly/></max_execution_time></constraints>
    </reader>
  </profiles>
  <quotas><default></default></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>own</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT SYSTEM LISTEN ON *.*</query>
        <query>GRANT SELECT ON system.numbers</query>
      </grants>
    </default>
    <{TRACKER}>
      <password_sha256_hex>{tracker}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>
        <query>GRANT ALL ON {database}.*</query>
        <query>GRANT SELECT ON system.detached_parts</query>
{engines}      </grants>
    </{TRACKER}>
    <{GRAFANA}>
      <password_sha256_hex>{grafana}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>reader</profile>
      <quota>default</quota>
      <grants><query>GRANT SELECT ON {database}.*</query></grants>
    </{GRAFANA}>
  </users>
</clickhouse>
"#,
        tracker = sha256(&settings.tracker_password),
        grafana = sha256(&settings.grafana_password),
    )
}

fn xml_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn sha256(password: &str) -> String {
    hex(&Sha256::digest(password.as_bytes()))
}
