//! Plays as many random schedules as there is time for: `simulate --schedules 1000000 --seed 0`.
//!
//! Says how far it is once a second; on a failure prints the seed, the shrunken schedule and its trace, and goes
//! on with the next seed until ten have failed.

use clap::Parser;
use iothub_simulation::{Schedule, Tally, run_seed, shrunk};
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Random schedules of a device, a hub and a bad network, in virtual time.
#[derive(Parser)]
struct Arguments {
    /// How many schedules to play.
    #[arg(long, default_value_t = 10_000)]
    schedules: u64,
    /// The first seed; the others count up from it.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Threads; as many as there are cores when absent.
    #[arg(long)]
    threads: Option<usize>,
    /// Stop at the first failure, and say only its seed and the broken rule.
    #[arg(long)]
    brief: bool,
}

/// So many failures are enough to look at.
const ENOUGH: usize = 10;

struct Progress {
    next: AtomicU64,
    enough: usize,
    failed: Mutex<Vec<u64>>,
    tally: Mutex<Tally>,
}

fn main() -> io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let end = arguments.seed + arguments.schedules;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let started = Instant::now();
    let progress = Progress {
        next: AtomicU64::new(arguments.seed),
        enough: if arguments.brief { 1 } else { ENOUGH },
        failed: Mutex::new(Vec::new()),
        tally: Mutex::new(Tally::default()),
    };
    std::thread::scope(|scope| {
        for _ in 0..arguments.threads.unwrap_or(cores) {
            scope.spawn(|| play(&progress, end));
        }
        report(&progress, &arguments, started)
    })?;
    let mut failed = progress.failed.into_inner().unwrap_or_default();
    failed.sort_unstable();
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} schedules (seeds {}..{end}), {} failed, {:.1} s",
        arguments.schedules,
        arguments.seed,
        failed.len(),
        started.elapsed().as_secs_f64()
    )?;
    if let Ok(tally) = progress.tally.into_inner() {
        writeln!(out, "{tally}")?;
    }
    for seed in &failed {
        match run_seed(*seed) {
            Err(failure) if arguments.brief => writeln!(out, "seed {seed}: {}", failure.violation)?,
            _ => show(&mut out, *seed)?,
        }
    }
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn play(progress: &Progress, end: u64) {
    let mut tally = Tally::default();
    loop {
        let seed = progress.next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            break;
        }
        match run_seed(seed) {
            Ok(world) => tally.add(&world),
            Err(_) => {
                if let Ok(mut failed) = progress.failed.lock() {
                    failed.push(seed);
                    if failed.len() >= progress.enough {
                        progress.next.store(end, Ordering::Relaxed);
                    }
                }
            }
        }
    }
    if let Ok(mut all) = progress.tally.lock() {
        all.merge(&tally);
    }
}

fn report(progress: &Progress, arguments: &Arguments, started: Instant) -> io::Result<()> {
    let mut said = Instant::now();
    let mut err = io::stderr().lock();
    loop {
        let done = progress.next.load(Ordering::Relaxed).saturating_sub(arguments.seed);
        if done >= arguments.schedules {
            return Ok(());
        }
        if said.elapsed() >= Duration::from_secs(1) {
            said = Instant::now();
            let rate = (done as f64 / started.elapsed().as_secs_f64()).round();
            write!(err, "\r{done} of {} schedules, {rate} a second   ", arguments.schedules)?;
            err.flush()?;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn show(out: &mut impl Write, seed: u64) -> io::Result<()> {
    let (schedule, failure) = shrunk(&Schedule::of(seed));
    writeln!(out, "\n{schedule}")?;
    match failure {
        Some(failure) => writeln!(out, "{}\n{}", failure.violation, failure.trace),
        None => writeln!(out, "the shrunken schedule holds every rule; the whole one does not"),
    }
}
