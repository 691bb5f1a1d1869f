//! The first events of a new run, and of one that goes on: after them there is one path.

use std::path::Path;
use std::sync::Arc;

use sha2::Digest as _;
use sha2::Sha256;

use super::Clock;
use super::EngineError;
use crate::plan::Inventory;
use crate::plan::Plan;
use crate::run::Event;
use crate::run::EventKind;
use crate::run::Reach;
use crate::run::Run;
use crate::run::Shape;
use crate::run::ShapeStage;
use crate::run::StageId;
use crate::run::hex;
use crate::store::Batch;
use crate::store::Holder;
use crate::store::Lease;
use crate::store::NewRun;
use crate::store::Store;

/// What a run needs to know of its plan.
pub fn shape_of(plan: &Plan) -> Arc<Shape> {
    let stages = plan.stages.iter().map(|stage| ShapeStage {
        id: stage.id.clone(),
        weight: stage.weight,
        needs: stage.needs.clone(),
        on: stage.on,
    });
    Arc::new(Shape {
        begins: plan.begins,
        stages: stages.collect(),
    })
}

/// Creates a run and writes its first events; what a person decided before it are some of them.
pub async fn begin(
    store: &dyn Store,
    clock: &dyn Clock,
    plan: &Plan,
    inventory: &Inventory,
    reach: (Reach, Reach),
    subjects: Vec<String>,
    decisions: Vec<EventKind>,
) -> Result<(Lease, Run), EngineError> {
    let text = |source: &crate::plan::Source| (absolute(source.path()), source.text().to_owned());
    let (plan_path, plan_text) = text(plan.file());
    let (inventory_path, inventory_text) = text(inventory.file());
    let created = EventKind::RunCreated {
        plan: plan.metadata.name.clone(),
        plan_version: plan.metadata.version.clone(),
        plan_digest: digest(&plan_text),
        inventory: inventory.metadata.name.clone(),
        inventory_digest: digest(&inventory_text),
        source: reach.0,
        destination: reach.1,
        program: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let id = clock.name_run();
    let holder = clock.holder();
    let new = NewRun {
        id: id.clone(),
        plan_path,
        plan_text,
        inventory_path,
        inventory_text,
        subjects,
    };
    let lease = store.create(new, &holder).await?;
    let mut run = Run::new(id, shape_of(plan));
    let taken = lease_taken(&lease, &holder, None);
    let first = [created, taken].into_iter().chain(decisions);
    let first = first.map(|kind| (None, kind)).collect();
    write(store, clock, &lease, &mut run, first).await?;
    Ok((lease, run))
}

/// Takes an unfinished run over, which was read before; whatever was running in it is in doubt from
/// here on.
///
/// # Errors
///
/// When another process holds it, or has edited it since it was read: its plan is another one then
/// than the caller knows.
pub async fn take_over(
    store: &dyn Store,
    clock: &dyn Clock,
    before: &Run,
) -> Result<(Lease, Run), EngineError> {
    let holder = clock.holder();
    let (lease, took_over) = store.take_lease(before.id(), &holder).await?;
    // Until here the last holder may have written more.
    let journal = store.read(before.id()).await?;
    let mut run = before.again(&journal.events)?;
    if run.edits() != before.edits() {
        store.release(&lease, false).await?;
        return Err(EngineError::EditedMeanwhile);
    }
    let taken = lease_taken(&lease, &holder, took_over);
    write(store, clock, &lease, &mut run, vec![(None, taken)]).await?;
    Ok((lease, run))
}

/// Appends events outside the loop, as a person's decisions are, and folds them.
pub async fn write(
    store: &dyn Store,
    clock: &dyn Clock,
    lease: &Lease,
    run: &mut Run,
    kinds: Vec<(Option<StageId>, EventKind)>,
) -> Result<Vec<Event>, EngineError> {
    write_and_lock(store, clock, lease, run, kinds, Vec::new()).await
}

/// The same, with what belongs to the run from here on: what another run keeps refuses all.
pub async fn write_and_lock(
    store: &dyn Store,
    clock: &dyn Clock,
    lease: &Lease,
    run: &mut Run,
    kinds: Vec<(Option<StageId>, EventKind)>,
    lock: Vec<String>,
) -> Result<Vec<Event>, EngineError> {
    let batch = Batch {
        drafts: run.drafts(&clock.now(), kinds)?,
        lock,
        ..Batch::default()
    };
    let events = store.append(lease, batch).await?;
    for event in &events {
        run.fold(event)?;
    }
    Ok(events)
}

fn lease_taken(lease: &Lease, holder: &Holder, took_over: Option<String>) -> EventKind {
    EventKind::LeaseTaken {
        epoch: lease.epoch,
        machine: holder.machine.clone(),
        pid: holder.pid,
        took_over,
    }
}

/// A resume may come from another folder.
fn absolute(path: &Path) -> String {
    std::path::absolute(path)
        .unwrap_or_else(|_| path.to_owned())
        .display()
        .to_string()
}

/// SHA-256 of a text, in hexadecimal.
pub(super) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text))
}
