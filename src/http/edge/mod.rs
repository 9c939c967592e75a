//! What every request passes, whichever wing answers it: bounds, keys, limits, parameters, and how answers
//! and errors are written.

pub mod answers;
pub(super) mod asset;
pub(super) mod auth;
pub(super) mod body;
pub mod client_address;
pub mod connections;
pub(super) mod csv;
pub(super) mod cursor;
pub(super) mod documented;
pub mod error;
pub(super) mod format;
pub(super) mod gate;
pub mod head;
#[allow(missing_docs, reason = "their names and types say what their items are")]
pub mod limit;
pub(super) mod parameters;

pub use gate::{Caller, Gate};
