//! A ClickHouse outside of the program, for scenarios that stand between the two.

use crate::server::library;
use shopfunnel::app::embedded_store;
use shopfunnel::engine::{Engine, EngineOptions};
use shopfunnel::store::StoreOptions;
use tempfile::TempDir;

/// An engine that the judge owns. It must be stopped, or its child outlives the scenario.
pub struct External {
    engine: Engine,
    _directory: TempDir,
}

impl External {
    pub async fn start() -> External {
        let directory = tempfile::tempdir().expect("a directory");
        let options = EngineOptions {
            directory: directory.path().join("engine"),
            library: library(),
            program: env!("CARGO_BIN_EXE_shopfunnel").into(),
            database: "chaos".into(),
            max_memory_bytes: None,
            environment: Vec::new(),
        };
        let engine = Engine::start(options).await.expect("the engine starts; `make engine` installs it");
        External { engine, _directory: directory }
    }

    /// The tables, for the judge.
    pub fn tables(&self) -> StoreOptions {
        embedded_store(&self.engine, "chaos".into())
    }

    pub async fn stop(self) {
        self.engine.stop().await;
    }
}
