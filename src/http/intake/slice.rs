//! What taking events needs of the program.

use crate::enrich::agent::Agents;
use crate::enrich::geo::Geo;
use crate::http::edge::Gate;
use crate::identity::Identities;
use crate::planted::Faults;
use crate::spool::Spool;
use crate::telemetry::Telemetry;
use std::sync::Arc;

/// What taking events needs. Each worker adds an [`Appender`](crate::spool::Appender) of its own.
#[derive(Clone)]
pub struct Intake {
    /// Who may send.
    pub gate: Gate,
    /// Makes cookieless ids and customer hashes.
    pub identities: Arc<Identities>,
    /// Reads user agents.
    pub agents: Arc<Agents>,
    /// Looks places up.
    pub geo: Arc<Geo>,
    /// Takes events.
    pub spool: Spool,
    /// Counts what becomes of them.
    pub telemetry: Telemetry,
    /// Planted by the judge, in its builds only.
    pub faults: Faults,
}
