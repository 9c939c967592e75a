//! Reads the command line and runs one command.

use clap::Parser;
use shopfunnel::cli::{self, Cli};
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(Cli::parse())
}
