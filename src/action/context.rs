//! What an action is given: its stage, what the run knows by now, and the ways to the machines.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use zeroize::Zeroizing;

use super::ActionError;
use super::View;
use super::World;
use super::chain_of;
use crate::directory::Computer;
use crate::directory::Directory;
use crate::host::Guard;
use crate::host::Host;
use crate::host::HostSnapshot;
use crate::plan::HostSpec;
use crate::plan::Inventory;
use crate::plan::Plan;
use crate::plan::Stage;
use crate::run::Place;
use crate::run::Reach;

/// One phase of one stage, as its action sees it.
#[derive(Clone)]
pub struct Context {
    /// The plan.
    pub plan: Arc<Plan>,
    /// The stage's position in the plan.
    pub position: usize,
    /// The inventory.
    pub inventory: Arc<Inventory>,
    /// What the run knows.
    pub view: Arc<View>,
    /// The ways to the machines and the directory.
    pub world: Arc<World>,
    /// Attempts that have begun, this one included; 0 before the first.
    pub attempt: u32,
    /// The last attempt failed with an answer of its own: nothing of it is still at work.
    pub answered: bool,
    /// What the stage noted before its first attempt; null before that.
    pub token: Value,
}

impl Context {
    /// The stage.
    pub fn stage(&self) -> &Stage {
        &self.plan.stages[self.position]
    }

    /// Where it acts.
    pub fn place(&self) -> Place {
        self.stage().on
    }

    /// Reads the stage's `with`.
    pub fn with<T: DeserializeOwned>(&self) -> Result<T, ActionError> {
        serde_json::from_value(self.stage().with.clone())
            .map_err(|error| ActionError::refused(format!("`with` of the stage: {error}")))
    }

    /// Reads what the stage noted before its first attempt.
    pub fn noted<T: DeserializeOwned>(&self) -> Result<T, ActionError> {
        serde_json::from_value(self.token.clone()).map_err(|error| {
            ActionError::refused(format!(
                "the stage's note in the journal cannot be read: {error}"
            ))
        })
    }

    /// What the inventory says of the stage's host.
    pub fn host_spec(&self) -> Result<&HostSpec, ActionError> {
        self.spec_of(self.place())
    }

    /// What the inventory says of a host.
    pub fn spec_of(&self, place: Place) -> Result<&HostSpec, ActionError> {
        self.inventory
            .host(place)
            .ok_or_else(|| ActionError::refused(format!("`{place}` is not one of the two servers")))
    }

    /// How a host is reached now.
    pub fn reach_of(&self, place: Place) -> Result<&Reach, ActionError> {
        self.view
            .reach
            .get(&place)
            .ok_or_else(|| ActionError::refused(format!("`{place}` is not one of the two servers")))
    }

    /// Opens the stage's host where it is now; while a change of its address, name or account is
    /// in doubt, where it may be by now as well. On the way back it is also looked for where it was
    /// before the run, if it is nowhere else.
    pub async fn host(&self) -> Result<Arc<dyn Host>, ActionError> {
        self.host_of(self.place()).await
    }

    /// The orchestrator itself, as a machine.
    pub fn local(&self) -> Result<Arc<dyn Host>, ActionError> {
        self.world.local(self.guard())
    }

    /// Opens one of the two hosts; see [`Context::host`].
    pub async fn host_of(&self, place: Place) -> Result<Arc<dyn Host>, ActionError> {
        let Some(origin) = self.view.elsewhere(place) else {
            return self.host_by_now(place).await;
        };
        if self.world.was_elsewhere(place)
            && let Ok(host) = self.host_at(place, origin, false).await
        {
            return Ok(host);
        }
        match self.host_by_now(place).await {
            Ok(host) => Ok(host),
            Err(error) => {
                let found = self.host_at(place, origin, false).await;
                let host = found.map_err(|_| error)?;
                self.world.note_elsewhere(place);
                Ok(host)
            }
        }
    }

    async fn host_by_now(&self, place: Place) -> Result<Arc<dyn Host>, ActionError> {
        let reach = self.reach_of(place)?;
        let Some(planned) = self
            .view
            .planned
            .get(&place)
            .filter(|other| *other != reach)
        else {
            return self.host_at(place, reach, false).await;
        };
        // Side by side: an address that nobody holds any more takes seconds to say so, at each look.
        let known = self.host_at(place, reach, false);
        let planned = self.host_at(place, planned, false);
        tokio::pin!(known, planned);
        tokio::select! {
            biased;
            first = &mut known => match first {
                Ok(host) => Ok(host),
                Err(error) => planned.await.map_err(|_| error),
            },
            second = &mut planned => match second {
                Ok(host) => Ok(host),
                Err(_) => known.await,
            },
        }
    }

    /// Opens a host at a given reach; `fresh` proves that a logon works there now.
    pub async fn host_at(
        &self,
        place: Place,
        reach: &Reach,
        fresh: bool,
    ) -> Result<Arc<dyn Host>, ActionError> {
        let logon = self
            .world
            .logon(&self.view.run, place, reach.account)
            .await?;
        let pin = self.view.pins.get(&place);
        let machines = self.world.machines()?;
        Ok(machines
            .open(place, reach, &logon, pin, self.guard(), fresh)
            .await?)
    }

    /// Waits until no earlier operation is at work on the stage's host any more, whoever began it.
    pub async fn settle(&self) -> Result<(), ActionError> {
        match self.place() {
            Place::Source | Place::Destination => Ok(self.host().await?.settle().await?),
            Place::Orchestrator => match self.local() {
                Ok(local) => Ok(local.settle().await?),
                // A run that cannot act here has nothing unfinished here either.
                Err(_) => Ok(()),
            },
            Place::Directory => Ok(()),
        }
    }

    /// The right under which this stage changes a machine.
    pub fn guard(&self) -> Guard {
        // The machine must give up before the engine does, so that nothing outlives its stage.
        let timeout = self.stage().timeout;
        let margin = (timeout / 10).min(Duration::from_secs(10));
        Guard {
            run: self.view.run.clone(),
            epoch: self.view.epoch,
            orchestrator: self.world.orchestrator().to_owned(),
            limit: timeout.saturating_sub(margin).max(Duration::from_secs(1)),
        }
    }

    /// The directory.
    pub fn directory(&self) -> Result<Arc<dyn Directory>, ActionError> {
        self.world.directory()
    }

    /// The directory as the credential that joins a host to the domain: predictions must be made for
    /// whoever will act.
    pub fn directory_as_joining(&self, place: Place) -> Result<Arc<dyn Directory>, ActionError> {
        self.world.directory_as_joining(place)
    }

    /// Opens a secret that an earlier stage sealed.
    pub async fn secret(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, ActionError> {
        self.world.secret(&self.view.run, name).await
    }

    /// The host's part of the snapshot of `place`.
    pub fn host_snapshot(&self, place: Place) -> Result<&Value, ActionError> {
        self.view
            .snapshots
            .get(&place)
            .map(|data| &data["host"])
            .ok_or_else(|| {
                ActionError::refused(format!("no snapshot of the {place} was taken in this run"))
            })
    }

    /// The facts in the snapshot of `place`.
    pub fn snapshot_facts(&self, place: Place) -> Result<crate::host::Facts, ActionError> {
        HostSnapshot::facts(self.host_snapshot(place)?).ok_or_else(|| {
            ActionError::refused(format!("the snapshot of the {place} cannot be read"))
        })
    }

    /// The directory object of `place`, as it was before the first change.
    pub fn computer_before(&self, place: Place) -> Result<Computer, ActionError> {
        let data = self
            .view
            .snapshots
            .get(&place)
            .map(|data| data["computer"].clone());
        data.and_then(|computer| serde_json::from_value(computer).ok())
            .ok_or_else(|| {
                ActionError::refused(format!(
                    "no directory object of the {place} was recorded in this run"
                ))
            })
    }

    /// The output of another stage; null where it was skipped or has not ended.
    pub fn output_of(&self, stage: &str) -> Value {
        self.view
            .roots
            .get(&["stages", stage, "output"])
            .cloned()
            .unwrap_or_default()
    }

    /// Returns the text at a JSON pointer of `with`, its values filled in; `None` where there is none.
    pub fn text(&self, pointer: &str) -> Result<Option<String>, ActionError> {
        let Some(template) = self.stage().with_templates.get(pointer) else {
            // A text without values is no template and stands in `with` as it is.
            let text = self.stage().with.pointer(pointer).and_then(Value::as_str);
            return Ok(text.map(str::to_owned));
        };
        template
            .render(&self.view.roots)
            .map(Some)
            .map_err(|error| {
                ActionError::refused(chain_of(&error).join(": "))
                    .while_doing(format!("the text at `with{pointer}` cannot be made"))
            })
    }

    /// Decides the expression at a JSON pointer of `with`; `None` where there is none.
    pub fn decided(&self, pointer: &str) -> Result<Option<bool>, ActionError> {
        let expression = self.stage().with_expressions.get(pointer);
        expression
            .map(|expression| expression.evaluate_bool(&self.view.roots))
            .transpose()
            .map_err(|error| {
                ActionError::refused(chain_of(&error).join(": ")).while_doing(format!(
                    "the expression at `with{pointer}` cannot be decided"
                ))
            })
    }
}
