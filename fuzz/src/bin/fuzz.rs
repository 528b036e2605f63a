//! Plays fuzz targets on stable Rust, and moves corpora between the repository and libFuzzer's folders.
//!
//! `fuzz play --inputs 5000` mutates seeds and corpus of every target from a fixed seed (`npm test -- fuzz`);
//! `fuzz unpack DIR` and `fuzz pack DIR` are called by `pkg-scripts/fuzz` around a long run.

use clap::{Parser, Subcommand};
use iothub_fuzz::mutate::Mutator;
use iothub_fuzz::{TARGETS, Target, corpus, seeds, target};
use std::fs;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// Fuzz targets on stable Rust.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Mutates seeds and corpus, and plays what comes of it.
    Play {
        /// Inputs for each target.
        #[arg(long, default_value_t = 5_000)]
        inputs: u64,
        /// The seed of the mutations.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Only this target.
        #[arg(long)]
        target: Option<String>,
    },
    /// Plays files as they are.
    One {
        /// The target.
        target: String,
        /// The files.
        files: Vec<PathBuf>,
    },
    /// Writes seeds, corpus and findings into a folder a target, one file an input.
    Unpack {
        /// Where to.
        folder: PathBuf,
    },
    /// Takes what a folder a target holds as the corpus.
    Pack {
        /// Where from.
        folder: PathBuf,
    },
    /// Names the targets and what each reads.
    List,
}

fn main() -> io::Result<ExitCode> {
    let mut out = io::stdout();
    match Arguments::parse().what {
        What::Play { inputs, seed, target: wanted } => {
            let chosen =
                TARGETS.iter().filter(|target| wanted.as_deref().is_none_or(|name| name == target.name));
            let mut broken = 0;
            for target in chosen {
                broken += usize::from(!play(target, inputs, seed, &mut out)?);
            }
            return Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        What::One { target: name, files } => {
            let target =
                target(&name).ok_or_else(|| io::Error::other(format!("there is no target {name}")))?;
            for file in files {
                (target.run)(&fs::read(&file)?);
                writeln!(out, "{}: no rule is broken", file.display())?;
            }
        }
        What::Unpack { folder } => {
            for target in TARGETS {
                unpack(target, &folder.join(target.name))?;
            }
        }
        What::Pack { folder } => {
            for target in TARGETS {
                pack(target, &folder.join(target.name), &mut out)?;
            }
        }
        What::List => {
            for target in TARGETS {
                writeln!(out, "{}\t{}", target.name, target.about)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn known(target: &Target) -> io::Result<Vec<Vec<u8>>> {
    let mut inputs = seeds::seeds(target.name);
    inputs.extend(corpus::read(&corpus::file("corpus", target.name))?);
    inputs.extend(corpus::read(&corpus::file("found", target.name))?);
    Ok(inputs)
}

/// Plays mutated inputs; false when one broke a rule. That one is written beside the corpus and named.
fn play(target: &Target, inputs: u64, seed: u64, out: &mut impl Write) -> io::Result<bool> {
    let known = known(target)?;
    let mut mutator = Mutator::new(seed);
    let started = Instant::now();
    for number in 0..inputs {
        let input = mutator.next_input(&known);
        if catch_unwind(AssertUnwindSafe(|| (target.run)(&input))).is_err() {
            let path = std::env::temp_dir().join(format!("fuzz-{}-{seed}-{number}", target.name));
            fs::write(&path, &input)?;
            writeln!(out, "{}: input {number} of seed {seed} broke a rule: {}", target.name, path.display())?;
            return Ok(false);
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    writeln!(
        out,
        "{:18} {inputs} inputs out of {} known ones, no rule broken, {seconds:.1} s",
        target.name,
        known.len()
    )?;
    Ok(true)
}

fn unpack(target: &Target, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (number, input) in known(target)?.iter().enumerate() {
        fs::write(folder.join(format!("known-{number}")), input)?;
    }
    Ok(())
}

fn pack(target: &Target, folder: &Path, out: &mut impl Write) -> io::Result<()> {
    let mut inputs = Vec::new();
    if folder.exists() {
        for entry in fs::read_dir(folder)? {
            inputs.push(fs::read(entry?.path())?);
        }
    }
    if !inputs.is_empty() {
        corpus::write(&corpus::file("corpus", target.name), &inputs)?;
    }
    writeln!(out, "{:18} {} inputs", target.name, inputs.len())
}
