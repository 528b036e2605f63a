//! The signals that end the process, and those that are passed on to the command of `exec`.

use std::io;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Which signal came, by its number on Unix.
pub type SignalNumber = i32;

/// Ctrl+C.
pub const INTERRUPT: SignalNumber = 2;
/// What `kill` and service managers send.
pub const TERMINATE: SignalNumber = 15;
/// The terminal was closed.
#[cfg(unix)]
const HANG_UP: SignalNumber = 1;

/// Hears the signals that end the process.
#[derive(Debug)]
pub struct Stop {
    #[cfg(unix)]
    interrupt: Signal,
    #[cfg(unix)]
    terminate: Signal,
    /// None when whoever started the process wants it to outlive the terminal (`nohup`).
    #[cfg(unix)]
    hang_up: Option<Signal>,
}

impl Stop {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            interrupt: signal(SignalKind::interrupt())?,
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate())?,
            #[cfg(unix)]
            hang_up: if is_ignored(HANG_UP) { None } else { Some(signal(SignalKind::hangup())?) },
        })
    }

    /// Waits for one of them.
    pub async fn wait(&mut self) -> SignalNumber {
        #[cfg(unix)]
        {
            let hang_up = async {
                match &mut self.hang_up {
                    Some(signal) => signal.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = self.interrupt.recv() => INTERRUPT,
                _ = self.terminate.recv() => TERMINATE,
                _ = hang_up => HANG_UP,
            }
        }
        #[cfg(not(unix))]
        {
            // Without the handler the process ends by the default action.
            let _ = tokio::signal::ctrl_c().await;
            INTERRUPT
        }
    }
}

/// Whether the process was started with a signal ignored. Known where `/proc` is.
#[cfg(unix)]
fn is_ignored(number: SignalNumber) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0);
    mask >> (number - 1) & 1 == 1
}
