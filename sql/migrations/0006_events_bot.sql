-- `bot`  sent by a program rather than a person: kept, so that a wrong rule can be undone, and in no figure.
--        Never set for an order, a payment or a refund: their money has moved, whoever moved it.
ALTER TABLE events ADD COLUMN IF NOT EXISTS bot Bool AFTER verified
