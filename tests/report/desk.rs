//! A pair of servers, and as much of a run as a test wants; nothing is connected.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use serde_json::json;
use sms_plan::action::Registry;
use sms_plan::engine::shape_of;
use sms_plan::plan::{Inventory, Plan, Runs, Source, load_inventory, load_plan, path};
use sms_plan::report::book::{BookOf, book};
use sms_plan::report::document::Document;
use sms_plan::run::{Account, Event, EventKind, Reach, Run, RunId, RunState, StageId};

/// A pair of servers, and as much of a run as a test wants.
pub(super) struct Desk {
    pub(super) plan: Arc<Plan>,
    pub(super) inventory: Arc<Inventory>,
    pub(super) run: Run,
}

fn server(name: &str, os: &str, release: &str, more: &str) -> String {
    let address = if name == "fs01" { 21 } else { 22 };
    let transport = if os == "windows" { "winrm" } else { "ssh" };
    format!(
        "{{ name: {name}, address: 10.98.0.{address}, os: {os}, osVersion: '{release}', \
         domainJoined: true, clustered: false, transport: {transport}, credential: root{more} }}"
    )
}

fn reach(name: &str, address: &str) -> Reach {
    Reach {
        address: address.to_owned(),
        name: name.to_owned(),
        account: Account::Given,
    }
}

impl Desk {
    pub(super) fn new(source: [&str; 2], destination: [&str; 2]) -> Self {
        let more = ", newName: fs01-old, network: { eth0: { addresses: [10.98.0.41/24] } }";
        let inventory = format!(
            "apiVersion: sms-plan/v1\nkind: Inventory\nmetadata: {{ name: fs01 }}\nhosts:\n  source: {}\n  \
             destination: {}\nnetworkMapping: {{ eth0: eth0 }}\ndirectory: {{ domain: lab.test, server: \
             dc1.lab.test, dns: [10.98.0.10], credential: admin }}\ncredentials:\n  admin: {{ username: \
             smsadmin@lab.test, password: {{ env: LAB_ADMIN_PASSWORD }} }}\n  root: {{ username: root, \
             scope: local, password: {{ command: [pass, show, root] }} }}\n",
            server("fs01", source[0], source[1], more),
            server("fs02", destination[0], destination[1], ""),
        );
        let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/cutover.yaml");
        let catalogue = Registry::standard().catalogue();
        let plan = load_plan(&Source::read(&plan).unwrap(), &catalogue)
            .unwrap()
            .value;
        let inventory = load_inventory(&Source::from_text("/fs01.yaml", inventory.as_str()));
        let inventory = inventory
            .unwrap_or_else(|faults| panic!("{}", faults.render(false)))
            .value;
        let run = Run::new(RunId::new("20261123-162117-6c9f").unwrap(), shape_of(&plan));
        let mut desk = Self {
            plan: Arc::new(plan),
            inventory: Arc::new(inventory),
            run,
        };
        desk.event(
            None,
            EventKind::RunCreated {
                plan: "cutover".to_owned(),
                plan_version: "1.0.0".to_owned(),
                plan_digest: String::new(),
                inventory: "fs01".to_owned(),
                inventory_digest: String::new(),
                source: reach("fs01", "10.98.0.21"),
                destination: reach("fs02", "10.98.0.22"),
                program: "test".to_owned(),
            },
        );
        desk
    }

    pub(super) fn linux() -> Self {
        Self::new(["linux", "12"], ["linux", "12"])
    }

    pub(super) fn windows(release: &str) -> Self {
        Self::new(["windows", release], ["windows", "2025"])
    }

    fn event(&mut self, stage: Option<&str>, kind: EventKind) {
        let event = Event {
            v: 1,
            seq: self.run.seq() + 1,
            at: "2026-11-23T16:21:17.000Z".to_owned(),
            run: self.run.id().clone(),
            percent: 0.0,
            stage: stage.map(|id| StageId::new(id).unwrap()),
            kind,
            hash: String::new(),
        };
        self.run.fold(&event).unwrap();
    }

    pub(super) fn started(&mut self, stage: &str, token: Value, reach: Option<Reach>) {
        let kind = EventKind::Started {
            attempt: 1,
            token,
            reach,
            standing: None,
            saw: None,
        };
        self.event(Some(stage), kind);
    }

    fn ended(&mut self, stage: &str, token: Value, output: Value, reach: Option<Reach>) {
        self.started(stage, token, None);
        if stage.starts_with("connect-") {
            let data = snapshot(stage == "connect-source");
            self.event(Some(stage), EventKind::Snapshot { data });
        }
        let kind = EventKind::Succeeded {
            attempt: 1,
            output,
            reach,
            duration_ms: 100,
            settled: None,
        };
        self.event(Some(stage), kind);
    }

    /// Everything on the path before a stage has ended.
    pub(super) fn until(mut self, stage: &str) -> Self {
        let rows = path(&self.plan, &self.inventory.roots());
        let on_path = |id: &str| rows.iter().any(|row| row.id == id && row.runs == Runs::Yes);
        let ids: Vec<String> = self
            .plan
            .stages
            .iter()
            .map(|stage| stage.id.to_string())
            .collect();
        for id in ids.iter().take_while(|id| *id != stage) {
            if !on_path(id) {
                let reason = "not here".to_owned();
                self.event(Some(id), EventKind::Skipped { reason });
                continue;
            }
            let token = match id.as_str() {
                "relax-source-token-filter" => json!({ "before": null }),
                "relax-destination-token-filter" => json!({ "before": 0 }),
                "join-source" => json!({ "name": "fs01-old", "existed": null }),
                "remove-source-alternates" => json!({ "onHost": [], "onObject": [] }),
                _ => Value::Null,
            };
            let moved = match id.as_str() {
                "map-source-network" => Some(("fs01", "10.98.0.41")),
                "rename-source" => Some(("fs01-old", "10.98.0.41")),
                "map-destination-network" => Some(("fs02", "10.98.0.21")),
                "rename-destination" => Some(("fs01", "10.98.0.21")),
                _ => None,
            };
            let moved = moved.map(|(name, address)| reach(name, address));
            self.ended(id, token, Value::Null, moved);
        }
        self
    }

    pub(super) fn fails(mut self, stage: &str, error: &str) -> Self {
        self.started(stage, Value::Null, None);
        let kind = EventKind::Failed {
            attempt: 1,
            in_doubt: false,
            error: vec![error.to_owned()],
        };
        self.event(Some(stage), kind);
        let state = RunState::Failed;
        self.event(None, EventKind::RunEnded { state });
        self
    }

    /// Somebody has turned the run round.
    pub(super) fn goes_back(mut self) -> Self {
        let kind = EventKind::RollBackBegun {
            by: "me".to_owned(),
            reason: "it will not do".to_owned(),
        };
        self.event(None, kind);
        self
    }

    pub(super) fn undone(&mut self, stage: &str) {
        let kind = EventKind::Undone { settled: None };
        self.event(Some(stage), kind);
    }

    pub(super) fn book(&self) -> Document {
        self.write(Some(&self.run), false)
    }

    /// The whole runbook, before a run.
    pub(super) fn all(&self) -> Document {
        self.write(None, true)
    }

    pub(super) fn write(&self, run: Option<&Run>, all: bool) -> Document {
        book(&BookOf {
            plan: &self.plan,
            inventory: &self.inventory,
            registry: &Registry::standard(),
            run,
            state: run.map(|_| Path::new("/state")),
            all,
        })
    }
}

/// What the first connection has seen of a server.
fn snapshot(source: bool) -> Value {
    let (name, last, mac) = if source {
        ("fs01", 21, 1)
    } else {
        ("fs02", 22, 2)
    };
    let mut addresses = vec![format!("10.98.0.{last}/24")];
    let mut alternates = Vec::new();
    if source {
        addresses.push("10.98.0.31/24".to_owned());
        alternates = vec!["FSALT", "fsalt.lab.test"];
    }
    let lines = format!("Address={}\n", addresses.join("\nAddress="));
    let file =
        format!("[Match]\nName=eth0\n\n[Network]\n{lines}Gateway=10.98.0.1\nDNS=10.98.0.10\n");
    let sid = |rid: u32| format!("S-1-5-21-1-2-3-{rid}");
    json!({
        "host": {
            "facts": {
                "name": name, "fqdn": null, "os": "linux", "osVersion": "12", "osName": "Debian",
                "domainJoined": true, "domain": { "realm": "LAB.TEST", "workgroup": "LAB" },
                "netbiosName": name.to_uppercase(), "machineId": name, "boot": "b0",
                "adapters": [{
                    "name": "eth0", "mac": format!("02:00:00:00:00:0{mac}"),
                    "addresses": addresses, "configured": addresses, "gateway": "10.98.0.1",
                    "dns": ["10.98.0.10"], "routes": [], "dhcp": false, "keptBy": "networkd",
                    "file": "/etc/systemd/network/10-eth0.network",
                }],
                "alternates": alternates, "accounts": [], "refusals": [],
            },
            "networkFiles": { "eth0": file },
            "hostname": format!("{name}\n"),
            "hosts": format!("127.0.0.1 localhost\n10.98.0.{last} {name}.lab.test {name}\n"),
            "smbConf": format!("[global]\n  netbios name = {}\n[data]\n  path = /srv\n", name.to_uppercase()),
        },
        "computer": {
            "dn": format!("CN={},OU=Servers,DC=lab,DC=test", name.to_uppercase()),
            "guid": "6f2b7a52-0000-4000-8000-00000000000".to_owned() + &mac.to_string(),
            "sid": sid(1100 + last), "accountName": name.to_uppercase(),
            "parent": "OU=Servers,DC=lab,DC=test", "enabled": true, "userAccountControl": 4096,
            "groups": [], "spns": [], "dnsHostName": null, "additionalDnsHostNames": [],
            "owner": null, "creator": null, "operatingSystem": null, "keyVersion": 2,
            "passwordLastSet": null, "whenChanged": null,
        },
    })
}
