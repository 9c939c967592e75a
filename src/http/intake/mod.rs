//! Events in, from wherever they come: read, checked, and handed to the spool before they are acknowledged.
//!
//! Nothing here waits for ClickHouse: it needs the shops in memory and the spool.

mod bounds;
pub(super) mod check;
mod details;
mod documented;
pub(super) mod lines;
mod requests;
mod sink;
mod slice;
pub(super) mod wire;

pub(super) use requests::routes;
pub use slice::Intake;

/// What this wing says in the document.
#[derive(utoipa::OpenApi)]
#[openapi(paths(requests::from_browser, requests::from_server, requests::from_image))]
pub(super) struct Document;
