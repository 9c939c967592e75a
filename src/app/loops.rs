//! The two loops beside the listeners: events go on into the store, and the ledger follows.

use crate::clock::Clock;
use crate::shipper::{Exceptions, Progress, Shipper, ShipperOptions};
use crate::shops::registry::Registry;
use crate::spool::Reader;
use crate::store::Store;
use crate::telemetry::Telemetry;
use crate::upkeep::{Upkeep, UpkeepHandle, UpkeepOptions};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What both loops use.
pub struct Shared {
    pub clock: Clock,
    pub registry: Arc<Registry>,
    pub store: Store,
    pub telemetry: Telemetry,
}

/// Both loops, and what tells how far they are.
pub struct Loops {
    pub shipper: Loop,
    pub progress: watch::Receiver<Progress>,
    pub upkeep: Loop,
    pub handle: UpkeepHandle,
}

impl Loops {
    /// Starts both. `is_migrated` says that the tables are there.
    pub fn start(
        shared: &Shared,
        reader: Reader,
        is_migrated: bool,
        exceptions: Exceptions,
        shipping: ShipperOptions,
        keeping: UpkeepOptions,
    ) -> Loops {
        let Shared { clock, registry, store, telemetry } = shared;
        let (shipper, progress) = Shipper::new(
            reader,
            store.clone(),
            is_migrated,
            clock.now_ms(),
            telemetry.clone(),
            exceptions,
            shipping,
        );
        let (upkeep, handle) = Upkeep::new(
            store.clone(),
            registry.clone(),
            clock.clone(),
            progress.clone(),
            telemetry.clone(),
            keeping,
        );
        let shipper = Loop::start(|stopped| shipper.run(stopped));
        let upkeep = Loop::start(|stopped| upkeep.run(stopped));
        Loops { shipper, progress, upkeep, handle }
    }
}

/// A loop of its own beside the listeners, until it is told to stop.
pub struct Loop {
    pub task: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Loop {
    fn start<F: Future<Output = ()> + Send + 'static>(run: impl FnOnce(watch::Receiver<bool>) -> F) -> Loop {
        let (stop, stopped) = watch::channel(false);
        Loop { task: tokio::spawn(run(stopped)), stop }
    }

    /// Tells it to stop and waits for its end. One that ended by itself was already reported.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if !self.task.is_finished() {
            let _ = (&mut self.task).await;
        }
    }
}
