//! shopfunnel: an e-commerce conversion funnel tracker in one binary. Modules in reading order.

pub mod clock;
pub mod event;
pub mod file;
pub mod funnel;
pub mod identity;
pub mod money;
pub mod secret;
pub mod shops;
pub mod spool;
