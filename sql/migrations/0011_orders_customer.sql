-- `customer`      the shop's own customer, as the keyed hash that `events` has, empty when none was named
-- `received_at`, `received_day`  of the arrival, which tells when figures of older days moved
ALTER TABLE orders
    ADD COLUMN IF NOT EXISTS customer String AFTER cookieless,
    ADD COLUMN IF NOT EXISTS received_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS received_day Date
