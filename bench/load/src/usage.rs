//! CPU time and memory of a process, as Linux counts them.

use crate::failure::Failure;
use std::fs;

/// CPU seconds of all threads of a process so far, to the nanosecond.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64, Failure> {
    let mut nanoseconds = 0u64;
    for task in fs::read_dir(format!("/proc/{pid}/task")).map_err(|error| gone(pid, &error))? {
        let path = task?.path().join("schedstat");
        // A thread may end while the list is read.
        let Ok(text) = fs::read_to_string(path) else { continue };
        nanoseconds += text.split(' ').next().and_then(|ns| ns.parse::<u64>().ok()).unwrap_or(0);
    }
    Ok(nanoseconds as f64 / 1e9)
}

/// Resident memory of a process in megabytes.
pub(crate) fn resident_mb(pid: u32) -> Result<f64, Failure> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).map_err(|error| gone(pid, &error))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: Option<f64> =
        line.and_then(|rest| rest.split_whitespace().next()).and_then(|n| n.parse().ok());
    kilobytes.map(|kb| kb / 1024.0).ok_or_else(|| Failure::new(format!("/proc/{pid}/status has no VmRSS")))
}

fn gone(pid: u32, error: &std::io::Error) -> Failure {
    Failure::new(format!("process {pid} can not be looked at: {error}"))
}
