//! What the admin listener needs of the program.

use crate::engine::EngineStatus;
use crate::http::intake::Intake;
use crate::http::reports::Reports;
use crate::identity::forgotten::Forgotten;
use crate::room;
use crate::spool::DeadLetters;
use crate::telemetry::Telemetry;

/// What the admin listener needs.
#[derive(Clone)]
pub struct Admin {
    /// Opens the door to `operations`.
    pub token: String,
    /// What the operator is told without a token.
    pub health: Health,
    /// What commands work on.
    pub operations: Operations,
}

/// What the operator is told of.
#[derive(Clone)]
pub struct Health {
    /// The spool, the store and how far they are.
    pub reports: Reports,
    /// What was counted.
    pub telemetry: Telemetry,
    /// Of the embedded engine, when there is one.
    pub engine: Option<EngineStatus>,
}

impl Health {
    /// `None` with an external server, and where the system does not say.
    pub(super) fn engine_disk_free_bytes(&self) -> Option<u64> {
        room::free_bytes(self.engine.as_ref()?.directory()).ok()
    }
}

/// What operations work on.
#[derive(Clone)]
pub struct Operations {
    /// Reads and checks what is imported.
    pub intake: Intake,
    /// The store, and what tells how far it is.
    pub reports: Reports,
    /// Records that the store has refused.
    pub dead_letters: DeadLetters,
    /// Who was to be forgotten.
    pub forgotten: Forgotten,
}
