-- How far the tables of events have been made anew out of `events`: everything that happened before `until`.
CREATE TABLE IF NOT EXISTS rebuilt
(
    until DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY until
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
