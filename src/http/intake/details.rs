//! The details of a visit: what `enrich` tells about its sender, put into the event.

use super::wire::WireEvent;
use crate::enrich::agent::Agent;
use crate::enrich::geo::Geo;
use crate::enrich::source;
use crate::event::{Details, Field, Rejection};
use crate::shops::Shop;
use std::net::IpAddr;

/// The details of the visit that `event` tells of, by a shopper with `agent` at `address`. `url` is the
/// page's address as it is stored.
pub fn of_visit(
    event: &WireEvent<'_>,
    url: &str,
    shop: &Shop,
    agent: &Agent,
    geo: &Geo,
    address: Option<IpAddr>,
) -> Details {
    // As they were sent: what masking takes out may be what says who sent the visitor.
    let (sent_url, referrer) = (text(&event.fields.url), text(&event.fields.referrer));
    let touch = source::touch(sent_url, referrer, shop.origins.iter().map(String::as_str));
    let place = address.map(|address| geo.find(address)).unwrap_or_default();
    Details {
        source: touch.source,
        medium: touch.medium,
        campaign: touch.campaign,
        path: source::path(url),
        device: agent.device.to_owned(),
        browser: agent.browser.clone(),
        os: agent.os.clone(),
        country: place.country,
        region: place.region,
        city: place.city,
    }
}

/// The shopper's address as the shop's server tells it.
///
/// # Errors
/// `invalid_ip`.
pub fn told_address(ip: &Field<'_>) -> Result<Option<IpAddr>, Rejection> {
    if ip.is_absent() {
        return Ok(None);
    }
    text(ip).trim().parse().map(Some).map_err(|_| {
        Rejection::new(
            "invalid_ip",
            "`ip` must be the one IPv4 or IPv6 address of the shopper; leave it out when it is not known",
        )
    })
}

/// The text of a field, empty when it holds none.
pub fn text<'a>(field: &'a Field<'_>) -> &'a str {
    match field {
        Field::Text(text) | Field::Broken(text) => text,
        Field::Absent | Field::Number(_) | Field::List(_) | Field::Other => "",
    }
}
