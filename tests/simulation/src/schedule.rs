//! A run as a list of what is done when: made from a seed, printed line by line, and small enough to shrink.

use crate::client::Timers;
use crate::net::Answers;
use crate::provider::Manner;
use crate::random::Random;
use crate::world::World;
use iothub_device::HostSignal;
use iothub_hub::FaultKind;
use iothub_protocol::service_error::ErrorCode;
use serde_json::{Value, json};
use std::fmt;

/// One thing that somebody does.
#[derive(Debug, Clone, PartialEq)]
pub enum Doing {
    /// The application sends so many messages of this QoS in one turn.
    Send(usize, u8),
    /// The same with a time-out in milliseconds.
    SendWithin(usize, u64),
    /// The application aborts one of its open calls; the number chooses.
    Abort(usize),
    /// It reads the twin.
    GetTwin,
    /// It reports, this often in one turn.
    Report(usize),
    /// It begins to listen.
    Listen,
    /// Its handlers take up to so long from now on, and so many of a hundred fail.
    Handlers(u64, u64),
    /// The service changes a desired property.
    Desire(Value),
    /// The service sends so many messages.
    C2d(usize),
    /// The service invokes a method and waits so many seconds for the device.
    Method(u64),
    /// The wire is cut at a random byte.
    Cut,
    /// The wire swallows everything.
    Swallow,
    /// The network is slow: latency, largest piece, bytes per millisecond.
    Slow(u64, usize, u64),
    /// What becomes of answers to twin requests.
    Answers(Answers),
    /// New sockets are refused for so long.
    RefuseSockets(u64),
    /// New sockets hang for so long.
    HangSockets(u64),
    /// The hub has a fault: what, how often, how long.
    Fault(FaultKind, Option<u32>, Option<u64>),
    /// The token provider behaves like this from now on, with answers that take up to so long.
    Provider(Manner, u64),
    /// The device's wall clock is so far ahead.
    Clock(i64),
    /// The page is frozen for so long.
    Freeze(u64),
    /// The host runs timers like this.
    Timers(Timers),
    /// The host says so.
    Signal(HostSignal),
    /// A second client of the same identity lives for so long.
    Rival(u64),
    /// It closes.
    CloseRival(usize),
    /// The application closes, and waits so long for open work.
    Close(u64),
}

/// A run.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The seed it was made from, and the world's chance.
    pub seed: u64,
    /// The device has a token provider; otherwise a key.
    pub provider: bool,
    /// Life of tokens in seconds.
    pub token_life: u64,
    /// It listens from the start.
    pub listens: bool,
    /// It asks for a clean session.
    pub clean: bool,
    /// Messages the outbox holds.
    pub outbox: usize,
    /// The window of messages in flight.
    pub window: usize,
    /// What is done, in order.
    pub steps: Vec<(u64, Doing)>,
}

impl Schedule {
    /// The schedule of this seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let calm = random.percent(20);
        let mut schedule = Self {
            seed,
            provider: random.percent(50),
            token_life: [20, 60, 300, 3600][random.index(4)],
            listens: random.percent(80),
            clean: random.percent(10),
            outbox: [5, 50, 1000, 100_000][random.index(4)],
            window: [1, 3, 64, 1024][random.index(4)],
            steps: Vec::new(),
        };
        let count = random.between(5, 60);
        let mut at = 0;
        for _ in 0..count {
            at += [0, random.between(0, 200), random.between(0, 3_000), random.between(0, 40_000)]
                [random.index(4)];
            let doing = if calm || random.percent(60) { work(&mut random) } else { trouble(&mut random) };
            schedule.steps.push((at, doing));
        }
        if random.percent(10) {
            let drain = [0, random.between(0, 20_000)][random.index(2)];
            let at = at + random.between(0, 2_000);
            schedule.steps.push((at, Doing::Close(drain)));
            schedule.steps.push((at + random.between(0, 1_000), Doing::Send(2, 1)));
        }
        schedule
    }
}

fn work(random: &mut Random) -> Doing {
    match random.index(20) {
        0..=5 => Doing::Send(random.index(12) + 1, 1),
        6 => Doing::Send(random.index(4) + 1, 0),
        7 => Doing::SendWithin(random.index(3) + 1, random.between(1, 20_000)),
        8 => Doing::Abort(random.index(64)),
        9 => Doing::GetTwin,
        10 | 11 => Doing::Report(random.index(4) + 1),
        12 => Doing::Listen,
        13 => Doing::Handlers(random.between(0, 4_000), [0, 0, 30, 100][random.index(4)]),
        14..=16 => Doing::Desire(desired(random)),
        17 | 18 => Doing::C2d(random.index(6) + 1),
        _ => Doing::Method([0, 10, 100][random.index(3)]),
    }
}

fn desired(random: &mut Random) -> Value {
    let name = ["a", "b", "c"][random.index(3)];
    let value = match random.index(5) {
        0 => Value::Null,
        1 => json!({ "x": random.index(3) }),
        2 => json!({ "x": null, "y": random.index(3) }),
        _ => json!(random.index(4)),
    };
    json!({ name: value })
}

fn trouble(random: &mut Random) -> Doing {
    match random.index(24) {
        0..=4 => Doing::Cut,
        5 | 6 => Doing::Swallow,
        7 | 8 => Doing::Slow(
            random.between(0, 2_000),
            [0, 1, 7, 100][random.index(4)],
            [0, 0, 1, 50][random.index(4)],
        ),
        9 => Doing::RefuseSockets(random.between(0, 60_000)),
        10 => Doing::HangSockets(random.between(0, 60_000)),
        11..=14 => fault(random),
        15 => provider(random),
        16 => Doing::Clock(i64::try_from(random.between(0, 480)).unwrap_or(0) * 1000 - 240_000),
        17 => Doing::Freeze(random.between(0, 300_000)),
        18 => Doing::Timers(match random.percent(50) {
            true => Timers::Prompt,
            false => Timers::OnceAMinute(random.between(0, 59_999)),
        }),
        19 | 20 => Doing::Signal(if random.percent(70) { HostSignal::Woken } else { HostSignal::Offline }),
        21 | 22 => Doing::Answers(match random.index(3) {
            0 => Answers::Prompt,
            1 => Answers::Lost,
            _ => Answers::Late(random.between(0, 5_000)),
        }),
        _ => Doing::Rival(random.between(0, 120_000)),
    }
}

fn fault(random: &mut Random) -> Doing {
    let times = Some(u32::try_from(random.between(1, 3)).unwrap_or(1));
    let long = Some(random.between(1_000, 30_000));
    match random.index(9) {
        0 => Doing::Fault(FaultKind::Restart, None, None),
        1 => Doing::Fault(FaultKind::ExpireToken, None, None),
        2 => Doing::Fault(FaultKind::Delay { ms: random.between(1, 5_000) }, None, long),
        3 => Doing::Fault(FaultKind::Duplicate, times, long),
        4 => Doing::Fault(FaultKind::DropPuback, times, long),
        5 => Doing::Fault(
            FaultKind::Throttle {
                ms: random.between(1, 3_000),
                close_after_ms: Some(random.between(1, 20_000)),
            },
            Some(1),
            long,
        ),
        6 => Doing::Fault(FaultKind::Refuse { code: 3 }, times, long),
        7 => Doing::Fault(FaultKind::Refuse { code: 5 }, Some(1), long),
        _ => Doing::Fault(FaultKind::TwinError { code: ErrorCode::ThrottlingException }, times, long),
    }
}

fn provider(random: &mut Random) -> Doing {
    let life = [10, 60, 3600][random.index(3)];
    let manner = match random.index(6) {
        0 | 1 => Manner::Signs(life),
        2 => Manner::Fails,
        3 => Manner::Repeats(life),
        4 => Manner::Silent,
        _ => Manner::SignsExpired,
    };
    Doing::Provider(manner, random.between(0, 70_000))
}

impl World {
    pub(crate) fn carry_out_step(&mut self, doing: &Doing) {
        self.trace.line(self.now, || format!("== {doing}"));
        match doing {
            Doing::Send(count, qos) => {
                for _ in 0..*count {
                    self.send(0, *qos, None);
                }
            }
            Doing::SendWithin(count, ms) => {
                for _ in 0..*count {
                    self.send(0, 1, Some(*ms));
                }
            }
            Doing::Abort(choice) => self.abort_one(*choice),
            Doing::Close(drain) => {
                self.close(0, *drain);
            }
            Doing::GetTwin => {
                self.get_twin(0, None);
            }
            Doing::Report(count) => {
                for _ in 0..*count {
                    self.report(0, None);
                }
            }
            Doing::Listen => self.listen(0),
            Doing::Handlers(most, fails) => {
                self.clients[0].handler_time = (0, *most);
                self.clients[0].handler_fails = *fails;
            }
            Doing::Desire(patch) => self.desire(patch),
            Doing::C2d(count) => {
                for _ in 0..*count {
                    self.c2d();
                }
            }
            Doing::Method(seconds) => {
                self.method(*seconds);
            }
            Doing::Provider(manner, most) => {
                self.clients[0].provider.manner = *manner;
                self.clients[0].provider.delay = (0, *most);
            }
            Doing::Clock(ahead) => self.clients[0].skew = *ahead,
            Doing::Freeze(ms) => self.freeze(0, *ms),
            Doing::Timers(timers) => self.clients[0].timers = *timers,
            Doing::Signal(signal) if !self.clients[0].frozen => self.signal(0, *signal),
            Doing::Signal(_) => {}
            other => self.carry_out_trouble(other),
        }
    }

    fn carry_out_trouble(&mut self, doing: &Doing) {
        match doing {
            Doing::Cut => {
                self.cut_anywhere(0);
                // Most of what cuts one connection cuts all of a machine's.
                if self.random.index(2) == 0 {
                    self.cut_all(0, 0);
                }
            }
            Doing::Swallow => {
                self.swallow(0);
            }
            Doing::Slow(latency, pieces, rate) => {
                self.conditions.latency = (*latency / 4, *latency);
                self.conditions.pieces = *pieces;
                self.conditions.rate = *rate;
            }
            Doing::Answers(answers) => self.conditions.twin_answers = *answers,
            Doing::RefuseSockets(ms) => self.conditions.refuse_until = self.now + ms,
            Doing::HangSockets(ms) => self.conditions.hang_until = self.now + ms,
            Doing::Fault(kind, count, for_ms) => self.fault(kind.clone(), *count, *for_ms),
            Doing::Rival(ms) => {
                let rival = self.add_client(crate::key_config());
                self.connect(rival);
                self.send(rival, 1, None);
                self.plan(self.now + ms, Doing::CloseRival(rival));
            }
            Doing::CloseRival(rival) => {
                self.close(*rival, 0);
            }
            _ => {}
        }
    }

    fn abort_one(&mut self, choice: usize) {
        let open: Vec<usize> = self.clients[0]
            .calls
            .iter()
            .enumerate()
            .filter(|(number, call)| *number > 0 && call.outcome.is_none())
            .map(|(number, _)| number)
            .collect();
        if !open.is_empty() {
            self.abort(0, open[choice % open.len()]);
        }
    }
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(count, qos) => write!(f, "send {count} messages with QoS {qos}"),
            Self::SendWithin(count, ms) => write!(f, "send {count} messages, time-out {ms} ms"),
            Self::Desire(patch) => write!(f, "service patches desired {patch}"),
            Self::C2d(count) => write!(f, "service sends {count} messages"),
            other => write!(f, "{other:?}"),
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {}: {}, tokens of {} s, {}listening, {}session, outbox {}, window {}",
            self.seed,
            if self.provider { "token provider" } else { "key" },
            self.token_life,
            if self.listens { "" } else { "not " },
            if self.clean { "clean " } else { "kept " },
            self.outbox,
            self.window
        )?;
        for (at, doing) in &self.steps {
            writeln!(f, "{:>9}.{:03} {doing}", at / 1000, at % 1000)?;
        }
        Ok(())
    }
}
