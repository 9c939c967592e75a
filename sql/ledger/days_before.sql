-- Days of which the table still knows who was open, though nobody can be any more.
--
-- Parameters
--   day  UInt16, first day that is kept, counted from 1970-01-01
-- Row shape: one row per day: day String
SELECT DISTINCT toString(open_visitors.day) AS day
FROM open_visitors
WHERE toUInt16(open_visitors.day) < {day:UInt16}
