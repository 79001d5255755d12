//! What the server remembers between two requests of a session: prepared statements, and results that wait to be read.
//!
//! Each lies under a random handle that only its session may use. What can go wrong: clients that never close anything;
//! so there is a limit of time and of number, and what was unused for the longest gives way.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::users::random;
use crate::error::{Error, Result};

#[derive(Debug)]
struct Slot<T> {
    owner: [u8; 32],
    used: Instant,
    value: Arc<T>,
}

/// Values under random handles of 16 bytes, with a limit of number and of idle time.
#[derive(Debug)]
pub(crate) struct Store<T> {
    what: &'static str,
    most: usize,
    idle: Duration,
    slots: Mutex<BTreeMap<[u8; 16], Slot<T>>>,
}

impl<T> Store<T> {
    /// An empty store of `what` (a word for errors) with at most `most` values, each forgotten when unused for `idle`.
    pub(crate) fn new(what: &'static str, most: usize, idle: Duration) -> Self {
        Self {
            what,
            most,
            idle,
            slots: Mutex::default(),
        }
    }

    /// Keeps `value` for `owner`; returns its handle.
    pub(crate) fn insert(&self, owner: [u8; 32], value: Arc<T>) -> Result<Bytes> {
        let handle = random::<16>()?;
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if slots.len() >= self.most {
            slots.retain(|_, slot| slot.used.elapsed() <= self.idle);
        }
        if slots.len() >= self.most
            && let Some(oldest) = slots.iter().min_by_key(|(_, slot)| slot.used).map(|(key, _)| *key)
        {
            slots.remove(&oldest);
        }
        let slot = Slot {
            owner,
            used: Instant::now(),
            value,
        };
        slots.insert(handle, slot);
        Ok(Bytes::copy_from_slice(&handle))
    }

    /// The value under `handle`, if `owner` put it there.
    ///
    /// # Errors
    /// Not found, whether it never was, was closed, has expired, or belongs to somebody else.
    pub(crate) fn get(&self, owner: &[u8; 32], handle: &[u8]) -> Result<Arc<T>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let found = <[u8; 16]>::try_from(handle).ok().and_then(|key| slots.get_mut(&key));
        match found {
            Some(slot) if slot.owner == *owner && slot.used.elapsed() <= self.idle => {
                slot.used = Instant::now();
                Ok(Arc::clone(&slot.value))
            }
            _ => Err(
                Error::not_found(7010, format!("the {} is closed, expired or unknown", self.what))
                    .hint("run the query again"),
            ),
        }
    }

    /// Forgets what lies under `handle`, if `owner` put it there; nothing happens otherwise.
    pub(crate) fn remove(&self, owner: &[u8; 32], handle: &[u8]) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(key) = <[u8; 16]>::try_from(handle)
            && slots.get(&key).is_some_and(|slot| slot.owner == *owner)
        {
            slots.remove(&key);
        }
    }

    /// Forgets everything of `owner`.
    pub(crate) fn remove_all(&self, owner: &[u8; 32]) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|_, slot| slot.owner != *owner);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_works_for_its_owner_until_closed() {
        let store = Store::new("statement", 10, Duration::from_secs(9));
        let handle = store.insert([1; 32], Arc::new(7)).unwrap();
        assert_eq!(*store.get(&[1; 32], &handle).unwrap(), 7);
        assert_eq!(store.get(&[2; 32], &handle).unwrap_err().code(), 7010);
        store.remove(&[2; 32], &handle);
        assert!(store.get(&[1; 32], &handle).is_ok());
        store.remove(&[1; 32], &handle);
        assert!(store.get(&[1; 32], &handle).is_err());
        assert!(store.get(&[1; 32], b"short").is_err());
    }

    #[test]
    fn the_least_used_gives_way() {
        let store = Store::new("statement", 2, Duration::from_secs(9));
        let first = store.insert([0; 32], Arc::new(1)).unwrap();
        std::thread::sleep(Duration::from_millis(2));
        let second = store.insert([0; 32], Arc::new(2)).unwrap();
        std::thread::sleep(Duration::from_millis(2));
        store.get(&[0; 32], &first).unwrap();
        store.insert([0; 32], Arc::new(3)).unwrap();
        assert!(store.get(&[0; 32], &first).is_ok() && store.get(&[0; 32], &second).is_err());
    }
}
