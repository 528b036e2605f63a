//! `iothub-bench`: one measurement a call, its result as one JSON line. `npm run bench` starts the contenders,
//! calls this in turns, and makes tables of the lines.

mod connects;
mod devices;
mod failure;
mod floor;
mod frame;
mod idle;
mod link;
mod mqtt;
mod readers;
mod start;
mod telemetry;
mod usage;

use clap::{Parser, Subcommand};
use failure::Failure;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

#[derive(Debug, Parser)]
#[command(name = "iothub-bench", about = "One measurement of a hub, a broker or the floor")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, clap::Args)]
struct Target {
    /// Where it listens.
    #[arg(long)]
    address: SocketAddr,
    /// Its process, for CPU time and memory.
    #[arg(long)]
    pid: u32,
    /// Seconds until the measurement is given up.
    #[arg(long, default_value_t = 120)]
    deadline: u64,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a seed file with this many devices.
    Seed {
        /// Devices.
        #[arg(long)]
        devices: usize,
        /// The file.
        #[arg(long)]
        out: std::path::PathBuf,
    },
    /// The bare server: takes WebSockets, acknowledges every PUBLISH, counts them, and does nothing else.
    Floor,
    /// Telemetry with QoS 1, 256 bytes and three properties, on links with a window.
    Telemetry {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        shape: telemetry::Shape,
    },
    /// Connects, one after the other on each of some sockets, up to CONNACK 0.
    Connects {
        #[command(flatten)]
        target: Target,
        /// How many in all.
        #[arg(long)]
        count: usize,
        /// How many at a time.
        #[arg(long, default_value_t = 32)]
        parallel: usize,
    },
    /// Memory of the process, fresh and with idle links.
    Idle {
        #[command(flatten)]
        target: Target,
        /// Links.
        #[arg(long)]
        links: usize,
    },
    /// Readers of the hub's events, until stdin ends.
    Readers {
        /// Where the hub listens.
        #[arg(long)]
        address: SocketAddr,
        /// Readers that never read.
        #[arg(long, default_value_t = 0)]
        slow: usize,
        /// Readers that read as fast as they can.
        #[arg(long, default_value_t = 0)]
        fast: usize,
    },
    /// Milliseconds from the start of a command until it is ready, then end it.
    Start {
        /// Ready when this address takes a connection; absent: when it prints a line.
        #[arg(long)]
        address: Option<SocketAddr>,
        /// The command and its arguments, after `--`.
        #[arg(required = true, trailing_var_arg = true)]
        command: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(value) if say(&value).is_ok() => ExitCode::SUCCESS,
        // Whoever asked has gone away.
        Ok(_) => ExitCode::FAILURE,
        Err(failure) => {
            let _ = writeln!(std::io::stderr().lock(), "iothub-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// One JSON line on stdout.
fn say(value: &serde_json::Value) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{value}")
}

fn run(command: Command) -> Result<serde_json::Value, Failure> {
    match command {
        Command::Seed { devices, out } => devices::write_seed(devices, &out),
        Command::Start { address, command } => start::measure(address, &command),
        Command::Floor => workers()?.block_on(floor::serve()),
        Command::Telemetry { target, shape } => {
            within(target.deadline, telemetry::measure(target.address, target.pid, &shape))
        }
        Command::Connects { target, count, parallel } => {
            within(target.deadline, connects::measure(target.address, target.pid, count, parallel))
        }
        Command::Idle { target, links } => {
            within(target.deadline, idle::measure(target.address, target.pid, links))
        }
        Command::Readers { address, slow, fast } => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(readers::read(address, slow, fast)),
    }
}

/// The load takes one core at the most, so that the server has the other.
fn within(
    seconds: u64,
    work: impl Future<Output = Result<serde_json::Value, Failure>>,
) -> Result<serde_json::Value, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match tokio::time::timeout(Duration::from_secs(seconds), work).await {
            Ok(result) => result,
            Err(_) => Err(Failure::new(format!("the measurement did not end within {seconds} s"))),
        }
    })
}

fn workers() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
