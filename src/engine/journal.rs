//! Append, then fold, then report.

use std::sync::Arc;

use super::Drive;
use super::Engine;
use super::EngineError;
use super::News;
use crate::action::View;
use crate::run::EventKind;
use crate::run::Sealed;
use crate::run::StageId;
use crate::store::Batch;
use crate::store::SealedSecret;

/// Events, secrets and names to forget that go into one append, and the stages whose attempts, or
/// undos, begin once it is durable.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) kinds: Vec<(Option<StageId>, EventKind)>,
    pub(super) secrets: Vec<Sealed>,
    pub(super) forget: Vec<String>,
    pub(super) begun: Vec<usize>,
    pub(super) begun_back: Vec<usize>,
}

impl Engine<'_> {
    /// Makes events durable together with the secrets that belong to them, then folds them, then
    /// tells the reporter.
    pub(super) async fn append(
        &mut self,
        kinds: Vec<(Option<StageId>, EventKind)>,
        secrets: Vec<Sealed>,
        forget: Vec<String>,
    ) -> Result<(), EngineError> {
        if kinds.is_empty() {
            return Ok(());
        }
        let drafts = self.run.drafts(&self.drive.clock.now(), kinds)?;
        let secrets = secrets
            .into_iter()
            .map(|secret| {
                let sealed = self
                    .drive
                    .sealer
                    .seal(self.run.id(), &secret.name, &secret.bytes)?;
                Ok(SealedSecret {
                    name: secret.name,
                    sealed,
                })
            })
            .collect::<Result<_, EngineError>>()?;
        let batch = Batch {
            drafts,
            secrets,
            forget,
            ..Batch::default()
        };
        let events = self.drive.store.append(&self.drive.lease, batch).await?;
        for event in events {
            self.run.fold(&event)?;
            if let Some(view) = &mut self.view
                && !Arc::make_mut(view).learn(&event, &self.run)
            {
                self.view = None;
            }
            tracing::info!(
                seq = event.seq,
                stage = event.stage.as_ref().map(StageId::as_str),
                "{}",
                event.kind.name()
            );
            (self.report)(News::Event(&event), &self.run);
        }
        Ok(())
    }

    /// Gathers an event of one stage.
    pub(super) fn tell(&self, position: usize, kind: EventKind, gathered: &mut Gathered) {
        let id = self.drive.plan.stages[position].id.clone();
        gathered.kinds.push((Some(id), kind));
    }

    /// Makes durable what was gathered; only then the attempts begin.
    pub(super) async fn write(&mut self, gathered: Gathered) -> Result<(), EngineError> {
        self.append(gathered.kinds, gathered.secrets, gathered.forget)
            .await?;
        for position in gathered.begun {
            self.spawn_apply(position);
        }
        for position in gathered.begun_back {
            self.spawn_undo(position);
        }
        Ok(())
    }

    /// What actions may know now.
    pub(super) fn view(&mut self) -> Arc<View> {
        let Drive {
            plan, inventory, ..
        } = &self.drive;
        let anew = || Arc::new(View::of(plan, inventory, &self.run));
        Arc::clone(self.view.get_or_insert_with(anew))
    }
}
