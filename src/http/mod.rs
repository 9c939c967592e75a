//! The HTTP interface, where wire shapes stop: requests become domain values, answers become JSON, errors
//! become status + code + sentence ([`edge::error`]).
//!
//! Wings by direction, and what may use what: `edge` is used by `intake` (events in) and `reports` (figures
//! out), these by `admin` (the operator) and by what stands here. Neither wing knows the other.

pub mod admin;
pub mod edge;
pub mod intake;
mod openapi;
mod pages;
pub mod reports;
mod state;

pub use pages::CONTENT_SECURITY_POLICY;
pub use state::State;

use actix_web::middleware::Compress;
use actix_web::web;
use edge::error::ApiError;

/// The public routes. Every path that is not here answers 404, every other method 405.
pub fn routes(config: &mut web::ServiceConfig, state: &State) {
    state.give(config);
    config
        .configure(intake::routes)
        .configure(reports::secret_routes)
        .configure(pages::routes)
        .service(
            web::scope("").wrap(Compress::default()).configure(reports::routes).configure(openapi::routes),
        )
        .default_service(web::to(|| async { Err::<(), _>(ApiError::NotFound) }));
}
