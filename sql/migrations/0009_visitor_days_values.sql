-- What a day of a visitor can be grouped by, in states that a repeated event cannot change.
-- A moment of the year 2299 stands for "none" where the least is kept, the first moment of 1970 where the greatest is.
-- `first_visit`    the day's first visit: when, and what was found out about it
-- `first_touch`, `last_touch`  the day's first and last visit that came from somewhere: when, source, medium, campaign
-- `last_inquiry`   the day's last inquiry: when, who answered, in which chat tool
-- `agents`, `channels`  named by the day's inquiries
-- `products`, `variants`, `customers`  named by any event of the day, those that bring nobody included: such a row has
--                  `kinds` 0 and makes nobody present
ALTER TABLE visitor_days
    ADD COLUMN IF NOT EXISTS first_visit SimpleAggregateFunction(min, Tuple(at DateTime64(3, 'UTC'), path String, device String, browser String, os String, country String, region String, city String))
        DEFAULT (toDateTime64('2299-12-31 00:00:00', 3, 'UTC'), '', '', '', '', '', '', ''),
    ADD COLUMN IF NOT EXISTS first_touch SimpleAggregateFunction(min, Tuple(at DateTime64(3, 'UTC'), source String, medium String, campaign String))
        DEFAULT (toDateTime64('2299-12-31 00:00:00', 3, 'UTC'), '', '', ''),
    ADD COLUMN IF NOT EXISTS last_touch SimpleAggregateFunction(max, Tuple(at DateTime64(3, 'UTC'), source String, medium String, campaign String)),
    ADD COLUMN IF NOT EXISTS last_inquiry SimpleAggregateFunction(max, Tuple(at DateTime64(3, 'UTC'), agent String, channel String)),
    ADD COLUMN IF NOT EXISTS agents SimpleAggregateFunction(groupUniqArrayArray, Array(String)),
    ADD COLUMN IF NOT EXISTS channels SimpleAggregateFunction(groupUniqArrayArray, Array(String)),
    ADD COLUMN IF NOT EXISTS products SimpleAggregateFunction(groupUniqArrayArray, Array(String)),
    ADD COLUMN IF NOT EXISTS variants SimpleAggregateFunction(groupUniqArrayArray, Array(String)),
    ADD COLUMN IF NOT EXISTS customers SimpleAggregateFunction(groupUniqArrayArray, Array(String))
