//! A store that can be cut off at any event, as a power cut or a full disk does.
//!
//! Every call blocks until SQLite has answered: were the runtime idle meanwhile, its paused clock
//! would leap to the next timer.

use std::pin::pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::task::Context;
use std::task::Poll;
use std::task::Wake;
use std::task::Waker;
use std::thread::Thread;

use async_trait::async_trait;
use sms_plan::run::{Event, RunId};
use sms_plan::store::{
    Batch, Holder, Lease, NewRun, Record, RunLine, SealedSecret, SqliteStore, Store, StoreError,
    Wish,
};

/// Where a store stops working.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The append that would exceed this many events is lost, and everything after it.
    Before(usize),
    /// That append is durable, but nobody hears of it; everything after it is lost.
    After(usize),
}

pub(super) struct CutStore {
    inner: SqliteStore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    cut: Option<Cut>,
    written: usize,
    appends: usize,
    dead: bool,
}

impl CutStore {
    pub(super) fn new() -> Self {
        Self {
            inner: SqliteStore::in_memory().expect("SQLite works in memory"),
            state: Mutex::default(),
        }
    }

    /// Cuts from here on, counting events from now.
    pub(super) fn cut(&self, cut: Cut) {
        *self.lock() = State {
            cut: Some(cut),
            ..State::default()
        };
    }

    /// Works again.
    pub(super) fn mend(&self) {
        *self.lock() = State::default();
    }

    /// How many appends there were, counted from the last cut.
    pub(super) fn appends(&self) -> usize {
        self.lock().appends
    }

    /// Whether it has not been cut off yet.
    pub(super) fn alive_still(&self) -> bool {
        self.alive().is_ok()
    }

    /// What is durable.
    pub(super) fn journal(&self, run: &RunId) -> Vec<Event> {
        at_once(self.inner.read(run))
            .expect("a whole journal")
            .events
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no test panics in here")
    }

    fn alive(&self) -> Result<(), StoreError> {
        if self.lock().dead {
            Err(no_power())
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl Store for CutStore {
    async fn create(&self, run: NewRun, holder: &Holder) -> Result<Lease, StoreError> {
        at_once(self.inner.create(run, holder))
    }

    async fn append(&self, lease: &Lease, batch: Batch) -> Result<Vec<Event>, StoreError> {
        // Becoming durable takes a while, in which whatever was begun too early gets its turn.
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        self.alive()?;
        let cut = {
            let mut state = self.lock();
            state.written += batch.drafts.len();
            state.appends += 1;
            match state.cut {
                Some(Cut::Before(n) | Cut::After(n)) if state.written > n => {
                    state.dead = true;
                    state.cut
                }
                _ => None,
            }
        };
        match cut {
            None => at_once(self.inner.append(lease, batch)),
            Some(Cut::Before(_)) => Err(no_power()),
            Some(Cut::After(_)) => {
                at_once(self.inner.append(lease, batch))?;
                Err(no_power())
            }
        }
    }

    async fn read(&self, run: &RunId) -> Result<Record, StoreError> {
        at_once(self.inner.read(run))
    }

    async fn runs(&self) -> Result<Vec<RunLine>, StoreError> {
        at_once(self.inner.runs())
    }

    async fn take_lease(
        &self,
        run: &RunId,
        holder: &Holder,
    ) -> Result<(Lease, Option<String>), StoreError> {
        at_once(self.inner.take_lease(run, holder))
    }

    async fn renew(&self, lease: &Lease) -> Result<Option<Wish>, StoreError> {
        self.alive()?;
        at_once(self.inner.renew(lease))
    }

    async fn release(&self, lease: &Lease, unlock: bool) -> Result<(), StoreError> {
        self.alive()?;
        at_once(self.inner.release(lease, unlock))
    }

    async fn request(&self, run: &RunId, wish: &Wish) -> Result<(), StoreError> {
        at_once(self.inner.request(run, wish))
    }

    async fn any_secret(&self, run: &RunId) -> Result<Option<SealedSecret>, StoreError> {
        at_once(self.inner.any_secret(run))
    }

    async fn secret(&self, run: &RunId, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        at_once(self.inner.secret(run, name))
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future on this thread, without giving the runtime a chance to idle.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// What a process that lost its power would have met, had it lived.
fn no_power() -> StoreError {
    StoreError::Io {
        what: "reach",
        path: "state.db".to_owned(),
        source: std::io::ErrorKind::BrokenPipe.into(),
    }
}
