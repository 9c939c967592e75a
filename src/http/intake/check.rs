//! What an event must be to be taken, and what is found out about it: the contract's rules, the shop's own,
//! the details of its sender.

use super::details;
use super::slice::Intake;
use super::wire::WireEvent;
use crate::enrich::agent::Agent;
use crate::enrich::source;
use crate::event::{Arrival, Checked, Event, Kind, LeftOut, Rejection, Sender, Visitor};
use crate::http::edge::error::ApiError;
use crate::shops::{Payments, Shop};
use std::net::IpAddr;
use std::sync::Arc;

/// Who a browser's event without a visitor comes from.
pub struct Browser<'a> {
    pub address: IpAddr,
    /// What is kept of the address, see [`Event::client`].
    pub client: u16,
    pub user_agent: &'a str,
    pub agent: Arc<Agent>,
    /// Says of itself that no person looks at the page.
    pub is_bot: bool,
    /// Sent `Sec-GPC: 1`.
    pub asks_for_privacy: bool,
}

/// Checks the events of one sender.
pub struct Check<'a> {
    pub intake: &'a Intake,
    pub shop: Arc<Shop>,
    /// Absent of the shop's server.
    pub browser: Option<Browser<'a>>,
    pub received_at_ms: i64,
}

impl Check<'_> {
    /// The event, valid and with its details.
    ///
    /// # Errors
    /// Why it cannot be taken.
    pub fn check(&self, event: &WireEvent<'_>) -> Result<Checked, Rejection> {
        let is_of_this_shop = |key: &str| self.shop.public_keys.iter().any(|known| known == key);
        let of_this_shop = event.shop.is_absent() || event.shop.as_text().is_some_and(is_of_this_shop);
        if !of_this_shop {
            return Err(Rejection::new(
                "shop_mismatch",
                "`shop`: all events of a request belong to one shop",
            ));
        }
        let (sender, agent, address, bot) = match &self.browser {
            Some(browser) => (Sender::Browser, browser.agent.clone(), Some(browser.address), browser.is_bot),
            None => {
                let agent = self.intake.agents.read(details::text(&event.user_agent));
                let bot = agent.bot;
                (Sender::Server, agent, details::told_address(&event.ip)?, bot)
            }
        };
        let Checked { event: mut checked, mut left_out } = Event::check(
            &event.fields,
            Arrival {
                shop: &self.shop.slug,
                time_zone: self.shop.time_zone,
                currency: self.shop.currency,
                sender,
                bot,
                received_at_ms: self.received_at_ms,
            },
        )?;
        if sender == Sender::Browser && checked.kind.is_of_an_order() {
            self.distrust(&mut checked, &mut left_out)?;
        }
        if checked.kind == Kind::Visit {
            let (shop, geo) = (&self.shop, &self.intake.geo);
            checked.set_details(details::of_visit(event, checked.page_url(), shop, &agent, geo, address));
        }
        checked.url = source::without_click_ids(checked.url);
        checked.referrer = source::without_click_ids(checked.referrer);
        Ok(Checked { event: checked, left_out })
    }

    /// What a page says of an order counts as far as the shop lets it: anybody can send it.
    ///
    /// # Errors
    /// The shop takes payments and refunds from its server only.
    fn distrust(&self, event: &mut Event, left_out: &mut Vec<LeftOut>) -> Result<(), Rejection> {
        if self.shop.payments == Payments::Server {
            if event.kind != Kind::Order {
                return Err(Rejection::new(
                    "server_signature_required",
                    "`kind`: this shop takes payments and refunds from its server only: POST /v1/events",
                ));
            }
            event.only_names_its_visitor();
            return Ok(());
        }
        if let Some((amount, currency)) = event.amount {
            let currency = currency.unwrap_or(self.shop.currency);
            let most = self.shop.max_browser_amount(currency);
            if amount > most {
                event.amount = None;
                left_out.push(LeftOut {
                    field: "amount",
                    item: None,
                    text: amount.to_string(),
                    message: format!(
                        "`amount` of a page may be at most {most} {currency}; it is left out: send it from the \
                        shop's server, or raise the bound with `shopfunnel shop set --max-browser-amount`"
                    ),
                });
                if event.kind == Kind::Refund {
                    return Err(Rejection::new("amount_too_large", left_out.remove(0).message));
                }
            }
        }
        Ok(())
    }

    /// Marks, durably and before its first event is accepted, that the shop has events: its time zone stays
    /// from now on. What was checked until then is checked again, because the time zone may have changed
    /// until a moment ago.
    ///
    /// # Errors
    /// The mark cannot be written, or the shop was removed.
    pub fn before_the_first(
        &mut self,
        event: &WireEvent<'_>,
        checked: Result<Checked, Rejection>,
    ) -> Result<Result<Checked, Rejection>, ApiError> {
        if checked.is_err() || self.shop.has_events {
            return Ok(checked);
        }
        let marked = self.intake.gate.registry.mark_events(&self.shop.slug);
        let shop = marked.map_err(|error| ApiError::Internal(error.to_string()))?;
        self.shop = shop.ok_or(ApiError::UnknownShopKey)?;
        Ok(self.check(event))
    }

    /// The event with whom it is of, and without what names a customer.
    ///
    /// # Errors
    /// The keys of the day cannot be kept.
    pub fn identified(&self, mut event: Event) -> Result<Event, ApiError> {
        event.client = self.browser.as_ref().map_or(0, |browser| browser.client);
        if let Some(browser) = &self.browser
            && event.visitor == Visitor::Unknown
        {
            let id = self.intake.identities.cookieless(
                &self.shop.slug,
                self.shop.time_zone,
                event.day,
                browser.address,
                browser.user_agent,
                self.received_at_ms,
            );
            event.visitor = Visitor::Cookieless(id.map_err(|error| ApiError::Internal(error.to_string()))?);
        }
        if !event.customer.is_empty() {
            event.customer = self.intake.identities.customer(&self.shop.slug, &event.customer);
        }
        Ok(event)
    }
}
