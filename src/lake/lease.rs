//! The lock of a run: at most one run changes the lake at a time.
//!
//! Leases are numbered objects, created only if absent; the newest number holds the lake. Beside it lies a beat that
//! the holder renews. A newer number may be taken when the holder has released it, when it is seen to be dead (same
//! machine, its process is gone), or when the beat stands still for [`SILENCE`]. Nothing correct depends on the
//! lock alone: two runs that both believed to hold it would still meet at the one conditional put of the release.

use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use object_store::{ObjectStoreExt, PutPayload, path::Path};
use serde::{Deserialize, Serialize};
use tokio::{sync::oneshot, task::JoinHandle};

use super::Lake;
use crate::{
    error::{Error, Result},
    model::Clock,
};

/// How often a holder renews its beat.
const BEAT: Duration = Duration::from_secs(5);
/// How long a beat may stand still, as somebody who waits sees it, before the holder is taken for dead.
const SILENCE: Duration = Duration::from_secs(30);
/// How old a beat may be by its own date; longer than [`SILENCE`], since the clocks of two machines differ.
const STALE: TimeDelta = TimeDelta::minutes(5);
/// How often somebody who waits looks again.
const LOOK: Duration = Duration::from_millis(200);

/// Who holds the lake.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Lease {
    holder: String,
    process: Process,
    acquired_at: DateTime<Utc>,
}

/// A process, so that another one on the same machine can see whether it lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Process {
    /// The machine's name for people.
    host: String,
    /// The running system and its process numbers: only inside it does `pid` mean anything. Empty when unknown.
    system: String,
    pid: u32,
    /// When the process started, in the system's own unit: process numbers are used again.
    started: String,
}

/// The sign of life of a holder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Beat {
    count: u64,
    at: DateTime<Utc>,
    released: bool,
}

/// The lock of a run; released by [`RunLock::release`], or when it is dropped or its process ends.
#[derive(Debug)]
pub struct RunLock {
    number: u64,
    stop: Option<oneshot::Sender<()>>,
    beats: Option<JoinHandle<Result<()>>>,
}

impl RunLock {
    /// The number of the lease; later ones are higher.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Releases the lock and waits until others can see that.
    ///
    /// # Errors
    /// When the last sign of life could not be written; the lock is free when this process ends.
    pub async fn release(mut self) -> Result<()> {
        drop(self.stop.take());
        match self.beats.take() {
            Some(beats) => beats
                .await
                .unwrap_or_else(|error| Err(Error::bug(9014, "the task that keeps the lock died").with_source(error))),
            None => Ok(()),
        }
    }
}

impl Process {
    fn own() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let pid = std::process::id();
        let names = std::fs::read_link("/proc/self/ns/pid").map(|link| link.to_string_lossy().into_owned());
        let boot = read("/proc/sys/kernel/random/boot_id");
        let system = match names {
            Ok(names) if !boot.is_empty() => format!("{boot} {names}"),
            _ => String::new(),
        };
        Self {
            host: read("/proc/sys/kernel/hostname"),
            system,
            pid,
            started: started(pid).unwrap_or_default(),
        }
    }

    /// Whether this process is known to be gone, seen from `own`.
    fn gone(&self, own: &Self) -> bool {
        let comparable = !self.system.is_empty() && self.system == own.system && !self.started.is_empty();
        comparable && started(self.pid).as_ref() != Some(&self.started)
    }
}

/// When process `pid` started, in ticks since the system's start; `None` when there is none or it only waits to be
/// collected by its parent.
fn started(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // the name in parentheses may hold anything; the fields after it are state, ppid, … and, as the 20th, the start
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let start = fields.nth(18)?;
    (!matches!(state, "Z" | "X")).then(|| start.to_owned())
}

// leases live in real time, whatever clock a run is given
fn now() -> DateTime<Utc> {
    Clock::System.now()
}

/// What somebody who waits has seen of the holder.
struct Watched {
    number: u64,
    beat: Option<Beat>,
    since: Instant,
}

impl Lake {
    /// Takes the lake for a run named `holder`, waiting at most `wait` for another run; `waiting` is told once for whom.
    ///
    /// # Errors
    /// SAMSYN-4021 when another run holds the lake for longer; it says which.
    pub async fn lock(&self, holder: &str, wait: Duration, mut waiting: impl FnMut(&str)) -> Result<RunLock> {
        let lease = Lease {
            holder: holder.to_owned(),
            process: Process::own(),
            acquired_at: now(),
        };
        let until = Instant::now() + wait;
        let mut watched: Option<Watched> = None;
        let mut told = false;
        loop {
            let newest = self.leases().await?.pop();
            let held = match newest {
                None => None,
                Some(number) => self.holds(number, &lease.process, &mut watched).await?,
            };
            if held.is_none()
                && let Some(lock) = self.take(newest.unwrap_or(0) + 1, &lease).await?
            {
                return Ok(lock);
            }
            if Instant::now() >= until {
                let message = match held {
                    Some(held) => format!(
                        "{} holds the lake since {} (process {} on `{}`)",
                        held.holder,
                        held.acquired_at.format("%Y-%m-%d %H:%M:%S UTC"),
                        held.process.pid,
                        held.process.host
                    ),
                    None => "another run took the lake first".to_owned(),
                };
                return Err(Error::conflict(4021, message)
                    .hint("wait for it to end and run again, or let this one wait longer with `--wait SECONDS`"));
            }
            if let (Some(held), false) = (&held, told) {
                waiting(&held.holder);
                told = true;
            }
            tokio::time::sleep(LOOK.min(until.saturating_duration_since(Instant::now()))).await;
        }
    }

    fn lease_path(&self, number: u64) -> Path {
        self.own(&format!("leases/{number:020}.json"))
    }

    fn beat_path(&self, number: u64) -> Path {
        self.own(&format!("leases/{number:020}.beat"))
    }

    /// The numbers of the leases, rising.
    async fn leases(&self) -> Result<Vec<u64>> {
        let paths = self.list(&self.own("leases")).await?;
        Ok(paths
            .iter()
            .filter_map(|path| path.filename()?.strip_suffix(".json")?.parse().ok())
            .collect())
    }

    /// Returns the lease `number` if its holder must be taken for alive.
    async fn holds(&self, number: u64, own: &Process, watched: &mut Option<Watched>) -> Result<Option<Lease>> {
        let Some(lease) = self.get_json::<Lease>(&self.lease_path(number)).await? else {
            return Ok(None);
        };
        let beat = self.get_json::<Beat>(&self.beat_path(number)).await?;
        if beat.as_ref().is_some_and(|beat| beat.released) || lease.process.gone(own) {
            return Ok(None);
        }
        let at = beat.as_ref().map_or(lease.acquired_at, |beat| beat.at);
        if now() - at > STALE {
            return Ok(None);
        }
        match watched {
            Some(seen) if seen.number == number && seen.beat == beat => {
                if seen.since.elapsed() > SILENCE {
                    return Ok(None);
                }
            }
            _ => {
                *watched = Some(Watched {
                    number,
                    beat,
                    since: Instant::now(),
                });
            }
        }
        Ok(Some(lease))
    }

    /// Takes the lease `number`; `None` when somebody else was first.
    async fn take(&self, number: u64, lease: &Lease) -> Result<Option<RunLock>> {
        if !self.create_json(&self.lease_path(number), lease).await? {
            return Ok(None);
        }
        // an older number may have been swept away and so be free again; only the newest counts
        let numbers = self.leases().await?;
        if numbers.last() != Some(&number) {
            self.sweep(number).await;
            return Ok(None);
        }
        for old in numbers.into_iter().filter(|old| *old < number) {
            self.sweep(old).await;
        }
        let (stop, stopped) = oneshot::channel();
        // not in a JoinSet: a dropped lock must still say that it is free
        let beats = tokio::runtime::Handle::current().spawn(keep(self.clone(), number, stopped));
        Ok(Some(RunLock {
            number,
            stop: Some(stop),
            beats: Some(beats),
        }))
    }

    /// Removes a lease that nobody looks at; one that stays is swept by the next run.
    async fn sweep(&self, number: u64) {
        for path in [self.beat_path(number), self.lease_path(number)] {
            if let Err(error) = self.0.store.delete(&path).await
                && !matches!(error, object_store::Error::NotFound { .. })
            {
                tracing::debug!(%path, %error, "an old lease stays");
            }
        }
    }

    async fn put_beat(&self, number: u64, beat: &Beat) -> Result<()> {
        let path = self.beat_path(number);
        let text = serde_json::to_vec(beat)
            .map_err(|error| Error::bug(9010, "a lease did not serialise").with_source(error))?;
        match self.0.store.put(&path, PutPayload::from(text)).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed("write", &path, error)),
        }
    }
}

/// Renews the beat until the lock is released or dropped, then says so.
async fn keep(lake: Lake, number: u64, mut stopped: oneshot::Receiver<()>) -> Result<()> {
    let mut beat = Beat {
        count: 0,
        at: now(),
        released: false,
    };
    loop {
        let put = lake.put_beat(number, &beat).await;
        if beat.released {
            return put;
        }
        if let Err(error) = put {
            tracing::warn!(%error, "the lease of this run could not be renewed");
        }
        beat.released = tokio::time::timeout(BEAT, &mut stopped).await.is_ok();
        beat.count += 1;
        beat.at = now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_living_process_is_not_gone() {
        let own = Process::own();
        assert!(!own.gone(&own));
        let reused = Process {
            started: "1".into(),
            ..own.clone()
        };
        let elsewhere = Process {
            system: "another".into(),
            ..reused.clone()
        };
        assert_eq!(reused.gone(&own), !own.system.is_empty());
        assert!(!elsewhere.gone(&own), "what runs elsewhere cannot be judged");
    }
}
