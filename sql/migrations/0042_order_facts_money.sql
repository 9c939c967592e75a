-- `person`      sipHash64 of whom the order counts for (METRICS section 5): its customer, else the one that its
--               visitor has ever named, else the visitor; 0 for nobody
-- `more_money`  beside `money`, entry by entry. `unverified`: the part of `paid` whose payment or amount no
--               verified event tells. Of a paid order with a cost: `cost`, and `profit`, which is what is left of
--               the net amount without cost, shipping and tax
-- `items`       lines that count; `quantity` in thousandths
ALTER TABLE order_facts
    ADD COLUMN IF NOT EXISTS person UInt64,
    ADD COLUMN IF NOT EXISTS more_money Array(Tuple(unverified Decimal(38, 4), cost Decimal(38, 4), profit Decimal(38, 4), is_costed Bool, is_uncosted Bool)),
    ADD COLUMN IF NOT EXISTS items Array(Tuple(product String, name String, variant String, quantity UInt32, amount Nullable(Decimal(18, 4)), cost Nullable(Decimal(18, 4)))),
    ADD COLUMN IF NOT EXISTS cost Nullable(Decimal(18, 4)),
    ADD COLUMN IF NOT EXISTS shipping Nullable(Decimal(18, 4)),
    ADD COLUMN IF NOT EXISTS tax Nullable(Decimal(18, 4)),
    ADD COLUMN IF NOT EXISTS discount Nullable(Decimal(18, 4))
