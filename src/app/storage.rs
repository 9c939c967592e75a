//! The store, on the embedded engine or on a server of the operator's, and the room on the disk that both
//! need.

use crate::config::{ClickHouse, Settings};
use crate::engine::{self, Engine};
use crate::file;
use crate::room::{self, Need};
use crate::spool::Spool;
use crate::store::{Rebuild, Store, StoreOptions};

/// A store that is connected.
pub struct Storage {
    /// When it is embedded.
    pub engine: Option<Engine>,
    pub store: Store,
    /// Its tables are those of this version. Otherwise it is away, and the shipper makes them.
    pub is_migrated: bool,
}

impl Storage {
    /// Starts the engine, if it is embedded, connects, and makes the tables.
    ///
    /// # Errors
    /// A sentence: the engine is not installed or does not start, the server is none that can be used.
    pub async fn open(clickhouse: ClickHouse) -> anyhow::Result<Storage> {
        let (engine, options) = match clickhouse {
            ClickHouse::External(options) => (None, options),
            ClickHouse::Embedded(options) => {
                let database = options.database.clone();
                let engine = Engine::start(options).await?;
                let options = embedded_store(&engine, database);
                (Some(engine), options)
            }
        };
        let store = Store::new(options)?;
        let is_migrated = match store.migrate(Rebuild::Later).await {
            Ok(()) => {
                engine.iter().for_each(Engine::remember_tables);
                true
            }
            Err(error) if error.is_away() && !error.is_unusable() => {
                tracing::warn!(%error, "events are taken; figures wait for ClickHouse");
                false
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Storage { engine, store, is_migrated })
    }
}

/// A start on a full disk would leave half-written files, and takes no event anyway.
pub fn require_room(settings: &Settings, spool: &Spool) -> anyhow::Result<()> {
    let mut needs = vec![Need { directory: settings.spool.directory.clone(), bytes: spool.segment_bytes() }];
    if let ClickHouse::Embedded(options) = &settings.clickhouse {
        file::create_private_directory(&options.directory)?;
        needs.push(Need { directory: options.directory.clone(), bytes: engine::START_BYTES });
    }
    if room::shortage(&needs)?.is_some() {
        spool.remove_sent()?;
    }
    match room::shortage(&needs)? {
        // What waits may be what fills the disk, and only a server that runs sends it on.
        Some(shortage)
            if matches!(settings.clickhouse, ClickHouse::External(_)) && spool.unsent_bytes() > 0 =>
        {
            tracing::error!(%shortage, "events are refused until what waits is sent");
            Ok(())
        }
        Some(shortage) => Err(shortage.into()),
        None => Ok(()),
    }
}

/// How the tracker reaches a database of the embedded engine.
pub fn embedded_store(engine: &Engine, database: String) -> StoreOptions {
    let login = engine.tracker();
    StoreOptions {
        url: engine.url(),
        ca_file: None,
        user: login.user,
        password: login.password,
        headers: vec![(engine::TOKEN_HEADER.into(), login.token)],
        database,
    }
}
