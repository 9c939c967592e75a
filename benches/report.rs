//! The figures as Markdown, printed and, when asked, put into `docs/BENCHMARKS.md`.

use anyhow::Context;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/BENCHMARKS.md");

/// Tables in the order in which they were begun, the goals before them.
#[derive(Default)]
pub struct Report {
    /// Of the benchmark, as in `make bench-NAME`.
    name: &'static str,
    machine: String,
    goals: String,
    missed: usize,
    tables: String,
}

impl Report {
    /// Says where this runs; `disk` is a directory on the disk that is written to.
    pub fn new(name: &'static str, disk: &Path) -> Report {
        let arguments: Vec<String> =
            std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
        let command = format!("make bench-{name} {}", arguments_variable(&arguments));
        let mut machine = String::new();
        let lines = [
            ("date", said("date", &["-u", "+%Y-%m-%d %H:%M UTC"])),
            ("commit", commit()),
            ("command", format!("`{}`", command.trim())),
            ("processor", format!("{}, {} cores", processor(), cores())),
            ("memory", format!("{:.0} GiB", memory_gib())),
            ("kernel", said("uname", &["-sr"])),
            ("file system", said("findmnt", &["-no", "FSTYPE,OPTIONS", "-T", &disk.display().to_string()])),
            ("compiler", said("rustc", &["--version"])),
            ("load average at the start", load_average()),
        ];
        for (name, value) in lines {
            let _ = writeln!(machine, "| {name} | {} |", value.trim());
        }
        Report { name, machine, ..Report::default() }
    }

    /// A bound that we set ourselves, and what this run reached.
    pub fn goal(&mut self, goal: &str, reached: &str, kept: bool) {
        self.missed += usize::from(!kept);
        let _ = writeln!(self.goals, "| {goal} | {reached} | {} |", if kept { "yes" } else { "**no**" });
    }

    pub fn table(&mut self, title: &str, columns: &[&str]) {
        eprintln!("\n{title}");
        let rule: String = columns.iter().map(|_| "---|").collect();
        let _ = write!(self.tables, "\n### {title}\n\n| {} |\n|{rule}\n", columns.join(" | "));
    }

    pub fn row(&mut self, cells: &[String]) {
        eprintln!("  {}", cells.join(" | "));
        let _ = writeln!(self.tables, "| {} |", cells.join(" | "));
    }

    /// A sentence below the table.
    pub fn note(&mut self, sentence: &str) {
        eprintln!("  {sentence}");
        let _ = writeln!(self.tables, "\n{sentence}");
    }

    pub fn text(&self) -> String {
        format!(
            "### Goals\n\n| goal | reached | kept |\n|---|---|---|\n{}{}\n### This run\n\n| | \
            |\n|---|---|\n{}\
             | load average at the end | {} |\n",
            self.goals,
            self.tables,
            self.machine,
            load_average(),
        )
    }

    /// Replaces what stands between the markers of `docs/BENCHMARKS.md`.
    pub fn write(&self) -> anyhow::Result<()> {
        let document = std::fs::read_to_string(DOCUMENT)?;
        let (begin, end) = (format!("<!-- {}:begin -->", self.name), format!("<!-- {}:end -->", self.name));
        let (head, rest) = document.split_once(&begin).with_context(|| format!("no {begin}"))?;
        let (_, tail) = rest.split_once(&end).with_context(|| format!("no {end}"))?;
        std::fs::write(DOCUMENT, format!("{head}{begin}\n\n{}\n{end}{tail}", self.text()))?;
        Ok(())
    }

    pub fn missed(&self) -> usize {
        self.missed
    }
}

fn arguments_variable(arguments: &[String]) -> String {
    if arguments.is_empty() { String::new() } else { format!("ARGS=\"{}\"", arguments.join(" ")) }
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    output
        .map_or_else(|_| "unknown".into(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn commit() -> String {
    let changed = said("git", &["status", "--porcelain", "--untracked-files=no"]);
    let suffix = if changed.is_empty() { "" } else { ", changed" };
    said("git", &["rev-parse", "--short", "HEAD"]) + suffix
}

fn proc(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let value = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(':'));
    value.map_or_else(|| "unknown".into(), |(_, value)| value.trim().to_owned())
}

fn processor() -> String {
    format!("{} (model {})", proc("/proc/cpuinfo", "model name"), proc("/proc/cpuinfo", "model\t"))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, usize::from)
}

fn memory_gib() -> f64 {
    let kib = proc("/proc/meminfo", "MemTotal");
    kib.split(' ').next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(f64::NAN) / f64::from(1 << 20)
}

fn load_average() -> String {
    std::fs::read_to_string("/proc/loadavg")
        .unwrap_or_default()
        .split(' ')
        .take(2)
        .collect::<Vec<_>>()
        .join(", ")
}
