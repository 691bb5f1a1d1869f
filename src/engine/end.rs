//! How a run stands when nothing moves any more, forwards or back.

use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use super::EngineError;
use super::Halt;
use super::back::Backwards;
use crate::action::ActionError;
use crate::action::sealed_names;
use crate::run::EventKind;
use crate::run::RunState;
use crate::run::StageId;
use crate::run::StageStatus;

/// How long a fence or the comparison may take on one server.
pub(super) const LIMIT: Duration = Duration::from_mins(1);

impl Engine<'_> {
    /// Writes down how the run stands now that nothing moves any more.
    pub(super) async fn finish(&mut self) -> Result<(), EngineError> {
        let mut drafts = Vec::new();
        let waiting = self
            .run
            .stages()
            .any(|(_, stage)| stage.status == StageStatus::Waiting);
        let failed = self
            .run
            .stages()
            .any(|(_, stage)| stage.status == StageStatus::Failed);
        let mut forget = Vec::new();
        let state = if self.backwards.is_some() {
            self.end_back(&mut drafts, &mut forget).await
        } else if self.run.is_complete() && self.run.unconfirmed().is_some() {
            self.end_unconfirmed(&mut drafts)
        } else if self.run.is_complete() {
            self.last_act(&mut drafts).await
        } else if let Some(Halt::Stopped(reason)) = &self.halt
            && !failed
        {
            drafts.push((
                None,
                EventKind::Stopped {
                    reason: reason.clone(),
                },
            ));
            RunState::Stopped
        } else if failed {
            RunState::Failed
        } else if waiting {
            RunState::Paused
        } else {
            let reason = self
                .reached()
                .unwrap_or_else(|| "no stage could start any more".to_owned());
            drafts.push((None, EventKind::Stopped { reason }));
            RunState::Stopped
        };
        drafts.push((None, EventKind::RunEnded { state }));
        self.append(drafts, Vec::new(), forget).await?;
        self.drive.world.close().await;
        let free = matches!(state, RunState::Succeeded | RunState::RolledBack);
        self.drive.store.release(&self.drive.lease, free).await?;
        Ok(())
    }

    /// Says so where this process has done all that it was to do.
    fn reached(&self) -> Option<String> {
        let last = self.last?;
        let ended = (0..=last).all(|position| self.run.stage(position).status.has_ended());
        let id = &self.drive.plan.stages[last].id;
        ended.then(|| format!("every stage up to `{id}` has ended, as --until asked"))
    }

    /// Takes the run's traces off the servers. The run counts as succeeded only when they are gone;
    /// a resume of a complete run does nothing but this.
    async fn last_act(&mut self, drafts: &mut Vec<(Option<StageId>, EventKind)>) -> RunState {
        let view = self.view();
        let world = &self.drive.world;
        let cleared = world
            .clear_fences(&view, &self.drive.plan, &self.run, LIMIT)
            .await;
        let words = match cleared {
            // No first connection is left open where every stage has ended.
            Ok(_) => return RunState::Succeeded,
            Err(error) => world.clean(&error.to_string()),
        };
        let reason = format!("every stage has ended, but the fence is still there: {words}");
        drafts.push((None, EventKind::Stopped { reason }));
        RunState::Stopped
    }

    /// How the run stands now that nothing moves any more on its way back.
    async fn end_back(
        &mut self,
        drafts: &mut Vec<(Option<StageId>, EventKind)>,
        forget: &mut Vec<String>,
    ) -> RunState {
        let done = self.backwards.as_ref().is_some_and(Backwards::is_done);
        let reason = match &self.halt {
            _ if done => match self.last_act_back(drafts).await {
                Ok(()) => {
                    *forget = sealed_names();
                    return RunState::RolledBack;
                }
                Err(error) => {
                    let words = self.drive.world.clean(&error.to_string());
                    format!("everything is undone, but not compared and freed: {words}")
                }
            },
            Some(Halt::Failed) => return RunState::Failed,
            Some(Halt::Paused) => return RunState::Paused,
            Some(Halt::Stopped(reason)) => reason.clone(),
            None => "no stage could be undone any more".to_owned(),
        };
        drafts.push((None, EventKind::Stopped { reason }));
        RunState::Stopped
    }

    /// Compares with what was recorded, and takes the run's traces off the servers.
    async fn last_act_back(
        &mut self,
        drafts: &mut Vec<(Option<StageId>, EventKind)>,
    ) -> Result<(), ActionError> {
        let view = self.view();
        let world = Arc::clone(&self.drive.world);
        let mut compared = world.compare(&view, LIMIT).await?;
        let unseen = world
            .clear_fences(&view, &self.drive.plan, &self.run, LIMIT)
            .await?;
        compared.differences.extend(unseen);
        let clean = |lines: Vec<String>| lines.iter().map(|line| world.clean(line)).collect();
        drafts.push((
            None,
            EventKind::Compared {
                differences: clean(compared.differences),
                allowed: clean(compared.allowed),
            },
        ));
        Ok(())
    }
}
