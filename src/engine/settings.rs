//! The engine's files: port, passwords and tokens, and where everything of an engine lies in its directory. What ClickHouse
//! itself reads is written by [`super::configuration`].

use super::configuration;
use crate::file;
use crate::secret::{fill_random, hex};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

pub const TRACKER: &str = "tracker";
pub const GRAFANA: &str = "grafana";
const LOG_TAIL_BYTES: u64 = 2_048;
/// Past this the log of earlier runs is dropped at start.
const MAX_LOG_BYTES: u64 = 16 << 20;

/// A user of the engine, and what opens the engine's door to that user.
#[derive(Clone)]
pub struct Login {
    pub user: String,
    pub password: String,
    /// Sent as the header [`super::TOKEN_HEADER`] with every request.
    pub token: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What is made once per data directory; the tracker's token at every start.
#[derive(Clone, Serialize, Deserialize)]
pub struct Settings {
    http_port: u16,
    pub(super) tracker_password: String,
    pub(super) grafana_password: String,
    /// Empty in a directory from before there were tokens, until the next start.
    #[serde(default)]
    pub(super) tracker_token: String,
    #[serde(default)]
    pub(super) grafana_token: String,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("http_port", &self.http_port).finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads or makes the engine's port, passwords and tokens, and writes ClickHouse's configuration. No engine may run on
    /// the directory.
    pub fn prepare(directory: &Path, database: &str, max_memory_bytes: u64) -> io::Result<Settings> {
        file::create_private_directory(&data(directory))?;
        let mut settings = match Settings::read(directory) {
            Ok(settings) => settings,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Settings {
                http_port: free_port()?,
                tracker_password: secret(),
                grafana_password: secret(),
                tracker_token: String::new(),
                grafana_token: String::new(),
            },
            Err(error) => return Err(error),
        };
        // Whoever saw the token of an earlier run has nothing of it.
        settings.tracker_token = secret();
        if settings.grafana_token.is_empty() {
            settings.grafana_token = secret();
        }
        settings.choose_free_port()?;
        settings.write(directory)?;
        file::replace(
            &configuration(directory),
            configuration::server_xml(directory, &settings, max_memory_bytes).as_bytes(),
        )?;
        file::replace(&users(directory), configuration::users_xml(&settings, database).as_bytes())?;
        Ok(settings)
    }

    /// What was made for a directory before.
    pub fn read(directory: &Path) -> io::Result<Settings> {
        Ok(serde_json::from_slice(&std::fs::read(directory.join("engine.json"))?)?)
    }

    fn write(&self, directory: &Path) -> io::Result<()> {
        file::replace(&directory.join("engine.json"), &serde_json::to_vec_pretty(self)?)
    }

    pub fn http_port(&self) -> u16 {
        self.http_port
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http_port)
    }

    pub fn tracker(&self) -> Login {
        Login {
            user: TRACKER.into(),
            password: self.tracker_password.clone(),
            token: self.tracker_token.clone(),
        }
    }

    pub fn reader(&self) -> Login {
        Login {
            user: GRAFANA.into(),
            password: self.grafana_password.clone(),
            token: self.grafana_token.clone(),
        }
    }

    /// The port's owner may have changed since the last start; a data source that points at the old port must
    /// then be changed, so the move is said aloud.
    fn choose_free_port(&mut self) -> io::Result<()> {
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
        Ok(())
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

fn secret() -> String {
    let mut random = [0; 24];
    fill_random(&mut random);
    hex(&random)
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
