//! The judge: breaks the real program on purpose and compares what it stored and reports with a ledger of its
//! own.
//!
//! `make judge` runs the short form, `make chaos` the long one; `-- --list` names the scenarios. A run that
//! proves too little (too few events acked, a fault that never happened) fails like one that lost an event.
//! The faults of `shopfunnel::planted` prove that the judge can say no: with each of them its verdict must be
//! red.
//!
//! - `scenario/` what is broken, one file each; `scenario/mod.rs` is the list
//! - `trial.rs` one scenario under way · `traffic.rs` its senders
//! - `external.rs`, `proxy.rs`, `disk.rs`, `tracer.rs` its tools
//! - `ledger.rs` what was sent and promised · `payload.rs` what an event holds · `verdict.rs` the comparison
//! - from `tests/it`: `server.rs` the program as a child process, `model.rs` the funnel in plain lists
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

#[path = "../it/model.rs"]
#[allow(dead_code, reason = "tests/it uses more of it")]
mod model;
#[path = "../it/server.rs"]
#[allow(dead_code, reason = "tests/it uses more of it")]
mod server;

mod disk;
mod external;
mod ledger;
mod payload;
mod proxy;
mod scenario;
mod tracer;
mod traffic;
mod trial;
mod verdict;

use scenario::{Form, Scenario};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;
use tokio::runtime::Runtime;
use trial::{Plan, Report};

const USAGE: &str = "usage: chaos short | long | faults | SCENARIO…  [--cycles N] [--seed S]
       chaos --list";

/// What was typed.
struct Arguments {
    scenarios: Vec<(Scenario, usize)>,
    seed: u64,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
        let (mut named, mut forms, mut cycles, mut seed) = (Vec::new(), Vec::new(), None, fastrand::u64(..));
        while let Some(word) = words.next() {
            let mut number = || -> Result<u64, String> {
                let value = words.next().ok_or(format!("{word} needs a number"))?;
                value.parse().map_err(|_| format!("{word} {value} is not a number"))
            };
            match word.as_str() {
                "--seed" => seed = number()?,
                "--cycles" => cycles = Some(number()? as usize),
                "short" => forms.push(Form::Short),
                "long" => forms.push(Form::Long),
                "faults" => forms.push(Form::Faults),
                name => {
                    named
                        .push(Scenario::named(name).ok_or_else(|| format!("there is no `{name}`\n{USAGE}"))?);
                }
            }
        }
        let of_forms = forms
            .into_iter()
            .flat_map(|form| Scenario::all().filter_map(move |s| Some((s, s.cycles(form)?))));
        let of_names = named.into_iter().map(|s| (s, s.usual_cycles()));
        let scenarios: Vec<(Scenario, usize)> =
            of_forms.chain(of_names).map(|(s, usual)| (s, cycles.unwrap_or(usual))).collect();
        if scenarios.is_empty() { Err(USAGE.to_owned()) } else { Ok(Arguments { scenarios, seed }) }
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words == ["--list"] {
        Scenario::all().for_each(|scenario| println!("{:<22} {}", scenario.name, scenario.about));
        return ExitCode::SUCCESS;
    }
    let arguments = match Arguments::parse(words.into_iter()) {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    let runtime = Runtime::new().expect("a runtime");
    let started = Instant::now();
    let count = arguments.scenarios.len();
    println!("running {count} scenarios, seed {}", arguments.seed);
    let passed = arguments
        .scenarios
        .into_iter()
        .filter(|&(scenario, cycles)| {
            run(&runtime, scenario, Plan { seed: arguments.seed, cycles, fault: None })
        })
        .count();
    let failed = count - passed;
    // Cargo's own words: whoever counts tests counts these too.
    println!(
        "\ntest result: {}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out; \
        finished in {:.2}s",
        if failed == 0 { "ok" } else { "FAILED" },
        started.elapsed().as_secs_f64()
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs one scenario and prints its line; `true` when it is green.
fn run(runtime: &Runtime, scenario: Scenario, plan: Plan) -> bool {
    let started = Instant::now();
    // A scenario that panics has failed like any other, and the next one still runs.
    let outcome = catch_unwind(AssertUnwindSafe(|| runtime.block_on(scenario.run(plan))));
    let report = outcome.unwrap_or_else(|_| Report {
        missed: vec!["it panicked; the message is above".into()],
        ..Report::default()
    });
    let failures = report.failures();
    let verdict = report.verdict.map(|verdict| format!(" | {verdict}")).unwrap_or_default();
    println!(
        "test {} ... {} ({:.1} s) | cycles {}{verdict} | {}",
        scenario.name,
        if failures.is_empty() { "ok" } else { "FAILED" },
        started.elapsed().as_secs_f64(),
        plan.cycles,
        report.figures.join(" ")
    );
    for failure in &failures {
        println!("  {failure}");
    }
    if !failures.is_empty() {
        println!(
            "  repeat: cargo test --features planted-faults --test chaos -- {} --cycles {} --seed {}",
            scenario.name, plan.cycles, plan.seed
        );
    }
    failures.is_empty()
}
