//! A server: what it runs, what it is called, who may log on.

use std::collections::BTreeMap;

use rand::RngExt as _;

use super::Making;
use crate::plan::DurationText;
use crate::plan::HostSpec;
use crate::plan::Os;
use crate::plan::Scope;
use crate::plan::TransportKind;
use crate::run::Place;
use crate::simulated::assumption::AssumptionError;
use crate::simulated::domain::plain;
use crate::simulated::machine::LocalAccount;
use crate::simulated::machine::Machine;
use crate::simulated::observed::Server;
use crate::simulated::system::Release;
use crate::simulated::system::System;
use crate::simulated::timing::Of;

impl Making<'_> {
    pub(super) fn machine(
        &mut self,
        place: Place,
        spec: &HostSpec,
    ) -> Result<Machine, AssumptionError> {
        let system = self.system(place, spec)?;
        let at = |what: &str| format!("{place}.{what}");
        let seen = self.seen(place);
        let name = seen.map(|seen| seen.facts.name.clone());
        let name = name.or_else(|| spec.name.clone()).unwrap_or_else(|| {
            let name = if place == Place::Source {
                "fs01"
            } else {
                "fs02"
            };
            self.assume(&at("name"), name);
            name.to_owned()
        });
        let clustered = match seen.map(|seen| seen.facts.clustered).or(spec.clustered) {
            Some(clustered) => clustered,
            None => self.assumptions.value(&at("clustered"))?.unwrap_or(false),
        };
        let spans = |text: &str| {
            let span = DurationText::new(text).ok()?.0;
            u64::try_from(span.as_millis()).ok()
        };
        let restart = self.assumptions.read_as(&at("restart"), spans)?;
        let domain_profile_only = self
            .assumptions
            .read_as(&at("firewall"), |text| match text {
                "all" => Some(false),
                "domain" => Some(true),
                _ => None,
            })?;
        let token_filter = self
            .assumptions
            .read_as(&at("tokenFilter"), |text| match text {
                "absent" => Some(None),
                number => number.parse().ok().map(Some),
            })?;
        let nics = self.nics(place, spec, system.is_windows());
        let id = self.id();
        let mut machine = Machine {
            clustered,
            accounts: self.accounts(place, spec),
            token_filter: token_filter.flatten(),
            nics,
            alternates: self.alternates(place),
            domain_profile_only: domain_profile_only.unwrap_or(false),
            by_ssh: spec.transport() == TransportKind::Ssh,
            booting: restart.unwrap_or_else(|| Of::Booting.millis(system)),
            ..Machine::new(place, system, id, name)
        };
        if let Some(seen) = seen {
            as_seen(&mut machine, seen);
        }
        Ok(machine)
    }

    /// The machine that runs the rehearsal, as a twin too: nothing is done to the real one.
    pub(super) fn orchestrator(&mut self) -> Machine {
        let id = self.id();
        Machine::new(
            Place::Orchestrator,
            System::Linux,
            id,
            "orchestrator".to_owned(),
        )
    }

    /// The identity of an installed system.
    fn id(&mut self) -> String {
        format!("{:032x}", self.random.random::<u128>())
    }

    pub(super) fn joined(
        &mut self,
        place: Place,
        spec: &HostSpec,
    ) -> Result<bool, AssumptionError> {
        if let Some(seen) = self.seen(place) {
            return Ok(seen.facts.domain_joined);
        }
        let name = format!("{place}.domainJoined");
        if let Some(joined) = spec.domain_joined {
            return Ok(joined);
        }
        if let Some(joined) = self.assumptions.value(&name)? {
            return Ok(joined);
        }
        let joined = self.inventory.directory.is_some();
        self.assume(&name, &joined.to_string());
        Ok(joined)
    }

    fn system(&mut self, place: Place, spec: &HostSpec) -> Result<System, AssumptionError> {
        let seen = self.seen(place).map(|seen| &seen.facts);
        let name = format!("{place}.os");
        let assumed = self.assumptions.read_as(&name, |text| match text {
            "windows" => Some(Os::Windows),
            "linux" => Some(Os::Linux),
            _ => None,
        })?;
        let seen_os = seen.map(|facts| match facts.os {
            crate::host::Os::Windows => Os::Windows,
            crate::host::Os::Linux => Os::Linux,
        });
        let os = seen_os.or(spec.os).or(assumed).unwrap_or_else(|| {
            let (os, word) = match spec.transport() {
                TransportKind::Ssh => (Os::Linux, "linux"),
                TransportKind::Winrm => (Os::Windows, "windows"),
            };
            self.assume(&name, word);
            os
        });
        let name = format!("{place}.osVersion");
        let given = seen
            .map(|facts| facts.os_version.as_str())
            .or(spec.os_version.as_deref())
            .or(self.assumptions.text(&name));
        if os == Os::Linux {
            return Ok(System::Linux);
        }
        let Some(text) = given else {
            let release = match place {
                Place::Source => Release::W2012R2,
                _ => Release::W2025,
            };
            self.assume(&name, release.as_str());
            return Ok(System::Windows(release));
        };
        let release = text.parse().map_err(|()| AssumptionError::Value {
            name,
            value: text.to_owned(),
            wanted: format!(
                "a release of Windows Server: {}",
                Release::ALL.map(Release::as_str).join(", ")
            ),
        })?;
        Ok(System::Windows(release))
    }

    /// The accounts that a run saw, and the one that the run logs on with, where it is one of the
    /// machine.
    fn accounts(&self, place: Place, spec: &HostSpec) -> BTreeMap<String, LocalAccount> {
        let credential = self.inventory.credentials.get(&spec.credential);
        let local = credential.filter(|credential| credential.scope == Scope::Local);
        let account = |name: &str| LocalAccount {
            name: name.rsplit('\\').next().unwrap_or(name).to_owned(),
            password: None,
            key: true,
            marker: None,
            administrator: true,
        };
        let seen = self.seen(place).into_iter();
        let others = seen.flat_map(|seen| &seen.facts.accounts).map(|name| {
            let other = LocalAccount {
                administrator: false,
                ..account(name)
            };
            (plain(name), other)
        });
        let ours = local.map(|ours| (plain(&ours.username), account(&ours.username)));
        others.chain(ours).collect()
    }

    fn alternates(&self, place: Place) -> Vec<String> {
        if let Some(seen) = self.seen(place) {
            return seen.facts.alternates.clone();
        }
        let given = self.assumptions.text(&format!("{place}.alternates"));
        let names = given.unwrap_or_default().split(',').map(str::trim);
        names
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

/// What a run saw of a server and nothing else tells.
fn as_seen(machine: &mut Machine, seen: &Server) {
    let facts = &seen.facts;
    machine.version.clone_from(&facts.os_version);
    machine.words.clone_from(&facts.os_name);
    machine.id.clone_from(&facts.machine_id);
    machine.host_keys.clone_from(&seen.pin.host_keys);
    machine.known_before = seen.pin.known_before;
    machine.refusals.clone_from(&facts.refusals);
    if let Some(name) = &facts.netbios_name {
        machine.smb_name.clone_from(name);
    }
    if seen.token_filter.is_some() {
        machine.token_filter = seen.token_filter;
    }
}
