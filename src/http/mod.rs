//! The edge: wire shapes stop here.
//!
//! Requests become domain values, answers become JSON, errors become status + code + sentence ([`error`]).
//! `ingest` never waits for ClickHouse: it needs the shops in memory and the spool, nothing else.

#[allow(missing_docs, reason = "their names and types say what their items are")]
pub mod admin;
mod annotations;
pub mod answers;
mod asset;
mod auth;
mod body;
mod catalogue;
mod check;
pub mod client_address;
mod cohorts;
pub mod connections;
mod csv;
mod cursor;
mod details;
pub mod error;
mod events;
mod format;
pub mod head;
pub mod import;
mod ingest;
mod inquiries;
#[allow(missing_docs, reason = "their names and types say what their items are")]
pub mod limit;
mod openapi;
mod orders;
mod pages;
mod parameters;
mod query;
mod report;
mod share_links;
mod visitors;
mod wire;

use crate::clock::Clock;
use crate::enrich::agent::Agents;
use crate::enrich::geo::Geo;
use crate::identity::Identities;
use crate::planted::Faults;
use crate::shipper::Progress;
use crate::shops::registry::Registry;
use crate::spool::Spool;
use crate::store::Store;
use crate::telemetry::Telemetry;
use crate::upkeep::Ledger;
use actix_web::middleware::Compress;
use actix_web::{Route, web};
use client_address::TrustedProxies;
use error::ApiError;
use limit::Limits;
pub use pages::CONTENT_SECURITY_POLICY;
use std::sync::Arc;
use tokio::sync::watch;

/// Everything a request may use. Cloned into each worker, which adds its own [`Appender`].
#[derive(Clone)]
pub struct State {
    /// Tells the time of arrival.
    pub clock: Clock,
    /// Who may send and ask.
    pub registry: Arc<Registry>,
    /// Makes cookieless ids and customer hashes.
    pub identities: Arc<Identities>,
    /// Reads user agents.
    pub agents: Arc<Agents>,
    /// Looks places up.
    pub geo: Arc<Geo>,
    /// Takes events.
    pub spool: Spool,
    /// Answers questions.
    pub store: Store,
    /// How far the spool is shipped.
    pub progress: watch::Receiver<Progress>,
    /// How far the ledger follows.
    pub ledger: Ledger,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Arc<TrustedProxies>,
    /// Who sends or asks too much.
    pub limits: Arc<Limits>,
    /// Counts what happens here.
    pub telemetry: Telemetry,
    /// Planted by the judge, in its builds only.
    pub faults: Faults,
    /// Where browsers reach this server.
    pub public_url: Arc<str>,
}

/// The public routes. Every path that is not here answers 404, every other method 405.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(ingest::routes)
        .configure(share_links::routes)
        .configure(pages::routes)
        .service(web::scope("").wrap(Compress::default()).configure(reports))
        .default_service(web::to(|| async { Err::<(), _>(ApiError::NotFound) }));
}

/// What may be large, and is compressed for who takes it. No answer of these holds a key or another secret, so its length tells
/// nothing; whoever could have one asked must send a key in a header, which no other site's page can.
fn reports(config: &mut web::ServiceConfig) {
    config
        .configure(query::routes)
        .configure(cohorts::routes)
        .configure(orders::routes)
        .configure(inquiries::routes)
        .configure(events::routes)
        .configure(visitors::routes)
        .configure(annotations::routes)
        .configure(catalogue::routes)
        .configure(openapi::routes);
}

/// Answers 405 on a known path that takes other methods.
fn only(allow: &'static str) -> Route {
    web::to(move || async move { Err::<(), _>(ApiError::MethodNotAllowed { allow }) })
}
