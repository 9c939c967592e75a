-- What each visitor did on each of the shop's days, in states that a repeated event cannot change.
--
-- Orders and conversations are not here: when an order was placed, and whose a conversation is, only all their
-- events together can tell.
-- A moment of the year 2299 stands for "none" where the least is kept, the first moment of 1970 where the greatest is.
-- `visitor`       sipHash64 of the visitor id
-- `kinds`         one bit per kind seen: 1 visit, 2 bounce, 4 inquiry, 8 cart, 16 favorite; 32 = the id is
--                 cookieless. 0: nobody was present, but something was named
-- `view_min`, `view_max`  least and greatest hash of the day's visit ids: min < max means two or more page views,
--                 min = max exactly one, min > max none. A batch that holds two views writes 0 and the greatest number
-- `asked_at`      earliest inquiry not marked after-sale, NULL when there is none
-- `first_visit`   the day's first visit: when, and what was found out about it
-- `last_touch`    the day's last visit that came from somewhere: when, source, medium, campaign
-- `last_inquiry`  the day's last inquiry: when, who answered, in which chat tool
-- `agents`, `channels`  named by the day's inquiries
-- `products`, `variants`, `customers`  named by any event of the day, those that bring nobody included
CREATE TABLE IF NOT EXISTS visitor_activity
(
    shop         LowCardinality(String),
    visitor      UInt64 CODEC(Delta, ZSTD(1)),
    day          Date CODEC(Delta, ZSTD(1)),
    kinds        SimpleAggregateFunction(groupBitOr, UInt16),
    view_min     SimpleAggregateFunction(min, UInt64) CODEC(ZSTD(1)),
    view_max     SimpleAggregateFunction(max, UInt64) CODEC(ZSTD(1)),
    asked_at     SimpleAggregateFunction(min, Nullable(DateTime64(3, 'UTC'))) CODEC(ZSTD(1)),
    first_visit  SimpleAggregateFunction(min, Tuple(at DateTime64(3, 'UTC'), path String, device String, browser String, os String, country String, region String, city String))
        DEFAULT (toDateTime64('2299-12-31 00:00:00', 3, 'UTC'), '', '', '', '', '', '', '') CODEC(ZSTD(1)),
    last_touch   SimpleAggregateFunction(max, Tuple(at DateTime64(3, 'UTC'), source String, medium String, campaign String)) CODEC(ZSTD(1)),
    last_inquiry SimpleAggregateFunction(max, Tuple(at DateTime64(3, 'UTC'), agent String, channel String)) CODEC(ZSTD(1)),
    agents       SimpleAggregateFunction(groupUniqArrayArray, Array(String)) CODEC(ZSTD(1)),
    channels     SimpleAggregateFunction(groupUniqArrayArray, Array(String)) CODEC(ZSTD(1)),
    products     SimpleAggregateFunction(groupUniqArrayArray, Array(String)) CODEC(ZSTD(1)),
    variants     SimpleAggregateFunction(groupUniqArrayArray, Array(String)) CODEC(ZSTD(1)),
    customers    SimpleAggregateFunction(groupUniqArrayArray, Array(String)) CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (shop, visitor, day)
SETTINGS index_granularity = 512, fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1
