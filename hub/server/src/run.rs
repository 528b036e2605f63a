//! From the command line to a running hub, and to its end.

use crate::cli::{Cli, Command, TierName, shown};
use crate::clock::Clock;
use crate::door::{Door, Limits};
use crate::exec;
use crate::http::{AppState, app};
use crate::listen::{ListenError, bind, serve_http, serve_https, serve_mqtts};
use crate::ready::{self, Addresses};
use crate::shared::Shared;
use crate::stop::Stop;
use crate::store::{Store, StoreError};
use crate::tls::{self, TlsError};
use crate::www::Dashboard;
use iothub_hub::{Hub, HubConfig, Tier};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Why the hub can not start.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A port can not be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// No certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The system gave no random seed.
    #[error("the system gave no random numbers: {0}")]
    Seed(getrandom::Error),
    /// The data file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The seed file can not be read, or is none.
    #[error("{path}: {text}")]
    Seeding {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        text: String,
    },
    /// The command of `exec` can not be started.
    #[error("{program}: {error}")]
    Command {
        /// What was to be run.
        program: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// The data file can not be written any more.
    #[error("{0}. Nothing is acknowledged that is not kept, so the hub has stopped")]
    Disk(String),
    /// Signals or stdout.
    #[error("{0}")]
    System(#[from] std::io::Error),
}

impl RunError {
    /// What went wrong, in a few words.
    #[must_use]
    pub fn headline(&self) -> &'static str {
        match self {
            Self::Disk(_) => "the data file can not be written",
            Self::Command { .. } => "the command can not be started",
            _ => "iothub-local can not start",
        }
    }

    /// The process's exit code: as shells have it for a command, `EX_IOERR` for the data file.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Disk(_) => 74,
            Self::Command { error, .. } if error.kind() == std::io::ErrorKind::NotFound => 127,
            Self::Command { .. } => 126,
            _ => 1,
        }
    }
}

/// What the core is told of the command line.
#[must_use]
pub fn hub_config(cli: &Cli) -> HubConfig {
    let mut config = HubConfig {
        sas_skew_ms: cli.sas_skew.saturating_mul(1000),
        sas_grace_ms: cli.sas_grace.saturating_mul(1000),
        switches: cli.switches(),
        tier: cli.tier.map(|tier| match tier {
            TierName::F1 => Tier::F1,
            TierName::S1 => Tier::S1,
        }),
        ..HubConfig::default()
    };
    let address = (!cli.is_at_localhost()).then(|| shown(cli.host));
    let names: Vec<String> = cli.host_names.iter().cloned().chain(address).collect();
    config.trusted_hosts.extend(names.iter().cloned());
    config.host_names.retain(|name| !names.contains(name));
    config.host_names.splice(0..0, names);
    config
}

/// How long open requests and links may take to end when the hub stops.
const GRACE: Duration = Duration::from_secs(3);

/// Runs the hub until SIGINT, SIGTERM or SIGHUP, or until the command of `exec` ends.
///
/// # Errors
/// [`RunError`] when it can not start, or has to stop.
pub async fn run(cli: Cli) -> Result<ExitCode, RunError> {
    let clock = Clock::start();
    let seed = getrandom::u64().map_err(RunError::Seed)?;
    let (hub, store) = furnish(&cli, seed, &clock)?;
    let shared = Shared::new(hub, store, clock)?;
    let door = Door::new(Limits::default());
    let state = AppState {
        shared: Arc::clone(&shared),
        door: Arc::clone(&door),
        dashboard: Dashboard::new(&cli.www),
    };
    let mut tasks = JoinSet::new();
    let addresses = listen(&cli, &state, &mut tasks).await?;
    let timer = Arc::clone(&shared);
    tasks.spawn(async move { timer.run_timer().await });
    let mut stop = Stop::listen()?;
    let document = shared.with(|hub, _| ready::document(hub, &addresses, &ready::Names::of(&cli)));
    tracing::info!(http = %addresses.http, "ready");
    let code = match &cli.command {
        Some(Command::Exec { command }) => {
            exec::run(command, &document, &mut stop, shared.disk_failure()).await
        }
        None => {
            ready::print(&document, cli.json)?;
            tokio::select! {
                _ = stop.wait() => Ok(ExitCode::SUCCESS),
                text = shared.disk_failure() => Err(RunError::Disk(text)),
            }
        }
    };
    tracing::info!("stopping");
    tasks.abort_all();
    shared.stop();
    door.close();
    tokio::select! {
        _ = tokio::time::timeout(GRACE, door.empty()) => {}
        // Whoever asks twice does not want to wait.
        _ = stop.wait() => {}
    }
    shared.finish().await;
    code
}

/// A hub with what its files hold.
fn furnish(cli: &Cli, seed: u64, clock: &Clock) -> Result<(Hub, Option<Store>), RunError> {
    let mut store = cli.data.as_deref().map(Store::open).transpose()?;
    let fresh = store.as_ref().is_none_or(Store::is_fresh);
    let mut hub = Hub::new(hub_config(cli), seed, clock.now());
    if let Some(store) = &mut store {
        if !fresh {
            hub.begin_restore(clock.now());
        }
        store.load(&mut hub)?;
        hub.keep_changes();
    }
    if let Some(path) = &cli.seed {
        sow(&mut hub, path, clock)?;
    }
    if let Some(store) = &mut store {
        if fresh {
            hub.note_all();
        }
        store.write(&hub.take_changes())?;
    }
    Ok((hub, store))
}

fn sow(hub: &mut Hub, path: &Path, clock: &Clock) -> Result<(), RunError> {
    let fail = |text: String| RunError::Seeding { path: path.to_owned(), text };
    let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
    let document = serde_json::from_str(&text).map_err(|error| fail(format!("it is no JSON: {error}")))?;
    let count = hub.import(&document, true, clock.now()).map_err(|error| fail(error.message))?;
    tracing::info!(count, path = %path.display(), "identities from the seed");
    Ok(())
}

async fn listen(cli: &Cli, state: &AppState, tasks: &mut JoinSet<()>) -> Result<Addresses, RunError> {
    let router = app(state.clone());
    let http = bind(cli.host, cli.port(), "HTTP", "--port").await?;
    let port = http.local_addr()?.port();
    if cli.host.is_loopback() || cli.host.is_unspecified() {
        state.shared.with(|hub, _| hub.listens_on(port));
    }
    let mut addresses = Addresses { http: http.local_addr()?, https: None, mqtts: None, ca_file: None };
    if cli.tls {
        let folder = cli.cert_dir.clone().unwrap_or_else(tls::default_folder);
        let tls = tls::prepare(&folder, cli.client_ca.as_deref(), &hub_config(cli).host_names)?;
        let https = bind(cli.host, cli.https_port, "HTTPS", "--https-port").await?;
        let mqtts = bind(cli.host, cli.mqtts_port, "MQTT over TLS", "--mqtts-port").await?;
        addresses.https = Some(https.local_addr()?);
        addresses.mqtts = Some(mqtts.local_addr()?);
        addresses.ca_file = Some(tls.ca_file.clone());
        tasks.spawn(serve_https(https, Arc::clone(&state.door), tls.clone(), router.clone()));
        tasks.spawn(serve_mqtts(mqtts, Arc::clone(&state.door), tls, Arc::clone(&state.shared)));
    }
    tasks.spawn(serve_http(http, Arc::clone(&state.door), router));
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn names(args: &[&str]) -> Vec<String> {
        hub_config(&Cli::parse_from(["iothub-local"].iter().chain(args))).host_names
    }

    #[test]
    fn the_first_name_is_the_given_one_then_the_address() {
        assert_eq!(names(&[]), ["localhost", "127.0.0.1", "[::1]"]);
        assert_eq!(names(&["--host", "0.0.0.0"])[0], "localhost");
        assert_eq!(names(&["--host", "192.0.2.2"])[0], "192.0.2.2");
        assert_eq!(names(&["--host", "::1"]), ["[::1]", "localhost", "127.0.0.1"]);
        let both = names(&["--host", "192.0.2.2", "--host-name", "hub.test"]);
        assert_eq!(both[..3], ["hub.test", "192.0.2.2", "localhost"]);
    }
}
