//! shopfunnel: an e-commerce conversion funnel tracker in one binary. Modules in reading order.

pub mod app;
pub mod cli;
pub mod config;
pub mod demo;
pub mod forget;
pub mod http;
pub mod new_values;
pub mod shipper;
pub mod store;
pub mod upkeep;

pub mod engine;
pub mod enrich;
pub mod event;
pub mod funnel;
pub mod grafana;
pub mod identity;
pub mod ledger;
pub mod metrics;
pub mod shops;
pub mod spool;
pub mod telemetry;

pub mod clock;
pub mod durations;
pub mod file;
pub mod money;
pub mod npm;
pub mod planted;
pub mod process;
pub mod room;
pub mod secret;
pub mod text;
pub mod tls;
