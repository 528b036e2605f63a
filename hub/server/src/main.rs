//! `iothub-local`: reads the command line, runs the hub, tells on stderr why it could not.

use clap::Parser as _;
use iothub_local::cli::Cli;
use std::process::ExitCode;

#[tokio::main(flavor = "multi_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    iothub_local::log::start(cli.log);
    match iothub_local::run::run(cli).await {
        Ok(code) => code,
        Err(error) => {
            tracing::error!(%error, "iothub-local can not start");
            ExitCode::FAILURE
        }
    }
}
