//! The only room with concurrency and timers: one loop owns the run, workers return values.
//!
//! Append, then fold, then report, never in another order; a new run, a resumed one and a
//! taken-over one go through the same loop.

mod adopt;
mod again;
mod back;
mod begin;
mod check;
mod clock;
mod confirm;
mod deadline;
mod delay;
mod edit;
mod end;
mod gate;
mod journal;
mod news;
mod runtime;
mod stall;
mod start;
mod stop;
mod turns;
mod turns_back;
mod verify;
mod work;

pub use adopt::AdoptError;
pub use adopt::Adopted;
pub use adopt::Word;
pub use adopt::adopt;
pub use again::to_look_at_again;
pub use back::turn_round;
pub use begin::begin;
pub use begin::shape_of;
pub use begin::take_over;
pub use begin::write;
pub use begin::write_and_lock;
pub use check::check;
pub use clock::Clock;
pub use clock::SystemClock;
pub use deadline::overdue;
pub use edit::Refused;
pub use edit::Taken;
pub use edit::edited_event;
pub use edit::judge;
pub use gate::has_changed;
pub use news::News;
pub use runtime::runtime;
pub use stop::Stop;
pub use verify::verify;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::action::Registry;
use crate::action::View;
use crate::action::World;
use crate::plan::DurationText;
use crate::plan::Inventory;
use crate::plan::Plan;
use crate::run::FoldError;
use crate::run::Place;
use crate::run::Queue;
use crate::run::Run;
use crate::run::StageId;
use crate::store::Lease;
use crate::store::SealError;
use crate::store::Sealer;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::Wish;
use back::Backwards;
use gate::Gate;
use stall::AtWork;
use work::Turn;

/// How often the lease is renewed and a stop from elsewhere is noticed.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// Everything that drives a run.
#[derive(Clone)]
pub struct Drive {
    /// The plan.
    pub plan: Arc<Plan>,
    /// The inventory.
    pub inventory: Arc<Inventory>,
    /// The actions.
    pub registry: Arc<Registry>,
    /// The ways to the machines.
    pub world: Arc<World>,
    /// Where the journal is.
    pub store: Arc<dyn Store>,
    /// Seals what stages hand over to be kept secret.
    pub sealer: Sealer,
    /// The right to write the journal.
    pub lease: Lease,
    /// What events are dated by.
    pub clock: Arc<dyn Clock>,
    /// How many stages may be under way at once; at least 1.
    pub parallel: usize,
    /// The last stage, in the order of the file, that this process may start; none: all.
    pub until: Option<StageId>,
}

/// Why the loop had to end before it could say how the run stands.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The journal could not be written or the lease is lost.
    #[error("the run's journal could not be continued")]
    Store(#[from] StoreError),
    /// An event did not fit the run.
    #[error("the run's journal does not fit its plan")]
    Fold(#[from] FoldError),
    /// Its plan or inventory is another one than this process has read.
    #[error("another process has edited the plan or the inventory of the run meanwhile")]
    EditedMeanwhile,
    /// A secret could not be sealed.
    #[error("a secret of the run could not be sealed")]
    Seal(#[from] SealError),
    /// The machines obey another driver.
    #[error("a server obeys another driver by now: {0}")]
    Fenced(String),
}

/// Drives a run until it ends, fails, pauses or is stopped, and says how it stands then.
///
/// `report` hears of every event, in order, after it is durable and folded, and of stages that take
/// much longer than they usually do.
///
/// # Errors
///
/// When the journal cannot be written; whatever was under way is then in doubt, and a resume
/// settles it.
pub async fn drive(
    drive: Drive,
    run: Run,
    stop: watch::Receiver<Stop>,
    report: &mut (dyn FnMut(News<'_>, &Run) + Send),
) -> Result<Run, EngineError> {
    let mut engine = Engine {
        backwards: Backwards::of(&drive, &run),
        queue: Queue::new(&run),
        gate: Gate::of(&drive, &run),
        view: None,
        last: drive.until.as_ref().and_then(|id| drive.plan.index_of(id)),
        drive,
        run,
        stop,
        report,
        workers: JoinSet::new(),
        live: 0,
        due_later: 0,
        busy: BTreeSet::new(),
        at_work: BTreeMap::new(),
        halt: None,
    };
    let ended = engine.turn_and_turn_round().await;
    // Nothing of a run may go on behind the back of a journal that cannot be written any more.
    engine.workers.shutdown().await;
    ended?;
    engine.finish().await?;
    Ok(engine.run)
}

/// The loop's own state; nothing of it outlives the process.
struct Engine<'a> {
    drive: Drive,
    run: Run,
    queue: Queue,
    /// What is left of a roll back, where the run is rolled back.
    backwards: Option<Backwards>,
    gate: Gate,
    /// What actions may know; none until it is asked for, or where it must be read off the run anew.
    view: Option<Arc<View>>,
    stop: watch::Receiver<Stop>,
    report: &'a mut (dyn FnMut(News<'_>, &Run) + Send),
    workers: JoinSet<Turn>,
    live: usize,
    /// How many workers only wait for the time of the next attempt.
    due_later: usize,
    busy: BTreeSet<Place>,
    /// The stages that a worker is at, and since when.
    at_work: BTreeMap<usize, AtWork>,
    /// The position of the last stage that may start.
    last: Option<usize>,
    halt: Option<Halt>,
}

/// Why no further stage is started.
#[derive(Clone, Debug)]
enum Halt {
    Failed,
    Paused,
    Stopped(String),
}

impl Engine<'_> {
    /// Turns until nothing moves, and once more backwards where a failure, or a run that nobody has
    /// confirmed, is to be rolled back.
    async fn turn_and_turn_round(&mut self) -> Result<(), EngineError> {
        self.fence_again().await;
        self.turn_until_quiet().await?;
        if self.rolls_back().await? || self.unconfirmed_in_time().await? {
            self.turn_until_quiet().await?;
        }
        Ok(())
    }

    async fn turn_until_quiet(&mut self) -> Result<(), EngineError> {
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let limit = tokio::time::sleep(self.drive.plan.run_timeout);
        tokio::pin!(limit);
        loop {
            self.start_ready().await?;
            // Attempts that are only due later are not waited for when nothing more shall begin.
            let at_work = self.workers.len() - self.due_later;
            if at_work == 0 && (self.halt.is_some() || self.due_later == 0) {
                return Ok(());
            }
            tokio::select! {
                biased;
                changed = self.stop.changed() => {
                    let wish = *self.stop.borrow_and_update();
                    if changed.is_err() || wish == Stop::Abort {
                        self.halt = Some(Halt::Stopped("aborted: what was under way is in doubt".to_owned()));
                        return Ok(());
                    }
                    if wish == Stop::Finish {
                        self.halt(Halt::Stopped("stopped by a signal".to_owned()));
                    }
                }
                Some(turn) = self.workers.join_next() => {
                    let mut turns = vec![turn];
                    while let Some(turn) = self.workers.try_join_next() {
                        turns.push(turn);
                    }
                    self.take(turns).await?;
                }
                _ = heartbeat.tick() => {
                    // Nothing can be confirmed before every stage has ended.
                    if let Some(Wish::Stop { reason }) =
                        self.drive.store.renew(&self.drive.lease).await?
                    {
                        self.halt(Halt::Stopped(reason));
                    }
                    self.refuse_overdue().await?;
                    self.tell_stalls();
                }
                () = &mut limit, if self.halt.is_none() => {
                    let limit = DurationText(self.drive.plan.run_timeout);
                    self.halt(Halt::Stopped(format!("the plan's runTimeout of {limit} is over")));
                }
            }
        }
    }

    /// Stops starting stages; the first reason counts, but a failure is never hidden by a stop.
    fn halt(&mut self, halt: Halt) {
        match (&self.halt, &halt) {
            (None, _) | (Some(Halt::Stopped(_) | Halt::Paused), Halt::Failed) => {
                self.halt = Some(halt);
            }
            _ => {}
        }
    }
}
