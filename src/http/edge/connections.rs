//! Connections on which no request is under way, and how long they stay like that.
//!
//! The server times the first head of a connection, and one that is silent. It does not time a later head
//! that comes byte by byte, what follows a refused body in chunks, or an answer that is not fetched: each
//! would hold a connection for as long as somebody likes. Those are ended here. While a request is under way
//! its handler has the say.

use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use std::any::Any;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

/// How often connections are looked through.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// From an answer to the end of the next head: the server's 5 s for a silent connection, and 5 s for the
/// head.
const READ_PATIENCE_MS: u64 = 10_000;
/// From an answer to its last byte taken.
const WRITE_PATIENCE_MS: u64 = 30_000;
const BUSY: u64 = u64::MAX;

/// The open connections of a listener.
#[derive(Debug)]
pub struct Connections {
    started: Instant,
    open: Mutex<Vec<Weak<Connection>>>,
}

#[derive(Debug)]
struct Connection {
    /// A second handle on the server's own socket.
    socket: std::net::TcpStream,
    /// [`Connections::started`].
    started: Instant,
    /// Milliseconds since `started`, or [`BUSY`].
    idle_since_ms: AtomicU64,
}

/// A request under way, until this is dropped.
#[derive(Debug)]
pub struct Busy(Arc<Connection>);

impl Default for Connections {
    fn default() -> Connections {
        Connections { started: Instant::now(), open: Mutex::new(Vec::new()) }
    }
}

impl Connections {
    /// Takes note of a new connection, whose requests find it again among its data.
    pub fn opened(&self, io: &dyn Any, data: &mut Extensions) {
        let socket = io.downcast_ref::<TcpStream>().map(|socket| socket.as_fd().try_clone_to_owned());
        // Without a free descriptor the connection goes untimed, and soon nobody can connect anyway.
        let Some(Ok(socket)) = socket else { return };
        let connection = Arc::new(Connection {
            socket: socket.into(),
            started: self.started,
            idle_since_ms: AtomicU64::new(now_ms(self.started)),
        });
        self.lock().push(Arc::downgrade(&connection));
        data.insert(connection);
    }

    /// Ends the connections whose time is up.
    pub fn sweep(&self) {
        let now_ms = now_ms(self.started);
        self.lock().retain(|connection| {
            let Some(connection) = connection.upgrade() else { return false };
            // A busy one is idle since the end of time.
            let idle_ms = now_ms.saturating_sub(connection.idle_since_ms.load(Ordering::Relaxed));
            if idle_ms > WRITE_PATIENCE_MS {
                connection.end(Shutdown::Both);
            } else if idle_ms > READ_PATIENCE_MS {
                connection.end(Shutdown::Read);
            }
            true
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Connection>>> {
        self.open.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Connection {
    /// The server notices and closes.
    fn end(&self, how: Shutdown) {
        // It fails when the other side was faster.
        let _ = self.socket.shutdown(how);
    }
}

impl Busy {
    /// Marks the connection of a request as busy.
    pub fn with(request: &HttpRequest) -> Option<Busy> {
        let connection = request.conn_data::<Arc<Connection>>()?.clone();
        connection.idle_since_ms.store(BUSY, Ordering::Relaxed);
        Some(Busy(connection))
    }

    /// Nothing more is read from this connection; the answer is still sent.
    pub fn read_no_more(&self) {
        self.0.end(Shutdown::Read);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.idle_since_ms.store(now_ms(self.0.started), Ordering::Relaxed);
    }
}

fn now_ms(started: Instant) -> u64 {
    started.elapsed().as_millis() as u64
}
