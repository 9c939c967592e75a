//! Load as fast as the server answers: `wrk` with one thread, so that it takes at most one core.

use anyhow::{Context, ensure};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/ingest/visits.lua");

/// What one run measured. At saturation the latencies are those of a queue.
#[derive(Clone, Copy)]
pub struct Load {
    pub requests: u64,
    pub requests_per_s: f64,
    pub p50_us: f64,
    pub p99_us: f64,
    /// Of the server, busy; filled in by whoever knows its process.
    pub cores: f64,
}

/// Sends the requests of a file written by `Visits::save` over and over.
///
/// # Errors
/// `wrk` is missing, or any request was not answered with a 2xx.
pub fn run(
    address: SocketAddr,
    visits: &Path,
    connections: usize,
    duration: Duration,
) -> anyhow::Result<Load> {
    let seconds = duration.as_secs().max(1).to_string();
    let output = Command::new("wrk")
        .args(["-t1", "--latency", "--timeout", "10s", "-c", &connections.to_string(), "-d", &seconds])
        .args(["-s", SCRIPT, &format!("http://{address}/e"), "--"])
        .arg(visits)
        .output()
        .context("wrk is missing: apt install wrk")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let figures = text.lines().find_map(|line| line.strip_prefix("figures "));
    let figures: Vec<f64> =
        figures.unwrap_or_default().split(' ').filter_map(|figure| figure.parse().ok()).collect();
    let [requests, duration_us, p50_us, p99_us, refused, broken] = figures[..] else {
        anyhow::bail!("wrk said: {text}{}", String::from_utf8_lossy(&output.stderr));
    };
    ensure!(refused + broken == 0.0, "{refused} answers were no 2xx and {broken} connections broke");
    ensure!(requests > 0.0, "no request was answered");
    let requests_per_s = requests / duration_us * 1e6;
    Ok(Load { requests: requests as u64, requests_per_s, p50_us, p99_us, cores: f64::NAN })
}

/// The middle of several runs, figure by figure.
pub fn median(loads: &[Load]) -> Load {
    let of = |figure: fn(&Load) -> f64| {
        let mut figures: Vec<f64> = loads.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    Load {
        requests: loads.iter().map(|load| load.requests).sum(),
        requests_per_s: of(|load| load.requests_per_s),
        p50_us: of(|load| load.p50_us),
        p99_us: of(|load| load.p99_us),
        cores: of(|load| load.cores),
    }
}
