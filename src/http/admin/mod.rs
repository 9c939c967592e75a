//! The admin listener: health and counters for the operator, and what commands have done by a running server.

mod door;
mod health;
mod operations;
mod refusal;
mod shops;
mod slice;

pub use door::{Door, door_file};
pub use operations::{
    FORGET_PATH, ForgetVisitor, IMPORT_EVENTS_PATH, LEDGER_PATH, RETRY_PATH, Retried, VerifyLedger,
};
pub use refusal::Refusal;
pub use shops::SHOPS_PATH;
pub use slice::{Admin, Health, Operations};

use actix_web::web;

/// The routes of the admin listener.
pub fn routes(config: &mut web::ServiceConfig, admin: &Admin) {
    config
        .app_data(web::Data::new(admin.health.clone()))
        .app_data(web::Data::new(door::Lock::new(admin)))
        .configure(health::routes)
        .configure(shops::routes)
        .configure(operations::routes);
}
