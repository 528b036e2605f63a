//! `iothub-local exec -- COMMAND`: a hub for the length of a command, for tests and scripts. Stdout belongs to
//! the command; what it needs to know stands in its environment.

use crate::run::Stop;
use serde_json::Value;
use std::io;
use std::process::ExitCode;
use tokio::process::Command;

/// Variables and where their values stand in the ready line.
const VARIABLES: [(&str, &str); 7] = [
    ("IOTHUB_HTTP", "/http"),
    ("IOTHUB_HTTPS", "/https"),
    ("IOTHUB_MQTTS", "/mqtts"),
    ("IOTHUB_CA_FILE", "/caFile"),
    ("IOTHUB_SERVICE_CONNECTION_STRING", "/serviceConnectionString"),
    ("IOTHUB_DEVICE_CONNECTION_STRING", "/devices/0/connectionString"),
    ("IOTHUB_DEVICE_SDK_CONNECTION_STRING", "/devices/0/sdkConnectionString"),
];

/// Runs the command; gives its exit code. A signal to the hub ends the command too.
///
/// # Errors
/// When the command can not be started.
pub async fn run(command: &[String], ready: &Value, stop: &mut Stop) -> io::Result<ExitCode> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(io::Error::other("exec needs a command: iothub-local exec -- COMMAND"));
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
    let mut child = process
        .spawn()
        .map_err(|error| io::Error::new(error.kind(), format!("{program} can not be started: {error}")))?;
    tokio::select! {
        status = child.wait() => {
            let code = status?.code().and_then(|code| u8::try_from(code).ok());
            // Ended by a signal: no code of its own.
            Ok(ExitCode::from(code.unwrap_or(1)))
        }
        () = stop.wait() => {
            child.kill().await?;
            Ok(ExitCode::from(130))
        }
    }
}
