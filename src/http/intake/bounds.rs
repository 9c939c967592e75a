//! How much a request with events may hold, and a line of a stream of them.

/// The browser's own bound on what may be in flight when a page closes.
pub const MAX_BROWSER_BYTES: usize = 64 << 10;
pub const MAX_BROWSER_EVENTS: usize = 100;
pub const MAX_SERVER_BYTES: usize = 1 << 20;
/// Of a body, and of what a stream appends at once.
pub const MAX_SERVER_EVENTS: usize = 1_000;
/// One line of a stream.
pub const MAX_LINE_BYTES: usize = 64 << 10;
