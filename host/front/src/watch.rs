//! Keeps asking whether what was allowed is still allowed, for tunnels and long answers.
//!
//! All that one caller has open to one sandbox shares a watch. It asks again about three times a second; with very many of them
//! less often, so that together they never ask more than a fixed number of times a second. Bytes do not move on a yes that is
//! older than [`ACCESS_LIMIT`], whoever has to ask for a newer one, so that a revoked key is dead within a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::access::{Access, Key, Question};
use crate::fault::Fault;
use crate::limits::{ACCESS_LIMIT, RECHECK_EVERY, RECHECKS_PER_SECOND, UNANSWERED};
use crate::router::Shared;

/// What is known of one open access.
#[derive(Clone, Copy, Debug)]
struct Standing {
    /// When the last yes was asked for.
    asked: Instant,
    /// No more.
    over: bool,
}

/// One caller's open access to one sandbox.
pub struct Watch {
    shared: Arc<Shared>,
    question: Question,
    generation: u64,
    standing: watch::Sender<Standing>,
}

/// All of them.
#[derive(Default)]
pub struct Watches {
    open: Mutex<HashMap<(Key, u64), Weak<Watch>>>,
}

impl Watches {
    /// The watch of this access, which was allowed just now.
    pub fn of(shared: &Arc<Shared>, question: &Question, access: &Access) -> Arc<Watch> {
        let key = (question.key(), access.generation);
        let mut open = shared.watches.lock();
        if let Some(watch) = open.get(&key).and_then(Weak::upgrade) {
            return watch;
        }
        // Those that ended are swept when the map has doubled.
        if open.len() == open.capacity() {
            open.retain(|_, watch| watch.strong_count() > 0);
        }
        let watch = Arc::new(Watch {
            shared: Arc::clone(shared),
            question: question.clone(),
            generation: access.generation,
            standing: watch::Sender::new(Standing {
                asked: Instant::now(),
                over: false,
            }),
        });
        open.insert(key, Arc::downgrade(&watch));
        drop(open);
        tokio::spawn(keep_asking(Arc::downgrade(&watch)));
        watch
    }

    fn interval(&self) -> Duration {
        let open = u32::try_from(self.lock().len()).unwrap_or(u32::MAX);
        RECHECK_EVERY.max(Duration::from_secs(1).saturating_mul(open) / RECHECKS_PER_SECOND)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(Key, u64), Weak<Watch>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn keep_asking(watch: Weak<Watch>) {
    loop {
        let Some(interval) = watch.upgrade().map(|watch| watch.shared.watches.interval()) else {
            return;
        };
        tokio::time::sleep(interval).await;
        match watch.upgrade() {
            Some(watch) if watch.ask().await => {}
            _ => return,
        }
    }
}

impl Watch {
    /// Waits until the access is no more.
    pub async fn over(&self) {
        // The sender is ours: the channel cannot close.
        let _ = self.standing.subscribe().wait_for(|standing| standing.over).await;
    }

    /// Whether bytes may pass now; asks if the last yes is too old.
    pub async fn allows(&self) -> bool {
        let standing = *self.standing.borrow();
        if standing.over {
            return false;
        }
        standing.asked.elapsed() < ACCESS_LIMIT || self.ask().await
    }

    /// Asks and remembers. False: it is over.
    async fn ask(&self) -> bool {
        let asked = Instant::now();
        let answer = self.shared.access.check(&self.shared.api, &self.question).await;
        let over = match answer {
            Ok(access) => access.rests() || access.generation != self.generation,
            // The API says no; or it says nothing, and then nobody can have revoked anything through it, but a front that
            // is cut off from it must not go on for ever.
            Err(Fault::Api(status, _)) if status.is_client_error() => true,
            Err(_) => self.standing.borrow().asked.elapsed() > UNANSWERED,
        };
        self.standing.send_modify(|standing| {
            if over {
                standing.over = true;
            } else {
                standing.asked = asked;
            }
        });
        !over
    }
}
