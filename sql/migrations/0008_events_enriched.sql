-- What is found out about an event on its arrival.
-- `received_day`  the shop's day of `received_at`: later than `day` means late, so that older figures moved
-- Of a visit, empty where nothing is known:
-- `source`, `medium`, `campaign`  of its touch; `source` is empty for a visit that came from nowhere or from the shop itself
-- `path`          of its address, without host, query and fragment
-- `device`, `browser`, `os`       of its user agent
-- `country`, `region`, `city`     of its address on the network, which is not kept; `country` as ISO 3166-1 alpha-2
ALTER TABLE events
    ADD COLUMN IF NOT EXISTS received_day Date AFTER received_at,
    ADD COLUMN IF NOT EXISTS source   LowCardinality(String) AFTER title,
    ADD COLUMN IF NOT EXISTS medium   LowCardinality(String) AFTER source,
    ADD COLUMN IF NOT EXISTS campaign LowCardinality(String) AFTER medium,
    ADD COLUMN IF NOT EXISTS path     String CODEC(ZSTD(1)) AFTER campaign,
    ADD COLUMN IF NOT EXISTS device   LowCardinality(String) AFTER path,
    ADD COLUMN IF NOT EXISTS browser  LowCardinality(String) AFTER device,
    ADD COLUMN IF NOT EXISTS os       LowCardinality(String) AFTER browser,
    ADD COLUMN IF NOT EXISTS country  LowCardinality(String) AFTER os,
    ADD COLUMN IF NOT EXISTS region   LowCardinality(String) AFTER country,
    ADD COLUMN IF NOT EXISTS city     LowCardinality(String) AFTER region
