-- What each visitor did on each of the shop's days, in states that a repeated event cannot change.
--
-- Orders are not here: an order is placed once, at its earliest time, which only `orders` can tell.
-- `visitor`     sipHash64 of the visitor id
-- `kinds`       one bit per kind seen: 1 visit, 2 bounce, 4 inquiry, 8 cart, 16 favorite; 32 = the id is cookieless
-- `view_min`, `view_max`  least and greatest hash of the day's visit ids: min < max means two or more page
--               views, min = max exactly one, min > max none
-- `viewed_at`   latest visit
-- `asked_at`    earliest inquiry not marked after-sale, NULL when there is none
CREATE TABLE IF NOT EXISTS visitor_days
(
    shop      LowCardinality(String),
    visitor   UInt64,
    day       Date,
    kinds     SimpleAggregateFunction(groupBitOr, UInt16),
    view_min  SimpleAggregateFunction(min, UInt64),
    view_max  SimpleAggregateFunction(max, UInt64),
    viewed_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    asked_at  SimpleAggregateFunction(min, Nullable(DateTime64(3, 'UTC')))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (shop, visitor, day)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1
