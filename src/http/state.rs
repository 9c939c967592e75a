//! What `app` hands to the wings of the public listener: a slice each, so that no wing reaches what is
//! another's.

use super::intake::Intake;
use super::reports::Reports;
use crate::spool::Appender;
use actix_web::web;

/// The slices. Cloned into each worker.
#[derive(Clone)]
pub struct State {
    /// What takes events.
    pub intake: Intake,
    /// What answers questions.
    pub reports: Reports,
}

impl State {
    /// Gives each wing its slice, and a worker its own [`Appender`].
    pub(super) fn give(&self, config: &mut web::ServiceConfig) {
        config
            .app_data(web::Data::new(Appender::new(self.intake.spool.clone())))
            .app_data(web::Data::new(self.intake.clone()))
            .app_data(web::Data::new(self.reports.clone()));
    }
}
