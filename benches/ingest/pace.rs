//! Load at a constant rate, whatever the server does: what `wrk` cannot do.
//!
//! A request that is due is sent at once, or, when all connections wait for answers, as soon as one is free.
//! Its latency counts from when it was due, so a server that stalls is charged for everybody it kept waiting
//! (no coordinated omission). One thread sleeps and sends, another one reads the answers.

use crate::visits::Visits;
use anyhow::{Context, ensure};
use std::cell::{Cell, RefCell};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;

/// How long the last answers may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What to send.
#[derive(Clone, Copy)]
pub struct Pace {
    pub address: SocketAddr,
    pub requests_per_s: f64,
    pub connections: usize,
    pub duration: Duration,
}

/// What came of it.
pub struct Paced {
    /// Microseconds, ascending; answers of 2xx only.
    pub latencies_us: Vec<u32>,
    pub refused: u64,
    pub duration: Duration,
}

impl Paced {
    pub fn percentile_us(&self, percent: f64) -> f64 {
        let last = self.latencies_us.len().saturating_sub(1);
        let place = (last as f64 * percent / 100.0).round() as usize;
        self.latencies_us.get(place).copied().map_or(f64::NAN, f64::from)
    }

    pub fn requests_per_s(&self) -> f64 {
        self.latencies_us.len() as f64 / self.duration.as_secs_f64()
    }
}

/// Sends until the time is over or `stop` says so, and waits for the last answer.
pub fn run(pace: Pace, visits: &Visits, stop: &AtomicBool) -> anyhow::Result<Paced> {
    let began = Instant::now();
    let connections = (0..pace.connections)
        .map(|_| {
            let stream = TcpStream::connect(pace.address)?;
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            Ok(stream)
        })
        .collect::<std::io::Result<Vec<_>>>()
        .context("the load generator cannot connect")?;
    let reading = connections.iter().map(TcpStream::try_clone).collect::<std::io::Result<Vec<_>>>()?;
    let due_ns: Arc<[AtomicU64]> = connections.iter().map(|_| AtomicU64::new(0)).collect();
    let (free, frees) = mpsc::channel();
    (0..pace.connections).try_for_each(|connection| free.send(connection))?;
    let answers = {
        let due_ns = due_ns.clone();
        std::thread::spawn(move || read_answers(reading, &due_ns, began, &free))
    };

    let interval_s = 1.0 / pace.requests_per_s;
    let mut text = String::new();
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let due = Duration::from_secs_f64(number as f64 * interval_s);
        if due >= pace.duration {
            break;
        }
        number += 1;
        visits.fill(number, &mut text);
        if let Some(early) = due.checked_sub(began.elapsed()) {
            std::thread::sleep(early);
        }
        let connection = frees.recv_timeout(PATIENCE).context("no answer came")?;
        due_ns[connection].store(due.as_nanos() as u64, Ordering::SeqCst);
        // Its buffer is empty, because the answer to what was sent before has come.
        (&connections[connection]).write_all(text.as_bytes()).context("a request could not be sent")?;
    }
    let duration = began.elapsed();
    for _ in 0..pace.connections {
        frees.recv_timeout(PATIENCE).context("the last answers did not come")?;
    }
    for connection in &connections {
        let _ = connection.shutdown(std::net::Shutdown::Both);
    }
    let (mut latencies_us, refused) = answers.join().expect("the reading thread does not panic")?;
    ensure!(latencies_us.len() as u64 + refused == number, "an answer is missing");
    latencies_us.sort_unstable();
    Ok(Paced { latencies_us, refused, duration })
}

/// Latencies and the number of answers that were no 2xx, once every connection is closed.
fn read_answers(
    streams: Vec<TcpStream>,
    due_ns: &[AtomicU64],
    began: Instant,
    free: &mpsc::Sender<usize>,
) -> anyhow::Result<(Vec<u32>, u64)> {
    let latencies_us = Rc::new(RefCell::new(Vec::new()));
    let refused = Cell::new(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let reads = streams.into_iter().enumerate().map(|(connection, stream)| {
        let latencies_us = latencies_us.clone();
        let refused = &refused;
        async move {
            let mut stream = tokio::net::TcpStream::from_std(stream)?;
            let mut buffer = Vec::with_capacity(4 << 10);
            while stream.read_buf(&mut buffer).await? > 0 {
                if let Some(status) = whole_answer(&buffer) {
                    let latency_ns =
                        began.elapsed().as_nanos() as u64 - due_ns[connection].load(Ordering::SeqCst);
                    if (200..300).contains(&status) {
                        latencies_us.borrow_mut().push(u32::try_from(latency_ns / 1_000).unwrap_or(u32::MAX));
                    } else {
                        refused.set(refused.get() + 1);
                    }
                    buffer.clear();
                    // The sender has gone only when the run has failed already.
                    let _ = free.send(connection);
                }
            }
            Ok::<(), std::io::Error>(())
        }
    });
    let mut tasks: futures_util::stream::FuturesUnordered<_> = reads.collect();
    runtime.block_on(async {
        while let Some(ended) = futures_util::StreamExt::next(&mut tasks).await {
            ended?;
        }
        Ok::<(), std::io::Error>(())
    })?;
    drop(tasks);
    Ok((latencies_us.take(), refused.get()))
}

/// The status of the one answer in `bytes`, as soon as all of it is there.
fn whole_answer(bytes: &[u8]) -> Option<u16> {
    let head_end = bytes.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..head_end]).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let body_bytes = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(Ok(0), |(_, length)| length.trim().parse::<usize>())
        .ok()?;
    (bytes.len() >= head_end + body_bytes).then_some(status)
}
