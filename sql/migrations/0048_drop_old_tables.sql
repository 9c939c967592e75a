-- What is made anew holds everything that these held.
DROP TABLE IF EXISTS ledger_changes_from_events, links_from_events, late_arrivals_from_events, orders_from_events,
    visitor_days_from_events, links, orders, visitor_days, events, rebuilt
