//! What a visit says beyond its fields: from where (`geo`), with what (`agent`), sent by whom (`source`).
//!
//! Takes an address, a user agent, two URLs as they were sent; gives names. Keeps none of them, knows no
//! event.

pub mod agent;
pub mod geo;
pub mod source;
