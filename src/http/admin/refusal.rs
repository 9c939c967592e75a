//! What went wrong with a command.

use crate::shops::command::CommandError;
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};

/// What went wrong with a command, over the wire.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refusal {
    /// What to do.
    pub message: String,
    /// The caller wrote something wrong, as opposed to the server failing.
    pub callers_fault: bool,
}

impl Refusal {
    /// Of a command about shops.
    pub fn new(error: &CommandError) -> Refusal {
        Refusal { message: error.to_string(), callers_fault: !matches!(error, CommandError::Registry(_)) }
    }

    /// The caller wrote something wrong.
    pub(super) fn wrong(message: String) -> HttpResponse {
        HttpResponse::BadRequest().json(Refusal { message, callers_fault: true })
    }

    /// The server cannot do it now.
    pub(super) fn failed(message: String) -> HttpResponse {
        HttpResponse::ServiceUnavailable().json(Refusal { message, callers_fault: false })
    }

    /// No shop has this slug.
    pub(super) fn no_shop(slug: &str) -> HttpResponse {
        Refusal::wrong(format!("there is no shop `{slug}`; `shopfunnel shop list` shows which there are"))
    }
}
