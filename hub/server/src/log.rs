//! The log on stderr, as text or as JSON lines. The level comes from IOTHUB_LOCAL_LOG (error, warn, info,
//! debug, trace); info when it is not set.

use crate::cli::LogForm;
use tracing::level_filters::LevelFilter;

/// Starts it. A second start, in tests, does nothing.
pub fn start(form: LogForm) {
    let level = std::env::var("IOTHUB_LOCAL_LOG").ok().and_then(|text| text.parse().ok());
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(level.unwrap_or(LevelFilter::INFO))
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_target(false);
    // An error means that a log is there already.
    let _ = match form {
        LogForm::Json => builder.json().flatten_event(true).try_init(),
        LogForm::Text => builder.try_init(),
    };
}
