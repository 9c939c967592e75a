//! Which rules of METRICS the random shops of `property.rs` try: seen in their events, so that the test
//! cannot quietly stop trying one.

use crate::model::Sent;
use crate::property::Set;
use std::collections::{BTreeMap, BTreeSet};

/// What a rule is about, and whether it occurs.
type Kinds = Vec<(&'static str, bool)>;

/// Those that a set tries.
pub fn kinds(set: &Set) -> BTreeMap<&'static str, bool> {
    let mut events: Vec<&Sent> = set.events.iter().collect();
    events.sort_by_key(|event| (event.at_ms, event.id));
    let mut by_order: BTreeMap<&str, Vec<&Sent>> = BTreeMap::new();
    let mut by_conversation: BTreeMap<_, Vec<&Sent>> = BTreeMap::new();
    for &event in &events {
        event.order_id.iter().for_each(|id| by_order.entry(id).or_default().push(event));
        let of = event.conversation.iter();
        of.for_each(|id| by_conversation.entry((event.channel, id)).or_default().push(event));
    }
    let mut all = vec![("an event told by page and server under one id", !set.also_by_page.is_empty())];
    for told in by_order.values() {
        all.extend(of_an_order(set, told));
        all.extend(of_payments(set, told));
        all.extend(of_refunds(set, told));
        all.extend(of_costs(told));
    }
    all.extend(of_repeated_payments(&events));
    by_conversation.values().for_each(|told| all.extend(of_a_conversation(set, told)));
    all.extend(of_customers(&events, by_order.values()));
    let mut found = BTreeMap::new();
    all.into_iter().for_each(|(kind, occurs)| *found.entry(kind).or_default() |= occurs);
    found
}

fn of_kind<'a>(told: &[&'a Sent], kind: &str, verified: bool) -> Vec<&'a Sent> {
    told.iter().filter(|event| event.kind == kind && event.verified == verified).copied().collect()
}

fn of_an_order(set: &Set, told: &[&Sent]) -> Kinds {
    let (server, page) = (of_kind(told, "order", true), of_kind(told, "order", false));
    let takes = !set.rules.server_only;
    let told_by_both = !server.is_empty() && !page.is_empty();
    let first = |told: &[&Sent]| told.first().map(|event| event.at_ms);
    let day = |told: &[&Sent]| first(told).map(|at_ms| set.rules.day(at_ms));
    let is_nameless = told_by_both && server.iter().all(|event| event.visitor.is_none());
    let distance = |event: &Sent| first(&server).map(|at_ms| (event.at_ms - at_ms).abs());
    let near: Option<&&Sent> = page.iter().min_by_key(|event| distance(event));
    let nearest: BTreeSet<_> = page
        .iter()
        .filter(|event| near.is_some_and(|near| distance(event) == distance(near)))
        .map(|event| &event.visitor)
        .collect();
    let priced: Vec<&&Sent> = server.iter().filter(|event| event.amount.is_some()).collect();
    let latest = priced.iter().max_by_key(|e| (e.as_of_ms.unwrap_or(e.at_ms), e.at_ms, e.id));
    vec![
        ("an order told by page and server", told_by_both),
        ("an order that a page moves to an earlier day", told_by_both && day(&page) < day(&server)),
        ("an order whose visitor pages alone name", is_nameless),
        (
            "an order whose visitor not the earliest page names",
            is_nameless && !page.is_empty() && !nearest.contains(&page[0].visitor),
        ),
        ("an order whose visitor two pages name equally near", is_nameless && nearest.len() > 1),
        (
            "an order whose amount pages alone tell",
            takes && told_by_both && priced.is_empty() && page.iter().any(|event| event.amount.is_some()),
        ),
        (
            "an order edited by a record that is later than its time",
            latest.map(|event| event.id) != priced.last().map(|event| event.id),
        ),
        ("an order that a page names in a shop that takes no money from pages", !takes && told_by_both),
        (
            "an order that pages alone name in a shop that takes no money from pages",
            !takes && server.is_empty() && !page.is_empty(),
        ),
    ]
}

fn of_payments(set: &Set, told: &[&Sent]) -> Kinds {
    let (server, page) = (of_kind(told, "payment", true), of_kind(told, "payment", false));
    let has_id = |event: &&Sent| event.payment_id.is_some();
    let is_by_provider = |event: &&Sent| event.via == Some("provider");
    let takes = !set.rules.server_only;
    let is_told_by_both = takes && !server.is_empty() && !page.is_empty();
    vec![
        (
            "payments told by a provider and by another",
            server.iter().any(is_by_provider) && !server.iter().all(is_by_provider),
        ),
        ("a page's payment beside the server's", is_told_by_both),
        (
            "a page's payment with an id beside the server's without",
            is_told_by_both && !server.iter().any(has_id) && page.iter().any(has_id),
        ),
        ("several payments of an order without an id", server.len() > 1 && !server.iter().any(has_id)),
        ("a payment without a currency in a foreign one", is_bare_and_foreign(told, "payment")),
        ("a page's payment that is refused", !takes && !page.is_empty()),
    ]
}

fn of_refunds(set: &Set, told: &[&Sent]) -> Kinds {
    let takes = !set.rules.server_only;
    let by_page = takes && !of_kind(told, "refund", false).is_empty();
    let is_told_by_the_shop = told.iter().any(|event| event.verified);
    vec![
        ("a page refunds what the server told of", by_page && is_told_by_the_shop),
        ("a page refunds what pages alone told of", by_page && !is_told_by_the_shop),
        ("a refund without a currency in a foreign one", is_bare_and_foreign(told, "refund")),
    ]
}

fn is_bare_and_foreign(told: &[&Sent], kind: &str) -> bool {
    let of_order = of_kind(told, "order", true);
    let currencies: BTreeSet<_> = of_order.iter().filter_map(|event| event.currency).collect();
    let is_bare = |event: &&Sent| event.amount.is_some() && event.currency.is_none();
    currencies.iter().any(|currency| *currency != "CNY") && of_kind(told, kind, true).iter().any(is_bare)
}

fn of_repeated_payments(events: &[&Sent]) -> Kinds {
    let mut by_id: BTreeMap<&str, Vec<&Sent>> = BTreeMap::new();
    for &event in events {
        event.payment_id.iter().for_each(|id| by_id.entry(id).or_default().push(event));
    }
    let of_one = |told: &Vec<&Sent>| {
        let (server, page) = (of_kind(told, "payment", true), of_kind(told, "payment", false));
        let times: BTreeSet<i64> = server.iter().map(|event| event.at_ms).collect();
        let other = |event: &&Sent| event.amount.is_some() && event.amount != server[0].amount;
        vec![
            ("a payment that the server tells at two times", times.len() > 1),
            ("a payment of the server that a page prices", !server.is_empty() && page.iter().any(other)),
        ]
    };
    by_id.values().flat_map(of_one).collect()
}

fn of_costs(told: &[&Sent]) -> Kinds {
    let paid = told.iter().any(|event| event.kind == "payment");
    let orders = || told.iter().filter(|event| paid && event.kind == "order" && event.verified);
    let with_lines = || orders().filter(|event| event.cost.is_none() && !event.items.is_empty());
    let is_costed = |event: &&Sent| event.items.iter().all(|line| line.cost.is_some());
    vec![
        ("an order with a cost", orders().any(|event| event.cost.is_some())),
        ("an order all of whose lines have costs", with_lines().any(is_costed)),
        ("an order one of whose lines has no cost", !with_lines().all(is_costed)),
        ("an order with shipping or tax", orders().any(|e| e.shipping.is_some() || e.tax.is_some())),
    ]
}

fn of_a_conversation(set: &Set, told: &[&Sent]) -> Kinds {
    let inquiries: Vec<&&Sent> = told.iter().filter(|event| event.kind == "inquiry").collect();
    let days: BTreeSet<_> = inquiries.iter().map(|event| set.rules.day(event.at_ms)).collect();
    let first = inquiries.first();
    let named: Vec<&&Sent> = told.iter().filter(|event| event.visitor.is_some()).collect();
    let by_server = named.iter().find(|event| event.verified);
    let is_after = |event: &Sent| first.is_some_and(|first| event.at_ms >= first.at_ms);
    let by = |by: &str| told.iter().any(|event| event.by == Some(by) && is_after(event));
    let by_person = told.iter().find(|event| event.by == Some("person"));
    let other_agent = |reply: &&Sent| reply.agent.is_some() && reply.agent != first.unwrap().agent;
    vec![
        ("a conversation with two inquiries on a day", days.len() < inquiries.len()),
        ("a conversation of two days", days.len() > 1),
        (
            "a conversation that the server names later and otherwise than a page",
            by_server.is_some_and(|server| !named[0].verified && named[0].visitor != server.visitor),
        ),
        ("a conversation of nobody", first.is_some() && named.is_empty()),
        ("a conversation that a person answers", by("person")),
        ("a conversation that a bot alone answers", by("bot") && !by("person")),
        ("a conversation that nobody answers", first.is_some() && !by("bot") && !by("person")),
        (
            "a conversation whose first person is another agent",
            first.is_some() && by_person.is_some_and(other_agent),
        ),
    ]
}

fn of_customers<'a>(events: &[&Sent], orders: impl Iterator<Item = &'a Vec<&'a Sent>>) -> Kinds {
    let mut of_visitors: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut of_customers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for event in events {
        if let (Some(visitor), Some(customer)) = (&event.visitor, &event.customer) {
            of_visitors.entry(visitor).or_default().insert(customer);
            of_customers.entry(customer).or_default().insert(visitor);
        }
    }
    let has_one = |visitor: &str| of_visitors.get(visitor).is_some_and(|named| named.len() == 1);
    let is_guest = |told: &Vec<&Sent>| {
        let first = told.iter().find(|event| event.kind == "order");
        let visitor = first.and_then(|event| event.visitor.as_deref());
        visitor.is_some_and(has_one) && told.iter().all(|event| event.customer.is_none())
    };
    vec![
        ("a visitor who names several customers", of_visitors.values().any(|named| named.len() > 1)),
        ("a customer whom several visitors name", of_customers.values().any(|named| named.len() > 1)),
        ("an order without a customer of a visitor who names one", orders.into_iter().any(is_guest)),
    ]
}
