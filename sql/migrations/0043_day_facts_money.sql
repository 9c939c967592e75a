-- `answered_by`  dimension: who answered the day's inquiries
-- `more_money`   beside `money`, entry by entry, see `order_facts`; `costed_orders` and `uncosted_orders` are paid
ALTER TABLE day_facts
    ADD COLUMN IF NOT EXISTS answered_by Array(String),
    ADD COLUMN IF NOT EXISTS more_money Array(Tuple(unverified Decimal(38, 4), cost Decimal(38, 4), profit Decimal(38, 4), costed_orders UInt32, uncosted_orders UInt32))
