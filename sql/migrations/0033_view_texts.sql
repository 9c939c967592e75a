-- Which text each view was made from, so that a start replaces only what differs.
CREATE TABLE IF NOT EXISTS view_texts
(
    name String COMMENT 'of the view',
    checksum String COMMENT 'SHA-256 of the statement that made it, hexadecimal',
    made_at DateTime DEFAULT now()
)
ENGINE = ReplacingMergeTree
ORDER BY name
