//! What follows from what the worker of a stage that is undone hands back.

use super::Engine;
use super::EngineError;
use super::Halt;
use super::journal::Gathered;
use super::work::LookedBack;
use crate::action::ActionError;
use crate::action::ActionErrorKind;
use crate::run::EventKind;
use crate::run::Probe;

impl Engine<'_> {
    /// Lets an undo begin, as soon as `UndoStarted` is durable.
    pub(super) fn looked_back(
        &mut self,
        position: usize,
        looked: LookedBack,
        gathered: &mut Gathered,
    ) -> Result<(), EngineError> {
        match looked {
            // Nothing has begun yet, so nothing is owed; a resume starts here.
            LookedBack::Ready(_) if self.halt.is_some() => self.leave(position),
            LookedBack::Ready(seen) => {
                let kind = EventKind::UndoStarted {
                    attempt: self.run.stage(position).undo_attempts + 1,
                    standing: seen.as_ref().map(|probe| probe.standing),
                    saw: seen.map(|probe| self.drive.world.clean(&probe.saw)),
                };
                self.tell(position, kind, gathered);
                gathered.begun_back.push(position);
            }
            LookedBack::Gone(probe) => self.gone(position, Some(probe), gathered),
            LookedBack::Refused(error) => self.refused_back(position, &error, gathered)?,
        }
        Ok(())
    }

    pub(super) fn taken_back(
        &mut self,
        position: usize,
        result: Result<(), ActionError>,
        gathered: &mut Gathered,
    ) -> Result<(), EngineError> {
        match result {
            Ok(()) => {
                self.gone(position, None, gathered);
                Ok(())
            }
            Err(error) => self.refused_back(position, &error, gathered),
        }
    }

    /// Nothing of the stage is there any more, or a look has found so.
    pub(super) fn gone(&mut self, position: usize, seen: Option<Probe>, gathered: &mut Gathered) {
        let settled = seen.map(|probe| self.drive.world.clean(&probe.saw));
        self.tell(position, EventKind::Undone { settled }, gathered);
        self.leave(position);
        self.cleared(position);
    }

    /// What was cut off could not be finished: then what is there of it is taken back.
    pub(super) fn not_finished(
        &mut self,
        position: usize,
        error: &ActionError,
        gathered: &mut Gathered,
    ) -> Result<(), EngineError> {
        let error = self.cleaned(error)?;
        let kind = EventKind::Failed {
            attempt: self.run.stage(position).attempts,
            in_doubt: error.in_doubt,
            error: error.chain,
        };
        self.tell(position, kind, gathered);
        self.leave(position);
        Ok(())
    }

    /// Decides between another attempt to undo, a pause and a failure.
    fn refused_back(
        &mut self,
        position: usize,
        error: &ActionError,
        gathered: &mut Gathered,
    ) -> Result<(), EngineError> {
        let error = self.cleaned(error)?;
        let state = self.run.stage(position);
        let attempt = if state.under_way {
            state.undo_attempts
        } else {
            0
        };
        let delay_ms = self.again_later(position, &error);
        let waiting = match error.kind {
            ActionErrorKind::Person(why) => Some(why),
            _ => None,
        };
        let kind = EventKind::UndoFailed {
            attempt,
            delay_ms,
            in_doubt: error.in_doubt,
            waiting,
            error: error.chain,
        };
        self.tell(position, kind, gathered);
        if delay_ms.is_none() {
            self.leave(position);
            self.halt(if waiting.is_some() {
                Halt::Paused
            } else {
                Halt::Failed
            });
        }
        Ok(())
    }
}
