//! The fences of a run on its servers, and the way to each server that it has met.

use std::sync::Arc;
use std::time::Duration;

use super::ActionError;
use super::View;
use super::World;
use super::error::ActionErrorKind;
use crate::host::Guard;
use crate::host::Host;
use crate::host::Pin;
use crate::plan::Plan;
use crate::run::Place;
use crate::run::Reach;
use crate::run::Run;

/// The action that sets the fence on a server before the run has recorded which machine it is.
pub(super) const FIRST_CONNECTION: &str = "host.connect";

impl World {
    /// Takes the run's last traces off both servers: the fence, and what stages kept beside it.
    ///
    /// A server whose first connection never came to its end may hold the fence without having been
    /// recorded. Returns what could not be looked at of such a server; it was never changed.
    pub async fn clear_fences(
        &self,
        view: &View,
        plan: &Plan,
        run: &Run,
        limit: Duration,
    ) -> Result<Vec<String>, ActionError> {
        for (_, host) in self.met(view, limit).await? {
            host.clear_fence().await?;
        }
        if self
            .state
            .as_ref()
            .is_some_and(|state| state.join("fence").exists())
        {
            let guard = self.guard(view, limit);
            self.local(guard)?.clear_fence().await?;
        }
        let mut unseen = Vec::new();
        for (place, reach) in &view.reach {
            let connects = plan.stages.iter().zip(run.stages());
            let knocks = connects
                .filter(|(stage, _)| stage.on == *place && stage.uses == FIRST_CONNECTION)
                .filter_map(|(_, (_, state))| state.begun.map(|_| state.answered));
            let answered: Vec<bool> = knocks.collect();
            if view.pins.contains_key(place) || answered.is_empty() {
                continue;
            }
            let cut_off = answered.contains(&false);
            let cleared = async {
                let host = self.reached(view, *place, reach, None, limit).await?;
                Ok::<_, ActionError>(host.clear_fence().await?)
            };
            match cleared.await {
                // What answered has said itself why it came to nothing.
                Err(error) if cut_off && error.kind != ActionErrorKind::Fenced => unseen.push(format!(
                    "the {place} `{}` ({}) was never changed, but whether it holds this run's record \
                     could not be looked at: {error}",
                    reach.name, reach.address
                )),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(unseen)
    }

    /// A session to a server where the run reaches it now; without a pin it is opened anew.
    async fn reached(
        &self,
        view: &View,
        place: Place,
        reach: &Reach,
        pin: Option<&Pin>,
        limit: Duration,
    ) -> Result<Arc<dyn Host>, ActionError> {
        let logon = self.logon(&view.run, place, reach.account).await?;
        let guard = self.guard(view, limit);
        let machines = self.machines()?;
        Ok(machines
            .open(place, reach, &logon, pin, guard, pin.is_none())
            .await?)
    }

    /// Sets the fences again on both servers, as a run needs them that had ended and goes on; one
    /// that obeys another run by now refuses.
    pub async fn set_fences(&self, view: &View, limit: Duration) -> Result<(), ActionError> {
        for (_, host) in self.met(view, limit).await? {
            host.set_fence().await?;
        }
        Ok(())
    }

    /// The servers that the run has met, where it reaches them now; while it is rolled back, else
    /// where they were before it.
    pub(super) async fn met(
        &self,
        view: &View,
        limit: Duration,
    ) -> Result<Vec<(Place, Arc<dyn Host>)>, ActionError> {
        let mut hosts = Vec::new();
        for (place, reach) in &view.reach {
            let Some(pin) = view.pins.get(place) else {
                continue;
            };
            let now = self.reached(view, *place, reach, Some(pin), limit).await;
            let host = match (now, view.elsewhere(*place)) {
                (Err(error), Some(origin)) => self
                    .reached(view, *place, origin, Some(pin), limit)
                    .await
                    .map_err(|_| error)?,
                (now, _) => now?,
            };
            hosts.push((*place, host));
        }
        Ok(hosts)
    }

    fn guard(&self, view: &View, limit: Duration) -> Guard {
        Guard {
            run: view.run.clone(),
            epoch: view.epoch,
            orchestrator: self.orchestrator().to_owned(),
            limit,
        }
    }
}
