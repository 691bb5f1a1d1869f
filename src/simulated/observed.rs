//! What a real run saw of its two servers before it changed anything: the stuff of a faithful twin.
//!
//! Everything comes from the journal: the snapshots that the first connections took, and what the
//! stages noted. What no journal holds (rights of our users beyond what the objects' own permissions
//! say, restart times, firewalls) stays with the inventory and `--assume`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize as _;
use serde_json::Value;

use crate::directory::Computer;
use crate::directory::SecurityDescriptor;
use crate::host::Facts;
use crate::host::HostSnapshot;
use crate::host::Pin;
use crate::plan::Plan;
use crate::run::Place;
use crate::run::Run;
use crate::run::StageState;

/// What a run saw.
#[derive(Clone, Debug)]
pub struct Observed {
    servers: BTreeMap<Place, Server>,
}

/// What it saw of one server.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) facts: Facts,
    pub(super) pin: Pin,
    pub(super) account: Option<(Computer, SecurityDescriptor)>,
    /// `LocalAccountTokenFilterPolicy`, where it was set and a stage looked at it.
    pub(super) token_filter: Option<u32>,
}

/// Why no twin can be made of a run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObservedError {
    /// It never got so far.
    #[error("run {run} has no snapshot of the {place}: it ended before it had looked at it")]
    Missing {
        /// The run.
        run: String,
        /// Which server.
        place: Place,
    },
    /// Its snapshot is none that this version can read.
    #[error("what run {run} recorded of the {place} cannot be read: {why}")]
    Unreadable {
        /// The run.
        run: String,
        /// Which server.
        place: Place,
        /// What is wrong.
        why: String,
    },
}

impl Observed {
    /// Reads off a run's journal how its servers were at the beginning.
    pub fn of(plan: &Plan, run: &Run) -> Result<Self, ObservedError> {
        let servers = [Place::Source, Place::Destination].map(|place| {
            let server = Server::of(plan, run, place)?;
            Ok((place, server))
        });
        let servers: Result<_, ObservedError> = servers.into_iter().collect();
        Ok(Self { servers: servers? })
    }

    pub(super) fn server(&self, place: Place) -> Option<&Server> {
        self.servers.get(&place)
    }
}

impl Server {
    fn of(plan: &Plan, run: &Run, place: Place) -> Result<Self, ObservedError> {
        let mut stages = plan.stages.iter().filter(|stage| stage.on == place);
        let snapshot = stages.find_map(|stage| Some((stage, run.snapshots().get(&stage.id)?)));
        let Some((stage, snapshot)) = snapshot else {
            return Err(ObservedError::Missing {
                run: run.id().to_string(),
                place,
            });
        };
        let unreadable = |why: &str| ObservedError::Unreadable {
            run: run.id().to_string(),
            place,
            why: why.to_owned(),
        };
        let facts = HostSnapshot::facts(&snapshot["host"]);
        let facts = facts.ok_or_else(|| unreadable("it has no facts"))?;
        let state = run.position(&stage.id).map(|at| run.stage(at));
        let pin = state.map(|state| &state.output["pin"]);
        let pin = pin.and_then(|pin| Pin::deserialize(pin).ok());
        let pin = pin.ok_or_else(|| unreadable("the first connection has not ended"))?;
        let account = match &snapshot["computer"] {
            Value::Null => None,
            computer => {
                let computer = Computer::deserialize(computer);
                let computer = computer.map_err(|error| unreadable(&error.to_string()))?;
                let descriptor = snapshot["descriptor"].as_str().unwrap_or_default();
                let bytes = BASE64_STANDARD
                    .decode(descriptor)
                    .map_err(|error| unreadable(&error.to_string()))?;
                let descriptor = SecurityDescriptor::from_bytes(&bytes)
                    .map_err(|error| unreadable(&error.to_string()))?;
                Some((computer, descriptor))
            }
        };
        Ok(Self {
            facts,
            pin,
            account,
            token_filter: token_filter(plan, run, place),
        })
    }
}

/// What the policy was before the stage that relaxes it.
fn token_filter(plan: &Plan, run: &Run, place: Place) -> Option<u32> {
    let noted = |state: &StageState| {
        let before = state.token.get("before")?;
        u32::deserialize(before).ok()
    };
    let mut stages = plan.stages.iter().filter(|stage| stage.on == place);
    stages.find_map(|stage| {
        let relaxes = stage.uses == "token_filter.relax";
        let at = relaxes.then(|| run.position(&stage.id))??;
        noted(run.stage(at))
    })
}
