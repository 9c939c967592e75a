//! The way into every report, the same for all: its key, its rate, its query string.

use super::error::ApiError;
use super::parameters::Parameters;
use super::{State, auth};
use crate::shops::Shop;
use actix_web::HttpRequest;
use std::sync::Arc;

/// A report that may be asked for.
#[derive(Debug)]
pub struct Admitted {
    pub shop: Arc<Shop>,
    /// None is taken yet. The report takes its own and then calls [`Parameters::finish`].
    pub parameters: Parameters,
}

/// Lets a request for a report of the shop `slug` in.
///
/// # Errors
/// A key in the address 400, before anything else is said; no or unknown key 401; public key 403; unknown slug or
/// another shop's key 404; too many reports 429.
pub fn admit(request: &HttpRequest, state: &State, slug: &str) -> Result<Admitted, ApiError> {
    let parameters = Parameters::read(request.query_string())?;
    let shop = auth::reader(request, state, slug)?;
    if !state.trusted_proxies.is_exempt(request) {
        state.limits.report(&shop.slug)?;
    }
    Ok(Admitted { shop, parameters })
}
