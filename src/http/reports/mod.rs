//! Figures out: what the holder of a shop's key, or of a share link, may ask and note down.

mod annotations;
mod catalogue;
mod cohorts;
mod documented;
mod freshness;
mod funnel;
mod lost_inquiries;
mod orders;
mod recent_events;
mod report;
mod share_links;
mod slice;
mod visitor;

pub use freshness::Freshness;
pub use slice::Reports;

use actix_web::web;

/// What this wing says in the document.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    funnel::funnel,
    cohorts::cohorts,
    orders::orders,
    lost_inquiries::lost,
    recent_events::recent,
    visitor::path,
    annotations::list,
    annotations::add,
    annotations::remove,
    share_links::make,
    catalogue::metrics,
))]
pub(super) struct Document;

/// Answers that hold a secret, and are not compressed: their length would tell of it.
pub(super) fn secret_routes(config: &mut web::ServiceConfig) {
    config.configure(share_links::routes);
}

/// What may be large, and is compressed for who takes it. No answer of these holds a key or another secret,
/// so its length tells nothing; whoever could have one asked must send a key in a header, which no other
/// site's page can.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(funnel::routes)
        .configure(cohorts::routes)
        .configure(orders::routes)
        .configure(lost_inquiries::routes)
        .configure(recent_events::routes)
        .configure(visitor::routes)
        .configure(annotations::routes)
        .configure(catalogue::routes);
}
