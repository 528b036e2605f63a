//! `iothub-local exec -- COMMAND`: a hub for the length of a command, for tests and scripts. Stdout belongs to
//! the command; what it needs to know stands in its environment.

use crate::run::RunError;
use crate::stop::{SignalNumber, Stop, TERMINATE};
use serde_json::Value;
use std::io::{self, IsTerminal};
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;
use tokio::process::Command;
use tokio::time::{Instant, sleep, sleep_until};

/// Variables and where their values stand in the ready line.
const VARIABLES: [(&str, &str); 9] = [
    ("IOTHUB_HTTP", "/http"),
    ("IOTHUB_HTTPS", "/https"),
    ("IOTHUB_MQTTS", "/mqtts"),
    ("IOTHUB_CA_FILE", "/caFile"),
    ("IOTHUB_SERVICE_CONNECTION_STRING", "/serviceConnectionString"),
    ("IOTHUB_DEVICE_CONNECTION_STRING", "/devices/0/connectionString"),
    ("IOTHUB_DEVICE_SDK_CONNECTION_STRING", "/devices/0/sdkConnectionString"),
    ("IOTHUB_DEVICE_DOTTED_SDK_CONNECTION_STRING", "/devices/0/dottedSdkConnectionString"),
    ("IOTHUB_DOTTED_SERVICE_CONNECTION_STRING", "/dottedServiceConnectionString"),
];

/// How long the command may take to end after it was told to, and its children after it.
const GRACE: Duration = Duration::from_secs(10);
/// How often it is looked whether its children have ended.
const LOOK: Duration = Duration::from_millis(20);

/// Runs the command; gives its exit code, 128 and the signal's number if a signal ended it. Signals to the hub are
/// passed on to the command and its children, which have [`GRACE`] to end.
///
/// # Errors
/// When the command can not be started, or the data file can not be written.
pub async fn run(
    command: &[String],
    ready: &Value,
    stop: &mut Stop,
    disk_failure: impl Future<Output = String>,
) -> Result<ExitCode, RunError> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(io::Error::other("exec needs a command: iothub-local exec -- COMMAND").into());
    };
    let mut process = Command::new(program);
    process.args(arguments).kill_on_drop(true);
    for (name, place) in VARIABLES {
        if let Some(value) = ready.pointer(place).and_then(Value::as_str) {
            process.env(name, value);
        }
    }
    // What makes Node's own SDKs trust the hub; a value of the caller's wins.
    if let (Some(file), None) = (ready["caFile"].as_str(), std::env::var_os("NODE_EXTRA_CA_CERTS")) {
        process.env("NODE_EXTRA_CA_CERTS", file);
    }
    let group = Group::prepare(&mut process);
    let mut child = process.spawn().map_err(|error| RunError::Command { program: program.clone(), error })?;
    let group = group.of(child.id());
    let mut failed = None;
    let mut deadline: Option<Instant> = None;
    tokio::pin!(disk_failure);
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            signal = stop.wait() => {
                group.pass_on(signal);
                deadline = deadline.or(Some(Instant::now() + GRACE));
            }
            text = &mut disk_failure, if failed.is_none() => {
                group.pass_on(TERMINATE);
                deadline = deadline.or(Some(Instant::now() + GRACE));
                failed = Some(text);
            }
            () = until(deadline) => {
                group.kill();
                child.kill().await?;
                deadline = None;
            }
        }
    };
    if let Some(deadline) = deadline {
        while group.has_members() && Instant::now() < deadline {
            sleep(LOOK).await;
        }
        group.kill();
    }
    match failed {
        Some(text) => Err(RunError::Disk(text)),
        None => Ok(ExitCode::from(code_of(status))),
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// As shells have it.
fn code_of(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(u8::MAX);
    }
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

/// The process group of the command: its own, so that a signal reaches its children too. On a terminal it stays in
/// the hub's group, or it could not read the keyboard; there Ctrl+C reaches all of them anyway.
#[derive(Debug, Clone, Copy)]
struct Group {
    own: bool,
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    fn prepare(process: &mut Command) -> Self {
        let own = !io::stdin().is_terminal();
        #[cfg(unix)]
        if own {
            process.process_group(0);
        }
        #[cfg(not(unix))]
        let _ = process;
        Self {
            own,
            #[cfg(unix)]
            leader: None,
        }
    }

    #[cfg(unix)]
    fn of(self, id: Option<u32>) -> Self {
        let id = id.and_then(|id| i32::try_from(id).ok());
        Self { leader: id.and_then(rustix::process::Pid::from_raw), ..self }
    }

    #[cfg(unix)]
    fn pass_on(self, signal: SignalNumber) {
        let Some(signal) = rustix::process::Signal::from_named_raw(signal) else { return };
        let Some(leader) = self.leader else { return };
        // Whoever has ended meanwhile needs no signal.
        let _ = match self.own {
            true => rustix::process::kill_process_group(leader, signal),
            false if signal == rustix::process::Signal::INT => Ok(()),
            false => rustix::process::kill_process(leader, signal),
        };
    }

    #[cfg(unix)]
    fn kill(self) {
        if let (true, Some(leader)) = (self.own, self.leader) {
            // An empty group is what is wanted.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }

    #[cfg(unix)]
    fn has_members(self) -> bool {
        let leader = self.leader.filter(|_| self.own);
        leader.is_some_and(|leader| rustix::process::test_kill_process_group(leader).is_ok())
    }

    #[cfg(not(unix))]
    fn of(self, _id: Option<u32>) -> Self {
        self
    }

    /// A console tells all its processes of Ctrl+C.
    #[cfg(not(unix))]
    fn pass_on(self, _signal: SignalNumber) {}

    #[cfg(not(unix))]
    fn kill(self) {}

    #[cfg(not(unix))]
    fn has_members(self) -> bool {
        false
    }
}
