-- What finds events without reading the whole shop, in blocks of 8192 rows. Parts from before get it when they are merged.
-- `by_visitor`  one visitor's events; 1 of 100 blocks without them is read in vain
-- `by_arrival`  the newest, whatever time they tell of
-- `by_kind`     a rare kind
ALTER TABLE events
    ADD INDEX IF NOT EXISTS by_visitor visitor TYPE bloom_filter(0.01) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS by_arrival received_at TYPE minmax GRANULARITY 1,
    ADD INDEX IF NOT EXISTS by_kind kind TYPE set(16) GRANULARITY 1
