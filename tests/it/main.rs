//! The integration tests: one binary, one ClickHouse engine, a file per topic.
//!
//! Rules of the harness (`app.rs`):
//! - `spawn_app()` starts the real application on free ports with its own data directory and its own database
//!   in the shared engine, which it uses as an external server. `server.rs` starts the real program instead.
//! - Time is a manual clock; conditions are awaited, nothing sleeps for a fixed time.
//! - A test closes what it started; closing fails when acknowledged events are not in the store.
//! - Events go in over HTTP and figures come out over HTTP; the store is read directly only to prove what a
//!   figure cannot show.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod app;
mod buyers_model;
mod committed;
mod mmdb;
mod model;
mod server;
mod small_disk;
mod tried;

mod annotations;
mod api_document;
mod api_examples;
mod as_sent;
mod boards;
mod books;
mod business_order;
mod buyers_property;
mod catalogue;
mod clocks;
mod cohorts;
mod command_line;
mod compression;
mod days;
mod dead_letters;
mod definitions;
mod details;
mod engine_door;
mod engine_install;
mod external;
mod figures;
mod forget;
mod framing;
mod full_disk;
mod grafana;
mod import;
mod ingest;
mod ledger;
mod ledger_batches;
mod limits;
mod lost_inquiries;
mod masking;
mod merges;
mod money;
mod new_values;
mod open_visitors;
mod orders;
mod places;
mod property;
mod readers;
mod readiness;
mod repeats;
mod report_routes;
mod reports;
mod restarts;
mod rows;
mod rules;
mod sharing;
mod single_events;
mod sql_repeats;
mod told_by_shop;
mod two_ways;
