//! The application's token provider: prompt, slow, failing, or wrong, as a test wants it.

use crate::random::Random;
use iothub_protocol::identity::Identity;
use iothub_protocol::sas::{self, Key};
use iothub_protocol::secret::Secret;

/// What a provider does with the next requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Signs a token of this life, in seconds.
    Signs(u64),
    /// Rejects.
    Fails,
    /// Signs one that has ended already.
    SignsExpired,
    /// Gives the last token again, as a careless cache does.
    Repeats(u64),
    /// Signs with a key that the hub does not know.
    WrongKey,
    /// Never answers.
    Silent,
}

/// A token provider.
#[derive(Debug, Clone)]
pub struct Provider {
    /// What it does.
    pub manner: Manner,
    /// How long it takes, in milliseconds.
    pub delay: (u64, u64),
    /// How many requests came.
    pub asked: usize,
    last: Option<(Secret, u64)>,
}

impl Provider {
    /// A prompt provider of tokens of this life, in seconds.
    #[must_use]
    pub fn new(life: u64) -> Self {
        Self { manner: Manner::Signs(life), delay: (5, 50), asked: 0, last: None }
    }

    /// How long this answer takes.
    pub fn takes(&self, random: &mut Random) -> u64 {
        random.between(self.delay.0, self.delay.1)
    }

    /// The answer to a request; none when there will be none.
    pub fn answer(
        &mut self,
        identity: &Identity,
        key: &Key,
        unix_seconds: u64,
    ) -> Option<Result<Secret, String>> {
        self.asked += 1;
        let signed = |key: &Key, expires: u64| {
            let audience = sas::device_audience("localhost", &identity.device_id, identity.module());
            sas::make_token(&audience, key, expires, None)
        };
        match self.manner {
            Manner::Signs(life) => Some(Ok(signed(key, unix_seconds + life))),
            Manner::Fails => Some(Err("the token server said 503".to_owned())),
            Manner::SignsExpired => Some(Ok(signed(key, unix_seconds - 1))),
            Manner::WrongKey => Some(Ok(signed(&Key::from_bytes(b"not this one"), unix_seconds + 3600))),
            Manner::Silent => None,
            Manner::Repeats(life) => {
                let good = self.last.take().filter(|(_, expires)| *expires > unix_seconds);
                let (token, expires) =
                    good.unwrap_or_else(|| (signed(key, unix_seconds + life), unix_seconds + life));
                self.last = Some((token.clone(), expires));
                Some(Ok(token))
            }
        }
    }
}
