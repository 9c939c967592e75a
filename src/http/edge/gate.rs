//! Who a caller is, and how much they may ask for.

use super::client_address::TrustedProxies;
use super::error::ApiError;
use super::limit::Limits;
use crate::clock::Clock;
use crate::shops::registry::Registry;
use actix_web::HttpRequest;
use std::net::IpAddr;
use std::sync::Arc;

/// What decides who a caller is and how much they may ask for.
#[derive(Clone)]
pub struct Gate {
    /// Tells the time of arrival.
    pub clock: Clock,
    /// The shops and their keys.
    pub registry: Arc<Registry>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Arc<TrustedProxies>,
    /// How much each sender has asked for lately.
    pub limits: Arc<Limits>,
}

impl Gate {
    /// Whether the request comes from this machine itself, which is not limited.
    pub(in crate::http) fn is_exempt(&self, request: &HttpRequest) -> bool {
        self.trusted_proxies.is_exempt(request)
    }

    /// Asks a limit, unless the request is exempt.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub(in crate::http) fn limited(
        &self,
        request: &HttpRequest,
        take: impl FnOnce(&Limits) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        if self.is_exempt(request) { Ok(()) } else { take(&self.limits) }
    }

    /// As [`Gate::limited`], of a limit per client.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub(in crate::http) fn limited_per_client(
        &self,
        request: &HttpRequest,
        take: impl FnOnce(&Limits, IpAddr) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        self.limited(request, |limits| take(limits, self.trusted_proxies.client(request)))
    }
}
