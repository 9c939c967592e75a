//! shopfunnel: an e-commerce conversion funnel tracker in one binary. Modules in reading order.
#![warn(missing_docs)]

#[allow(missing_docs, reason = "their names and types say what their items are")]
pub mod app;
pub mod cli;
#[allow(missing_docs, reason = "their names and types say what their items are")]
pub mod config;
pub mod demo;
pub mod http;
pub mod new_values;
pub mod operations;
pub mod shipper;
pub mod store;
pub mod upkeep;

#[allow(missing_docs, reason = "their names and types say what their items are")]
pub mod engine;
pub mod enrich;
pub mod event;
pub mod funnel;
pub mod grafana;
pub mod identity;
pub mod ledger;
pub mod metrics;
pub mod shops;
#[allow(missing_docs, reason = "their names and types say what their items are")]
pub mod spool;
#[allow(missing_docs, reason = "their names and types say what their items are")]
pub mod telemetry;

pub mod backoff;
pub mod clock;
pub mod durations;
pub mod file;
pub mod hash;
pub mod money;
pub mod npm;
pub mod planted;
pub mod process;
pub mod room;
pub mod secret;
pub mod text;
pub mod tls;
