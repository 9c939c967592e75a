//! The engine's files: port, passwords and tokens, and where everything of an engine lies in its directory.
//! What ClickHouse itself reads is written by [`super::configuration`].

use super::configuration;
use crate::file;
use crate::secret::{fill_random, hex};
use crate::text::cut;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

pub const TRACKER: &str = "tracker";
pub const GRAFANA: &str = "grafana";
/// Holds the stack frames of a crash and what comes before them.
const LOG_TAIL_BYTES: u64 = 32 << 10;
const MAX_LAST_WORDS_CHARS: usize = 600;
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
    /// Reads or makes the engine's port, passwords and tokens, and writes ClickHouse's configuration. No
    /// engine may run on the directory.
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

    /// What the child said last that tells a reason, for a message.
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
        let text = match tail() {
            Ok(text) => text,
            Err(error) => return format!("its last words in {} cannot be read: {error}", path.display()),
        };
        let words = last_words(&text).unwrap_or("it said nothing");
        format!("last words in {}: {}", path.display(), cut(words.to_owned(), MAX_LAST_WORDS_CHARS))
    }
}

/// How lines begin, or what they hold, that ClickHouse writes around a crash and that tell no reason.
const NOISE: [&str; 9] = [
    "(version ",
    "Stack trace",
    "Sent by ",
    "Signal description",
    "Changed settings",
    "Cannot print extra info",
    "#####",
    "0x",
    "Received signal",
];
/// What a line holds that tells a reason.
const REASONS: [&str; 9] = [
    "Code: ",
    "Exception",
    "exception",
    "<Error>",
    "<Fatal>",
    "Cannot ",
    "terminate called",
    "what():",
    "shopfunnel: ",
];

/// The last line of a log that tells a reason, else the last that is no stack frame, else the last.
fn last_words(log: &str) -> Option<&str> {
    let lines = || log.lines().rev().map(told).filter(|line| !line.is_empty());
    let no_noise = || lines().filter(|line| !is_noise(line));
    let reason = no_noise().find(|line| REASONS.iter().any(|reason| line.contains(reason)));
    reason.or_else(|| no_noise().next()).or_else(|| lines().next())
}

/// A line without the announcement of the stack frames behind it.
fn told(line: &str) -> &str {
    let end = line.find(", Stack trace").unwrap_or(line.len());
    line[..end].trim()
}

fn is_noise(line: &str) -> bool {
    // Behind time, thread, query, level and the part of ClickHouse that writes.
    let message = match line.split_once("<Fatal> ").or_else(|| line.split_once("<Error> ")) {
        Some((_, behind)) => behind.split_once(':').map_or(behind, |(_, message)| message).trim(),
        None => line,
    };
    let is_frame = message.contains("@ 0x") || message.contains(" in ??");
    is_frame || message.is_empty() || NOISE.iter().any(|noise| message.starts_with(noise))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a start under `ulimit -v 900000`.
    const FEW_THREADS: &str = "\
2026.11.29 09:40:08.941627 [ 23554 ] {} <Fatal> BackgroundSchedulePool/BgSchPool: Couldn't get 2 threads from global thread pool: Not enough threads. Please make sure max_thread_pool_size is considerably bigger than background_schedule_pool_size.
2026.11.29 09:40:08.941925 [ 23556 ] {} <Fatal> ClientBase: ########## Short fault info ############
2026.11.29 09:40:08.941987 [ 23556 ] {} <Fatal> ClientBase: (version 26.7.2.1, build id: F9FB39B5, git hash: 7d84d719, architecture: x86_64) (from thread 23554) Received signal 6 (internal)
2026.11.29 09:40:08.941989 [ 23556 ] {} <Fatal> ClientBase: Signal description: Aborted
2026.11.29 09:40:08.941990 [ 23556 ] {} <Fatal> ClientBase: Sent by tkill.
2026.11.29 09:40:08.941999 [ 23556 ] {} <Fatal> ClientBase: Stack trace: 0x00007f6f381b6eed 0x00007f6f38167fb2
2026.11.29 09:40:08.942000 [ 23556 ] {} <Fatal> ClientBase: ########################################
2026.11.29 09:40:08.942009 [ 23556 ] {} <Fatal> ClientBase: 3. ? @ 0x00007f6f381b6eed
2026.11.29 09:40:08.942039 [ 23556 ] {} <Fatal> ClientBase: 28. ? @ 0x0000555728dd6651
";

    /// Of one under `ulimit -v 1300000`.
    const OUT_OF_MEMORY: &str = "\
2026.11.29 09:40:37.423688 [ 24091 ] {} <Fatal> ClientBase: (version 26.7.2.1, build id: F9FB39B5, git hash: 7d84d719) (from thread 24100) Terminate called for uncaught exception:
2026.11.29 09:40:37.423698 [ 24091 ] {} <Fatal> ClientBase: Code: 173. DB::ErrnoException: Allocator: Cannot malloc 1.00 MiB: , errno: 12, strerror: Cannot allocate memory. (CANNOT_ALLOCATE_MEMORY), Stack trace (when copying this message, always include the lines below):
2026.11.29 09:40:37.423700 [ 24091 ] {} <Fatal> ClientBase: 
2026.11.29 09:40:37.423704 [ 24091 ] {} <Fatal> ClientBase: 0. ? @ 0x00007f1591cfa4b3
2026.11.29 09:40:37.423723 [ 24091 ] {} <Fatal> ClientBase:  (version 26.7.2.1)
2026.11.29 09:40:37.423777 [ 24091 ] {} <Fatal> ClientBase: Sent by tkill.
2026.11.29 09:40:37.423783 [ 24091 ] {} <Fatal> ClientBase: 16. ? @ 0x00007f159c86e8ec
";

    /// Of one under `ulimit -n 45`, whose reason comes last.
    const FEW_FILES: &str = "\
31. ? @ 0x000055654fe15ab1

Code: 1001. DB::Exception: std::__1::filesystem::filesystem_error: filesystem error: in directory_iterator::directory_iterator(...): Too many open files [\"/sys/block\"]. (STD_EXCEPTION)
";

    #[test]
    fn the_last_words_are_the_reason_and_not_a_stack_frame() {
        let directory = tempfile::tempdir().unwrap();
        let settings = Settings::prepare(directory.path(), "shopfunnel", 1 << 30).unwrap();
        let said = |log: &str| {
            std::fs::write(directory.path().join("engine.log"), log).unwrap();
            let words = settings.log_tail(directory.path());
            words.split_once("engine.log: ").unwrap().1.to_owned()
        };
        for (log, reason) in [
            (FEW_THREADS, "Not enough threads. Please make sure"),
            (
                OUT_OF_MEMORY,
                "Cannot malloc 1.00 MiB: , errno: 12, strerror: Cannot allocate memory. (CANNOT_ALLOCATE_MEMORY)",
            ),
            (FEW_FILES, "Too many open files"),
            (
                "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n0x00007f01 in ?? ()\n",
                "std::bad_alloc",
            ),
            ("SELECT 1\nshopfunnel: dlopen failed\n", "shopfunnel: dlopen failed"),
            ("something else\n3. ? @ 0x00007f6f381b6eed\n", "something else"),
            ("3. ? @ 0x00007f6f381b6eed\n\n", "3. ? @ 0x00007f6f381b6eed"),
            ("", "it said nothing"),
        ] {
            let words = said(log);
            assert!(
                words.contains(reason) && !words.contains("Stack trace") && !words.contains('\n'),
                "{words}"
            );
        }
        // Frames with names are longer than what was read once.
        let frames: String =
            (0..40).map(|n| format!("{n}. {} @ 0x00007f6f381b6eed\n", "DB::f()".repeat(60))).collect();
        assert!(said(&format!("Code: 241. DB::Exception: memory limit\n{frames}")).contains("memory limit"));
        assert!(said(&format!("Code: 62. {}", "x".repeat(9_000))).len() < 700);
    }
}
