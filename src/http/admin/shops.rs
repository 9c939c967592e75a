//! Commands about shops: `POST /shops`.

use super::door::Opened;
use super::refusal::Refusal;
use crate::shops::command::{self, Command};
use actix_web::{HttpResponse, web};

/// Takes a [`Command`].
pub const SHOPS_PATH: &str = "/shops";

pub(super) fn routes(config: &mut web::ServiceConfig) {
    config.route(SHOPS_PATH, web::post().to(apply));
}

async fn apply(opened: Opened, command: web::Json<Command>) -> HttpResponse {
    let reports = &opened.reports;
    match command::apply(&reports.gate.registry, command.into_inner(), &reports.public_url) {
        Ok(reply) => HttpResponse::Ok().json(reply),
        Err(error) => HttpResponse::BadRequest().json(Refusal::new(&error)),
    }
}
