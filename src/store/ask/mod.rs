//! Questions and their answers: the texts of `sql/views`, how they are asked, and what each report is made
//! of.

mod cohorts;
mod events;
mod funnel;
pub(super) mod lists;
mod lost_inquiries;
mod orders;
pub(super) mod question;
pub(super) mod views;

pub use events::{PathPosition, VisitorHead};
pub use funnel::{Groups, Row};
pub use lost_inquiries::{LostInquiries, LostInquiry, LostPage, LostPlace};
