//! One schedule played from beginning to calm, and the verdict.

use crate::client::{key_config, provider_config};
use crate::schedule::Schedule;
use crate::world::World;
use iothub_device::{Code, State};
use iothub_hub::HubConfig;

/// A rule that a schedule broke.
#[derive(Debug, Clone)]
pub struct Failure {
    /// Which rule, and how.
    pub violation: String,
    /// The last lines of the run; empty unless they were asked for.
    pub trace: String,
}

/// Plays a schedule; keeps so many lines of its trace.
///
/// # Errors
/// The first rule that was broken.
pub fn run(schedule: &Schedule, lines: usize) -> Result<World, Failure> {
    // The real hub leaves a link some time after its token has ended; a short time is the harder one.
    let config = HubConfig { sas_grace_ms: 30_000, ..HubConfig::default() };
    let mut world = World::with(config, schedule.seed);
    world.trace.keep(lines);
    let mut config = if schedule.provider { provider_config(schedule.token_life) } else { key_config() };
    config.options.token_life_seconds = schedule.token_life;
    config.options.outbox_messages = schedule.outbox;
    config.options.window_messages = schedule.window;
    config.clean_session = schedule.clean;
    let client = world.add_client(config);
    if schedule.listens {
        world.listen(client);
    }
    world.connect(client);
    let start = world.now;
    for (at, doing) in &schedule.steps {
        world.plan(start + at, doing.clone());
    }
    world.run_to(start + schedule.steps.last().map_or(0, |(at, _)| *at));
    world.calm_down();
    world.check_calm();
    check_stopped_rightly(&mut world, schedule);
    match world.ledger.violation.take() {
        None => Ok(world),
        Some(violation) => Err(Failure { violation, trace: world.trace.text() }),
    }
}

/// A device gives up only when it was refused twice, or given ended tokens again and again.
fn check_stopped_rightly(world: &mut World, schedule: &Schedule) {
    let Some(last) = world.clients[0].statuses.last() else { return };
    if last.state != State::Disconnected {
        return;
    }
    let reason = last.reason;
    let rightly = match reason {
        r if r == Code::Unauthorized.as_str() => world
            .ledger
            .endings
            .iter()
            .any(|(_, reason)| matches!(*reason, "fault" | "token-expired-at-connect")),
        r if r == Code::ClockOff.as_str() => schedule.provider,
        _ => false,
    };
    if !rightly {
        world.ledger.violated(format!("the device gave up without a good reason: {reason}"));
    }
}

/// Plays the schedule of a seed.
///
/// # Errors
/// The first rule that was broken.
pub fn run_seed(seed: u64) -> Result<World, Failure> {
    run(&Schedule::of(seed), 0)
}

/// Plays the schedules of all these seeds; gives those that broke a rule.
pub fn seeds(range: std::ops::Range<u64>) -> Vec<(u64, Failure)> {
    range.filter_map(|seed| run_seed(seed).err().map(|failure| (seed, failure))).collect()
}
