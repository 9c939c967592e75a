//! The engine's files: port and passwords that stay the same over restarts, and ClickHouse's own settings.

use crate::file;
use crate::secret::{fill_random, hex};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const TRACKER: &str = "tracker";
const GRAFANA: &str = "grafana";
const LOG_TAIL_BYTES: u64 = 2_048;
/// Past this the log of earlier runs is dropped at start.
const MAX_LOG_BYTES: u64 = 16 << 20;

/// A user of the engine.
#[derive(Debug, Clone)]
pub struct Login {
    pub user: String,
    pub password: String,
}

/// What is made once per data directory.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Settings {
    http_port: u16,
    tracker_password: String,
    grafana_password: String,
}

impl Settings {
    /// Reads or makes the engine's port and passwords, and writes its configuration for `database`.
    pub fn prepare(directory: &Path, database: &str) -> io::Result<Settings> {
        file::create_private_directory(&data(directory))?;
        let path = directory.join("engine.json");
        let settings = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let settings = Settings {
                    http_port: free_port()?,
                    tracker_password: password(),
                    grafana_password: password(),
                };
                file::replace(&path, &serde_json::to_vec_pretty(&settings)?)?;
                settings
            }
            Err(error) => return Err(error),
        };
        file::replace(&configuration(directory), configuration_xml(directory).as_bytes())?;
        file::replace(&users(directory), settings.users_xml(database).as_bytes())?;
        Ok(settings)
    }

    /// What was made for a directory before.
    pub fn read(directory: &Path) -> io::Result<Settings> {
        Ok(serde_json::from_slice(&std::fs::read(directory.join("engine.json"))?)?)
    }

    pub fn http_port(&self) -> u16 {
        self.http_port
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http_port)
    }

    pub fn tracker(&self) -> Login {
        Login { user: TRACKER.into(), password: self.tracker_password.clone() }
    }

    pub fn reader(&self) -> Login {
        Login { user: GRAFANA.into(), password: self.grafana_password.clone() }
    }

    /// The port's owner may have changed since the last start; a data source that points at the old port must
    /// then be changed, so the move is said aloud.
    pub fn choose_free_port(&mut self, directory: &Path) -> io::Result<()> {
        if TcpListener::bind(("127.0.0.1", self.http_port)).is_ok() {
            return Ok(());
        }
        let taken = self.http_port;
        self.http_port = free_port()?;
        tracing::warn!(
            taken,
            now = self.http_port,
            "the engine's port is taken by another program; it moves"
        );
        file::replace(&directory.join("engine.json"), &serde_json::to_vec_pretty(self)?)
    }

    /// The file that the child writes its output to.
    pub fn log_file(&self, directory: &Path) -> io::Result<File> {
        let path = directory.join("engine.log");
        let grown = std::fs::metadata(&path).is_ok_and(|metadata| metadata.len() > MAX_LOG_BYTES);
        let mut options = OpenOptions::new();
        options.create(true).mode(0o600);
        if grown { options.write(true).truncate(true) } else { options.append(true) }.open(path)
    }

    /// The last line or two of the child's output, for a message.
    pub fn log_tail(&self, directory: &Path) -> String {
        let path = directory.join("engine.log");
        let tail = || -> io::Result<String> {
            let mut file = File::open(&path)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)))?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        let text = tail().unwrap_or_default();
        let line =
            text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it said nothing");
        format!("last words in {}: {line}", path.display())
    }

    fn users_xml(&self, database: &str) -> String {
        let engines: String =
            ["MergeTree", "ReplacingMergeTree", "AggregatingMergeTree", "SummingMergeTree", "Memory"]
                .map(|engine| format!("        <query>GRANT TABLE ENGINE ON {engine}</query>\n"))
                .concat();
        // The process's own session logs in as `default` without a password, so that user may do nothing but
        // open the listener and keep the process alive.
        format!(
            r#"<clickhouse>
  <profiles>
    <default></default>
    <reader>
      <readonly>1</readonly>
      <max_execution_time>10</max_execution_time>
      <max_memory_usage>1073741824</max_memory_usage>
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
      <profile>default</profile>
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
            tracker = sha256(&self.tracker_password),
            grafana = sha256(&self.grafana_password),
        )
    }
}

/// ClickHouse's data below the engine's directory.
pub fn data(directory: &Path) -> PathBuf {
    directory.join("data")
}

/// ClickHouse's configuration file.
pub fn configuration(directory: &Path) -> PathBuf {
    directory.join("config.xml")
}

/// Locked by the child for as long as it lives.
pub fn lock_file(directory: &Path) -> io::Result<File> {
    file::open_private(&directory.join("engine.lock"))
}

/// Users, their grants and profiles; `users.d` beside it adds to them.
pub fn users(directory: &Path) -> PathBuf {
    directory.join("users.xml")
}

fn configuration_xml(directory: &Path) -> String {
    let users = users(directory);
    format!(
        "<clickhouse>\n  <logger><level>error</level><console>1</console></logger>\n  \
         <users_config>{}</users_config>\n</clickhouse>\n",
        xml_text(&users.to_string_lossy())
    )
}

fn xml_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn password() -> String {
    let mut random = [0; 24];
    fill_random(&mut random);
    hex(&random)
}

fn sha256(password: &str) -> String {
    hex(&Sha256::digest(password.as_bytes()))
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
