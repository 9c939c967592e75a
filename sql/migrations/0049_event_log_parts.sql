-- A part in files of their own for each of 52 columns costs an insert more than its rows do. Parts that a few
-- merges have made larger than this lie in such files, as questions about few columns want it.
ALTER TABLE event_log MODIFY SETTING min_bytes_for_wide_part = 134217728
