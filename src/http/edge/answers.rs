//! What became of every request of the public listener: counted by route and status, timed, refusals said in
//! the log.

use super::error::Failure;
use crate::spool::AppendError;
use crate::telemetry::{Answer, Reason, Route, Telemetry};
use actix_web::HttpRequest;
use actix_web::dev::ServiceResponse;
use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A full disk refuses thousands of requests a second; the log tells of them so often.
pub const TELL_INTERVAL: Duration = Duration::from_secs(60);
/// Paths that are no route of ours.
const NO_ROUTE: &str = "none";
/// Found without a look into the routes, because most requests are for these.
const BUSY_ROUTES: [&str; 3] = ["/e", "/v1/events", "/s.js"];

/// Counts an answer that took from `began` to now.
pub fn count<B>(response: &ServiceResponse<B>, began: Instant, telemetry: &Telemetry, refusals: &Refusals) {
    let route = route(response.request());
    let status = response.status().as_u16();
    telemetry.answers.get_or_create(&Answer { route: route.clone(), status }).inc();
    telemetry.answer_seconds.get_or_create(&Route { route }).observe(began.elapsed().as_secs_f64());
    if let Some(Failure { code, refusal }) = response.response().extensions().get() {
        telemetry.requests_failed.get_or_create(&Reason { reason: code }).inc();
        if let Some(cause) = refusal {
            refusals.add(*cause);
        }
    }
}

/// The pattern of the route that answered, never what the caller wrote.
fn route(request: &HttpRequest) -> Cow<'static, str> {
    match BUSY_ROUTES.iter().find(|route| **route == request.path()) {
        Some(route) => Cow::Borrowed(route),
        None => request.match_pattern().map_or(Cow::Borrowed(NO_ROUTE), Cow::Owned),
    }
}

/// Requests whose events could not be stored, since the log last told of some.
#[derive(Debug, Default)]
pub struct Refusals {
    untold: Mutex<Untold>,
}

#[derive(Debug, Default)]
struct Untold {
    requests: u64,
    cause: Option<AppendError>,
    told_at: Option<Instant>,
}

impl Refusals {
    /// Adds one, and tells of it when nothing was told for [`TELL_INTERVAL`].
    fn add(&self, cause: AppendError) {
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        untold.requests += 1;
        untold.cause = Some(cause);
        if untold.told_at.is_none_or(|told_at| told_at.elapsed() >= TELL_INTERVAL) {
            untold.tell();
        }
    }

    /// Tells of those that nothing was told of; to be called every [`TELL_INTERVAL`].
    pub fn tell(&self) {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner).tell();
    }
}

impl Untold {
    fn tell(&mut self) {
        if let Some(cause) = self.cause.take() {
            tracing::error!(requests = self.requests, %cause, "events are refused");
            (self.requests, self.told_at) = (0, Some(Instant::now()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_refusal_is_told_at_once_and_the_next_together() {
        let refusals = Refusals::default();
        let untold = || refusals.untold.lock().unwrap().requests;
        refusals.add(AppendError::DiskFull);
        assert_eq!(untold(), 0);
        for _ in 0..1_000 {
            refusals.add(AppendError::DiskFull);
        }
        assert_eq!(untold(), 1_000);
        refusals.tell();
        assert_eq!(untold(), 0);
    }
}
