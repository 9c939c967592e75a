//! What an operator has done to the data of a running server. Each operation may be given up and repeated,
//! and ends with a receipt of what it did.

pub mod forget;
pub mod import;
