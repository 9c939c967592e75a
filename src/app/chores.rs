//! What is looked at from time to time while the server runs.

use super::listeners::Watch;
use crate::clock::Clock;
use crate::enrich::geo::{self, Geo};
use crate::http::edge::limit::{self, Limits};
use crate::http::edge::{answers, connections};
use crate::identity::Identities;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::{JoinHandle, spawn_blocking};

const SALT_CHECK_INTERVAL: Duration = Duration::from_secs(600);

/// Begins all of them.
pub fn start(
    identities: Arc<Identities>,
    clock: Clock,
    limits: Arc<Limits>,
    geo: Arc<Geo>,
    Watch { connections, refusals }: Watch,
) -> [JoinHandle<()>; 5] {
    [
        tokio::spawn(forget_old_salts(identities, clock)),
        tokio::spawn(every(limit::SWEEP_INTERVAL, move || limits.sweep())),
        tokio::spawn(every(connections::SWEEP_INTERVAL, move || connections.sweep())),
        tokio::spawn(every(answers::TELL_INTERVAL, move || refusals.tell())),
        tokio::spawn(watch_places(geo)),
    ]
}

async fn every(interval: Duration, work: impl Fn()) {
    loop {
        tokio::time::sleep(interval).await;
        work();
    }
}

async fn forget_old_salts(identities: Arc<Identities>, clock: Clock) {
    loop {
        if let Err(error) = identities.forget_old_salts(clock.now_ms()) {
            tracing::error!(%error, "old salts could not be deleted");
        }
        tokio::time::sleep(SALT_CHECK_INTERVAL).await;
    }
}

async fn watch_places(geo: Arc<Geo>) {
    loop {
        tokio::time::sleep(geo::CHECK_INTERVAL).await;
        let geo = geo.clone();
        // Reading them panics in its own thread, if anywhere.
        let _ = spawn_blocking(move || geo.check()).await;
    }
}
