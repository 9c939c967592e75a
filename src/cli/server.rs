//! The way to a data directory: through the server that runs on it, or to its files when none runs.

use super::TypedWrong;
use crate::app::{DataDirLock, LockError};
use crate::http::admin::{Door, Refusal, door_file};
use anyhow::Context;
use reqwest::RequestBuilder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

const SERVER_TIMEOUT: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(5);
const PROBE_TIMEOUT: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(50);

/// How a data directory was reached.
pub enum Reached<T> {
    /// The server's answer.
    Server(T),
    /// No server runs; the files are ours while this is held.
    Files(DataDirLock),
}

/// The command wants a running server, and none runs on the data directory.
#[derive(Debug, thiserror::Error)]
#[error(
    "no server runs on {}; start it with `shopfunnel serve`, then run the same command again",
    .0.display()
)]
pub struct NoServer(PathBuf);

/// Asks the server of a data directory, or takes the directory when none runs.
///
/// # Errors
/// [`TypedWrong`] when the server says so; the server or the directory cannot be used.
pub async fn reach<T: DeserializeOwned>(
    data_dir: &Path,
    path: &str,
    body: &impl Serialize,
) -> anyhow::Result<Reached<T>> {
    knock(data_dir, async |door| post(&door, path, body, SERVER_TIMEOUT).await).await
}

/// Asks the server of a data directory for what only a running server can do, and may take it `timeout`.
///
/// # Errors
/// [`NoServer`]; [`TypedWrong`] when there is no such directory, and as for [`reach`].
pub async fn ask<T: DeserializeOwned>(
    data_dir: &Path,
    path: &str,
    body: &impl Serialize,
    timeout: Duration,
) -> anyhow::Result<T> {
    check_exists(data_dir)?;
    let reached = knock(data_dir, async |door| post(&door, path, body, timeout).await).await?;
    served(data_dir, reached)
}

/// The door of the server that runs on a data directory, and answers.
///
/// # Errors
/// [`NoServer`]; [`TypedWrong`] when there is no such directory; a server is just starting and takes too
/// long, or the directory cannot be used.
pub async fn open_door(data_dir: &Path) -> anyhow::Result<Door> {
    check_exists(data_dir)?;
    let reached = knock(data_dir, async |door| Ok(is_alive(&door.url).await.then_some(door))).await?;
    served(data_dir, reached)
}

/// Whether a data directory is there.
///
/// # Errors
/// [`TypedWrong`] when it is not.
pub fn check_exists(data_dir: &Path) -> Result<(), TypedWrong> {
    if data_dir.is_dir() {
        return Ok(());
    }
    Err(TypedWrong(format!(
        "there is no data directory {}; name the server's with SHOPFUNNEL_DATA_DIR",
        data_dir.display()
    )))
}

fn served<T>(data_dir: &Path, reached: Reached<T>) -> anyhow::Result<T> {
    match reached {
        Reached::Server(answer) => Ok(answer),
        Reached::Files(_lock) => Err(NoServer(data_dir.to_owned()).into()),
    }
}

/// Tries at the door of a data directory until `attempt` has an answer, or takes the directory when no server
/// runs.
///
/// A running server holds the directory's lock, so whoever gets the lock knows that none runs. A server that
/// is just starting has the lock and no door yet, and another command has it for a moment: both are waited
/// for.
async fn knock<T>(
    data_dir: &Path,
    mut attempt: impl AsyncFnMut(Door) -> anyhow::Result<Option<T>>,
) -> anyhow::Result<Reached<T>> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let in_use = match DataDirLock::take(data_dir) {
            Ok(lock) => return Ok(Reached::Files(lock)),
            Err(in_use @ LockError::InUse(_)) => in_use,
            Err(error) => return Err(error.into()),
        };
        if let Some(door) = door(data_dir)
            && let Some(answer) = attempt(door).await?
        {
            return Ok(Reached::Server(answer));
        }
        if tokio::time::Instant::now() > deadline {
            return Err(anyhow::Error::new(in_use).context("a server is just starting, or does not answer"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether a server's admin listener is at `address`.
pub async fn answers(address: SocketAddr) -> bool {
    is_alive(&format!("http://{address}")).await
}

async fn is_alive(url: &str) -> bool {
    let Ok(client) = reqwest::Client::builder().timeout(PROBE_TIMEOUT).no_proxy().build() else {
        return false;
    };
    let answer = client.get(format!("{url}/livez")).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}

fn door(data_dir: &Path) -> Option<Door> {
    serde_json::from_slice(&std::fs::read(door_file(data_dir)).ok()?).ok()
}

/// A request through the door, without a body.
///
/// # Errors
/// The client cannot be made.
pub fn request(door: &Door, path: &str) -> reqwest::Result<RequestBuilder> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    Ok(client.post(format!("{}{path}", door.url)).bearer_auth(&door.token))
}

/// The server's answer; `None` when nobody answers at the door, as when it was left by a killed server.
async fn post<T: DeserializeOwned>(
    door: &Door,
    path: &str,
    body: &impl Serialize,
    timeout: Duration,
) -> anyhow::Result<Option<T>> {
    let answer = match request(door, path)?.timeout(timeout).json(body).send().await {
        Ok(answer) => answer,
        Err(error) if error.is_connect() => return Ok(None),
        Err(error) => return Err(error).with_context(|| unreadable(door)),
    };
    Ok(Some(read(door, answer).await?))
}

fn unreadable(door: &Door) -> String {
    format!("the running server's answer on {} cannot be read", door.url)
}

/// What the server answers to a command.
///
/// # Errors
/// As [`reach`].
pub async fn read<T: DeserializeOwned>(door: &Door, answer: reqwest::Response) -> anyhow::Result<T> {
    let unreadable = || unreadable(door);
    if answer.status().is_success() {
        return answer.json().await.with_context(unreadable);
    }
    let refusal: Refusal = answer.json().await.with_context(unreadable)?;
    if refusal.callers_fault {
        Err(TypedWrong(refusal.message).into())
    } else {
        anyhow::bail!(refusal.message)
    }
}
