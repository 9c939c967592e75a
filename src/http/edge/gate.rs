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

/// Who sent a request, found out once for everything that asks.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// As [`TrustedProxies::client`] finds it.
    pub address: IpAddr,
    /// The request comes from this machine itself, which is not limited.
    pub is_exempt: bool,
}

impl Gate {
    /// Who sent a request.
    pub(in crate::http) fn caller(&self, request: &HttpRequest) -> Caller {
        let proxies = &self.trusted_proxies;
        Caller { address: proxies.client(request), is_exempt: proxies.is_exempt(request) }
    }

    /// Asks a limit, unless the caller is exempt.
    ///
    /// # Errors
    /// 429 with the time to wait.
    pub(in crate::http) fn limited(
        &self,
        caller: Caller,
        take: impl FnOnce(&Limits) -> Result<(), ApiError>,
    ) -> Result<(), ApiError> {
        if caller.is_exempt { Ok(()) } else { take(&self.limits) }
    }
}
