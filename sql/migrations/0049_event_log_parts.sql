-- Writing each of 52 columns to a file of its own costs a small insert more than its rows do. So parts below
-- 128 MiB are one file; larger ones, made by merges, have a file for each column, as questions about few columns
-- want it.
ALTER TABLE event_log MODIFY SETTING min_bytes_for_wide_part = 134217728
