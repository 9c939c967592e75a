//! What reports need of the program.

use super::freshness::Freshness;
use crate::enrich::geo::Geo;
use crate::http::edge::Gate;
use crate::store::Store;
use std::sync::Arc;

/// What reports are made of.
#[derive(Clone)]
pub struct Reports {
    /// Who may ask.
    pub gate: Gate,
    /// Answers questions.
    pub store: Store,
    /// How far the answers follow the events.
    pub freshness: Freshness,
    /// Tells which places can be known.
    pub geo: Arc<Geo>,
    /// Where browsers reach this server.
    pub public_url: Arc<str>,
}
