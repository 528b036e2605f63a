//! From the start of a process to its being ready.

use crate::failure::Failure;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
const BETWEEN_TRIES: Duration = Duration::from_micros(200);

/// Starts the command, waits, ends it. With an address: until a connection is taken; else: until a line comes.
pub(crate) fn measure(address: Option<SocketAddr>, command: &[String]) -> Result<Value, Failure> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Failure::new("start needs a command: iothub-bench start -- COMMAND"));
    };
    let started = Instant::now();
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| Failure::new(format!("{program}: {error}")))?;
    let ready = match address {
        Some(address) => until_taken(address, started),
        None => until_line(&mut child),
    };
    let elapsed = started.elapsed();
    child.kill()?;
    child.wait()?;
    ready?;
    Ok(json!({ "milliseconds": elapsed.as_secs_f64() * 1000.0 }))
}

fn until_line(child: &mut Child) -> Result<(), Failure> {
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        // A process that does not come up ends, and with it its stdout.
        BufReader::new(stdout).read_line(&mut line)?;
    }
    if line.is_empty() { Err(Failure::new("the command ended without a line")) } else { Ok(()) }
}

fn until_taken(address: SocketAddr, started: Instant) -> Result<(), Failure> {
    while started.elapsed() < PATIENCE {
        // On a port that nobody has, a socket of ours may meet itself.
        let taken = TcpStream::connect(address)
            .is_ok_and(|socket| socket.local_addr().is_ok_and(|own| own != address));
        if taken {
            return Ok(());
        }
        std::thread::sleep(BETWEEN_TRIES);
    }
    Err(Failure::new(format!("nothing listened on {address} within {} s", PATIENCE.as_secs())))
}
