-- The orders that the upkeep works on.
CREATE TABLE IF NOT EXISTS ledger_orders
(
    shop     LowCardinality(String),
    order_id String
)
ENGINE = Memory
