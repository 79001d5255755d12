//! Slows down whoever guesses passwords: after a few wrong ones each further guess has to wait longer.
//!
//! Counted by name and address, so a stranger cannot lock a user out from elsewhere, and a gateway with one bad password does not lock
//! out the others behind it. Logins of one name from one address go one by one, so guesses sent at the same time count too. Names that
//! do not exist are treated alike, and only hashes of them are kept.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

/// Wrong guesses that cost nothing but the time of a password hash.
const FREE: u32 = 5;
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(300);
/// How long a wrong guess is remembered.
const MEMORY: Duration = Duration::from_secs(900);
/// Most pairs of name and address that are remembered.
const MOST: usize = 10_000;

/// What is remembered of the logins of one name from one address.
#[derive(Debug)]
pub(super) struct Tries {
    wrong: u32,
    last: Instant,
}

impl Tries {
    /// How long the next guess has to wait; `None` when it may be made now.
    pub(super) fn wait(&self) -> Option<Duration> {
        let left = pause(self.wrong).checked_sub(self.last.elapsed())?;
        (!left.is_zero()).then_some(left)
    }

    /// Counts a login.
    pub(super) fn count(&mut self, right: bool) {
        let before = if right || self.last.elapsed() > MEMORY {
            0
        } else {
            self.wrong
        };
        self.wrong = before.saturating_add(u32::from(!right));
        self.last = Instant::now();
    }
}

/// The wait after so many wrong guesses: none at first, then 4 s, 8 s, 16 s, …
fn pause(wrong: u32) -> Duration {
    match wrong.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(over) => Duration::from_secs(4 << over.min(30)).min(LONGEST),
    }
}

/// The memory of wrong guesses.
#[derive(Debug, Default)]
pub(super) struct Brake(Mutex<BTreeMap<[u8; 32], Arc<tokio::sync::Mutex<Tries>>>>);

impl Brake {
    /// What is remembered of `name` from `peer`; locked while a login is checked.
    pub(super) fn of(&self, name: &str, peer: Option<IpAddr>) -> Arc<tokio::sync::Mutex<Tries>> {
        let key: [u8; 32] = Sha256::digest(format!("{peer:?} {name}")).into();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.retain(|_, tries| Arc::strong_count(tries) > 1 || !old(tries));
        }
        if all.len() >= MOST {
            // full of fresh ones: keys are hashes, so this forgets one by chance
            all.pop_first();
        }
        let fresh = || {
            Arc::new(tokio::sync::Mutex::new(Tries {
                wrong: 0,
                last: Instant::now(),
            }))
        };
        Arc::clone(all.entry(key).or_insert_with(fresh))
    }
}

/// Whether nothing of it matters any more.
fn old(tries: &tokio::sync::Mutex<Tries>) -> bool {
    tries
        .try_lock()
        .is_ok_and(|tries| tries.wrong == 0 || tries.last.elapsed() > MEMORY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_a_right_login_ends_them() {
        assert_eq!([0, 4, 5, 6, 9].map(|wrong| pause(wrong).as_secs()), [0, 0, 4, 8, 64]);
        assert_eq!(pause(u32::MAX), LONGEST);
        let mut tries = Tries {
            wrong: 0,
            last: Instant::now(),
        };
        for _ in 0..20 {
            tries.count(false);
        }
        assert!(tries.wait().unwrap() > Duration::from_secs(200));
        tries.count(true);
        assert!(tries.wait().is_none());
    }

    #[test]
    fn the_memory_has_a_limit() {
        let brake = Brake::default();
        for i in 0..MOST + 50 {
            brake.of(&i.to_string(), None).try_lock().unwrap().count(false);
        }
        assert!(brake.0.lock().unwrap().len() <= MOST);
    }
}
