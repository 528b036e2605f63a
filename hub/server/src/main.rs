//! `iothub-local`: reads the command line, runs the hub, tells on stderr why it could not.

use clap::Parser as _;
use iothub_local::cli::Cli;
use std::process::ExitCode;

// One thread: all that takes long is behind the hub's one lock anyway, and threads that wait for it cost more than
// the second core brings (0.12 s of CPU per 100,000 messages on 50 links instead of 0.20).
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    iothub_local::log::start(cli.log);
    match iothub_local::run::run(cli).await {
        Ok(code) => code,
        Err(error) => {
            tracing::error!(%error, "{}", error.headline());
            ExitCode::from(error.code())
        }
    }
}
