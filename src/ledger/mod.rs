//! The day ledger: any funnel over any range of days as a sum over few rows. Pure; the tables are the
//! store's, the upkeep is `upkeep`'s.
//!
//! **What a row is.** Take a set of days of one visitor, say those on which they were effective. A window
//! `[a, b]` holds the person when one of these days lies in it, and then exactly one of them is the *first*
//! in it: the day `d` whose predecessor in the set, `after`, lies before the window. So each day of the set
//! is written down once as `(after, start = d, day = d)`, and the window counts the rows with
//!
//! > `after < a ≤ start` and `day ≤ b`.
//!
//! Where a day counts only together with another one (a payer's first order and the first order that was
//! paid; an inquiry buyer's first order and the last inquiry before it), `start` is the earlier of the two,
//! from which the window must reach to `day`, the later. Persons with equal rows are added up, so the size of
//! the ledger depends on the number of days and not of visitors, and sums over shops, shards and batches are
//! sums.
//!
//! **Why it is exact.** For every set, visitor and window at most one row satisfies the inequality, and one
//! does exactly when the definition of METRICS section 2 holds. [`chain::rows`] says for each set which day
//! that is.
//!
//! `order` tells what became of each order, `conversation` whose each inquiry of a chat is, `life` what holds of each of a visitor's days, `chain` which rows
//! follow, `totals` adds them up, and `revision` says what is to be changed when some visitors' days did.

pub mod chain;
pub mod conversation;
pub mod life;
pub mod order;
pub mod revision;
pub mod totals;
