//! A proxy between the server and its ClickHouse that spoils inserts.
//!
//! It speaks as little HTTP as it can: it reads the head of a request, asks for one request per connection,
//! and moves bytes. Everything but the inserts of a batch of events passes, unless ClickHouse is to be away.
//! A batch is one insert for each table that it feeds, the queue of changes last.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const MAX_HEAD_BYTES: usize = 64 << 10;
const FIRST_TABLE: &str = "event_log";
const LAST_TABLE: &str = "ledger_changes";
/// Those that a batch feeds.
const TABLES: [&str; 7] = [
    FIRST_TABLE,
    "order_events",
    "conversation_events",
    "visitor_activity",
    "relations",
    "late_arrivals",
    LAST_TABLE,
];
const MOST_INSERTS: usize = TABLES.len();

/// What happens to an insert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoil {
    /// The connection is reset before ClickHouse sees anything.
    Refuse,
    /// ClickHouse carries it out; the connection is reset instead of the reply.
    Reset,
    /// ClickHouse carries it out; only the head of the reply comes through.
    Cut,
    /// ClickHouse carries it out; the reply never comes, and the connection stays open until the server
    /// closes it.
    Stall,
}

/// Which inserts are spoilt.
#[derive(Debug, Clone)]
pub enum Mode {
    Pass,
    /// One of each batch, in these ways by turns, so that the batch fails once and then passes; now its first
    /// insert, now its second, and so on. Until so many batches have passed.
    FirstTries {
        ways: Vec<Spoil>,
        batches: usize,
    },
    /// All of them, in this way.
    All(Spoil),
    /// Everything is refused, inserts or not: ClickHouse is away.
    Away,
}

/// What came by.
#[derive(Debug, Default, Clone)]
pub struct Counts {
    pub tries: usize,
    pub passed: usize,
    /// By [`Spoil`], in its order.
    pub spoilt: [usize; 4],
    failed_in_a_row: usize,
    /// Of the batch under way: inserts seen in this try.
    inserts: usize,
    /// Most tries that one batch needed.
    pub most_tries: usize,
}

#[derive(Debug)]
struct State {
    mode: Mode,
    counts: Counts,
}

#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    acceptor: JoinHandle<()>,
}

impl FaultProxy {
    /// `upstream`: ClickHouse's URL.
    pub async fn start(upstream: &str, mode: Mode) -> FaultProxy {
        let upstream: SocketAddr =
            upstream.trim_start_matches("http://").parse().expect("an address and a port");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State { mode, counts: Counts::default() }));
        let shared = state.clone();
        let acceptor = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = shared.clone();
                tokio::spawn(async move {
                    // Either side may go away at any moment; that is what this proxy is for.
                    let _ = serve(client, upstream, &state).await;
                });
            }
        });
        FaultProxy { address, state, acceptor }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn set(&self, mode: Mode) {
        lock(&self.state).mode = mode;
    }

    pub fn counts(&self) -> Counts {
        lock(&self.state).counts.clone()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("the proxy is whole")
}

impl State {
    /// Decides about one insert of a batch.
    fn next(&mut self, table: &str) -> Option<Spoil> {
        let counts = &mut self.counts;
        if table == FIRST_TABLE {
            counts.tries += 1;
            counts.inserts = 0;
        }
        let number = counts.inserts;
        counts.inserts += 1;
        let is_last = table == LAST_TABLE;
        let spoilt: usize = counts.spoilt.iter().sum();
        let spoil = match &self.mode {
            Mode::Pass | Mode::Away => None,
            Mode::All(spoil) => Some(*spoil),
            Mode::FirstTries { batches, .. } if counts.passed >= *batches => None,
            Mode::FirstTries { .. } if counts.failed_in_a_row > 0 => None,
            Mode::FirstTries { ways, .. } => {
                let is_due = is_last || number == counts.passed % MOST_INSERTS;
                // The last way first, so that the first of all inserts is in no table.
                is_due.then(|| ways[(ways.len() - 1 + spoilt) % ways.len()])
            }
        };
        match spoil {
            None if !is_last => {}
            None => {
                counts.passed += 1;
                counts.most_tries = counts.most_tries.max(counts.failed_in_a_row + 1);
                counts.failed_in_a_row = 0;
            }
            Some(spoil) => {
                self.counts.failed_in_a_row += 1;
                let place = match spoil {
                    Spoil::Refuse => 0,
                    Spoil::Reset => 1,
                    Spoil::Cut => 2,
                    Spoil::Stall => 3,
                };
                self.counts.spoilt[place] += 1;
            }
        }
        spoil
    }
}

async fn serve(mut client: TcpStream, upstream: SocketAddr, state: &Mutex<State>) -> std::io::Result<()> {
    let mut received = Vec::new();
    let Some(line_end) = read_head(&mut client, &mut received).await? else { return Ok(()) };
    let line = String::from_utf8_lossy(&received[..line_end]).into_owned();
    let is_batch =
        line.contains("INSERT") && line.contains("FORMAT%20Native") || line.contains("FORMAT+Native");
    let table = TABLES.into_iter().find(|table| is_batch && line.contains(table));
    if matches!(lock(state).mode, Mode::Away) {
        return reset(client);
    }
    let spoil = table.and_then(|table| lock(state).next(table));
    if spoil == Some(Spoil::Refuse) {
        return reset(client);
    }
    let mut server = TcpStream::connect(upstream).await?;
    // One request per connection: the end of the reply is the end of the connection.
    server.write_all(&received[..line_end]).await?;
    server.write_all(b"\r\nConnection: close").await?;
    server.write_all(&received[line_end..]).await?;
    let Some(spoil) = spoil else {
        copy_bidirectional(&mut client, &mut server).await?;
        return Ok(());
    };
    let mut reply = Vec::new();
    {
        let (mut from_client, _) = client.split();
        let (mut from_server, mut to_server) = server.split();
        let forward = tokio::io::copy(&mut from_client, &mut to_server);
        // ClickHouse answers after the insert, so its first bytes say that the insert is done.
        let answer = read_head(&mut from_server, &mut reply);
        tokio::select! {
            _ = forward => return Ok(()),
            head = answer => drop(head?),
        }
    }
    match spoil {
        Spoil::Refuse | Spoil::Reset => reset(client),
        Spoil::Cut => {
            let head =
                reply.windows(4).position(|bytes| bytes == b"\r\n\r\n").map_or(reply.len(), |at| at + 4);
            client.write_all(&reply[..head]).await?;
            client.shutdown().await
        }
        Spoil::Stall => {
            while client.read_buf(&mut received).await? > 0 {}
            Ok(())
        }
    }
}

/// Reads until the head is whole; where its first line ends, or `None` when nothing comes.
async fn read_head(
    stream: &mut (impl AsyncReadExt + Unpin),
    received: &mut Vec<u8>,
) -> std::io::Result<Option<usize>> {
    while !received.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        if received.len() > MAX_HEAD_BYTES || stream.read_buf(received).await? == 0 {
            return Ok(None);
        }
    }
    Ok(received.windows(2).position(|bytes| bytes == b"\r\n"))
}

/// Closes with a reset instead of an orderly end.
fn reset(client: TcpStream) -> std::io::Result<()> {
    client.set_zero_linger()
}
